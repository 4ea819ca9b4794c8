"""Guidance and the steps of the sampler, by their laws."""

from itertools import pairwise

import pytest
import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from diffusers.schedulers.scheduling_flow_match_euler_discrete import (
    FlowMatchEulerDiscreteScheduler,
)

from signgen.conditioning import APPEARANCE_AND_POSE, EVERYTHING, NOTHING, POSE, Conditioning
from signgen.models.denoiser import build_unet, predict, predict_clean
from signgen.sampling import Guidance, Steps, denoise, flow_times, frame_chances, guided
from signgen.schedules import FLOW, StockScheduler, schedule_of, stock_scheduler
from signgen.training.denoising import evidence_of
from signgen.training.trainer import dice
from tests.signgen.test_conditioning import some_conditions
from tests.signgen.training.tiny import CPU, tiny_pipeline, tiny_scenes


def answer(conditions: Conditioning) -> torch.Tensor:
    """Answer something that depends on every part, not linearly."""
    labels = conditions.labels()
    assert labels is not None
    parts = (conditions.tokens().sum(), conditions.channels().sum(), labels.sum())
    return torch.stack([torch.tanh(part) for part in parts]).cumprod(0)


STOCK = [
    stock_scheduler("v", zero_terminal_snr=True, sampler="ddim"),
    stock_scheduler("epsilon", zero_terminal_snr=False, sampler="ddim"),
    stock_scheduler("v", zero_terminal_snr=True, sampler="ddpm"),
    stock_scheduler("epsilon", zero_terminal_snr=False, sampler="ddpm"),
]


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


