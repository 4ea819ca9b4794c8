"""Mark and panels: readable, out of the hands' way, and the same in every part of a clip."""

from dataclasses import replace

import numpy as np
import pytest

from pose_sequences.draw import draw
from pose_sequences.sequence import PoseSequence
from signgen.rendering.dressing import find_label, open_panels
from signgen.rendering.framing import frame_result
from signgen.rendering.signer import placed
from tests.signer import signing


def with_hands_at(x: float, y: float) -> PoseSequence:
    """Return poses whose hands are moved to a place, as shares of the frame."""
    poses = signing(4)
    keypoints = poses.keypoints.copy()
    for hand in ("left_hand", "right_hand"):
        rows = poses.points.part(hand)  # type: ignore[arg-type]
        middle = keypoints[:, rows, :2].mean(axis=(0, 1))
        keypoints[:, rows, :2] += np.float32((x * 256, y * 256)) - middle
    return replace(poses, keypoints=keypoints)


CORNERS = {(0.1, 0.05): "top left", (0.9, 0.05): "top right", (0.5, 0.6): "bottom"}


@pytest.mark.parametrize("at", CORNERS)
def test_the_label_is_never_where_the_hands_are(at: tuple[float, float]) -> None:
    poses = with_hands_at(*at)
    label = find_label(poses)
    assert label is not None
    assert not label.corner.startswith(CORNERS[at])
    height, width, _ = label.picture.shape
    for hand in ("left_hand", "right_hand"):
        points = poses.part(hand)[0][..., :2]  # type: ignore[arg-type]
        over = (points >= label.place) & (points <= np.add(label.place, (width, height)))
        assert not over.all(axis=-1).any()


@pytest.mark.parametrize("side", [64, 256, 512])
def test_the_label_is_readable_and_touches_nothing_else(side: int) -> None:
    label = find_label(placed(signing(4), (side, side)))
    assert label is not None
    height, width, _ = label.picture.shape
    assert height >= side / 18
    assert int(label.picture.max()) - int(label.picture.min()) > 180
    frame = np.full((side, side, 3), 99, np.uint8)
    marked = label.put(frame)
    assert (frame == 99).all()
    left, top = label.place
    assert np.array_equal(marked[top : top + height, left : left + width], label.picture)
    marked[top : top + height, left : left + width] = 99
    assert (marked == 99).all()


def test_a_frame_without_room_has_no_label() -> None:
    assert find_label(placed(signing(1), (32, 32))) is None


def test_panels_show_picture_poses_and_frame_in_this_order() -> None:
    poses, frame = signing(20), np.full((256, 256, 3), 7, np.uint8)
    picture = np.full((256, 256, 3), 200, np.uint8)
    panels = open_panels(picture, poses, 5, 8)
    rows = [panels.beside(frame) for _ in range(3)]
    for row, drawn in zip(rows, draw(poses, frames=range(5, 8)), strict=True):
        assert row.shape == (256, 768, 3)
        for number, panel in enumerate((picture, drawn, frame)):
            assert np.array_equal(row[:, 256 * number : 256 * (number + 1)], panel)


@pytest.mark.parametrize("asked", [None, (128, 128), (96, 64)])
def test_the_picture_is_shown_where_the_result_shows_it(asked: tuple[int, int] | None) -> None:
    x, y = np.meshgrid(np.linspace(0, 200, 60), np.linspace(0, 200, 120))
    picture = np.stack((x, y, (x + y) / 2), axis=-1).round().astype(np.uint8)
    framing = frame_result((60, 120), (64, 64), asked)
    shown = framing.show(picture)
    assert shown.shape[1::-1] == framing.size
    inside = np.zeros((64, 64, 3), np.uint8)
    left, top, right, bottom = framing.box
    part = frame_result((60, 120), (right - left, bottom - top), None).show(picture)
    inside[top:bottom, left:right] = part[: bottom - top, : right - left]
    assert np.abs(framing.undo(inside).astype(int) - shown).max() <= 8
