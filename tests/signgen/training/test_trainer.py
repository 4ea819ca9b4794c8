"""One update: exact accumulation, and everything that a run that goes on needs."""

import dataclasses
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from pose_sequences.errors import InputError
from signgen.training.checkpoint import read_latest
from signgen.training.denoiser import DenoiserObjective
from signgen.training.loop import fit
from signgen.training.settings import DenoiserTraining
from signgen.training.trainer import Dice, RunSettings, Trainer, dice, parts
from tests.signgen.training.lines import SETTINGS, Line, Pair, line, run_in
from tests.signgen.training.tiny import CPU, tiny_pipeline, tiny_scenes


def gradients(accumulation: int) -> dict[str, Tensor]:
    pipeline = tiny_pipeline()
    objective = DenoiserObjective(
        pipeline=pipeline, scenes=tiny_scenes(), settings=DenoiserTraining()
    )
    example = objective.draw(8, dice(5, CPU))
    for part in parts(example, accumulation):
        (objective.loss(part).sum() / 8).backward()
    return {
        f"{name}.{key}": value.grad.clone()
        for name, module in objective.trained.items()
        for key, value in module.named_parameters()
        if value.grad is not None
    }


def test_four_batches_of_two_give_the_gradient_of_one_of_eight() -> None:
    once, often = gradients(1), gradients(4)
    assert once.keys() == often.keys()
    for name, gradient in once.items():
        torch.testing.assert_close(often[name], gradient, rtol=1e-5, atol=1e-5)


def test_a_run_that_was_broken_off_goes_on_to_the_bit(tmp_path: Path) -> None:
    straight = line()
    assert fit(straight, SETTINGS, run_in(tmp_path / "straight")).finished
    for stop_after in (9, 23, None):
        broken = line()
        trainer_run = run_in(tmp_path / "broken")
        if stop_after is None:
            assert fit(broken, SETTINGS, trainer_run).finished
        else:
            _run_some_steps(broken, trainer_run, stop_after)
    curves = [(tmp_path / name / "curve.jsonl").read_text() for name in ("straight", "broken")]
    assert curves[0] == curves[1]
    assert torch.equal(straight.model.weight, broken.model.weight)


def _run_some_steps(objective: Line, run: RunSettings, stop_after: int) -> None:
    """Run as fit does and die at a step, between two checkpoints."""

    class Killed(Exception):
        pass

    count = 0

    def say(_: str) -> None:
        nonlocal count
        count += SETTINGS.log_every
        if count > stop_after:
            raise Killed

    with pytest.raises(Killed):
        fit(objective, SETTINGS, dataclasses.replace(run, say=say))


def test_a_run_without_time_stops_with_a_checkpoint_and_goes_on(tmp_path: Path) -> None:
    assert not fit(line(), SETTINGS, run_in(tmp_path, stop_at=0.0)).finished
    assert (tmp_path / "checkpoints" / "step-00000000").is_dir()
    assert fit(line(), SETTINGS, run_in(tmp_path)).finished


def test_steps_are_planned_for_the_minutes_there_are(tmp_path: Path) -> None:
    settings = dataclasses.replace(SETTINGS, steps=10**9, checkpoint_every=10**9)
    objective = line()
    assert fit(objective, settings, run_in(tmp_path, minutes=0.02)).finished
    steps = len((tmp_path / "curve.jsonl").read_text().splitlines())
    assert 25 <= steps < 10**5


def test_other_settings_or_other_networks_are_refused(tmp_path: Path) -> None:
    fit(line(), SETTINGS, run_in(tmp_path))
    with pytest.raises(InputError, match="learning_rate"):
        fit(line(), dataclasses.replace(SETTINGS, learning_rate=1.0), run_in(tmp_path))
    with pytest.raises(InputError, match="seed"):
        fit(line(), SETTINGS, run_in(tmp_path, seed=1))
    wider = Line(nn.Linear(3, 1, bias=False))
    wider.model.register_parameter("other", nn.Parameter(torch.ones(1)))
    with pytest.raises(InputError, match="lacks"):
        fit(wider, SETTINGS, run_in(tmp_path))


def test_a_loss_that_is_no_number_ends_the_run(tmp_path: Path) -> None:
    settings = dataclasses.replace(SETTINGS, learning_rate=1e30, clip_norm=1e30)
    with pytest.raises(ValueError, match=r"remove .*, and --resume with a lower .*learning_rate"):
        fit(line(), settings, run_in(tmp_path))


def test_the_rate_warms_up_and_falls_to_its_final_share() -> None:
    trainer = Trainer(line(), SETTINGS, RunSettings(folder=Path("unused"), device=CPU))
    rates = [trainer.learning_rate(step) for step in range(SETTINGS.steps + 1)]
    assert rates[0] < rates[3] < rates[5] > rates[20] > rates[40]
    assert rates[-1] == pytest.approx(SETTINGS.learning_rate * SETTINGS.final_rate)


def test_drawing_ahead_changes_nothing(tmp_path: Path) -> None:
    curves = []
    for ahead in (False, True):
        folder = tmp_path / str(ahead)
        fit(line(), SETTINGS, run_in(folder, draw_ahead=ahead))
        curves.append((folder / "curve.jsonl").read_text())
    assert curves[0] == curves[1]
    assert len(curves[0].splitlines()) == SETTINGS.steps


def test_an_error_in_a_batch_drawn_ahead_ends_the_run(tmp_path: Path) -> None:
    class Torn(Line):
        def draw(self, num_samples: int, dice: Dice) -> Pair:
            raise InputError(tmp_path / "clip", "is torn", "copy it again")

    with pytest.raises(InputError, match="is torn"):
        fit(Torn(nn.Linear(3, 1)), SETTINGS, run_in(tmp_path, draw_ahead=True))


def test_the_moving_average_is_borrowed_and_given_back_to_the_bit() -> None:
    trainer = Trainer(line(), SETTINGS, RunSettings(folder=Path("unused"), device=CPU))
    for _ in range(3):
        trainer.update()
    model = trainer.objective.trained["model"]
    before, average = model.weight.detach().clone(), trainer.average.shadow_params[0].clone()
    with trainer.averaged():
        assert torch.equal(model.weight, average)
        assert not model.training
    assert torch.equal(model.weight, before)
    assert torch.equal(trainer.average.shadow_params[0], average)
    assert model.training


def test_a_checkpoint_holds_what_learns_and_not_what_is_frozen(tmp_path: Path) -> None:
    weights = []
    for stop_at in (0.0, float("inf")):
        trained = line()
        trained.model.bias.requires_grad_(False)
        fit(trained, SETTINGS, run_in(tmp_path, stop_at=stop_at))
        weights.append(trained.model.bias.clone())
    found = read_latest(tmp_path / "checkpoints")
    assert found is not None
    assert {name.partition("/")[2] for name in found.tensors} == {"model.weight"}
    assert torch.equal(*weights)
