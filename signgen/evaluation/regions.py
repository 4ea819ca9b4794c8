"""Where hands and face are in a frame: boxes from the driving keypoints, and the pixels in them.

The same box is cut out of the generated and of the real frame, so that a hand that is not where it
should be counts as an error. What is measured in the crops is not known here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from pose_sequences.sequence import FAINT, FARTHEST, PoseSequence

RegionName = Literal["left_hand", "right_hand", "face"]
REGIONS: tuple[RegionName, ...] = ("left_hand", "right_hand", "face")
MARGIN: dict[RegionName, float] = {"left_hand": 1.4, "right_hand": 1.4, "face": 1.2}
LEAST_SIDE = 16.0  # pixels; a fist seen end on is still cut out with something around it
FEWEST_FACE_POINTS = 12
CROP_SIZE = 64

Boxes = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Regions:
    """Square boxes of N frames: x0, y0, x1, y1 in pixels of the video, nan where unseen.

    left_hand, right_hand, face: (N, 4), inside the frame; known: whether there were poses to find
    them by.
    """

    left_hand: Boxes
    right_hand: Boxes
    face: Boxes
    known: bool = True

    def __post_init__(self) -> None:
        num_frames = len(self.left_hand)
        for name in REGIONS:
            shape = self.boxes(name).shape
            if shape != (num_frames, 4):
                raise ValueError(f"the boxes of {name} are {shape}; ({num_frames}, 4) is needed")

    def __len__(self) -> int:
        return len(self.face)

    def boxes(self, name: RegionName) -> Boxes:
        """Return the boxes (N, 4) of one region."""
        return {"left_hand": self.left_hand, "right_hand": self.right_hand, "face": self.face}[name]

    def frames(self, start: int, stop: int) -> "Regions":
        """Return the boxes of frames ``start`` to ``stop`` (not included)."""
        return _regions(lambda name: self.boxes(name)[start:stop], known=self.known)


def find_regions(sequence: PoseSequence, size: tuple[int, int]) -> Regions:
    """Return the boxes of every frame of the driving keypoints.

    A box is square and as large as the points that are there times MARGIN, at least LEAST_SIDE;
    one that sticks out of the frame is moved inside. A hand is unseen where less than half of its
    points are there, the face where less than FEWEST_FACE_POINTS are (files that keep contours
    alone have a quarter of the mesh), and both where their middle is out of the frame.
    size: (width, height) of the video, to which the points are scaled.
    """
    return _regions(lambda name: _boxes(sequence, name, size), known=True)


def no_regions(num_frames: int) -> Regions:
    """Return boxes that see nothing, for a clip without keypoints."""
    nowhere = np.full((num_frames, 4), np.nan, np.float32)
    return _regions(lambda _: nowhere, known=False)


def seen(boxes: Boxes) -> NDArray[np.bool_]:
    """Return (N,): which frames have a box."""
    return np.isfinite(boxes).all(axis=1)


def cut_out(frames: NDArray[np.uint8], boxes: Boxes, size: int = CROP_SIZE) -> NDArray[np.float32]:
    """Return the boxes of the frames that have one (M, size, size, 3), as values 0 to 255.

    Boxes are taken to whole pixels and resampled bilinearly, with averaging where that shrinks.
    frames (N, H, W, 3); boxes (N, 4).
    """
    at = np.flatnonzero(seen(boxes))
    crops = np.empty((len(at), size, size, 3), np.float32)
    for crop, i in zip(crops, at, strict=True):
        rows, columns = _whole_pixels(boxes[i], *frames.shape[1:3])
        patch = torch.from_numpy(frames[i, rows, columns].astype(np.float32))  # (h, w, 3)
        scaled = F.interpolate(
            patch.movedim(-1, 0)[None], (size, size), mode="bilinear", antialias=True
        )
        crop[:] = scaled[0].movedim(0, -1).numpy()
    return crops


def _regions(boxes: Callable[[RegionName], Boxes], *, known: bool) -> Regions:
    return Regions(
        left_hand=boxes("left_hand"),
        right_hand=boxes("right_hand"),
        face=boxes("face"),
        known=known,
    )


def _whole_pixels(box: Boxes, height: int, width: int) -> tuple[slice, slice]:
    """Return the rows and columns of a box: as many of one as of the other, inside the frame."""
    side = min(max(1, round(float(box[2] - box[0]))), height, width)
    left = min(max(0, round(float(box[0]))), width - side)
    top = min(max(0, round(float(box[1]))), height - side)
    return slice(top, top + side), slice(left, left + side)


def _boxes(sequence: PoseSequence, name: RegionName, size: tuple[int, int]) -> Boxes:
    points, confidence = sequence.part(name)
    there = (confidence > FAINT)[..., None]  # (T, P, 1)
    scale = np.array(size, np.float32) / np.array((sequence.width, sequence.height), np.float32)
    places = points[..., :2] * scale
    if not places.shape[1]:
        return np.full((len(places), 4), np.nan, np.float32)
    # in a frame without any point, 0: it is unseen anyway
    low = np.where(there, places, FARTHEST).min(axis=1) * there.any(axis=1)  # (T, 2)
    high = np.where(there, places, -FARTHEST).max(axis=1) * there.any(axis=1)
    centre = (low + high) / 2
    side = np.maximum((high - low).max(axis=1) * MARGIN[name], LEAST_SIDE)
    half = np.minimum(side, min(size))[:, None] / 2
    fewest = FEWEST_FACE_POINTS if name == "face" else points.shape[1] / 2
    visible = (there[..., 0].sum(axis=1) >= fewest) & ((centre >= 0) & (centre <= size)).all(axis=1)
    centre = np.clip(centre, half, np.array(size, np.float32) - half)
    boxes = np.concatenate((centre - half, centre + half), axis=1).astype(np.float32)
    return np.where(visible[:, None], boxes, np.float32(np.nan))
