"""The state of a stage under way: one update, and what a checkpoint must hold of it.

All chance of a step comes from (seed, stage, step, rank), so that no generator needs to be
remembered and the tenth step is the same whether or not the run was broken off after the ninth.
"""

import hashlib
import math
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from diffusers.training_utils import EMAModel
from torch import Tensor, nn

from signgen.training.crew import Crew
from signgen.training.pool import Pool, parts
from signgen.training.settings import Optimisation
from signgen.training.throughput import count_flop

Example = TypeVar("Example")


@dataclass(frozen=True)
class Dice:
    """The chance of one step.

    indices: on the CPU, for choosing samples; values: on the device, for all that is drawn there.
    """

    indices: torch.Generator
    values: torch.Generator


class Objective(Protocol[Example]):
    """What a stage trains, and towards what."""

    @property
    def stage(self) -> str:
        """The name of the stage."""
        ...

    @property
    def trained(self) -> dict[str, nn.Module]:
        """The modules whose parameters change, by the names of the pipeline's components."""
        ...

    def prepare(self) -> None:
        """Do what is done once, before the first step."""
        ...

    def draw(self, num_samples: int, dice: Dice) -> Example:
        """Draw a batch: a dataclass of tensors, all of them with the samples in front."""
        ...

    def loss(self, example: Example) -> Tensor:
        """Return the loss of each sample (N,)."""
        ...


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """What belongs to a run and not to the recipe.

    folder: of the stage; stop_at: when to stop with a checkpoint, in seconds of time.monotonic;
    minutes: that the whole stage may take, for which its steps are planned; crew: the processes
    that train together; draw_ahead: whether the next batch is drawn while this one is trained on;
    say: takes a line of progress.
    """

    folder: Path
    device: torch.device
    seed: int = 0
    stop_at: float = math.inf
    minutes: float = math.inf
    shard_mb: float = 1024.0
    crew: Crew = field(default_factory=Crew)
    draw_ahead: bool = False
    say: Callable[[str], object] = lambda _: None


@dataclass(frozen=True, kw_only=True)
class Best:
    """The moving average that was best on the dev split, on the CPU, after so many steps."""

    loss: float
    step: int
    averages: list[Tensor]


