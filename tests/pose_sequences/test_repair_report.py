"""The report tells every frame of each hand, and its picture shows what it tells."""

import json

import numpy as np
import pytest

from pose_sequences.draw.repair_timeline import COLOURS, repair_timeline
from pose_sequences.repair.report import STATES, HandReport, RepairReport, State

STORY: tuple[State, ...] = (
    *("hidden", "hidden", "measured", "measured", "swapped"),
    *("filled", "filled", "measured", "replaced", "held"),
)


def report(states: tuple[State, ...] = STORY, fps: float = 25.0) -> RepairReport:
    """Return the report of a clip in which both hands have these states."""
    moved = tuple(np.linspace(0, 0.06, len(states)).tolist())
    entry = HandReport(states, moved)
    return RepairReport(
        fps,
        {"left_hand": entry, "right_hand": entry},
        {"body": 3, "face": 0},
        {"body": 5, "face": 1},
    )


def columns(picture: np.ndarray, state: State) -> np.ndarray:
    """Return which columns of the left hand's bar have the colour of the state."""
    return np.asarray((picture[36, 80:] == COLOURS[state]).all(axis=1))


@pytest.mark.light
def test_runs_tile_the_clip_and_agree_with_counts_and_frames() -> None:
    entry = report().hands["left_hand"]
    runs = entry.runs()
    assert [run[1] for run in runs] == [0, *(run[2] for run in runs[:-1])]
    assert runs[-1][2] == len(STORY)
    for state in STATES:
        length = sum(stop - start for name, start, stop in runs if name == state)
        assert length == entry.counts().get(state, 0) == len(entry.frames(state))


@pytest.mark.light
def test_the_json_is_plain_and_complete() -> None:
    told = json.loads(json.dumps(report().as_json(), allow_nan=False))
    assert (told["frames"], told["fps"]) == (10, 25.0)
    assert sum(told["left_hand"]["counts"].values()) == 10
    assert told["left_hand"]["runs"][0] == ["hidden", 0, 2]
    assert told["right_hand"]["smoothed_by"] == pytest.approx(0.03)
    assert told["body"] == {"outliers": 3, "interpolated": 5}


def test_the_picture_gives_each_state_its_share_of_the_bar() -> None:
    picture = repair_timeline(report(), width=1080)
    assert picture.shape[1:] == (1080, 3)
    for state in STATES:
        assert columns(picture, state).mean() == pytest.approx(STORY.count(state) / 10, abs=0.01)


def test_one_frame_of_a_long_clip_is_still_seen() -> None:
    states: list[State] = ["measured"] * 20000
    states[7777] = "replaced"
    assert columns(repair_timeline(report(tuple(states))), "replaced").sum() == 1


def test_the_curve_rises_with_what_was_moved() -> None:
    picture = repair_timeline(report(), width=1080)
    lit = (picture[62:92, 80:] == 235).all(axis=2).sum(axis=0)
    assert lit[0] == 0
    assert (np.diff(lit) >= 0).all()
    assert lit[-1] > 25


@pytest.mark.parametrize("num_frames", [1, 3, 4000])
def test_clips_of_any_length_can_be_drawn(num_frames: int) -> None:
    picture = repair_timeline(report(("measured",) * num_frames, fps=12.5))
    assert columns(picture, "measured").all()


def test_a_picture_too_narrow_is_refused() -> None:
    with pytest.raises(ValueError, match="100 pixels wide"):
        repair_timeline(report(), width=100)
