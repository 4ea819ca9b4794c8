"""Repair of missing hands: every policy does what it says, and what is filled is near the truth."""

from dataclasses import replace

import numpy as np
import pytest

from pose_sequences.layout import Part
from pose_sequences.repair import MissingHandsError, Repair, repair
from pose_sequences.repair.gaps import FILLED_CONFIDENCE
from pose_sequences.repair.handshape import blend_handshapes
from pose_sequences.repair.scale import HANDS, shoulder_width
from pose_sequences.sequence import PoseSequence, mark_missing
from tests.pose_sequences.sequences import random_sequence
from tests.signer import signing

pytestmark = pytest.mark.light

LEFT: Part = "left_hand"


def plain(policy: str = "interpolate", **settings: object) -> Repair:
    """Return a repair that only closes gaps."""
    return Repair(
        **{
            "missing_hands": policy,
            "smooth": "none",
            "remove_spikes": False,
            "fix_bones": False,
            "fix_swaps": False,
            **settings,
        }  # type: ignore[arg-type]
    )


def without_hand(
    sequence: PoseSequence, start: int, stop: int, hand: Part = LEFT, points: int = 21
) -> PoseSequence:
    """Return the sequence with the hand's last ``points`` points missing in some frames."""
    confidence = sequence.confidence.copy()
    confidence[start:stop, sequence.points.part(hand)[21 - points :]] = 0
    keypoints, confidence = mark_missing(sequence.keypoints, confidence)
    return replace(sequence, keypoints=keypoints, confidence=confidence)


def error(result: PoseSequence, truth: PoseSequence, start: int, stop: int) -> float:
    """Return how far the left hand's points are off at most, in shoulder widths."""
    way = result.part(LEFT)[0][start:stop, :, :2] - truth.part(LEFT)[0][start:stop, :, :2]
    return float(np.linalg.norm(way, axis=2).max()) / shoulder_width(truth)


@pytest.mark.parametrize("name", ["holistic553", "reduced178", "wholebody133", "openpose137"])
def test_a_whole_sequence_is_left_as_it_is(name: str) -> None:
    signer = signing(30, name=name)
    result, report = repair(signer, plain())
    assert np.array_equal(result.keypoints, signer.keypoints)
    assert np.array_equal(result.confidence, signer.confidence)
    assert all(entry.counts() == {"measured": 30} for entry in report.hands.values())


def test_a_short_gap_is_filled_near_the_truth_and_with_little_confidence() -> None:
    truth = signing(60)
    gapped = without_hand(truth, 20, 25)
    result, report = repair(gapped, plain())
    assert report.hands[LEFT].frames("filled") == (20, 21, 22, 23, 24)
    assert error(result, truth, 20, 25) < 0.15
    trust = result.part(LEFT)[1][20:25]
    assert ((trust > 0) & (trust <= FILLED_CONFIDENCE)).all()
    untouched = np.ones(60, np.bool_)
    untouched[20:25] = False
    assert np.array_equal(result.keypoints[untouched], gapped.keypoints[untouched])


def test_a_filled_hand_goes_where_the_arm_goes() -> None:
    truth = signing(60)
    keypoints = truth.keypoints.copy()
    swing = np.zeros((60, 1, 2), np.float32)
    swing[20:26, 0, 1] = 40 * np.sin(np.linspace(0, np.pi, 6))
    moving = np.r_[truth.points.part(LEFT), truth.points.rows["body.left_wrist"]]
    keypoints[:, moving, :2] += swing
    truth = replace(truth, keypoints=keypoints)
    result, _ = repair(without_hand(truth, 21, 25), plain())
    assert error(result, truth, 21, 25) < 0.15
    unarmed = truth.confidence.copy()
    unarmed[:, truth.points.rows["body.left_wrist"]] = 0
    points, unarmed = mark_missing(truth.keypoints, unarmed)
    blind = replace(truth, keypoints=points, confidence=unarmed)
    result, _ = repair(without_hand(blind, 21, 25), plain())
    assert error(result, truth, 21, 25) > 0.3


def test_a_gap_longer_than_the_limit_is_hidden_at_any_rate() -> None:
    for fps, frames in ((25.0, 10), (50.0, 20), (12.5, 5)):
        signer = replace(signing(60), fps=fps)
        for length, state in ((frames, "filled"), (frames + 1, "hidden")):
            _, report = repair(without_hand(signer, 20, 20 + length), plain(max_gap=0.4))
            assert report.hands[LEFT].runs()[1] == (state, 20, 20 + length)


def test_interpolation_invents_nothing_at_the_ends_of_the_clip() -> None:
    gapped = without_hand(without_hand(signing(40), 0, 3), 38, 40)
    result, report = repair(gapped, plain())
    assert report.hands[LEFT].frames("hidden") == (0, 1, 2, 38, 39)
    assert not result.part(LEFT)[1][[0, 1, 2, 38, 39]].any()


def test_hold_carries_the_handshape_before_with_the_arm() -> None:
    gapped = without_hand(without_hand(signing(60), 0, 4), 20, 45)
    result, report = repair(gapped, plain("hold"))
    assert report.hands[LEFT].frames("held") == (*range(4), *range(20, 45))
    hand, _ = result.part(LEFT)
    shape = hand - hand[:, :1]
    assert np.allclose(shape[20:45], shape[19], atol=1e-3)
    assert np.allclose(shape[:4], shape[4], atol=1e-3)
    arm = result.keypoints[:, result.points.rows["body.left_wrist"], :2]
    offset = hand[:, 0, :2] - arm
    assert np.allclose(offset[20:45], offset[19], atol=1e-3)


