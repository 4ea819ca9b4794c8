"""From noise to latents: the times, the guidance and the steps between; knows no pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from inspect import signature
from itertools import pairwise

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor

from signgen.conditioning import APPEARANCE_AND_POSE, EVERYTHING, NOTHING, POSE, Conditioning, State
from signgen.models.attention import make_keys
from signgen.models.denoiser import predict_clean
from signgen.schedules import TIME_UNITS, Level, StockScheduler, schedule_of

# What the middle branch keeps, where the two scales differ: CFLD's order and FPDM's.
MIDDLE_STATES: dict[str, State] = {"pose": POSE, "appearance": APPEARANCE_AND_POSE}

Ask = Callable[[Tensor, Level], Tensor]


@dataclass(frozen=True, kw_only=True)
class Guidance:
    """How far beyond the unconditional answer to go: nothing → middle state → everything.

    first: scale of the way from nothing to the middle; rest: from the middle to everything; middle:
    a name of MIDDLE_STATES. With equal scales the middle cancels, and is not asked.
    """

    first: float = 1.0
    rest: float = 1.0
    middle: str = "pose"

    @property
    def states(self) -> tuple[State, ...]:
        """What the denoiser is asked about in each step, EVERYTHING first."""
        if self.first == self.rest:
            return (EVERYTHING,) if self.rest == 1 else (EVERYTHING, NOTHING)
        return EVERYTHING, NOTHING, MIDDLE_STATES[self.middle]

    def mix(self, answers: Sequence[Tensor]) -> Tensor:
        """Return the guided answer of those to ``states``."""
        if len(answers) == 1:
            return answers[0]
        full, nothing, *middle = answers
        if not middle:
            return nothing + self.rest * (full - nothing)
        return nothing + self.first * (middle[0] - nothing) + self.rest * (full - middle[0])


def flow_times(num_steps: int, shift: float = 1.0) -> list[float]:
    """Return the shares of noise from 1 down to 0, one more than there are steps.

    shift: above 1, more of the steps are spent where noise is strong (Esser et al. 2024, eq. 23).
    """
    even = [1 - step / num_steps for step in range(num_steps + 1)]
    return [shift * t / (1 + (shift - 1) * t) for t in even]


@dataclass(frozen=True, kw_only=True)
class Steps:
    """How the sampler walks: how many steps, the shift of their times, and the guidance.

    shift: of a flow; a stock scheduler has its times from its own settings.
    """

    num_steps: int = 4
    shift: float = 1.0
    guidance: Guidance = field(default_factory=Guidance)


def denoise(
    unet: UNet2DConditionModel,
    scheduler: StockScheduler | None,
    noise: Tensor,
    conditioning: Conditioning,
    steps: Steps,
) -> Tensor:
    """Return the latents (B, T, c, h, w) that the denoiser makes of noise of the same shape.

    scheduler: of diffusers, or None for Euler's steps along the straight path of rectified flow;
    motion modules take part where the caller has attached them. Raises ValueError for a shift of
    a stock scheduler's times.
    """
    schedule = schedule_of(scheduler)
    ask = guided(unet, conditioning, steps.guidance)
    if scheduler is not None:
        if steps.shift != 1:
            raise ValueError(
                f"shift is {steps.shift}, but the times are {type(scheduler).__name__}'s; "
                "leave the shift at 1"
            )
        return _walk_stock(ask, scheduler, noise, steps.num_steps)
    latents = noise
    times = noise.new_tensor(flow_times(steps.num_steps, steps.shift), dtype=torch.float32)
    levels = [schedule.at(time.expand(len(noise))) for time in times]
    for level, to in pairwise(levels):
        latents = level.step(latents, ask(latents, level), to)
    return latents


def guided(unet: UNet2DConditionModel, conditioning: Conditioning, guidance: Guidance) -> Ask:
    """Return the guided denoiser: noisy latents and their level → the clean latents seen in them.

    Clean latents are linear in what the network says, so guidance by them is guidance by noise or
    velocity. Keys and values of the tokens are made here, once for all steps.
    """
    branches = []
    for state in guidance.states:
        kept = conditioning.in_state(state)
        branches.append((kept, make_keys(unet, kept.appearance, kept.hands.flatten(0, 1))))

    def ask(noisy: Tensor, level: Level) -> Tensor:
        return guidance.mix([predict_clean(unet, noisy, level, *branch) for branch in branches])

    return ask


def _walk_stock(ask: Ask, scheduler: StockScheduler, noise: Tensor, num_steps: int) -> Tensor:
    """Return the latents after the steps of a scheduler of diffusers."""
    walker = type(scheduler).from_config(scheduler.config)  # it counts its steps: not the caller's
    schedule, frames = schedule_of(walker), noise.shape[:2]
    walker.set_timesteps(num_steps, device=noise.device)
    takes_chance = "generator" in signature(walker.step).parameters
    chance = {"generator": frame_chances(noise)} if takes_chance else {}
    latents = noise * walker.init_noise_sigma
    for mark in walker.timesteps:
        noisy = walker.scale_model_input(latents, mark)
        level = schedule.at(((mark + 1) / TIME_UNITS).expand(len(noise)))
        said = level.said_of(ask(noisy, level), noisy).flatten(0, 1)  # (B*T, c, h, w)
        stepped = walker.step(said, mark, latents.flatten(0, 1), **chance, return_dict=False)
        latents = stepped[0].unflatten(0, frames)
    return latents


def frame_chances(noise: Tensor) -> list[torch.Generator]:
    """Return a generator for each frame of noise (B, T, c, h, w), seeded by its first two numbers.

    What steps add to a frame depends, as its noise, on the seed and the frame's index alone.
    """
    heads = noise.flatten(2)[..., :2].flatten(0, 1).float().cpu().contiguous()  # (B*T, 2)
    return [torch.Generator().manual_seed(seed) for seed in heads.view(torch.int64)[:, 0].tolist()]
