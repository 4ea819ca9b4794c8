"""The five objectives: each learns, only what it should, and drops what guidance asks about."""

import dataclasses
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch

from signgen.conditioning import APPEARANCE_AND_POSE, EVERYTHING, NOTHING, POSE
from signgen.training.autoencoder import AutoencoderObjective
from signgen.training.denoiser import DenoiserObjective
from signgen.training.denoising import draw_kept, draw_times
from signgen.training.distil import DistilObjective
from signgen.training.fusion import FusionObjective
from signgen.training.settings import (
    STAGES,
    AutoencoderTraining,
    DenoiserTraining,
    DistilTraining,
    FusionTraining,
    Optimisation,
    TemporalTraining,
)
from signgen.training.stages import freeze_all_but
from signgen.training.temporal import TemporalObjective
from signgen.training.trainer import RunSettings, Trainer, dice
from tests.signgen.training.tiny import CPU, tiny_pipeline, tiny_scenes

LEARNING = Optimisation(steps=20, batch_size=4, learning_rate=5e-3, warmup=1, weight_decay=0)
RATES = {stage: LEARNING for stage in STAGES} | {
    "temporal": dataclasses.replace(LEARNING, learning_rate=2e-2)
}
QUIET = {"zoom_share": 0.0, "blur": 0.0, "grain": 0.0, "hide_hand": 0.0}


CASES = [
    *((stage, "fpdm") for stage in STAGES),
    *((stage, "cfld") for stage in ("denoiser", "temporal", "distil")),
]


def networks(pipeline: Any) -> dict[str, Any]:
    return {name: part for name, part in pipeline.components.items() if part is not None}


def objective(stage: str, method: str = "fpdm") -> tuple[Any, Any]:
    pipeline, scenes = tiny_pipeline(method), tiny_scenes(**QUIET)
    AutoencoderObjective(
        autoencoder=pipeline.autoencoder,
        scenes=scenes,
        settings=AutoencoderTraining(fit_batches=1),
        seed=0,
    ).prepare()
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
        "denoiser": lambda: DenoiserObjective(
            pipeline=pipeline, scenes=scenes, settings=DenoiserTraining()
        ),
        "temporal": lambda: TemporalObjective(
            pipeline=pipeline,
            scenes=scenes,
            # beneath motion modules that learn, an untrained denoiser: frames can be made alike
            settings=TemporalTraining(num_frames=3, difference_weight=100.0),
            denoising=DenoiserTraining(),
        ),
        "distil": lambda: DistilObjective(
            pipeline=pipeline,
            scenes=scenes,
            settings=DistilTraining(num_frames=2, teacher_steps=2),
            denoising=DenoiserTraining(),
        ),
    }[stage]()
    freeze_all_but(pipeline, made)
    return made, pipeline


@pytest.mark.parametrize(("stage", "method"), CASES)
def test_the_loss_on_a_batch_falls_by_a_third_in_twenty_steps(
    stage: str, method: str, tmp_path: Path
) -> None:
    made, pipeline = objective(stage, method)
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


@pytest.mark.parametrize(("stage", "method"), CASES)
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


def test_times_stay_inside_and_have_the_median_they_should() -> None:
    times = draw_times(DenoiserTraining(time_mean=0.4), 20_000, dice(0, CPU))
    assert 0 < times.min() < times.max() < 1
    assert float(times.median()) == pytest.approx(1 / (1 + math.exp(-0.4)), abs=0.01)


def test_a_teacher_of_one_step_without_guidance_is_its_own_students_aim() -> None:
    made, _ = objective("distil")
    settings = dataclasses.replace(made.settings, teacher_steps=1, guidance_scale=1.0)
    plain = dataclasses.replace(made, settings=settings)
    loss = plain.loss(plain.draw(4, dice(0, CPU)))
    torch.testing.assert_close(loss, torch.zeros(4), rtol=0, atol=1e-6)
