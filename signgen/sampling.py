"""From noise to latents: the times, the guidance and the steps between; knows no pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor

from signgen.conditioning import APPEARANCE_AND_POSE, EVERYTHING, NOTHING, POSE, Conditioning, State
from signgen.models.attention import make_keys
from signgen.models.denoiser import predict_clean

# What the middle branch keeps, where the two scales differ: CFLD's order and FPDM's.
MIDDLE_STATES: dict[str, State] = {"pose": POSE, "appearance": APPEARANCE_AND_POSE}

Ask = Callable[[Tensor, Tensor], Tensor]


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


def flow_step(noisy: Tensor, clean: Tensor, time: Tensor, to_time: Tensor) -> Tensor:
    """Go along the straight line through noisy latents and the clean ones seen in them.

    noisy, clean (B, T, c, h, w); time (B,) of ``noisy``, to_time (B,), both in [0, 1].
    """
    share = (to_time / time)[:, None, None, None, None]
    return share * noisy + (1 - share) * clean


@dataclass(frozen=True, kw_only=True)
class Steps:
    """How the sampler walks: how many steps, the shift of their times, and the guidance."""

    num_steps: int = 4
    shift: float = 1.0
    guidance: Guidance = field(default_factory=Guidance)


def denoise(
    unet: UNet2DConditionModel, noise: Tensor, conditioning: Conditioning, steps: Steps
) -> Tensor:
    """Return the latents (B, T, c, h, w) that the denoiser makes of noise of the same shape.

    The steps are Euler's along the straight path of rectified flow; motion modules take part where
    the caller has attached them.
    """
    latents = noise
    ask = guided(unet, conditioning, steps.guidance)
    for time, to_time in pairwise(noise.new_tensor(flow_times(steps.num_steps, steps.shift))):
        now, then = time.expand(len(noise)), to_time.expand(len(noise))
        latents = flow_step(latents, ask(latents, now), now, then)
    return latents


def guided(unet: UNet2DConditionModel, conditioning: Conditioning, guidance: Guidance) -> Ask:
    """Return the guided denoiser: noisy latents and times (B,) → the clean latents seen in them.

    Keys and values of the tokens are made here, once for all steps.
    """
    branches = []
    for state in guidance.states:
        kept = conditioning.in_state(state)
        branches.append((kept, make_keys(unet, kept.appearance, kept.hands.flatten(0, 1))))

    def ask(noisy: Tensor, times: Tensor) -> Tensor:
        return guidance.mix([predict_clean(unet, noisy, times, *branch) for branch in branches])

    return ask