class Trainer:
    """The state of a stage under way: parameters, their moving average, moments and position."""

    def __init__(
        self, objective: Objective[Example], settings: Optimisation, run: RunSettings
    ) -> None:
        self.objective, self.settings, self.run = objective, settings, run
        self.step = 0
        self.planned_steps = settings.steps
        self.planned = False
        self.seconds = 0.0
        self.parameters = {
            f"{name}.{key}": parameter
            for name, module in objective.trained.items()
            for key, parameter in module.named_parameters()
            if parameter.requires_grad
        }
        values = list(self.parameters.values())
        self.optimiser = torch.optim.AdamW(
            values,
            lr=settings.learning_rate,
            betas=(0.9, settings.beta2),
            weight_decay=settings.weight_decay,
            fused=run.device.type == "cuda",
        )
        self.average = EMAModel(values, decay=settings.ema_decay, use_ema_warmup=True, foreach=True)
        self.best: Best | None = None
        self.flop_per_sample = 0.0
        self._drawer = ThreadPoolExecutor(1) if run.draw_ahead else None
        self._ahead: tuple[int, Future[Any]] | None = None
        self._pool: Pool | None = None
        self._loss = torch.compile(objective.loss) if settings.compile else objective.loss

    def update(self) -> Tensor:
        """Take one step and return its loss over all processes, still on the device."""
        settings = self.settings
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate(self.step)
        example = self._example()
        if not self.flop_per_sample:
            self.flop_per_sample = self._count_flop(example)
        total = self.backward(example)
        values = list(self.parameters.values())
        gradients = [value.grad for value in values if value.grad is not None]
        self.run.crew.average([*gradients, total])
        torch.nn.utils.clip_grad_norm_(values, settings.clip_norm)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.average.step(values)
        self.step += 1
        return total

    def backward(self, example: Any) -> Tensor:
        """Add the gradient of a batch in parts; return its mean loss."""
        total = torch.zeros((), device=self.run.device)
        with forked_chance(self._seed(self.step), self.run.device):
            for part in parts(example, self.settings.accumulation):
                loss = self.loss(part).sum() / self.settings.batch_size
                loss.backward()
                total += loss.detach()
        return total

    def _seed(self, step: int) -> int:
        return step_seed(self.run.seed, self.objective.stage, step, self.run.crew.rank)

    def _example(self) -> Any:
        """Return this step's batch."""
        reuse = self.settings.reuse
        if reuse == 1:
            return self._drawn(self.step)
        turn, within = divmod(self.step, reuse * reuse)
        if self._pool is None or self._pool.turn != turn:
            self._pool = None  # one at a time is enough memory
            batches = (self._drawn(turn * reuse + number) for number in range(reuse))
            self._pool = Pool.of(turn, batches, self.settings.batch_size)
        seed = self._seed(self.step - within % reuse)  # of this round through the pool
        return self._pool.batch(within % reuse, self.settings.batch_size, seed)

    def _drawn(self, number: int) -> Any:
        """Return a batch by its number, and begin to draw the next one where that takes long."""
        if self._drawer is None:
            return self._draw(number)
        ahead, drawn = self._ahead or (-1, None)
        example = drawn.result() if drawn and ahead == number else self._draw(number)
        self._ahead = number + 1, self._drawer.submit(self._draw, number + 1)
        return example

    @torch.no_grad()
    def _draw(self, number: int) -> Any:
        chance = dice(self._seed(number), self.run.device)
        return self.objective.draw(self.settings.batch_size, chance)

    def _count_flop(self, example: Any) -> float:
        sample = next(parts(example, self.settings.batch_size))
        with forked_chance(0, self.run.device):  # counting draws what dropout would have drawn
            flop = count_flop(lambda: self.objective.loss(sample).sum())
        self.optimiser.zero_grad(set_to_none=True)
        return flop

    def loss(self, example: Any) -> Tensor:
        """Return the loss of each sample in the precision of the settings."""
        precision = getattr(torch, self.settings.precision)
        enabled = precision != torch.float32
        with torch.autocast(self.run.device.type, dtype=torch.bfloat16, enabled=enabled):
            return self._loss(example)

    def learning_rate(self, step: int) -> float:
        """Return the rate: a linear warm-up, then a cosine down to final_rate of the full one."""
        settings = self.settings
        warm = min(1.0, (step + 1) / max(1, settings.warmup))
        progress = min(1.0, step / self.planned_steps)
        fall = 0.5 + 0.5 * math.cos(math.pi * progress)
        share = settings.final_rate + (1 - settings.final_rate) * fall
        return settings.learning_rate * warm * share

    def tensors(self) -> dict[str, Tensor]:
        """Return the parameters that learn, and the buffers beside them, by name."""
        return {
            f"{name}.{key}": tensor
            for name, module in self.objective.trained.items()
            for key, tensor in module.state_dict(keep_vars=True).items()
            if tensor.requires_grad or not isinstance(tensor, nn.Parameter)
        }

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Let the modules hold the moving average for a while, in eval mode, without gradients."""
        modes = {module: module.training for module in self.objective.trained.values()}
        self._swap()
        for module in modes:
            module.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            self._swap()
            for module, training in modes.items():
                module.train(training)

    def _swap(self) -> None:
        # the memory changes hands, so that swapping back is exact and takes no more of it
        for parameter, average in zip(
            self.parameters.values(), self.average.shadow_params, strict=True
        ):
            parameter.data, average.data = average.data, parameter.data

    def settle(self) -> None:
        """Wait for what is drawn ahead: it may run the networks that somebody wants to look at."""
        if self._ahead is not None:
            wait([self._ahead[1]])

    def close(self) -> None:
        """Draw ahead no more."""
        if self._drawer is not None:
            self._drawer.shutdown(cancel_futures=True)

    def adopt(self) -> None:
        """Put into the modules what a stage hands on: the best average, or else the last one."""
        chosen = self.average.shadow_params
        if self.best is not None and self.settings.select:
            chosen = self.best.averages
        for parameter, average in zip(self.parameters.values(), chosen, strict=True):
            parameter.data.copy_(average)


def step_seed(seed: int, stage: str, step: int, rank: int = 0) -> int:
    """Return the seed of a step; rank: of the process, where several train together."""
    words = f"{seed}/{stage}/{step}" + (f"/{rank}" if rank else "")
    digest = hashlib.sha256(words.encode()).digest()
    return int.from_bytes(digest[:7], "big")


def dice(seed: int, device: torch.device) -> Dice:
    """Return the generators of a step."""
    return Dice(
        indices=torch.Generator().manual_seed(seed),
        values=torch.Generator(device).manual_seed(seed),
    )


@contextmanager
def forked_chance(seed: int, device: torch.device) -> Iterator[None]:
    """Seed the global generators for a while: dropout takes no generator of its own."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
