"""Spikes and stretched bones: what cannot be true is found, what is only fast is left alone."""

from dataclasses import replace

import numpy as np
import pytest

from pose_sequences.layout import Part
from pose_sequences.repair import Repair, repair
from pose_sequences.repair.outliers import spikes, stretched
from pose_sequences.repair.scale import shoulder_width
from pose_sequences.sequence import PoseSequence
from tests.signer import signing

pytestmark = pytest.mark.light

RIGHT: Part = "right_hand"


def moved(
    sequence: PoseSequence, frames: slice, points: tuple[str, ...], by: float
) -> PoseSequence:
    """Return the sequence with points moved sideways by shoulder widths."""
    keypoints = sequence.keypoints.copy()
    rows = sequence.points.find(points)
    keypoints[frames, rows, 0] += np.float32(by * shoulder_width(sequence))
    return replace(sequence, keypoints=keypoints)


def whole_hand(sequence: PoseSequence) -> tuple[str, ...]:
    return tuple(sequence.points.points[row] for row in sequence.points.part(RIGHT))


@pytest.mark.parametrize("name", ["holistic553", "wholebody133"])
@pytest.mark.parametrize("seed", range(3))
def test_signing_has_no_outliers(name: str, seed: int) -> None:
    signer = signing(seed=seed, name=name)
    assert not spikes(signer).any()
    assert not stretched(signer).any()


@pytest.mark.parametrize("length", [1, 2])
def test_a_hand_that_leaps_out_and_back_is_replaced(length: int) -> None:
    signer = signing(60)
    frames = slice(30, 30 + length)
    leaping = moved(signer, frames, whole_hand(signer), 0.6)
    assert np.flatnonzero(spikes(leaping).any(axis=1)).tolist() == list(range(30, 30 + length))
    result, report = repair(leaping, Repair(smooth="none"))
    assert report.hands[RIGHT].frames("replaced") == tuple(range(30, 30 + length))
    way = result.part(RIGHT)[0][frames, :, :2] - signer.part(RIGHT)[0][frames, :, :2]
    assert np.abs(way).max() < 0.1 * shoulder_width(signer)


def test_one_finger_that_leaps_costs_the_hand_nothing_else() -> None:
    signer = signing(60)
    leaping = moved(signer, slice(30, 31), ("right_hand.index_tip",), 0.5)
    frame, row = np.nonzero(spikes(leaping))
    assert (frame.tolist(), row.tolist()) == ([30], [signer.points.rows["right_hand.index_tip"]])


@pytest.mark.parametrize("point", ["body.left_elbow", "body.nose", "face.61"])
def test_spikes_of_body_and_face_are_counted(point: str) -> None:
    leaping = moved(signing(40), slice(20, 21), (point,), 0.5)
    result, report = repair(leaping, Repair(smooth="none", fix_bones=False))
    assert report.outliers[point.split(".")[0]] == 1  # type: ignore[index]
    row = leaping.points.rows[point]
    assert abs(result.keypoints[20, row, 0] - leaping.keypoints[19, row, 0]) < 10


def test_a_leap_that_stays_is_no_spike() -> None:
    signer = signing(60)
    assert not spikes(moved(signer, slice(30, 60), whole_hand(signer), 0.6)).any()


@pytest.mark.parametrize("hertz", [3, 5])
def test_a_hand_shaken_fast_is_no_spike(hertz: int) -> None:
    signer = signing(60)
    shaking = signer.keypoints.copy()
    amplitude = 0.3 * shoulder_width(signer)
    swing = amplitude * np.sin(2 * np.pi * hertz * np.arange(60) / signer.fps)
    shaking[:, signer.points.part(RIGHT), 0] += swing[:, None].astype(np.float32)
    assert not spikes(replace(signer, keypoints=shaking)).any()


def test_the_fastest_stroke_of_a_hand_is_no_spike() -> None:
    signer = signing(40)
    share = np.clip((np.arange(40) - 18) / 4, 0, 1)  # four frames, there and back
    there_and_back = share * np.clip((26 - np.arange(40)) / 4, 0, 1)
    fast = signer.keypoints.copy()
    way = 2 * shoulder_width(signer) * there_and_back
    fast[:, signer.points.part(RIGHT), 0] += way[:, None].astype(np.float32)
    assert not spikes(replace(signer, keypoints=fast)).any()


def test_a_bone_far_too_long_loses_the_point_at_its_end() -> None:
    signer = signing(60)
    for point in ("right_hand.index_tip", "right_hand.pinky_pip", "body.left_wrist"):
        long = moved(signer, slice(20, 25), (point,), 2.0)  # too long a time for a spike
        found = stretched(long)
        assert found[20:25, signer.points.rows[point]].all()
        assert not found[:20].any()
        assert not found[25:].any()


def test_a_hand_that_comes_nearer_is_not_stretched() -> None:
    signer = signing(60)
    near = signer.keypoints.copy()
    rows = signer.points.part(RIGHT)
    size = np.ones((60, 1, 1), np.float32)
    size[20:24] = 2.2
    near[:, rows, :2] = near[:, rows[:1], :2] + size * (near[:, rows, :2] - near[:, rows[:1], :2])
    assert not stretched(replace(signer, keypoints=near)).any()


def test_nothing_is_replaced_where_it_was_not_asked_for() -> None:
    leaping = moved(signing(60), slice(30, 31), ("right_hand.wrist",), 1.0)
    settings = Repair(smooth="none", remove_spikes=False, fix_bones=False, fix_swaps=False)
    assert np.array_equal(repair(leaping, settings)[0].keypoints, leaping.keypoints)
