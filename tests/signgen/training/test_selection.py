"""Selection on dev: the same draws at every look, the best average handed on, to the bit."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from signgen.training.loop import Watch, fit
from tests.signgen.training.lines import SETTINGS, Line, line, run_in

LOOKING = dataclasses.replace(SETTINGS, steps=60, dev_every=3, learning_rate=0.1, ema_decay=0.5)


def on_dev(trained: Line, *slope: float) -> Line:
    """Return the same line, looking at points of another slope."""
    return dataclasses.replace(trained, slope=slope)


def halfway() -> tuple[Line, Line]:
    """Return a line and its dev: best somewhere on the way to where training leads."""
    trained = line(dropout=0.0)
    start = trained.model.weight[0].tolist()
    ends = zip(start, trained.slope, strict=True)
    return trained, on_dev(trained, *((a + b) / 2 for a, b in ends))


def points(folder: Path, key: str) -> dict[int, float]:
    lines = map(json.loads, (folder / "curve.jsonl").read_text().splitlines())
    return {point["step"]: point[key] for point in lines if key in point}


def run(folder: Path, trained: Line, dev: Line, **changes: Any) -> None:
    settings = dataclasses.replace(LOOKING, **changes)
    fit(trained, settings, run_in(folder), Watch(dev=dev))


def test_the_weights_that_were_best_on_dev_are_handed_on(tmp_path: Path) -> None:
    looks = {}
    for select in (True, False):
        trained, dev = halfway()
        run(tmp_path / str(select), trained, dev, select=select)
        looks[select] = points(tmp_path / str(select), "dev")
        last = tmp_path / f"{select}-again"
        # one step of no size measures what was handed on, on the same draws
        run(last, trained, dev, steps=1, learning_rate=0.0, dev_every=1)
        handed_on = points(last, "dev")[0]
        expected = min(looks[select].values()) if select else looks[select][59]
        assert handed_on == pytest.approx(expected, rel=1e-6)
    assert looks[True] == looks[False]
    assert min(looks[True].values()) < 0.8 * looks[True][59]
    assert sorted(looks[True]) == list(range(2, 60, 3))


def test_looking_at_dev_changes_no_step(tmp_path: Path) -> None:
    run(tmp_path / "looking", *halfway())
    run(tmp_path / "blind", *halfway(), dev_every=0)
    assert points(tmp_path / "looking", "loss") == points(tmp_path / "blind", "loss")
    assert not points(tmp_path / "blind", "dev")


def test_weights_that_stay_have_the_same_loss_at_every_look(tmp_path: Path) -> None:
    run(tmp_path, *halfway(), learning_rate=0.0)
    assert len(set(points(tmp_path, "dev").values())) == 1


def test_a_run_that_was_broken_off_finds_the_same_best(tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    straight, dev = halfway()
    run(tmp_path / "straight", straight, dev)
    for stop_at in (10, 30, 50):
        broken, dev = halfway()

        def say(text: str, stop_at: int = stop_at) -> None:
            if text.startswith(f"line {stop_at}/"):
                raise Killed

        killed = run_in(tmp_path / "broken", say=say)
        with pytest.raises(Killed):
            fit(broken, LOOKING, killed, Watch(dev=dev))
    broken, dev = halfway()
    run(tmp_path / "broken", broken, dev)
    curves = [(tmp_path / name / "curve.jsonl").read_text() for name in ("straight", "broken")]
    assert curves[0] == curves[1]
    assert torch.equal(straight.model.weight, broken.model.weight)
    assert torch.equal(straight.model.bias, broken.model.bias)
