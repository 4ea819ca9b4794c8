"""Promises of PoseSequence: it cannot be wrong, and what is missing stays missing."""

from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_sequences.sequence import FAINT, PoseSequence, Segment, concatenate, mark_missing
from tests.pose_sequences.sequences import random_sequence
from tests.signer import signing

pytestmark = pytest.mark.light


def test_a_sequence_cannot_be_changed() -> None:
    sequence = random_sequence("reduced178")
    with pytest.raises(FrozenInstanceError):
        sequence.fps = 30.0  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        sequence.keypoints[0, 0, 0] = 1


def test_a_sequence_does_not_follow_the_array_it_was_made_of() -> None:
    original = random_sequence("reduced178")
    array = original.keypoints.copy()
    sequence = replace(original, keypoints=array)
    array += 1
    assert np.array_equal(sequence.keypoints, original.keypoints)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fps": 0.0}, "fps is 0"),
        ({"fps": float("nan")}, "fps is nan"),
        ({"width": 0}, "frame size is 0x260"),
        ({"layout": "hands42"}, "no layout is called 'hands42'"),
        ({"layout": "reduced203"}, "needs"),
        ({"handedness": "both"}, "handedness is 'both'"),
        ({"segments": (Segment("A", 0, 9),)}, "outside the 5 frames"),
        ({"confidence": np.zeros((4, 178))}, "confidence has shape"),
        ({"confidence": np.full((5, 178), 1.5)}, r"leaves \[0, 1\]"),
        ({"keypoints": np.full((5, 178, 3), np.nan)}, "NaN"),
        ({"confidence": np.zeros((5, 178))}, "missing points hold coordinates"),
        ({"keypoints": np.zeros((0, 178, 3)), "confidence": np.zeros((0, 178))}, "T at least 1"),
    ],
)
def test_parts_that_do_not_fit_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(random_sequence("reduced178", missing=0), **change)


@given(start=st.integers(0, 9), length=st.integers(1, 10))
@settings(max_examples=30, deadline=None)
def test_frames_are_the_frames_asked_for(start: int, length: int) -> None:
    sequence = random_sequence("reduced178", 10)
    stop = min(start + length, 10)
    cut = sequence.frames(start, stop)
    assert cut.num_frames == stop - start
    assert np.array_equal(cut.keypoints, sequence.keypoints[start:stop])
    labels = [s.gloss for s in sequence.segments for f in range(s.start, s.stop)]
    assert labels[start:stop] == [s.gloss for s in cut.segments for f in range(s.start, s.stop)]


@pytest.mark.parametrize(("start", "stop"), [(-1, 3), (3, 3), (4, 2), (0, 6)])
def test_frames_outside_are_refused(start: int, stop: int) -> None:
    with pytest.raises(ValueError, match="not inside the 5 frames"):
        random_sequence("reduced178", 5).frames(start, stop)


def test_seconds_are_counted_at_the_frame_rate() -> None:
    sequence = random_sequence("reduced178", 50, fps=25)
    assert sequence.seconds == 2
    assert sequence.between(0.4, 1.2).num_frames == 20
    assert np.array_equal(sequence.between(0.4, None).keypoints, sequence.keypoints[10:])


@given(fps=st.floats(2, 120), num_frames=st.integers(1, 40), seed=st.integers(0, 5))
@settings(max_examples=50, deadline=None)
def test_another_frame_rate_keeps_the_duration(fps: float, num_frames: int, seed: int) -> None:
    sequence = random_sequence("reduced178", num_frames, seed)
    resampled = sequence.resampled(fps)
    assert abs(resampled.seconds - sequence.seconds) <= max(0.5 / fps, 1 / fps - sequence.seconds)
    assert [s.gloss for s in resampled.segments] == [s.gloss for s in sequence.segments]


def test_the_same_frame_rate_changes_nothing() -> None:
    sequence = random_sequence("reduced178", 12)
    again = sequence.resampled(sequence.fps)
    assert np.allclose(again.keypoints, sequence.keypoints)
    assert np.allclose(again.confidence, sequence.confidence)


@pytest.mark.parametrize("fps", [0.0, -1.0, 0.05, 1001.0, float("nan"), float("inf")])
def test_an_impossible_frame_rate_is_refused(fps: float) -> None:
    with pytest.raises(ValueError, match="fps is"):
        random_sequence("reduced178").resampled(fps)


def test_resampling_makes_no_more_frames_than_a_clip_can_have() -> None:
    slow = random_sequence("reduced178", 11, fps=0.1)
    assert slow.frames(0, 10).resampled(900).num_frames == 90_000
    with pytest.raises(ValueError, match="110 seconds at 1000 fps have 110000 frames"):
        slow.resampled(1000)


def test_resampling_follows_a_straight_line_and_invents_no_missing_point() -> None:
    line = np.zeros((8, 178, 3)) + np.arange(8)[:, None, None] * (3, 2, 0) + (10, 10, 1)
    trust = np.ones((8, 178))
    trust[:, 5] = 0
    keypoints, confidence = mark_missing(line, trust)
    sequence = replace(random_sequence("reduced178", 8), keypoints=keypoints, confidence=confidence)
    doubled = sequence.resampled(50)
    x = doubled.keypoints[:, 0, 0]
    assert np.allclose(x[1:-1], 10 + 3 * ((np.arange(1, 15) + 0.5) / 2 - 0.5), atol=1e-5)
    assert not doubled.confidence[:, 5].any()


