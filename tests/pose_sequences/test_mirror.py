"""Mirrored signing: sides change by name, and twice is once more the original."""

from dataclasses import replace

import numpy as np
import pytest

from pose_sequences.layout import LAYOUTS, mirrored_name
from pose_sequences.mirror import mirrored
from tests.pose_sequences.sequences import random_sequence
from tests.signer import signing

pytestmark = pytest.mark.light


@pytest.mark.parametrize("name", LAYOUTS)
def test_mirrored_twice_is_the_original(name: str) -> None:
    original = random_sequence(name, seed=len(name))
    again = mirrored(mirrored(original))
    np.testing.assert_allclose(again.keypoints, original.keypoints, atol=1e-4)
    np.testing.assert_array_equal(again.confidence, original.confidence)
    assert replace(again, keypoints=original.keypoints).segments == original.segments


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_point_takes_the_place_of_its_mirror_image(name: str) -> None:
    original = random_sequence(name)
    result = mirrored(original)
    for point, row in original.points.rows.items():
        source = original.points.rows[mirrored_name(point)]
        np.testing.assert_array_equal(result.confidence[:, row], original.confidence[:, source])
        there = original.confidence[:, source] > 0
        x, y, z = original.keypoints[there, source].T
        expected = np.stack((np.float32(original.width) - x, y, z), axis=1)
        np.testing.assert_array_equal(result.keypoints[there, row], expected)


def test_missing_points_stay_missing() -> None:
    result = mirrored(random_sequence("holistic553", missing=0.5))
    assert not result.keypoints[result.confidence == 0].any()


def test_a_signer_still_faces_the_viewer_and_signs_with_the_other_hand() -> None:
    original = signing()
    result = mirrored(original)
    rows = original.points.rows
    for side in (original, result):  # the signer's left is on the viewer's right
        x = side.keypoints[..., 0]
        assert (x[:, rows["body.left_shoulder"]] > x[:, rows["body.right_shoulder"]]).all()
        assert (x[:, rows["face.263"]] > x[:, rows["face.33"]]).all()  # outer eye corners
        assert (x[:, rows["face.473"]] > x[:, rows["face.468"]]).all()  # irises
    lift = {
        hand: np.ptp(original.keypoints[:, rows[f"{hand}_hand.wrist"], 1])
        for hand in ("left", "right")
    }
    for hand, other in (("left", "right"), ("right", "left")):
        assert np.ptp(result.keypoints[:, rows[f"{hand}_hand.wrist"], 1]) == lift[other]


@pytest.mark.parametrize(("hand", "other"), [("left", "right"), ("right", "left"), ("", "")])
def test_handedness_changes_and_the_words_stay(hand: str, other: str) -> None:
    original = replace(random_sequence("reduced178"), handedness=hand, gloss="A B", source="a.mp4")
    result = mirrored(original)
    assert result.handedness == other
    for key in ("fps", "width", "height", "layout", "gloss", "segments", "source"):
        assert getattr(result, key) == getattr(original, key)
