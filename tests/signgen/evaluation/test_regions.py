"""Regions: boxes hold the part they are named for, lie in the frame, and are the signer's."""

from dataclasses import replace

import numpy as np
import pytest

from pose_sequences.mirror import mirrored
from signgen.evaluation.regions import (
    CROP_SIZE,
    MARGIN,
    REGIONS,
    RegionName,
    Regions,
    cut_out,
    find_regions,
    no_regions,
    seen,
)
from tests.signer import signing
from tests.signgen.evaluation.clips import filmed, signed

SIZE = (256, 256)


@pytest.mark.parametrize("layout", ["holistic553", "reduced203", "wholebody133", "openpose137"])
@pytest.mark.parametrize("name", REGIONS)
def test_a_box_is_square_inside_the_frame_and_holds_its_points(
    layout: str, name: RegionName
) -> None:
    sequence = signing(40).converted(layout)
    boxes = find_regions(sequence, SIZE).boxes(name)
    there = seen(boxes)
    assert there.sum() > 30
    width, height = (boxes[there, 2:] - boxes[there, :2]).T
    np.testing.assert_allclose(width, height, atol=1e-3)
    assert boxes[there].min() >= 0
    assert boxes[there].max() <= 256
    points, confidence = sequence.part(name)
    places = np.clip(points[there, :, :2], 0, 255)  # what is out of the frame cannot be cut out
    inside = (places >= boxes[there, None, :2]) & (places <= boxes[there, None, 2:])
    assert inside.all(axis=2)[confidence[there] > 0.05].all()


def test_a_box_is_the_extent_of_its_points_and_a_margin() -> None:
    sequence = signing(30)
    boxes = find_regions(sequence, SIZE).right_hand
    places = sequence.part("right_hand")[0][..., :2]
    extent = np.ptp(places, axis=1).max(axis=1)
    np.testing.assert_allclose(boxes[:, 2] - boxes[:, 0], MARGIN["right_hand"] * extent, rtol=1e-4)


def test_boxes_grow_with_the_video() -> None:
    small, large = (find_regions(signing(30), (side, side)) for side in (256, 512))
    np.testing.assert_allclose(large.right_hand, 2 * small.right_hand, atol=1e-3)


def test_sides_are_the_signers() -> None:
    sequence = signing(30)
    straight, turned = find_regions(sequence, SIZE), find_regions(mirrored(sequence), SIZE)
    flipped = 256 - turned.left_hand[:, [2, 1, 0, 3]]
    flipped[:, [1, 3]] = turned.left_hand[:, [1, 3]]
    np.testing.assert_allclose(flipped, straight.right_hand, atol=1.01)


@pytest.mark.parametrize("name", REGIONS)
def test_a_part_that_is_missing_has_no_box_and_the_others_do(name: RegionName) -> None:
    sequence = signing(20)
    rows = sequence.points.part(name)
    keypoints, confidence = sequence.keypoints.copy(), sequence.confidence.copy()
    keypoints[5, rows], confidence[5, rows] = 0, 0
    found = find_regions(replace(sequence, keypoints=keypoints, confidence=confidence), SIZE)
    for other in REGIONS:
        expected = seen(find_regions(sequence, SIZE).boxes(other))
        expected[5] &= other != name
        np.testing.assert_array_equal(seen(found.boxes(other)), expected)


def test_a_hand_outside_the_frame_is_unseen() -> None:
    sequence = signing(20)
    rows = sequence.points.part("left_hand")
    keypoints = sequence.keypoints.copy()
    keypoints[:, rows, 0] += 300 * (sequence.confidence[:, rows] > 0)
    boxes = find_regions(replace(sequence, keypoints=keypoints), SIZE)
    assert not seen(boxes.left_hand).any()
    assert seen(boxes.right_hand).all()


@pytest.mark.parametrize(
    ("shift", "edge", "at"), [((-1, 0), 0, 0), ((0, -1), 1, 0), ((1, 0), 2, 256), ((0, 1), 3, 256)]
)
def test_a_box_that_sticks_out_is_moved_inside_and_keeps_its_size(
    shift: tuple[int, int], edge: int, at: int
) -> None:
    sequence = signing(20)
    box = find_regions(sequence, SIZE).face[0]
    middle = (box[:2] + box[2:]) / 2
    keypoints = sequence.keypoints.copy()
    to_edge = (np.array(shift) > 0) * 256 - middle - 5 * np.array(shift)  # five pixels inside
    keypoints[..., :2] += (to_edge * np.abs(shift)).astype(np.float32)
    keypoints *= (sequence.confidence > 0)[..., None]
    moved = find_regions(replace(sequence, keypoints=keypoints), SIZE).face[0]
    assert moved[edge] == pytest.approx(at, abs=1e-3)
    np.testing.assert_allclose(moved[2:] - moved[:2], box[2:] - box[:2], rtol=1e-4)


def test_boxes_of_some_frames_are_those_of_the_clip() -> None:
    whole = find_regions(signing(20), SIZE)
    some = find_regions(signing(20).frames(5, 9), SIZE)
    for name in REGIONS:
        np.testing.assert_array_equal(whole.frames(5, 9).boxes(name), some.boxes(name))


def test_a_box_of_the_crops_size_is_cut_out_pixel_by_pixel() -> None:
    frames = filmed(2)
    box = np.array([10, 20, 10 + CROP_SIZE, 20 + CROP_SIZE], np.float32)
    crops = cut_out(frames, np.stack((box, box + 0.3)))
    expected = frames[:, 20 : 20 + CROP_SIZE, 10 : 10 + CROP_SIZE]
    np.testing.assert_allclose(crops, expected, atol=1e-3)


def test_shrinking_averages_and_does_not_pick() -> None:
    board = (np.indices((192, 192)).sum(axis=0) % 2 * 255).astype(np.uint8)
    frames = np.repeat(board[None, :, :, None], 3, axis=3)
    crops = cut_out(frames, np.array([[0, 0, 192, 192]], np.float32))
    assert np.abs(crops[:, 2:-2, 2:-2] - 127.5).max() < 5


def test_only_frames_with_a_box_are_cut_out() -> None:
    frames = filmed(3)
    boxes = np.full((3, 4), np.nan, np.float32)
    assert cut_out(frames, boxes).shape == (0, CROP_SIZE, CROP_SIZE, 3)
    boxes[1] = 0, 0, 64, 64
    np.testing.assert_allclose(cut_out(frames, boxes), frames[1:2, :64, :64], atol=1e-3)


@pytest.mark.parametrize("side", [1.5, 6.5, 7.5, 20.2])
def test_a_box_at_the_edge_stays_inside(side: float) -> None:
    frames = filmed(1, side=16)
    box = np.array([[16 - side, 0, 16, side]], np.float32)
    assert np.isfinite(cut_out(frames, box, 8)).all()


def test_a_clip_without_keypoints_has_no_regions() -> None:
    for name in REGIONS:
        assert not seen(no_regions(4).boxes(name)).any()


def test_boxes_that_do_not_fit_are_refused() -> None:
    boxes = find_regions(signed(), SIZE)
    with pytest.raises(ValueError, match="face"):
        Regions(left_hand=boxes.left_hand, right_hand=boxes.right_hand, face=boxes.face[:2])
