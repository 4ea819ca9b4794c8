"""What a recogniser sees: free of place, size and leading hand, whole where points are missing."""

from dataclasses import replace

import numpy as np
import pytest

from pose_sequences.mirror import mirrored
from pose_sequences.sequence import PoseSequence, mark_missing
from signgen.evaluation.recognition.features import (
    PARTS,
    ROW,
    Features,
    features,
    resampled,
    right_handed,
)
from tests.signer import signing


def moved(sequence: PoseSequence, scale: float, shift: tuple[float, float]) -> PoseSequence:
    places = sequence.keypoints.astype(np.float64) * (scale, scale, scale)
    places += (*shift, 0)
    places[sequence.confidence == 0] = 0
    points, confidence = mark_missing(places, sequence.confidence)
    return replace(sequence, keypoints=points, confidence=confidence)


def without(sequence: PoseSequence, part: str, start: int, stop: int) -> PoseSequence:
    keypoints, confidence = sequence.keypoints.copy(), sequence.confidence.copy()
    rows = sequence.points.part(part)  # type: ignore[arg-type]
    keypoints[start:stop, rows] = confidence[start:stop, rows] = 0
    return replace(sequence, keypoints=keypoints, confidence=confidence)


def test_place_and_size_of_the_signer_change_nothing() -> None:
    sequence = signing().frames(0, 40)
    found = features(sequence)
    other = features(moved(sequence, 0.5, (31.0, -12.0)))
    np.testing.assert_allclose(other.values, found.values, atol=2e-3)
    np.testing.assert_array_equal(other.seen, found.seen)
    assert found.values.std(axis=0).max() > 0.1


def test_who_leads_with_the_left_hand_signs_the_same() -> None:
    sequence = signing().frames(0, 20)  # one hand acts
    turned = mirrored(sequence)
    assert (right_handed(sequence) is sequence) != (right_handed(turned) is turned)
    np.testing.assert_allclose(features(turned).values, features(sequence).values, atol=2e-3)


def test_a_gap_is_bridged_from_the_frames_beside_it_and_told() -> None:
    sequence = right_handed(signing().frames(0, 30))
    whole = features(sequence)
    gappy = features(without(sequence, "right_hand", 10, 13))
    hand = PARTS.index("right_hand")
    np.testing.assert_array_equal(np.flatnonzero(gappy.seen[:, hand] == 0), [10, 11, 12])
    np.testing.assert_array_equal(gappy.seen[:, hand - 1], whole.seen[:, hand - 1])
    own = np.flatnonzero(np.abs(gappy.values - whole.values).max(axis=0) > 1e-3)
    assert len(own) > 20
    middle = (gappy.values[9] + gappy.values[13]) / 2
    np.testing.assert_allclose(gappy.values[11, own], middle[own], atol=1e-4)


@pytest.mark.parametrize("layout", ["holistic543", "reduced203", "wholebody133", "openpose137"])
def test_what_a_layout_lacks_is_not_seen_and_nothing_is_nan(layout: str) -> None:
    found = features(signing().frames(0, 12).converted(layout))
    assert np.isfinite(found.values).all()
    seen = dict(zip(PARTS, found.seen.mean(axis=0), strict=True))
    assert seen["right_hand"] == 1
    assert seen["face"] == (layout in ("holistic543", "reduced203"))


def test_poses_without_shoulders_are_not_seen_at_all() -> None:
    found = features(without(signing().frames(0, 8), "body", 0, 8))
    assert not found.seen.any()
    assert not found.values.any()


def test_a_sign_is_resampled_from_its_first_frame_to_its_last() -> None:
    ramp = np.arange(7, dtype=np.float32)[:, None]
    assert resampled(features(signing().frames(0, 3)), 2).shape == (2, ROW)
    rows = resampled(Features(values=ramp, seen=np.ones((7, 1), np.float32)), 5)
    np.testing.assert_allclose(rows[:, 0], [0, 1.5, 3, 4.5, 6])
    one = resampled(Features(values=ramp[:1], seen=np.ones((1, 1), np.float32)), 3)
    np.testing.assert_array_equal(one, [[0, 1]] * 3)
