"""Guidance and the steps of the sampler, by their laws."""

import pytest
import torch
from diffusers.schedulers.scheduling_flow_match_euler_discrete import (
    FlowMatchEulerDiscreteScheduler,
)

from signgen.conditioning import EVERYTHING, NOTHING, POSE, Conditioning
from signgen.models.denoiser import predict_clean
from signgen.sampling import Guidance, Steps, denoise, flow_step, flow_times, guided
from tests.signgen.test_conditioning import some_conditions
from tests.signgen.training.tiny import tiny_pipeline


def answer(conditions: Conditioning) -> torch.Tensor:
    """Answer something that depends on every part, not linearly."""
    labels = conditions.labels()
    assert labels is not None
    parts = (conditions.tokens().sum(), conditions.channels().sum(), labels.sum())
    return torch.stack([torch.tanh(part) for part in parts]).cumprod(0)


def guide(guidance: Guidance, conditions: Conditioning) -> torch.Tensor:
    return guidance.mix([answer(conditions.in_state(state)) for state in guidance.states])


def test_equal_scales_give_the_same_with_two_branches_as_with_three() -> None:
    conditions = some_conditions()
    nothing, middle, full = (
        answer(conditions.in_state(state)) for state in (NOTHING, POSE, EVERYTHING)
    )
    three = nothing + 2 * (middle - nothing) + 2 * (full - middle)
    torch.testing.assert_close(guide(Guidance(first=2, rest=2), conditions), three)
    nearly = guide(Guidance(first=2, rest=2 + 1e-6), conditions)
    torch.testing.assert_close(nearly, three, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("first", "rest", "asked"), [(1, 1, 1), (2, 2, 2), (3, 2, 3)])
def test_the_denoiser_is_asked_no_more_often_than_needed(
    first: float, rest: float, asked: int
) -> None:
    assert len(Guidance(first=first, rest=rest).states) == asked


def test_scales_of_one_give_the_plain_answer() -> None:
    conditions = some_conditions()
    torch.testing.assert_close(guide(Guidance(), conditions), answer(conditions))
    nearly = Guidance(first=1, rest=1 + 1e-6)
    torch.testing.assert_close(guide(nearly, conditions), answer(conditions), rtol=0, atol=1e-5)


@torch.no_grad()
def test_keys_and_values_made_beforehand_change_nothing() -> None:
    unet = tiny_pipeline().unet
    conditions = tiny_conditions(num_clips=2, num_frames=3)
    noisy = torch.randn(2, 3, 8, 8, 8, generator=torch.Generator().manual_seed(1))
    times = torch.tensor([0.3, 0.8])
    plain = predict_clean(unet, noisy, times, conditions)
    kept = guided(unet, conditions, Guidance())(noisy, times)
    torch.testing.assert_close(kept, plain, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_times_and_steps_are_those_of_the_stock_flow_scheduler(shift: float) -> None:
    scheduler = FlowMatchEulerDiscreteScheduler(shift=shift)
    scheduler.set_timesteps(sigmas=[1 - step / 5 for step in range(5)])
    times = flow_times(5, shift)
    torch.testing.assert_close(torch.tensor(times), scheduler.sigmas)
    torch.manual_seed(0)
    noisy, clean = torch.randn(2, 1, 1, 3, 4, 4)
    noisy, clean = noisy[None], clean[None]
    velocity = (noisy - clean) / times[0]
    stock = scheduler.step(velocity, scheduler.timesteps[0], noisy).prev_sample
    ours = flow_step(noisy, clean, torch.tensor([times[0]]), torch.tensor([times[1]]))
    torch.testing.assert_close(ours, stock)


@torch.no_grad()
def test_the_last_step_ends_on_the_clean_latents() -> None:
    pipeline = tiny_pipeline()
    noise = torch.randn(1, 2, 8, 8, 8, generator=torch.Generator().manual_seed(1))
    conditions = tiny_conditions()
    once = denoise(pipeline.unet, noise, conditions, Steps(num_steps=1))
    clean = predict_clean(pipeline.unet, noise, torch.ones(1), conditions)
    torch.testing.assert_close(once, clean)


def tiny_conditions(num_clips: int = 1, num_frames: int = 2) -> Conditioning:
    """Return random conditions of the tiny pipeline's shapes."""
    generator = torch.Generator().manual_seed(3)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    return Conditioning(
        appearance=draw(num_clips, 16, 16),
        reference_latents=draw(num_clips, 8, 8, 8),
        reference_features=draw(num_clips, 8, 8, 8),
        features=draw(num_clips, num_frames, 8, 8, 8),
        hands=draw(num_clips, num_frames, 4, 16),
        fusion=draw(num_clips, num_frames, 64),
        no_appearance=draw(1, 1, 16),
        no_fusion=draw(1, 1, 64),
    )