def test_hide_drops_hands_that_are_half_seen() -> None:
    gapped = without_hand(without_hand(signing(30), 10, 13), 20, 22, points=15)
    result, report = repair(gapped, plain("hide"))
    assert report.hands[LEFT].frames("hidden") == (10, 11, 12, 20, 21)
    assert not result.part(LEFT)[1][[10, 11, 12, 20, 21]].any()
    assert not result.part(LEFT)[0][20:22].any()


def test_fail_names_the_gaps() -> None:
    gapped = without_hand(without_hand(signing(30), 10, 13), 20, 21, "right_hand")
    with pytest.raises(MissingHandsError, match=r"left hand in frames 10 to 12; right .* 20$"):
        repair(gapped, plain("fail"))
    repair(signing(30), plain("fail"))


@pytest.mark.parametrize("policy", ["interpolate", "hold", "hide"])
def test_a_hand_that_is_never_seen_stays_missing(policy: str) -> None:
    result, report = repair(without_hand(signing(12), 0, 12), plain(policy))
    assert report.hands[LEFT].counts() == {"hidden": 12}
    assert not result.part(LEFT)[1].any()


def test_points_missing_in_a_hand_that_is_seen_are_carried_by_the_wrist() -> None:
    truth = signing(60)
    result, report = repair(without_hand(truth, 20, 23, points=3), plain())
    assert report.hands[LEFT].counts() == {"measured": 60}
    assert error(result, truth, 20, 23) < 0.05
    assert (result.part(LEFT)[1][20:23, -3:] <= FILLED_CONFIDENCE).all()


def test_depth_in_pixels_or_in_frame_widths_gives_the_same_hands() -> None:
    gapped = without_hand(signing(60), 20, 25)
    in_pixels = gapped.keypoints * np.array((1, 1, gapped.width), np.float32)
    results = [
        repair(replace(gapped, keypoints=keypoints), plain())[0].keypoints
        for keypoints in (gapped.keypoints, in_pixels)
    ]
    assert np.allclose(results[0][..., :2], results[1][..., :2], atol=1e-2)


@pytest.mark.parametrize("point", ["body.left_elbow", "face.61"])
def test_short_gaps_of_body_and_face_are_interpolated(point: str) -> None:
    truth = signing(40)
    row = truth.points.rows[point]
    confidence = truth.confidence.copy()
    confidence[10:14, row] = 0
    confidence[20:35, row] = 0
    keypoints, confidence = mark_missing(truth.keypoints, confidence)
    result, report = repair(replace(truth, keypoints=keypoints, confidence=confidence), plain())
    straight = np.linspace(truth.keypoints[9, row], truth.keypoints[14, row], 6)[1:-1]
    assert np.allclose(result.keypoints[10:14, row], straight, atol=1e-3)
    assert (result.confidence[10:14, row] <= FILLED_CONFIDENCE).all()
    assert not result.confidence[20:35, row].any()
    assert sum(report.interpolated.values()) == 4


def test_handshapes_between_keep_bone_lengths_and_reach_both_ends() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(size=(21, 3))
    first -= first[0]
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    last = first @ turn.T
    there = np.ones(21, np.bool_)
    shapes, known = blend_handshapes(first, last, there, np.linspace(0, 1, 7))
    assert known.all()
    assert np.allclose(shapes[0], first)
    assert np.allclose(shapes[-1], last)
    bone = np.linalg.norm(shapes[:, 8] - shapes[:, 7], axis=1)
    assert np.allclose(bone, bone[0])


def test_a_point_that_either_end_lacks_is_not_made_up() -> None:
    shape = np.random.default_rng(0).normal(size=(21, 3))
    shape -= shape[0]
    there = np.ones(21, np.bool_)
    there[6] = False  # index_pip: neither it nor what hangs on it can be placed
    _, known = blend_handshapes(shape, shape, there, np.array([0.5]))
    assert np.flatnonzero(~known).tolist() == [6, 7, 8]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("policy", ["interpolate", "hold", "hide"])
def test_any_sequence_survives_repair_frame_for_frame(seed: int, policy: str) -> None:
    for name in ("kaggle543", "reduced203", "dwpose134"):
        for num_frames in (1, 2, 9):
            sequence = random_sequence(name, num_frames, seed, missing=0.4)
            result, report = repair(sequence, Repair(missing_hands=policy))  # type: ignore[arg-type]
            assert len(result) == report.num_frames == num_frames
            assert (result.fps, result.segments) == (sequence.fps, sequence.segments)
            again, _ = repair(sequence, Repair(missing_hands=policy))  # type: ignore[arg-type]
            assert np.array_equal(result.keypoints, again.keypoints)
            for hand in HANDS:
                hidden = [s == "hidden" for s in report.hands[hand].states]
                assert not result.part(hand)[1][hidden].any()


@pytest.mark.parametrize(
    ("key", "value"),
    [("missing_hands", "guess"), ("smooth", "gauss"), ("max_gap", -1), ("smooth_face", 11)],
)
def test_settings_that_make_no_sense_are_refused(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{key} is .*{value}"):
        Repair(**{key: value})  # type: ignore[arg-type]
