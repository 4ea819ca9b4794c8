"""Latents of a clip of any length, frame after frame in constant memory.

Windows are denoised in the order of their plan; noise and conditions are made when a window first
needs them, and what is finished leaves.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor

from signgen.conditioning import Conditioning
from signgen.paths import Path, path_of
from signgen.sampling import Steps, guided
from signgen.schedules import StockScheduler
from temporal.adapter import TemporalAdapter
from temporal.windows import Window, WindowPlan

# step, timestep (B,), first frame and latents (B, t, c, h, w) after the step → these, or others
StepEnd = Callable[[int, Tensor, int, Tensor], Tensor]

_OF_FRAMES = ("features", "hands", "fusion", "residuals")
_OF_CLIPS = ("appearance", "reference_latents", "reference_features", "biases")


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """What a clip is made of, for frames ``start`` to ``stop`` (not included), made when asked.

    Every frame is asked for once, from left to right. noise (B, T, c, h, w): on the device, as from
    temporal.noise.ClipNoise; conditions: of which what all frames share is read from the first.
    """

    noise: Callable[[int, int], Tensor]
    conditions: Callable[[int, int], Conditioning]


@dataclass(frozen=True, kw_only=True, eq=False)
class Sampler:
    """What makes latents of noise: the networks, and how they are walked with.

    scheduler: as in sampling.denoise; adapter: the motion modules, None to denoise frame by frame.
    """

    unet: UNet2DConditionModel
    scheduler: StockScheduler | None = None
    adapter: TemporalAdapter | None = None
    steps: Steps = field(default_factory=Steps)

    def attached(self, num_frames: int) -> AbstractContextManager[None]:
        """Let the motion modules look along so many frames, for a while."""
        return (
            nullcontext() if self.adapter is None else self.adapter.attached(self.unet, num_frames)
        )


def stream_latents(
    sampler: Sampler,
    plan: WindowPlan,
    source: Source,
    *,
    at_once: int = 1,
    on_step_end: StepEnd | None = None,
) -> Iterator[Tensor]:
    """Return the clean latents (B, T, c, h, w) of a plan's frames, some at a time, in their order.

    at_once: how many windows are put to the network together; no frame depends on it. With one
    window for all it is sampling.denoise. on_step_end: called with the frames of each window that
    have taken a step; each frame takes each step once. Raises ValueError for a plan of another
    number of steps than the scheduler goes.
    """
    path = path_of(sampler.scheduler, sampler.steps, sampler.unet.device)
    if path.num_steps != plan.num_steps:
        raise ValueError(
            f"the plan has {plan.num_steps} steps, but the sampler goes {path.num_steps}; "
            "make the plan with as many"
        )
    return _stream(sampler, plan, source, path, at_once, on_step_end)


def _stream(
    sampler: Sampler,
    plan: WindowPlan,
    source: Source,
    path: Path,
    at_once: int,
    on_step_end: StepEnd | None,
) -> Iterator[Tensor]:
    alive: _Alive | None = None
    for windows in plan.rounds(at_once):
        alive = _grown(alive, windows[-1].stop, source, path)
        answers = _ask(sampler, path, alive, windows)
        for window, clean in zip(windows, answers, strict=True):
            alive.settle(path, window, clean, on_step_end)
        if windows[0].step == plan.num_steps - 1:
            yield alive.leave(windows[-1].settled)


@dataclass(kw_only=True, eq=False)
class _Alive:
    """The frames that are begun and not finished, from ``first`` on.

    seams: of each step, the last window's share in the clean latents of the frames that the next
    has a share in too.
    """

    first: int
    latents: Tensor
    conditions: Conditioning
    seams: dict[int, Tensor]

    @property
    def stop(self) -> int:
        """Where the frames end that are begun."""
        return self.first + self.latents.shape[1]

    def of(self, window: Window) -> tuple[Tensor, Conditioning]:
        """Return the latents of a window, and its conditions."""
        start, stop = window.start - self.first, window.stop - self.first
        return self.latents[:, start:stop], self.conditions.frames(start, stop)

    def settle(
        self, path: Path, window: Window, clean: Tensor, on_step_end: StepEnd | None
    ) -> None:
        """Take the step with those frames in which no other window has a share any more."""
        share = clean * clean.new_tensor(window.weights)[:, None, None, None]
        if window.fade_in:
            share[:, : window.fade_in] += self.seams.pop(window.step)
        if window.fade_out:
            self.seams[window.step] = share[:, -window.fade_out :].clone()
        settled = slice(window.start - self.first, window.settled - self.first)
        share = share[:, : window.settled - window.start]
        stepped = path.go(window.step, window.start, self.latents[:, settled], share)
        if on_step_end is not None:
            timestep = path.level(window.step, len(stepped)).mark
            stepped = on_step_end(window.step, timestep, window.start, stepped)
        self.latents[:, settled] = stepped

    def leave(self, stop: int) -> Tensor:
        """Return the latents of the frames before ``stop``, and forget them."""
        finished, rest = self.latents.tensor_split((stop - self.first,), dim=1)
        kept = self.conditions.frames(stop - self.first, self.stop - self.first)
        # copies: a part of a tensor keeps all of it in memory
        self.latents, self.conditions, self.first = rest.clone(), join_frames([kept]), stop
        return finished.clone()


def _grown(alive: _Alive | None, stop: int, source: Source, path: Path) -> _Alive:
    """Return what is alive, with the frames before ``stop`` begun."""
    start = 0 if alive is None else alive.stop
    if alive is not None and start >= stop:
        return alive
    latents = path.begin(start, source.noise(start, stop))
    conditions = source.conditions(start, stop)
    if alive is None:  # a copy: the steps are written into it
        return _Alive(first=0, latents=latents.clone(), conditions=conditions, seams={})
    return replace(
        alive,
        latents=torch.cat((alive.latents, latents), dim=1),
        conditions=join_frames((alive.conditions, conditions)),
    )


def join_frames(parts: Sequence[Conditioning]) -> Conditioning:
    """Return the conditions of a clip from those of its parts, in their order."""
    return _joined(parts, _OF_FRAMES, dim=1)


def stack_clips(parts: Sequence[Conditioning]) -> Conditioning:
    """Return the conditions of several clips as long as each other, as those of one batch."""
    return _joined(parts, (*_OF_FRAMES, *_OF_CLIPS), dim=0)


def _joined(parts: Sequence[Conditioning], names: Sequence[str], dim: int) -> Conditioning:
    """Return the first part, but in the named fields all parts, one after another."""
    fields: dict[str, Any] = {}
    for name in names:
        values = [getattr(part, name) for part in parts]
        if isinstance(values[0], tuple):
            fields[name] = tuple(torch.cat(pieces, dim) for pieces in zip(*values, strict=True))
        else:
            fields[name] = torch.cat(values, dim)
    return replace(parts[0], **fields)


def _ask(sampler: Sampler, path: Path, alive: _Alive, windows: Sequence[Window]) -> list[Tensor]:
    """Return the clean latents that the network sees in each window of a step."""
    step, answers = windows[0].step, list[Tensor]()
    for num_frames, alike in groupby(windows, key=lambda window: window.num_frames):
        group = list(alike)
        parts = [alive.of(window) for window in group]
        shown = [
            path.show(step, window.start, latents)
            for window, (latents, _) in zip(group, parts, strict=True)
        ]
        noisy = torch.cat(shown)
        with sampler.attached(num_frames):
            conditions = stack_clips([conditions for _, conditions in parts])
            ask = guided(sampler.unet, conditions, sampler.steps.guidance)
            answers += ask(noisy, path.level(step, len(noisy))).chunk(len(group))
    return answers
