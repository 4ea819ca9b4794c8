"""The head's angles in closed form; faces that follow, stand still, or have nothing to do."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pose_sequences import face_mesh
from signgen.evaluation.poses import head
from signgen.evaluation.poses.expression import correlation
from signgen.evaluation.poses.head import Head
from tests.signer import signing
from tests.signgen.evaluation.poses.faults import frozen, values, with_points

pytestmark = pytest.mark.light

Array = NDArray[np.float64]


def face(frames: int = 3, *, opening: float = 0.0) -> Array:
    """Return the procedural signer's face (T, 478, 3) in pixels, one frame held."""
    signer = signing()
    points = signer.part("face")[0][:1].astype(np.float64).repeat(frames, axis=0)
    missing = ~points.any(axis=2)
    points[..., 2] *= signer.width
    points[:, 14, 1] += opening
    points[missing] = np.nan
    return points


def turned(points: Array, *, yaw: float = 0, pitch: float = 0, roll: float = 0) -> Array:
    """Return the face turned by degrees about the vertical, the ears' and the line of sight."""
    a, b, c = np.radians((yaw, pitch, roll))
    about_y = np.array(((np.cos(a), 0, -np.sin(a)), (0, 1, 0), (np.sin(a), 0, np.cos(a))))
    about_x = np.array(((1, 0, 0), (0, np.cos(b), -np.sin(b)), (0, np.sin(b), np.cos(b))))
    about_z = np.array(((np.cos(c), -np.sin(c), 0), (np.sin(c), np.cos(c), 0), (0, 0, 1)))
    return points @ (about_z @ about_x @ about_y).T


@pytest.mark.parametrize("degrees", [-35.0, -5, 12, 40])
@pytest.mark.parametrize("way", ["yaw", "pitch", "roll"])
def test_a_turn_of_the_head_is_told_in_degrees(way: str, degrees: float) -> None:
    found = Head.of(turned(face(), **{way: degrees}), deep=True)
    angles = {name: getattr(head, name)(found)[0, 0] for name in ("yaw", "pitch", "roll")}
    expected = {name: degrees if name == way else 0.0 for name in angles}
    assert angles == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    "feature",
    [head.mouth_opening, head.mouth_width, head.brow_height, head.eye_aperture, head.gaze],
)
def test_what_the_face_does_does_not_depend_on_where_it_looks(feature: head.Feature) -> None:
    straight = Head.of(face(opening=4), deep=True)
    moved = 1.7 * turned(face(opening=4), yaw=30, pitch=-20, roll=10) + (40, -7, 12)
    np.testing.assert_allclose(feature(Head.of(moved, deep=True)), feature(straight), atol=1e-4)
    np.testing.assert_allclose(Head.of(moved, deep=True).lips(), straight.lips(), atol=1e-6)


def test_looking_left_and_down_has_a_sign() -> None:
    points = face()
    irises = (face_mesh.RIGHT_IRIS[0], face_mesh.LEFT_IRIS[0])
    points[:, irises, :2] += (2, 1)  # the signer's left is at larger x
    before, after = (head.gaze(Head.of(p, deep=True)) for p in (face(), points))
    assert (after > before).all()


def test_yaw_and_pitch_need_depths_and_roll_does_not() -> None:
    found = Head.of(turned(face(), roll=15), deep=False)
    assert np.isnan(head.yaw(found)).all()
    assert np.isnan(head.pitch(found)).all()
    np.testing.assert_allclose(head.roll(found), 15, atol=1e-3)


def test_correlation_is_pearsons() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 40, 3))
    expected = [np.corrcoef(a[:, i], b[:, i])[0, 1] for i in range(3)]
    np.testing.assert_allclose(correlation(a, b, 0.1), expected)
    np.testing.assert_allclose(correlation(a, 5 - 2 * a, 0.1), -1)


def test_a_still_target_asks_for_nothing_and_a_still_face_follows_nothing() -> None:
    moving, still = np.sin(np.arange(20.0))[:, None], np.ones((20, 1))
    assert np.isnan(correlation(still, moving, 0.1)).all()
    assert (correlation(moving, still, 0.1) == 0).all()
    assert np.isnan(correlation(0.1 * moving, moving, 0.1)).all()


def test_a_frozen_face_is_told_by_error_and_correlation() -> None:
    found = values(signing(), frozen(signing(), "face"))
    assert found["face/mouth_opening_follows"] == 0
    assert found["face/mouth_opening_error"] > 3
    assert found["face/lip_shape_error"] > 1
    assert found["face/yaw_error"] == 0


def test_a_mouth_half_as_open_is_told_by_error_alone() -> None:
    signer = signing()
    points = signer.keypoints.copy()
    face_rows = signer.points.part("face")
    inner = face_rows[list(face_mesh.INNER_LIPS[:-1])]
    middle = points[:, inner].mean(axis=1, keepdims=True)
    points[:, inner] = middle + (points[:, inner] - middle) * (1, 0.5, 1)
    found = values(signer, with_points(signer, points))
    assert found["face/mouth_opening_follows"] == pytest.approx(1, abs=1e-3)
    assert found["face/mouth_opening_error"] > 3
    assert found["face/brow_height_error"] == 0


def test_lip_shape_is_the_root_mean_square_over_the_lips() -> None:
    signer = signing()
    rows = signer.points.rows
    points = signer.keypoints.astype(np.float64)
    unit = np.linalg.norm((points[0, rows["face.263"]] - points[0, rows["face.33"]])[:2])
    points[:, rows["face.17"], 1] += 5
    # the middle of the 40 points moves along by a fortieth
    expected = 100 * 5 / unit * np.sqrt((1 - 1 / 40) / 40)
    found = values(signer, with_points(signer, points))
    assert found["face/lip_shape_error"] == pytest.approx(expected, rel=1e-3)