@pytest.mark.parametrize("method", ["fpdm", "cfld"])
@torch.no_grad()
def test_keys_and_values_made_beforehand_change_nothing(method: str) -> None:
    pipeline = tiny_pipeline(method)
    scene = tiny_scenes().draw(2, 3, dice(0, CPU))
    conditions = pipeline.conditioner(evidence_of(scene, pipeline))
    noisy = torch.randn(2, 3, 8, 8, 8, generator=torch.Generator().manual_seed(1))
    level = FLOW.at(torch.tensor([0.3, 0.8]))
    plain = predict_clean(pipeline.unet, noisy, level, conditions)
    kept = guided(pipeline.unet, conditions, Guidance())(noisy, level)
    torch.testing.assert_close(kept, plain, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_times_and_steps_are_those_of_the_stock_flow_scheduler(shift: float) -> None:
    scheduler = FlowMatchEulerDiscreteScheduler(shift=shift)
    scheduler.set_timesteps(sigmas=[1 - step / 5 for step in range(5)])
    times = flow_times(5, shift)
    torch.testing.assert_close(torch.tensor(times), scheduler.sigmas)
    torch.manual_seed(0)
    noisy, clean = torch.randn(2, 1, 2, 3, 4, 4)
    for time, to_time, stamp in zip(times, times[1:], scheduler.timesteps, strict=False):
        velocity = (noisy - clean) / time
        stock = scheduler.step(velocity, stamp, noisy).prev_sample
        levels = [FLOW.at(torch.tensor([t])) for t in (time, to_time)]
        ours = levels[0].step(noisy[None], clean[None], levels[1])[0]
        torch.testing.assert_close(ours, stock, rtol=1e-5, atol=1e-5)
        noisy, clean = stock, clean + 0.1


@pytest.mark.parametrize("stock", STOCK)
@pytest.mark.parametrize(("first", "rest"), [(2.0, 2.0), (3.0, 1.5)])
@torch.no_grad()
def test_guiding_clean_latents_is_the_published_guiding_of_what_is_said(
    stock: StockScheduler, first: float, rest: float
) -> None:
    unet, conditions = plain_unet(), tiny_conditions()
    level = schedule_of(stock).at(torch.tensor([0.7]))
    noisy = torch.randn(1, 2, 8, 8, 8, generator=torch.Generator().manual_seed(1))
    nothing, middle, full = (
        predict(unet, noisy, level.mark, conditions.in_state(state))
        for state in (NOTHING, APPEARANCE_AND_POSE, EVERYTHING)
    )
    published = nothing + first * (middle - nothing) + rest * (full - middle)
    guidance = Guidance(first=first, rest=rest, middle="appearance")
    clean = guided(unet, conditions, guidance)(noisy, level)
    torch.testing.assert_close(level.said_of(clean, noisy), published, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["v", "epsilon"])
@torch.no_grad()
def test_our_own_steps_are_those_of_the_stock_ddim_scheduler(kind: str) -> None:
    unet, conditions = plain_unet(), tiny_conditions()
    noise = torch.randn(1, 2, 8, 8, 8, generator=torch.Generator().manual_seed(1))
    stock = stock_scheduler(kind, zero_terminal_snr=kind == "v", sampler="ddim")
    walked = denoise(unet, stock, noise, conditions, Steps(num_steps=8))
    schedule, latents = schedule_of(stock), noise
    ask = guided(unet, conditions, Guidance())
    levels = [schedule.at(torch.tensor([time])) for time in flow_times(8)]
    for level, to in pairwise(levels):
        latents = level.step(latents, ask(latents, level), to)
    torch.testing.assert_close(walked, latents, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_sampling_as_published_is_the_loop_that_diffusers_documents() -> None:
    unet, conditions = plain_unet(), tiny_conditions(num_frames=1)
    noise = torch.randn(1, 1, 8, 8, 8, generator=torch.Generator().manual_seed(1))
    stock = DDPMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        prediction_type="epsilon",
        steps_offset=1,
    )
    walked = denoise(unet, stock, noise, conditions, Steps(num_steps=20))
    stock.set_timesteps(20)
    assert stock.timesteps[0] == 951
    assert stock.timesteps[-1] == 1
    generator, latents = frame_chances(noise)[0], noise[:, 0]
    for time in stock.timesteps:
        said = predict(unet, latents[:, None], time[None].float(), conditions)[:, 0]
        latents = stock.step(said, time, latents, generator=generator).prev_sample
    torch.testing.assert_close(walked[:, 0], latents, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("stock", [None, *STOCK])
@torch.no_grad()
def test_frames_are_sampled_alike_however_long_the_clip_is(stock: StockScheduler | None) -> None:
    unet, conditions = plain_unet(), tiny_conditions(num_frames=3)
    noise = torch.randn(1, 3, 8, 8, 8, generator=torch.Generator().manual_seed(1))
    steps = Steps(num_steps=4)
    long = denoise(unet, stock, noise, conditions, steps)
    short = denoise(unet, stock, noise[:, :2], conditions.frames(0, 2), steps)
    torch.testing.assert_close(long[:, :2], short, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_any_stock_scheduler_can_take_the_place_of_another() -> None:
    unet, conditions = plain_unet(), tiny_conditions()
    noise = torch.randn(1, 2, 8, 8, 8, generator=torch.Generator().manual_seed(1))
    ddim = stock_scheduler("v", zero_terminal_snr=False, sampler="ddim")
    exact = denoise(unet, ddim, noise, conditions, Steps(num_steps=200))
    for kind in (DPMSolverMultistepScheduler, EulerDiscreteScheduler):
        other = kind.from_config(ddim.config)
        near = denoise(unet, other, noise, conditions, Steps(num_steps=100))
        assert (near - exact).std() < 0.1 * exact.std()


@torch.no_grad()
def test_walking_leaves_the_pipelines_scheduler_as_it_was() -> None:
    stock = stock_scheduler("v", zero_terminal_snr=True, sampler="ddpm")
    noise = torch.randn(1, 2, 8, 8, 8, generator=torch.Generator().manual_seed(1))
    before = stock.timesteps.clone()
    first = denoise(plain_unet(), stock, noise, tiny_conditions(), Steps(num_steps=3))
    assert torch.equal(stock.timesteps, before)
    again = denoise(plain_unet(), stock, noise, tiny_conditions(), Steps(num_steps=3))
    assert torch.equal(first, again)


def test_a_shift_of_a_stock_schedulers_times_is_refused() -> None:
    stock = stock_scheduler("v", zero_terminal_snr=True, sampler="ddim")
    with pytest.raises(ValueError, match="shift is 3"):
        denoise(plain_unet(), stock, torch.zeros(1, 2, 8, 8, 8), tiny_conditions(), Steps(shift=3))


@pytest.mark.parametrize("stock", [None, STOCK[0]])
@torch.no_grad()
def test_the_last_step_ends_on_the_clean_latents(stock: StockScheduler | None) -> None:
    unet = tiny_pipeline().unet
    noise = torch.randn(1, 2, 8, 8, 8, generator=torch.Generator().manual_seed(1))
    conditions = tiny_conditions()
    once = denoise(unet, stock, noise, conditions, Steps(num_steps=1))
    clean = predict_clean(unet, noise, schedule_of(stock).at(torch.ones(1)), conditions)
    torch.testing.assert_close(once, clean, rtol=1e-5, atol=1e-5)


def plain_unet() -> UNet2DConditionModel:
    """Return a tiny UNet that copies nothing from the reference: it says what is published."""
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        unet = build_unet(
            latent_channels=8,
            extra_channels=0,
            token_width=16,
            channels=(16, 32, 32),
            attention=(False, True, True),
        )
        unet.conv_in = torch.nn.Conv2d(32, 16, 3, padding=1)
    return unet.eval()


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
