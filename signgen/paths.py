"""Ways from noise to clean latents on which every frame goes by itself, step by step.

Frames that are denoised together need not stay together: what a stock scheduler remembers and the
chance it takes belong to a frame, not to a clip.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from inspect import signature
from typing import Protocol

import torch
from torch import Tensor

from signgen.sampling import Steps, flow_times, frame_chances
from signgen.schedules import FLOW, TIME_UNITS, Level, Schedule, StockScheduler, schedule_of

FrameState = tuple[StockScheduler, dict[str, list[torch.Generator]]]


class Path(Protocol):
    """Steps for latents (B, T, c, h, w) of any frames next to each other, from ``start`` on."""

    @property
    def num_steps(self) -> int:
        """The number of steps."""
        ...

    def begin(self, start: int, noise: Tensor) -> Tensor:
        """Return the latents before the first step."""
        ...

    def level(self, step: int, num_clips: int) -> Level:
        """Return how noisy latents are before a step."""
        ...

    def show(self, step: int, start: int, latents: Tensor) -> Tensor:
        """Return the noisy latents as the network sees them before a step."""
        ...

    def go(self, step: int, start: int, latents: Tensor, clean: Tensor) -> Tensor:
        """Return the latents after a step, with the clean latents seen in them before it."""
        ...


@dataclass(frozen=True, eq=False)
class FlowPath:
    """Euler's steps along the straight path of rectified flow; times (N + 1,) from 1 to 0."""

    times: Tensor

    @property
    def num_steps(self) -> int:
        """The number of steps."""
        return len(self.times) - 1

    def begin(self, start: int, noise: Tensor) -> Tensor:
        """Return the noise itself."""
        return noise

    def level(self, step: int, num_clips: int) -> Level:
        """Return the level at the step's time."""
        return FLOW.at(self.times[step].expand(num_clips))

    def show(self, step: int, start: int, latents: Tensor) -> Tensor:
        """Return the latents as they are."""
        return latents

    def go(self, step: int, start: int, latents: Tensor, clean: Tensor) -> Tensor:
        """Return the latents at the next level."""
        level, to = (self.level(at, len(latents)) for at in (step, step + 1))
        return level.step(latents, clean, to)


@dataclass(frozen=True, eq=False)
class StockPath:
    """The steps of a scheduler of diffusers; walker: one whose timesteps are chosen.

    Each frame has a copy of it from its first step to its last.
    """

    walker: StockScheduler
    schedule: Schedule
    _frames: dict[int, FrameState] = field(default_factory=dict)

    @property
    def num_steps(self) -> int:
        """The number of steps: of some schedulers more than were asked for."""
        return len(self.walker.timesteps)

    def begin(self, start: int, noise: Tensor) -> Tensor:
        """Return the noise as strong as the scheduler has it."""
        takes_chance = "generator" in signature(self.walker.step).parameters
        for frame in range(noise.shape[1]):
            chances = frame_chances(noise[:, frame : frame + 1]) if takes_chance else []
            chance = {"generator": chances} if takes_chance else {}
            self._frames[start + frame] = deepcopy(self.walker), chance
        return noise * self.walker.init_noise_sigma

    def level(self, step: int, num_clips: int) -> Level:
        """Return the level at the step's index."""
        mark = self.walker.timesteps[step]
        return self.schedule.at(((mark + 1) / TIME_UNITS).expand(num_clips))

    def show(self, step: int, start: int, latents: Tensor) -> Tensor:
        """Return latents with the variance that the network knows."""
        mark = self.walker.timesteps[step]
        shown = [
            self._frames[frame][0].scale_model_input(part, mark)
            for frame, part in enumerate(latents.unbind(1), start)
        ]
        return torch.stack(shown, dim=1)

    def go(self, step: int, start: int, latents: Tensor, clean: Tensor) -> Tensor:
        """Return the latents after the scheduler's step; after the last, frames are forgotten."""
        mark = self.walker.timesteps[step]
        noisy = self.show(step, start, latents)
        said = self.level(step, len(latents)).said_of(clean, noisy)
        stepped = []
        for place, frame in enumerate(range(start, start + latents.shape[1])):
            walker, chance = self._frames[frame]
            after = walker.step(
                said[:, place], mark, latents[:, place], **chance, return_dict=False
            )
            stepped.append(after[0])
            if step == self.num_steps - 1:
                del self._frames[frame]
        return torch.stack(stepped, dim=1)


def path_of(scheduler: StockScheduler | None, steps: Steps, device: torch.device) -> Path:
    """Return the path that sampling.denoise goes on with a scheduler, or none, and steps.

    Raises ValueError for a shift of a stock scheduler's times.
    """
    if scheduler is None:
        return FlowPath(torch.tensor(flow_times(steps.num_steps, steps.shift), device=device))
    if steps.shift != 1:
        raise ValueError(
            f"shift is {steps.shift}, but the times are {type(scheduler).__name__}'s; "
            "leave the shift at 1"
        )
    walker = type(scheduler).from_config(scheduler.config)  # it counts its steps: not the caller's
    walker.set_timesteps(steps.num_steps, device=device)
    return StockPath(walker, schedule_of(scheduler))
