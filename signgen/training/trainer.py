"""The state of a stage under way: one update, and what a checkpoint must hold of it.

All chance of a step comes from (seed, stage, step), so that no generator needs to be remembered and
the tenth step is the same whether or not the run was broken off after the ninth.
"""

import hashlib
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from diffusers.training_utils import EMAModel
from torch import Tensor, nn

from pose_sequences.errors import InputError
from signgen.training.checkpoint import Checkpoint, read_latest, write_checkpoint
from signgen.training.settings import Optimisation
from signgen.training.throughput import count_flop

Example = TypeVar("Example")
_MOMENTS = ("exp_avg", "exp_avg_sq")  # of AdamW
_FREE = ("log_every", "checkpoint_every", "share", "compile")  # may differ when a run goes on


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
    minutes: that the whole stage may take, for which its steps are planned; say: takes a line of
    progress.
    """

    folder: Path
    device: torch.device
    seed: int = 0
    stop_at: float = math.inf
    minutes: float = math.inf
    shard_mb: float = 1024.0
    say: Callable[[str], object] = lambda _: None


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
            betas=(0.9, 0.99),
            weight_decay=settings.weight_decay,
            fused=run.device.type == "cuda",
        )
        self.average = EMAModel(values, decay=settings.ema_decay, use_ema_warmup=True, foreach=True)
        self.flop_per_sample = 0.0
        self._loss = torch.compile(objective.loss) if settings.compile else objective.loss

    def update(self) -> Tensor:
        """Take one step and return its loss, still on the device."""
        settings = self.settings
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate(self.step)
        seed = step_seed(self.run.seed, self.objective.stage, self.step)
        with torch.no_grad():
            example = self.objective.draw(settings.batch_size, dice(seed, self.run.device))
        if not self.flop_per_sample:
            self.flop_per_sample = self._count_flop(example)
        total = torch.zeros((), device=self.run.device)
        with forked_chance(seed, self.run.device):
            for part in parts(example, settings.accumulation):
                loss = self.loss(part).sum() / settings.batch_size
                loss.backward()
                total += loss.detach()
        values = list(self.parameters.values())
        torch.nn.utils.clip_grad_norm_(values, settings.clip_norm)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.average.step(values)
        self.step += 1
        return total

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

    def write(self) -> None:
        """Write a checkpoint."""
        tensors = {f"weight/{name}": tensor for name, tensor in self._all_tensors().items()}
        averages = zip(self.parameters, self.average.shadow_params, strict=True)
        tensors |= {f"average/{name}": average for name, average in averages}
        for name, parameter in self.parameters.items():
            state = self.optimiser.state[parameter]  # empty before the first step
            tensors |= {f"{moment}/{name}": state[moment] for moment in _MOMENTS if moment in state}
        position = {
            "stage": self.objective.stage,
            "step": self.step,
            "planned_steps": self.planned_steps,
            "planned": self.planned,
            "seconds": self.seconds,
            "seed": self.run.seed,
            "settings": asdict(self.settings),
        }
        write_checkpoint(
            self.run.folder / "checkpoints",
            Checkpoint(tensors, position),
            step=self.step,
            shard_mb=self.run.shard_mb,
        )

    def read(self) -> bool:
        """Go on from the last checkpoint; return whether there is one.

        Raises InputError if it belongs to other settings or other networks.
        """
        folder = self.run.folder / "checkpoints"
        found = read_latest(folder)
        if found is None:
            return False
        self._check(found, folder)
        for name, tensor in self._all_tensors().items():
            tensor.data.copy_(found.tensors[f"weight/{name}"])
        for name, average in zip(self.parameters, self.average.shadow_params, strict=True):
            average.copy_(found.tensors[f"average/{name}"])
        self.step = self.average.optimization_step = int(found.position["step"])
        self.planned_steps = int(found.position["planned_steps"])
        self.planned = bool(found.position["planned"])
        self.seconds = float(found.position["seconds"])
        fused = self.run.device if self.run.device.type == "cuda" else torch.device("cpu")
        for name, parameter in self.parameters.items():
            moments = {
                moment: found.tensors[f"{moment}/{name}"].to(parameter.device)
                for moment in _MOMENTS
                if f"{moment}/{name}" in found.tensors
            }
            if moments:
                count = torch.tensor(float(self.step), device=fused)
                self.optimiser.state[parameter] = {"step": count, **moments}
        return True

    def adopt_average(self) -> None:
        """Put the moving average into the modules: it is what a stage hands on."""
        self.average.copy_to(list(self.parameters.values()))

    def _all_tensors(self) -> dict[str, Tensor]:
        return {
            f"{name}.{key}": tensor
            for name, module in self.objective.trained.items()
            for key, tensor in module.state_dict(keep_vars=True).items()
        }

    def _check(self, found: Checkpoint, folder: Path) -> None:
        settings = {**asdict(self.settings), "seed": self.run.seed}
        known = {**found.position["settings"], "seed": found.position["seed"]}
        for key, value in settings.items():
            if key not in _FREE and known.get(key) != value:
                raise InputError(
                    folder,
                    f"was begun with {key} = {known.get(key)}, now it is {value}",
                    "go on with the same settings, or train into another folder",
                )
        names = {f"weight/{name}" for name in self._all_tensors()}
        lacking = sorted(names - set(found.tensors))
        if lacking:
            raise InputError(
                folder, f"lacks {lacking[0]}", "go on with the networks it was begun with"
            )


def step_seed(seed: int, stage: str, step: int) -> int:
    """Return the seed of a step."""
    digest = hashlib.sha256(f"{seed}/{stage}/{step}".encode()).digest()
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


def parts(example: Any, count: int) -> Iterator[Any]:
    """Yield an example, a dataclass of tensors or of such dataclasses, in equal parts."""
    if count == 1:
        yield example
        return
    for number in range(count):
        yield _part(example, number, count)


def _part(value: Any, number: int, count: int) -> Any:
    if isinstance(value, Tensor):
        return value.chunk(count)[number]
    if is_dataclass(value) and not isinstance(value, type):
        pieces = {f.name: _part(getattr(value, f.name), number, count) for f in fields(value)}
        return type(value)(**pieces)
    return value
