"""The seven objectives: each learns, only what it should, and drops what guidance asks about."""

import dataclasses
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from torch import nn

from signgen.conditioning import APPEARANCE_AND_POSE, EVERYTHING, NOTHING, POSE
from signgen.latents import encode
from signgen.models.denoiser import predict
from signgen.sampling import MIDDLE_STATES, Guidance, denoise
from signgen.schedules import schedule_of
from signgen.training.autoencoder import AutoencoderObjective
from signgen.training.decoder import DecoderObjective
from signgen.training.denoiser import DenoiserObjective
from signgen.training.denoising import (
    draw_kept,
    draw_noise,
    draw_times,
    drop_rates,
    evidence_of,
)
from signgen.training.distil import DistilObjective
from signgen.training.fusion import FusionObjective
from signgen.training.model_settings import STAGES
from signgen.training.painter import PainterObjective
from signgen.training.settings import (
    AutoencoderTraining,
    DecoderTraining,
    DenoiserTraining,
    DistilTraining,
    FusionTraining,
    Optimisation,
    PainterTraining,
    TemporalTraining,
)
from signgen.training.stages import freeze_all_but, read_pipeline, write_pipeline
from signgen.training.temporal import TemporalObjective
from signgen.training.trainer import RunSettings, Trainer, dice
from tests.signgen.training.tiny import CPU, tiny_pipeline, tiny_scenes

LEARNING = Optimisation(steps=20, batch_size=4, learning_rate=5e-3, warmup=1, weight_decay=0)
RATES = {stage: LEARNING for stage in STAGES} | {
    "temporal": dataclasses.replace(LEARNING, learning_rate=2e-2),
    "decoder": dataclasses.replace(LEARNING, learning_rate=3e-3, steps=60),
    "painter": dataclasses.replace(LEARNING, learning_rate=2e-3, steps=60),
}
QUIET = {"zoom_share": 0.0, "blur": 0.0, "grain": 0.0, "hide_hand": 0.0}


VELOCITY = DenoiserTraining(
    schedule="v", zero_terminal_snr=True, times="uniform", noise_offset=0.1, min_time=0.0
)
NOISE = DenoiserTraining(schedule="epsilon", sampler="ddpm", times="cubic", min_time=0.0)
FLOW = DenoiserTraining()
DENOISED = ("denoiser", "temporal", "distil")
CASES = [
    *(pytest.param(stage, "fpdm", FLOW, id=f"{stage}-fpdm-flow") for stage in STAGES),
    *(pytest.param(stage, "cfld", FLOW, id=f"{stage}-cfld-flow") for stage in DENOISED),
    *(pytest.param(stage, "fpdm", VELOCITY, id=f"{stage}-fpdm-v") for stage in DENOISED),
    pytest.param("denoiser", "cfld", NOISE, id="denoiser-cfld-epsilon"),
]


def networks(pipeline: Any) -> dict[str, Any]:
    parts = pipeline.components.items()
    return {name: part for name, part in parts if isinstance(part, nn.Module)}


