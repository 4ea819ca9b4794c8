"""Schedules: noise and readings by closed form, and the same as in diffusers where it has them."""

import pytest
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler, rescale_zero_terminal_snr
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler

from signgen.schedules import FLOW, Schedule, schedule_of, segment_scheduler, stock_scheduler

pytestmark = pytest.mark.light

V = stock_scheduler("v", zero_terminal_snr=True, sampler="ddim")
EPSILON = stock_scheduler("epsilon", zero_terminal_snr=False, sampler="ddpm")
SCHEDULES = {"flow": FLOW, "v": schedule_of(V), "epsilon": schedule_of(EPSILON)}
TIMES = torch.tensor([0.001, 0.1, 0.5, 0.9, 0.999])


def some_latents(seed: int = 0, num: int = len(TIMES)) -> torch.Tensor:
    return torch.randn(num, 2, 3, 4, 4, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_what_is_said_and_clean_latents_are_each_others_inverse(schedule: Schedule) -> None:
    level, said, noisy = schedule.at(TIMES), some_latents(1), some_latents(2)
    clean = level.clean_of(said, noisy)
    torch.testing.assert_close(level.said_of(clean, noisy), said, rtol=1e-3, atol=1e-3)
    again = level.clean_of(level.said_of(clean, noisy), noisy)
    torch.testing.assert_close(again, clean, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_the_truth_is_read_from_the_true_words(schedule: Schedule) -> None:
    level, clean, noise = schedule.at(TIMES), some_latents(1), some_latents(2)
    noisy = level.noised(clean, noise)
    wide = [part[:, None, None, None, None] for part in (level.signal, level.noise)]
    true = {"flow": clean, "v": wide[0] * noise - wide[1] * clean, "epsilon": noise}[schedule.kind]
    torch.testing.assert_close(level.clean_of(true, noisy), clean, rtol=1e-4, atol=1e-4)


def test_the_last_index_is_noise_alone_as_diffusers_rescales_it() -> None:
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    rescaled = (1 - rescale_zero_terminal_snr(betas)).cumprod(0)
    ours = torch.tensor(SCHEDULES["v"].alpha_bars)
    torch.testing.assert_close(ours, rescaled, rtol=0, atol=0)
    assert ours[-1] == 0
    level = SCHEDULES["v"].at(torch.ones(1))
    noise = some_latents(1, 1)
    assert torch.equal(level.noised(some_latents(2, 1), noise), noise)
    assert float(level.mark) == 999


def test_without_rescaling_betas_are_those_of_stable_diffusion() -> None:
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.double) ** 2
    closed = (1 - betas).cumprod(0)
    ours = torch.tensor(SCHEDULES["epsilon"].alpha_bars, dtype=torch.double)
    torch.testing.assert_close(ours, closed, rtol=1e-4, atol=0)


@pytest.mark.parametrize("stock", [V, EPSILON], ids=["v", "epsilon"])
def test_noise_and_velocity_are_those_of_the_stock_scheduler(stock: DDIMScheduler) -> None:
    level = schedule_of(stock).at(TIMES)
    index = (TIMES * 1000).round().long() - 1
    clean, noise = some_latents(1), some_latents(2)
    noisy = level.noised(clean, noise)
    torch.testing.assert_close(noisy, stock.add_noise(clean, noise, index))
    assert level.mark.tolist() == index.tolist()
    if stock is V:
        velocity = stock.get_velocity(clean, noise, index)
        torch.testing.assert_close(level.said_of(clean, noisy), velocity, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("kind", ["v", "epsilon"])
def test_weights_make_the_error_of_clean_latents_that_of_what_is_said(kind: str) -> None:
    schedule = SCHEDULES[kind]
    level, clean, noise = schedule.at(TIMES), some_latents(1), some_latents(2)
    noisy = level.noised(clean, noise)
    said = some_latents(3)
    plain = (said - level.said_of(clean, noisy)).square().flatten(1).mean(1)
    seen = (level.clean_of(said, noisy) - clean).square().flatten(1).mean(1)
    torch.testing.assert_close(schedule.error_weights(level, 0.0) * seen, plain, rtol=1e-3, atol=0)


def test_a_flows_weights_make_the_error_that_of_the_velocity() -> None:
    level, clean, noisy = FLOW.at(TIMES), some_latents(1), some_latents(2)
    seen = some_latents(3)
    velocity = [(noisy - latents) / TIMES[:, None, None, None, None] for latents in (seen, clean)]
    plain = (velocity[0] - velocity[1]).square().flatten(1).mean(1)
    weighted = FLOW.error_weights(level, 0.3) * (seen - clean).square().flatten(1).mean(1)
    above = TIMES >= 0.3
    torch.testing.assert_close(weighted[above], 0.3**2 * plain[above])
    assert (FLOW.error_weights(level, 0.3)[~above] == 1).all()


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_steps_stay_on_the_way_where_the_clean_latents_are_right(schedule: Schedule) -> None:
    clean, noise = some_latents(1), some_latents(2)
    start, end = schedule.at(torch.full((5,), 0.9)), schedule.at(TIMES)
    stepped = start.step(start.noised(clean, noise), clean, end)
    torch.testing.assert_close(stepped, end.noised(clean, noise), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_an_aim_is_what_leads_there_in_one_step(schedule: Schedule) -> None:
    noisy, clean = some_latents(1), some_latents(2)
    start, end = schedule.at(torch.full((5,), 0.95)), schedule.at(TIMES * 0.8)
    reached = start.step(noisy, clean, end)
    torch.testing.assert_close(start.aim(noisy, reached, end), clean, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_signal_and_noise_keep_their_variance_or_their_sum(schedule: Schedule) -> None:
    level = schedule.at(torch.linspace(0, 1, 11))
    total = level.signal + level.noise
    if schedule.kind != "flow":
        total = level.signal**2 + level.noise**2
    torch.testing.assert_close(total, torch.ones(11))
    assert (level.noise.diff() > 0).all()
    assert level.noise[0] == 0


@pytest.mark.parametrize("kind", ["v", "epsilon"])
def test_times_on_the_grid_are_the_indices_of_training(kind: str) -> None:
    schedule = SCHEDULES[kind]
    times = schedule.on_grid(1 - torch.rand(4000, generator=torch.Generator().manual_seed(0)))
    marks = schedule.at(times).mark
    assert set(marks.tolist()) <= set(range(1000))
    assert float(schedule.at(schedule.on_grid(torch.tensor([1e-9, 1.0]))).mark[0]) == 0
    spread = torch.histc(marks, bins=10, min=0, max=1000)
    assert (spread - 400).abs().max() < 80


def test_a_schedule_is_read_from_any_stock_scheduler() -> None:
    other = DPMSolverMultistepScheduler.from_config(V.config)
    assert schedule_of(other).kind == "v"
    assert schedule_of(DDPMScheduler.from_config(EPSILON.config)) == SCHEDULES["epsilon"]


def test_a_scheduler_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="'sample'"):
        schedule_of(DDIMScheduler(prediction_type="sample"))


def test_noise_alone_cannot_be_read_from_noise_alone() -> None:
    stock = stock_scheduler("epsilon", zero_terminal_snr=True, sampler="ddim")
    with pytest.raises(ValueError, match="zero_terminal_snr"):
        schedule_of(stock)


def test_segments_end_at_the_clean_end() -> None:
    walker = segment_scheduler(EPSILON)
    walker.set_timesteps(4)
    assert walker.timesteps.tolist() == [999, 749, 499, 249]
    assert walker.final_alpha_cumprod == 1
