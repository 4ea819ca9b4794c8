"""Promises of the named layouts and of the tables between them."""

import itertools

import numpy as np
import pytest

from pose_sequences import face_mesh
from pose_sequences.layout import LAYOUTS, PARTS, conversion, layout, mirrored_name
from tests.signer import signing

pytestmark = pytest.mark.light

PAIRS = list(itertools.permutations(LAYOUTS, 2))


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_has_as_many_points_as_its_name_says(name: str) -> None:
    assert len(LAYOUTS[name].points) == int(name[-3:])


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_point_has_its_own_name_and_belongs_to_one_part(name: str) -> None:
    rows = LAYOUTS[name]
    assert len(rows.rows) == len(rows.points)
    assert sorted(np.concatenate([rows.part(part) for part in PARTS])) == list(
        range(len(rows.points))
    )


@pytest.mark.parametrize("name", LAYOUTS)
def test_both_hands_have_21_points_and_20_limbs_everywhere(name: str) -> None:
    for hand in ("left_hand", "right_hand"):
        assert len(LAYOUTS[name].part(hand)) == 21
        assert len(LAYOUTS[name].limbs(hand)) == 20


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_mirror_image_of_the_mirror_image_is_the_point(name: str) -> None:
    mirrored = LAYOUTS[name].mirrored
    assert np.array_equal(mirrored[mirrored], np.arange(len(mirrored)))


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_mirrored_limb_is_a_limb(name: str) -> None:
    rows = LAYOUTS[name]
    limbs = {frozenset(pair) for part in PARTS for pair in rows.limbs(part).tolist()}
    assert {frozenset(rows.mirrored[list(limb)].tolist()) for limb in limbs} == limbs


def test_the_two_543_orders_hold_the_same_points_in_another_order() -> None:
    ours, kaggle = layout("holistic543"), layout("kaggle543")
    assert ours.points != kaggle.points
    assert set(ours.points) == set(kaggle.points)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_point_that_both_layouts_have_is_copied(source: str, target: str) -> None:
    table = conversion(source, target)
    have, want = layout(source), layout(target)
    for point in set(have.points) & set(want.points):
        assert (table.sources[want.rows[point]] == have.rows[point]).all()
        assert point not in (*table.absent, *table.approximate, *table.dropped)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_every_point_of_the_source_is_used_or_named_as_dropped(source: str, target: str) -> None:
    table = conversion(source, target)
    used = {layout(source).points[row] for row in table.sources[table.sources >= 0]}
    assert used.isdisjoint(table.dropped)
    assert used | set(table.dropped) == set(layout(source).points)
    assert len(table.absent) == int((table.sources[:, 0] < 0).sum())


def test_the_68_face_points_keep_their_side_of_the_mesh() -> None:
    nearest, mirrored = face_mesh.NEAREST_TO_68, face_mesh.MIRRORED_70
    for i in range(68):
        assert face_mesh.MIRRORED[nearest[i]] == nearest[mirrored[i]]


def test_a_drawn_face_is_the_mirror_image_of_itself() -> None:
    signer = signing(1, name="reduced203")
    face = layout("reduced203").part("face")
    mirrored = layout("reduced203").mirrored[face]
    points = signer.keypoints[0, :, :2]
    centre = points[layout("reduced203").rows["face.10"], 0]
    flipped = points[mirrored] * (-1, 1) + (2 * centre, 0)
    assert np.abs(flipped - points[face]).max() < 0.01


def test_left_means_the_signers_left() -> None:
    # A signer who faces the camera has the left hand on the right of the picture.
    signer = signing(1)
    x = signer.keypoints[0, :, 0]
    rows = signer.points.rows
    assert x[rows["left_hand.wrist"]] > x[rows["right_hand.wrist"]]
    assert x[rows["face.263"]] > x[rows["face.33"]]


@pytest.mark.parametrize("point", ["body.left_knee", "right_hand.ring_tip", "body.mouth_left"])
def test_a_mirrored_name_is_the_other_side(point: str) -> None:
    swapped = {"left": "right", "right": "left"}
    side = "left" if "left" in point else "right"
    assert mirrored_name(point) == point.replace(side, swapped[side])


def test_an_unknown_layout_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ValueError, match="holistic543"):
        layout("holistic")


def test_a_point_that_a_layout_lacks_is_named() -> None:
    with pytest.raises(KeyError, match=r"reduced178.*body\.nose"):
        layout("reduced178").find(("body.left_wrist", "body.nose"))
