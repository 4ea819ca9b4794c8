"""What is put on and beside a frame for whoever looks at it: a visible mark, and three panels."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pose_sequences.draw import draw
from pose_sequences.layout import Part
from pose_sequences.sequence import FAINT, PoseSequence

Frame = NDArray[np.uint8]

WORD = "synthetic"
_CORNERS = ("top left", "top right", "bottom left", "bottom right")
_SMALLEST, _SHARE = 9, 18  # pixels of the letters; of the frame's height
_GROUND, _INK = (24, 24, 24), (240, 240, 240)
_NEAR = 0.03  # of a side: what stands so near to a point of a hand is over it


@dataclass(frozen=True, kw_only=True, eq=False)
class Label:
    """A word in a corner of the frame; picture (h, w, 3), its left upper pixel at ``place``."""

    picture: Frame
    corner: str
    place: tuple[int, int]

    def put(self, frame: Frame) -> Frame:
        """Return the frame (H, W, 3) with the word on it."""
        marked = frame.copy()
        height, width, _ = self.picture.shape
        left, top = self.place
        marked[top : top + height, left : left + width] = self.picture
        return marked


def find_label(poses: PoseSequence) -> Label | None:
    """Return a label in the corner where the hands, and then the face, are least.

    poses: of the whole clip in the frame that is marked, so that every part of it is marked alike.
    None where the frame is too small for the word.
    """
    picture = _written(max(_SMALLEST, round(poses.height / _SHARE)))
    height, width, _ = picture.shape
    if 2 * height > poses.height or width > poses.width:
        return None
    places = {
        f"{row} {column}": (left, top)
        for row, top in (("top", 0), ("bottom", poses.height - height))
        for column, left in (("left", 0), ("right", poses.width - width))
    }
    hands, face = _crowd(poses, ("left_hand", "right_hand")), _crowd(poses, ("face",))

    def disturbed(corner: str) -> tuple[int, int]:
        left, top = places[corner]
        box = left, top, left + width, top + height
        return _inside(hands, box, poses), _inside(face, box, poses)

    corner = min(_CORNERS, key=disturbed)  # of equals the first
    return Label(picture=picture, corner=corner, place=places[corner])


@dataclass(frozen=True, kw_only=True, eq=False)
class Panels:
    """The signer's picture (H, W, 3) and the maps of the poses, left of each frame."""

    picture: Frame
    maps: Iterator[Frame]

    def beside(self, frame: Frame) -> Frame:
        """Return picture, map and the next frame as one (H, 3 W, 3)."""
        return np.concatenate((self.picture, next(self.maps), frame), axis=1)


def open_panels(picture: Frame, poses: PoseSequence, start: int, stop: int) -> Panels:
    """Return the panels of frames ``start`` to ``stop``; poses: of the clip, in the result's frame.

    Raises ValueError for frames too small to draw in.
    """
    return Panels(picture=picture, maps=draw(poses, frames=range(start, stop)))


def _crowd(poses: PoseSequence, parts: tuple[Part, ...]) -> NDArray[np.float32]:
    """Return all points (N, 2) of some parts that are there."""
    found = []
    for part in parts:
        points, confidence = poses.part(part)
        found.append(points[confidence > FAINT][:, :2])
    return np.concatenate(found)


def _inside(
    points: NDArray[np.float32], box: tuple[int, int, int, int], poses: PoseSequence
) -> int:
    near = _NEAR * max(poses.width, poses.height)
    low, high = np.array(box[:2]) - near, np.array(box[2:]) + near
    return int(((points >= low) & (points <= high)).all(axis=1).sum())


def _written(size: int) -> Frame:
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size)
    left, top, right, bottom = (round(side) for side in font.getbbox(WORD))
    margin = max(2, size // 4)
    sides = right - left + 2 * margin, bottom - top + 2 * margin
    canvas = Image.new("RGB", sides, _GROUND)
    ImageDraw.Draw(canvas).text((margin - left, margin - top), WORD, fill=_INK, font=font)
    return np.asarray(canvas)