def test_a_gap_stays_a_gap_when_resampled() -> None:
    sequence = random_sequence("reduced178", 9, missing=0)
    confidence = sequence.confidence.copy()
    confidence[3:6] = 0
    gap = replace(
        sequence,
        keypoints=sequence.keypoints * (confidence > 0)[..., None],
        confidence=confidence,
    )
    there = (gap.resampled(50).confidence > 0).all(axis=1)
    assert there.tolist() == [True] * 6 + [False] * 6 + [True] * 6


@pytest.mark.parametrize("name", ["reduced203", "holistic543", "holistic553", "kaggle543"])
def test_points_survive_a_detour_through_a_layout_that_has_them(name: str) -> None:
    original = random_sequence("reduced178", missing=0.3)
    back = original.converted(name).converted("reduced178")
    assert np.array_equal(back.keypoints, original.keypoints)
    assert np.array_equal(back.confidence, original.confidence)


def test_the_neck_is_between_the_shoulders_and_as_sure_as_the_worse_one() -> None:
    signer = signing(3)
    body = signer.converted("openpose137")
    rows, new = signer.points.rows, body.points.rows
    left, right = rows["body.left_shoulder"], rows["body.right_shoulder"]
    middle = (signer.keypoints[:, left] + signer.keypoints[:, right]) / 2
    assert np.allclose(body.keypoints[:, new["body.neck"]], middle)
    hidden = signer.confidence.copy()
    hidden[:, left] = 0
    points, trust = mark_missing(signer.keypoints, hidden)
    one_armed = replace(signer, keypoints=points, confidence=trust).converted("openpose137")
    assert not one_armed.confidence[:, new["body.neck"]].any()


def test_sequences_are_joined_with_their_segments() -> None:
    parts = [random_sequence("reduced178", n, seed=n) for n in (4, 6)]
    whole = concatenate(parts)
    assert whole.num_frames == 10
    assert np.array_equal(whole.frames(4, 10).keypoints, parts[1].keypoints)
    assert [(s.start, s.stop) for s in whole.segments] == [(0, 2), (2, 4), (4, 7), (7, 10)]


def test_sequences_that_differ_are_not_joined() -> None:
    with pytest.raises(ValueError, match=r"fps 30\.0"):
        concatenate([random_sequence("reduced178"), random_sequence("reduced178", fps=30)])
    with pytest.raises(ValueError, match="at least one"):
        concatenate([])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_a_coordinate_that_no_frame_can_hold_is_missing(bad: float) -> None:
    keypoints, confidence = mark_missing(np.array([[[1.0, bad, 0.5]]]), np.array([[1.0]]))
    assert not keypoints.any()
    assert not confidence.any()


@pytest.mark.parametrize(
    ("point", "sure"), [((5.0, 6.0, 7.0), 1e-60), ((1e-60, -1e-60, 0), 1.0), ((5, 1e300, 0), 1.0)]
)
def test_what_vanishes_in_32_bits_is_missing(point: tuple[float, ...], sure: float) -> None:
    keypoints, confidence = mark_missing(np.array([[point]]), np.array([[sure]]))
    assert keypoints.dtype == confidence.dtype == np.float32
    assert not keypoints.any()
    assert not confidence.any()


def test_what_counts_as_missing_and_what_is_kept() -> None:
    keypoints = np.array([[[0.0, 0, 0], [5, 6, 7], [5, 6, 7], [5, 6, 7], [0, 6, 0]]])
    confidence = np.array([[1.0, 0.0, 1.04, np.nan, 0.5]])
    points, trust = mark_missing(keypoints, confidence)
    assert trust.tolist() == [[0.0, 0.0, 1.0, 0.0, 0.5]]
    assert points[0].any(axis=1).tolist() == [False, False, True, False, True]


def test_a_body_counts_as_seen_by_its_shoulders() -> None:
    signer = signing(1, name="openpose137")
    assert not signer.confidence[0, signer.points.rows["body.left_knee"]]
    assert signer.seen("body").all()
    rows = signer.points.find(("body.left_shoulder", "body.right_shoulder"))
    confidence = signer.confidence.copy()
    confidence[:, rows] = FAINT
    assert not replace(signer, confidence=confidence).seen("body").any()


def test_a_hand_counts_as_seen_when_half_of_it_is_there() -> None:
    sequence = random_sequence("holistic543", 2, missing=0)
    confidence = sequence.confidence.copy()
    hand = sequence.points.part("left_hand")
    confidence[0, hand[:10]] = 0
    confidence[1, hand[:11]] = 0
    partly: PoseSequence = replace(
        sequence,
        keypoints=sequence.keypoints * (confidence > 0)[..., None],
        confidence=confidence,
    )
    assert partly.seen("left_hand").tolist() == [True, False]
