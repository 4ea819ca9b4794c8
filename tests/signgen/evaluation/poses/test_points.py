"""PCK and errors against a second, naive implementation, point by point."""

import math

import numpy as np
import pytest

from pose_sequences.layout import FINGERS, HAND_POINTS
from pose_sequences.sequence import PoseSequence
from tests.pose_sequences.sequences import random_sequence
from tests.signer import signing
from tests.signgen.evaluation.poses.faults import jittered, values, without

pytestmark = pytest.mark.light

UPPER_BODY = (
    *("nose", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow"),
    *("left_wrist", "right_wrist"),
)


def naive(
    target: PoseSequence, generated: PoseSequence, names: list[str], unit: float
) -> tuple[float, ...]:
    """Return PCK at 0.1 and 0.2, mean and median error and seen rate, by plain loops."""
    rows = target.points.rows
    wanted, errors = 0, []
    for frame in range(target.num_frames):
        for name in names:
            row = rows[name]
            x, y, _ = map(float, target.keypoints[frame, row])
            if target.confidence[frame, row] <= 0.05:
                continue
            if not (0 <= x <= target.width and 0 <= y <= target.height):
                continue
            wanted += 1
            if generated.confidence[frame, row] > 0.05:
                u, v, _ = map(float, generated.keypoints[frame, row])
                errors.append(math.hypot(x - u, y - v))
    near = [100 * sum(error <= share * unit for error in errors) / wanted for share in (0.1, 0.2)]
    mean = 100 * math.fsum(errors) / len(errors) / unit
    median = 100 * float(np.median(errors)) / unit
    return (*near, mean, median, 100 * len(errors) / wanted)


def hand(side: str) -> list[str]:
    return [f"{side}_hand.{point}" for point in HAND_POINTS]


def hand_size(target: PoseSequence) -> float:
    rows = target.points.rows
    sides = []
    for side in ("left", "right"):
        for frame in range(target.num_frames):
            points = target.keypoints[frame, [rows[name] for name in hand(side)], :2]
            trust = target.confidence[frame, [rows[name] for name in hand(side)]]
            inside = (points >= 0).all() and (points <= (target.width, target.height)).all()
            if inside and (trust > 0.05).all():
                sides.append(max(np.ptp(points[:, 0]), np.ptp(points[:, 1])))
    return float(np.percentile(sides, 90))


def shoulder_width(target: PoseSequence) -> float:
    rows = target.points.rows
    left, right = (target.keypoints[:, rows[f"body.{s}_shoulder"], :2] for s in ("left", "right"))
    return float(np.median(np.linalg.norm(left.astype(float) - right, axis=1)))


def expect(found: dict[str, float], subject: str, expected: tuple[float, ...]) -> None:
    measures = ("pck_0.1", "pck_0.2", "error", "median_error", "seen")
    got = [found[f"{subject}/{measure}"] for measure in measures]
    assert got == pytest.approx(list(expected), rel=1e-5)


def test_pck_and_errors_agree_with_plain_loops() -> None:
    target = signing()
    generated = without(jittered(target, 6, seed=3), "left_hand", 30, 45)
    found = values(target, generated)
    unit = hand_size(target)
    for side in ("left", "right"):
        expect(found, f"{side}_hand", naive(target, generated, hand(side), unit))
    expect(found, "hands", naive(target, generated, [*hand("left"), *hand("right")], unit))
    body = [f"body.{name}" for name in UPPER_BODY]
    expect(found, "body", naive(target, generated, body, shoulder_width(target)))


def test_fingertips_are_the_five_ends() -> None:
    target = signing()
    generated = jittered(target, 4)
    tips = [f"right_hand.{finger}_tip" for finger in FINGERS]
    expected = naive(target, generated, tips, hand_size(target))[2]
    assert values(target, generated)["right_hand/tip_error"] == pytest.approx(expected, rel=1e-5)


def test_a_point_that_was_not_found_is_wrong_and_no_error() -> None:
    target = signing()
    found = values(target, without(target, "right_hand", 0, target.num_frames // 2))
    assert found["right_hand/error"] == 0
    assert found["right_hand/pck_0.2"] == pytest.approx(found["right_hand/seen"])
    assert found["right_hand/seen"] == pytest.approx(50, abs=1)


def test_without_shoulders_only_pixels_are_measured() -> None:
    target = without(signing(), "body", 0, 100)
    found = values(target, jittered(target, 2))
    assert np.isnan(found["face/error"])
    assert np.isnan(found["face/pck_0.1"])
    assert found["face/error_px"] > 0
    assert found["face/seen"] == 100
    assert found["hands/pck_0.2"] > 0


def test_neighbours_from_another_layout_are_not_compared() -> None:
    whole = random_sequence("wholebody133", 6, missing=0)
    assert np.isnan(values(whole, random_sequence("holistic553", 6, missing=0))["face/error_px"])
    assert values(whole, whole.converted("holistic543"))["hands/error_px"] == 0
