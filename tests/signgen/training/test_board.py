"""TensorBoard, read back by TensorBoard; and what is said where it is missing."""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest

from pose_sequences.errors import ToolError
from signgen.training.board import check_board, open_board
from signgen.training.loop import Watch, fit
from tests.signgen.training.lines import SETTINGS, line, run_in


def events(folder: Path) -> dict[str, dict[int, float]]:
    """Return the figures of event files by name and step."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), size_guidance={"images": 0})  # all of them
    found.Reload()
    return {
        name: {event.step: event.value for event in found.Scalars(name)}
        for name in found.Tags()["scalars"]
    } | {
        "images": {
            event.step: event.width for n in found.Tags()["images"] for event in found.Images(n)
        }
    }


def test_losses_speed_dev_and_sheets_are_on_the_board(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    trained = line()

    def look(step: int) -> np.ndarray:
        return np.full((4, 8, 3), step, np.uint8)

    watch = Watch(dev=trained, look=look, board="tensorboard")
    settings = dataclasses.replace(SETTINGS, dev_every=20)
    fit(trained, settings, run_in(tmp_path), watch)
    found = events(tmp_path / "events")
    assert sorted(found["loss"]) == [10, 20, 30, 40]
    assert found["loss"].keys() == found["samples_per_second"].keys()
    assert sorted(found["dev"]) == [20, 40]
    assert found["images"] == dict.fromkeys((7, 14, 21, 28, 35, 40), 8)
    assert found["learning_rate"][40] < found["learning_rate"][10] < settings.learning_rate


def test_without_tensorboard_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ToolError, match=r'pip install "signgen\[tensorboard\]"'):
        check_board("tensorboard")
    check_board("none")


def test_no_board_writes_nothing(tmp_path: Path) -> None:
    board = open_board("none", tmp_path / "events", 0)
    board.add(1, {"loss": 1.0})
    board.show(1, "samples", np.zeros((2, 2, 3), np.uint8))
    board.close()
    assert not list(tmp_path.iterdir())
