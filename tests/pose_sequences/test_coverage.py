from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pose_sequences.coverage import coverage, missing_runs
from pose_sequences.layout import LAYOUTS, PARTS, layout
from pose_sequences.sequence import PoseSequence, mark_missing
from tests.pose_sequences.sequences import random_sequence

pytestmark = pytest.mark.light


@given(st.lists(st.booleans(), max_size=40))
def test_runs_cover_exactly_the_missing_frames(seen: list[bool]) -> None:
    runs = missing_runs(np.array(seen, np.bool_))
    told = np.ones(len(seen), np.bool_)
    for start, stop in runs:
        assert start < stop
        told[start:stop] = False
    assert told.tolist() == seen


@given(st.lists(st.booleans(), max_size=40))
def test_runs_never_touch(seen: list[bool]) -> None:
    runs = missing_runs(np.array(seen, np.bool_))
    assert all(before[1] < after[0] for before, after in pairwise(runs))


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_whole_sequence_has_no_gap(name: str) -> None:
    found = coverage(random_sequence(name, 6, missing=0))
    for part in PARTS:
        assert found.missing[part] == ()
        assert found.seen(part) == 6
        assert found.longest_gap(part) == 0


def test_a_lost_hand_is_found_frame_by_frame() -> None:
    whole = random_sequence("holistic543", 10, missing=0)
    confidence = whole.confidence.copy()
    for start, stop in ((0, 2), (5, 9)):
        confidence[start:stop, layout("holistic543").part("left_hand")] = 0
    found = coverage(_with_confidence(whole, confidence))
    assert found.missing["left_hand"] == ((0, 2), (5, 9))
    assert found.seen("left_hand") == 4
    assert found.longest_gap("left_hand") == 4
    assert found.seen("right_hand") == found.seen("body") == found.seen("face") == 10


def _with_confidence(sequence: PoseSequence, confidence: np.ndarray) -> PoseSequence:
    keypoints, trusted = mark_missing(sequence.keypoints, confidence)
    return PoseSequence(
        keypoints=keypoints,
        confidence=trusted,
        fps=sequence.fps,
        width=sequence.width,
        height=sequence.height,
        layout=sequence.layout,
    )
