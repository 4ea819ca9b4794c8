"""Finger angles and palms in closed form, and bones that keep their length."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from signgen.evaluation.poses.handshape import flexions
from tests.signer import signing
from tests.signgen.evaluation.poses.faults import mirrored_hand, values, with_points

pytestmark = pytest.mark.light

Array = NDArray[np.float64]


def bent_hand(*bends: float) -> Array:
    """Return points (21, 3) of a hand whose fingers lie in planes through the wrist, each bent by
    these angles in degrees at its three joints.
    """
    points = [np.zeros(3)]
    for finger in range(5):
        turn = np.radians(20 * (finger - 2))
        ahead, out = np.array((np.sin(turn), -np.cos(turn), 0)), np.array((0, 0, -1))
        place, curl = 30 * ahead, 0.0
        points.append(place)
        for bend in bends:
            curl += np.radians(bend)
            place = place + 10 * (np.cos(curl) * ahead + np.sin(curl) * out)
            points.append(place)
    return np.array(points)


def rotation(seed: int) -> Array:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]


def test_a_bend_is_told_in_degrees() -> None:
    bend, shorter = flexions(bent_hand(10, 40, 75))
    np.testing.assert_allclose(bend.reshape(5, 3), np.tile((10.0, 40, 75), (5, 1)), atol=1e-6)
    np.testing.assert_allclose(shorter, 10)


def test_turning_and_scaling_a_hand_leave_its_bends() -> None:
    hand = bent_hand(20, 60, 30)
    expected = flexions(hand)[0]
    for seed in range(5):
        np.testing.assert_allclose(flexions(3 * hand @ rotation(seed))[0], expected, atol=1e-6)


def test_an_exact_turn_of_the_palm_is_measured() -> None:
    signer = signing()
    rows = signer.points.part("right_hand")
    points = signer.keypoints.astype(np.float64)
    points[..., 2] *= signer.width
    angle = np.radians(25)
    about_sight = np.array(
        ((np.cos(angle), -np.sin(angle), 0), (np.sin(angle), np.cos(angle), 0), (0, 0, 1))
    )
    wrist = points[:, rows[:1]]
    points[:, rows] = wrist + (points[:, rows] - wrist) @ about_sight.T
    points[..., 2] /= signer.width
    found = values(signer, with_points(signer, points))
    assert found["right_hand/turn_error"] == pytest.approx(25, abs=0.05)
    assert found["right_hand/angle_error"] == pytest.approx(0, abs=0.05)
    assert found["right_hand/facing"] == 100
    assert found["left_hand/turn_error"] == pytest.approx(0, abs=0.05)


def test_a_mirrored_hand_keeps_its_bends_and_shows_the_other_side() -> None:
    found = values(signing(), mirrored_hand(signing(), "left_hand"))
    assert found["left_hand/angle_error"] == pytest.approx(0, abs=1e-3)
    assert found["left_hand/facing"] == 0
    assert found["left_hand/bone_wobble"] == pytest.approx(0, abs=1e-3)


def test_without_depths_handshapes_are_told_from_the_picture_alone() -> None:
    signer = signing()
    flat = with_points(signer, signer.keypoints * (1, 1, 0))
    found = values(flat, signer)
    assert np.isnan(found["hands/angle_error"])
    assert np.isnan(found["hands/turn_error"])
    assert found["hands/angle_error_2d"] == 0
    assert found["hands/bone_wobble"] == 0


def test_longer_bones_are_stable_and_bones_that_breathe_are_not() -> None:
    signer = signing()
    rows = signer.points.part("right_hand")
    wrist = signer.keypoints[:, rows[:1]]
    wobbles = []
    for depth in (0.0, 0.05, 0.1, 0.2):
        scale = 1.3 + depth * np.sin(np.arange(signer.num_frames))[:, None, None]
        points = signer.keypoints.copy()
        points[:, rows] = wrist + scale * (points[:, rows] - wrist)
        wobbles.append(values(signer, with_points(signer, points))["right_hand/bone_wobble"])
    assert wobbles[0] == pytest.approx(0, abs=1e-3)
    assert all(a < b for a, b in pairwise(wobbles))
    # of log(1.3 + d sin t), the mean absolute deviation is about d / 1.3 times 2 / pi
    assert wobbles[1] == pytest.approx(100 * 0.05 / 1.3 * 2 / np.pi, rel=0.05)


def test_depths_of_a_hand_count_as_its_bones() -> None:
    signer = signing()
    rows = signer.points.part("right_hand")
    points = signer.keypoints.copy()
    points[:, rows, 2] *= 1.5 + 0.5 * np.sin(np.arange(signer.num_frames))[:, None]
    found = values(signer, with_points(signer, points))
    assert found["right_hand/bone_wobble"] > 2
    assert found["left_hand/bone_wobble"] == 0
    assert found["body/bone_wobble"] == 0