def objective(
    stage: str, method: str = "fpdm", denoising: DenoiserTraining = FLOW
) -> tuple[Any, Any]:
    pipeline, scenes = tiny_pipeline(method), tiny_scenes(**QUIET)
    AutoencoderObjective(
        autoencoder=pipeline.autoencoder,
        scenes=scenes,
        settings=AutoencoderTraining(fit_batches=1),
        seed=0,
    ).prepare()
    # the stages after the denoiser's find its scheduler in the pipeline
    DenoiserObjective(pipeline=pipeline, scenes=scenes, settings=denoising)
    made: Any = {
        "autoencoder": lambda: AutoencoderObjective(
            autoencoder=pipeline.autoencoder,
            scenes=scenes,
            settings=AutoencoderTraining(fit_batches=1, latent_noise=0.0),
            seed=0,
        ),
        "fusion": lambda: FusionObjective(
            fusion=pipeline.fusion, scenes=scenes, settings=FusionTraining()
        ),
        "denoiser": lambda: DenoiserObjective(pipeline=pipeline, scenes=scenes, settings=denoising),
        "temporal": lambda: TemporalObjective(
            pipeline=pipeline,
            scenes=scenes,
            # beneath motion modules that learn, an untrained denoiser: frames can be made alike
            settings=TemporalTraining(num_frames=3, difference_weight=100.0),
            denoising=denoising,
        ),
        "distil": lambda: DistilObjective(
            pipeline=pipeline,
            scenes=scenes,
            settings=DistilTraining(num_frames=2, teacher_steps=2),
            denoising=denoising,
        ),
        "decoder": lambda: DecoderObjective(
            pipeline=pipeline,
            scenes=scenes,
            # an untrained denoiser's latents say nothing of the picture
            settings=DecoderTraining(num_frames=1, true_share=1.0, latent_noise=0.0),
        ),
        "painter": lambda: PainterObjective(
            pipeline=pipeline,
            scenes=scenes,
            settings=PainterTraining(num_frames=2, num_steps=1, edge_weight=0.0),
        ),
    }[stage]()
    freeze_all_but(pipeline, made)
    return made, pipeline


@pytest.mark.parametrize(("stage", "method", "denoising"), CASES)
def test_the_loss_on_a_batch_falls_by_a_third_in_twenty_steps(
    stage: str, method: str, denoising: DenoiserTraining, tmp_path: Path
) -> None:
    made, pipeline = objective(stage, method, denoising)
    if stage == "autoencoder":  # fitting the components is its first step
        reset = tiny_pipeline().autoencoder
        pipeline.autoencoder.load_state_dict(reset.state_dict())
    first = made.loss(made.draw(4, dice(1, CPU))).mean().item()
    made.prepare()
    fixed = made.draw(4, dice(1, CPU))

    class Again(type(made)):  # type: ignore[misc]
        """The same batch at every step."""

        def draw(self, num_samples: int, dice: object) -> Any:
            return fixed

    again = Again(**{f.name: getattr(made, f.name) for f in dataclasses.fields(made) if f.init})
    trainer = Trainer(again, RATES[stage], RunSettings(folder=tmp_path, device=CPU))
    losses = [float(trainer.update()) for _ in range(20)]
    assert min(losses[-3:]) < 0.7 * first


@pytest.mark.parametrize(
    ("stage", "method"),
    [*((stage, "fpdm") for stage in STAGES), *((stage, "cfld") for stage in DENOISED)],
)
def test_what_is_frozen_stays_and_is_in_eval_mode(stage: str, method: str, tmp_path: Path) -> None:
    made, pipeline = objective(stage, method)
    made.prepare()
    before = {
        name: {k: v.clone() for k, v in part.state_dict().items()}
        for name, part in networks(pipeline).items()
    }
    settings = Optimisation(steps=2, batch_size=2, warmup=1)
    trainer = Trainer(made, settings, RunSettings(folder=tmp_path, device=CPU))
    trainer.update()
    trainer.update()
    for name, part in networks(pipeline).items():
        changed = any(not torch.equal(v, before[name][k]) for k, v in part.state_dict().items())
        assert changed == (name in made.trained), name
        assert part.training == (name in made.trained), name


def test_states_that_guidance_asks_about_occur_at_their_rates() -> None:
    settings = DenoiserTraining(drop_all=0.1, drop_to_pose=0.05, drop_fusion=0.2)
    kept = draw_kept(settings, 20_000, dice(0, CPU))
    counts = Counter(tuple(state) for state in kept.tolist())
    expected = {NOTHING: 0.1, POSE: 0.05, APPEARANCE_AND_POSE: 0.2, EVERYTHING: 0.65}
    assert counts.keys() == expected.keys()
    for state, rate in expected.items():
        assert counts[state] / 20_000 == pytest.approx(rate, abs=0.01)


