"""Exchanged hands get their names back, and crossed hands keep theirs."""

from dataclasses import replace

import numpy as np
import pytest

from pose_sequences.repair import Repair, repair
from pose_sequences.repair.scale import HANDS
from pose_sequences.repair.swaps import swapped_frames, with_hands_exchanged
from pose_sequences.sequence import PoseSequence, mark_missing
from tests.signer import signing

pytestmark = pytest.mark.light


def without(sequence: PoseSequence, *points: str) -> PoseSequence:
    """Return the sequence without some points."""
    confidence = sequence.confidence.copy()
    confidence[:, sequence.points.find(points)] = 0
    keypoints, confidence = mark_missing(sequence.keypoints, confidence)
    return replace(sequence, keypoints=keypoints, confidence=confidence)


@pytest.mark.parametrize("seed", range(5))
def test_signing_with_crossed_hands_keeps_its_names(seed: int) -> None:
    assert not swapped_frames(signing(seed=seed)).any()


@pytest.mark.parametrize(("start", "stop"), [(20, 21), (22, 27), (0, 6), (80, 100)])
def test_exchanged_hands_are_found_frame_for_frame(start: int, stop: int) -> None:
    signer = signing()
    frames = np.zeros(len(signer), np.bool_)
    frames[start:stop] = True
    exchanged = with_hands_exchanged(signer, frames)
    assert np.array_equal(swapped_frames(exchanged), frames)
    result, report = repair(exchanged, Repair(smooth="none"))
    assert np.array_equal(result.keypoints, signer.keypoints)
    for hand in HANDS:
        assert report.hands[hand].frames("swapped") == tuple(range(start, stop))


def test_exchanging_twice_is_the_original() -> None:
    signer = signing(20)
    frames = np.arange(20) % 3 == 0
    twice = with_hands_exchanged(with_hands_exchanged(signer, frames), frames)
    assert np.array_equal(twice.keypoints, signer.keypoints)
    assert np.array_equal(twice.confidence, signer.confidence)


def test_without_arms_the_way_of_the_hands_decides() -> None:
    signer = without(signing(), "body.left_wrist", "body.right_wrist")
    frames = np.zeros(len(signer), np.bool_)
    frames[22:27] = True
    assert np.array_equal(swapped_frames(with_hands_exchanged(signer, frames)), frames)


def test_one_hand_alone_keeps_its_name_however_fast_it_moves() -> None:
    left = tuple(point for point in signing(1).points.points if point.startswith("left_hand."))
    signer = without(signing(), *left, "body.left_wrist", "body.right_wrist")
    keypoints = signer.keypoints.copy()
    right = signer.points.part("right_hand")
    keypoints[::2, right, 0] += 200
    assert not swapped_frames(replace(signer, keypoints=keypoints)).any()