@pytest.mark.parametrize("middle", MIDDLE_STATES)
def test_every_state_that_guidance_asks_about_is_trained(middle: str) -> None:
    asked = {*Guidance(first=2, rest=2).states, *Guidance(first=3, rest=2, middle=middle).states}
    rates = drop_rates(DenoiserTraining())
    assert all(rates[state] > 0 for state in asked)
    assert sum(rates.values()) == pytest.approx(1)


def test_a_teacher_is_frozen_and_in_eval_mode() -> None:
    made, pipeline = objective("distil")
    before = {name: value.clone() for name, value in made.teacher.state_dict().items()}
    made.loss(made.draw(2, dice(0, CPU))).sum().backward()
    assert not any(module.training for module in made.teacher.modules())
    assert all(parameter.grad is None for parameter in made.teacher.parameters())
    assert all(torch.equal(value, before[k]) for k, value in made.teacher.state_dict().items())
    assert any(parameter.grad is not None for parameter in pipeline.unet.parameters())


def test_the_decoder_learns_on_what_the_pipeline_makes() -> None:
    made, pipeline = objective("decoder")
    settings = DecoderTraining(num_frames=3, true_share=0.0, num_steps=2)
    example = dataclasses.replace(made, settings=settings).draw(2, dice(1, CPU))
    assert example.latents.shape == (
        2,
        3,
        *encode(pipeline.autoencoder, example.scene.pixels).shape[2:],
    )
    steps = dataclasses.replace(pipeline.steps, num_steps=2)
    with torch.no_grad():
        conditions = pipeline.conditioner(evidence_of(example.scene, pipeline))
        noise = torch.randn(example.latents.shape, generator=torch.Generator().manual_seed(3))
        other = denoise(pipeline.unet, pipeline.scheduler, noise, conditions, steps)
    true = encode(pipeline.autoencoder, example.scene.pixels)
    assert (example.latents - other).abs().mean() < (example.latents - true).abs().mean()
    mixed = dataclasses.replace(made, settings=dataclasses.replace(settings, true_share=1.0))
    assert torch.allclose(mixed.draw(2, dice(1, CPU)).latents, true, atol=1.0)


def test_times_stay_inside_and_have_the_median_they_should() -> None:
    times = draw_times(DenoiserTraining(time_mean=0.4), 20_000, dice(0, CPU))
    assert 0 < times.min() < times.max() < 1
    assert float(times.median()) == pytest.approx(1 / (1 + math.exp(-0.4)), abs=0.01)


def test_cubic_times_are_cflds() -> None:
    times = draw_times(NOISE, 20_000, dice(0, CPU))
    assert 0 < times.min() <= times.max() <= 1
    chance = torch.rand(20_000, generator=torch.Generator().manual_seed(0))
    published = ((1 - chance**3) * 1000).long().clamp(max=999)
    schedule = objective("denoiser", "cfld", NOISE)[0].schedule
    index = schedule.at(schedule.on_grid(times)).mark
    torch.testing.assert_close(index, published.float(), rtol=0, atol=1)
    assert float((index == published).float().mean()) > 0.999


def test_offset_noise_moves_whole_channels_alike() -> None:
    shape = (512, 2, 3, 4, 4)
    plain, moved = (draw_noise(shape, dice(0, CPU), offset=offset) for offset in (0.0, 0.5))
    moves = moved - plain
    torch.testing.assert_close(moves, moves[:, :1, :, :1, :1].expand(shape), rtol=0, atol=1e-6)
    assert float(moves[:, 0, :, 0, 0].std()) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("denoising", [VELOCITY, NOISE], ids=["v", "epsilon"])
@torch.no_grad()
def test_the_loss_can_be_the_plain_error_of_what_is_said(denoising: DenoiserTraining) -> None:
    published = dataclasses.replace(
        denoising, channel_power=0.0, region_weight=0.0, noise_offset=0.0
    )
    made, pipeline = objective("denoiser", "cfld", published)
    example = made.draw(4, dice(0, CPU))
    conditions = pipeline.conditioner(example.evidence).keep(example.kept)
    level = example.level
    said = predict(pipeline.unet, example.noisy, level.mark, conditions)
    stock, index = pipeline.scheduler, level.mark.long()
    noise = (example.noisy - level.signal[:, None, None, None, None] * example.clean) / (
        level.noise[:, None, None, None, None]
    )
    true = noise if denoising is NOISE else stock.get_velocity(example.clean, noise, index)
    plain = (said - true).square().flatten(1).mean(1)
    torch.testing.assert_close(made.loss(example), plain, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("method", ["fpdm", "cfld"])
def test_the_saved_pipeline_remembers_its_schedule(method: str, tmp_path: Path) -> None:
    made, pipeline = objective("denoiser", method, VELOCITY)
    write_pipeline(pipeline, tmp_path / "pipeline", 64)
    again = read_pipeline(tmp_path / "pipeline")
    assert schedule_of(again.scheduler) == made.schedule
    assert isinstance(again.scheduler, DDIMScheduler)
    later = TemporalObjective(
        pipeline=again, scenes=made.scenes, settings=TemporalTraining(), denoising=VELOCITY
    )
    assert later.schedule == made.schedule


def test_a_distilled_denoiser_is_sampled_in_the_segments_it_learned() -> None:
    made, pipeline = objective("distil", "cfld", NOISE)
    walker = pipeline.scheduler
    walker.set_timesteps(made.settings.num_steps)
    starts = made.draw(64, dice(0, CPU)).level.mark
    assert set(starts.tolist()) == {float(time) for time in walker.timesteps}


def test_segments_of_a_stock_schedule_take_no_shift() -> None:
    made, pipeline = objective("denoiser", "fpdm", VELOCITY)
    with pytest.raises(ValueError, match="only a flow"):
        DistilObjective(
            pipeline=pipeline,
            scenes=made.scenes,
            settings=DistilTraining(shift=2.0),
            denoising=VELOCITY,
        )


@pytest.mark.parametrize(
    ("kind", "settings", "said"),
    [
        (DenoiserTraining, {"schedule": "vp"}, "flow or v or epsilon"),
        (DenoiserTraining, {"times": "even"}, "cubic"),
        (DenoiserTraining, {"sampler": "euler"}, "ddim or ddpm"),
        (DenoiserTraining, {"zero_terminal_snr": True}, "leave it out"),
        (DenoiserTraining, {"min_time": 0.0}, "give 0.3"),
        (DenoiserTraining, {"region_weight": 2.0}, "0 to 1"),
        (DenoiserTraining, {"noise_offset": -1.0}, "0 or more"),
        (FusionTraining, {"loss": "triplet"}, "symmetric or published"),
        (FusionTraining, {"hard_negatives": -1}, "0 or more"),
        (AutoencoderTraining, {"fit_batches": 0}, "at least 1"),
        (TemporalTraining, {"num_frames": 1}, "at least 2"),
        (DistilTraining, {"num_steps": 0}, "at least 1"),
        (DistilTraining, {"shift": 0.0}, "more than 0"),
    ],
)
def test_settings_out_of_range_are_refused(kind: Any, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        kind(**settings)


@pytest.mark.parametrize("denoising", [FLOW, VELOCITY, NOISE], ids=["flow", "v", "epsilon"])
def test_a_teacher_of_one_step_without_guidance_is_its_own_students_aim(
    denoising: DenoiserTraining,
) -> None:
    made, _ = objective("distil", "fpdm", denoising)
    settings = dataclasses.replace(made.settings, teacher_steps=1, guidance_scale=1.0)
    plain = dataclasses.replace(made, settings=settings)
    loss = plain.loss(plain.draw(4, dice(0, CPU)))
    torch.testing.assert_close(loss, torch.zeros(4), rtol=0, atol=1e-5)
