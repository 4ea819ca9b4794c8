"""The few landmarks that fitting a body needs, by one set of names whatever the layout.

Missing points are NaN inside this package, so that a mean of points is missing where one of them
is; no NaN leaves it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pose_sequences.layout import FINGERS, HAND_POINTS, layout
from pose_sequences.sequence import PoseSequence

Array = NDArray[np.float64]
Side = str

SIDES: tuple[Side, Side] = ("left", "right")
TIPS = tuple(HAND_POINTS.index(f"{finger}_tip") for finger in FINGERS)
EYE_CORNERS = tuple(f"face68.{i}" for i in (36, 39, 42, 45))
MOUTH_CORNERS = ("face68.48", "face68.54")
# Down the right cheek, round the chin, up the left one, and back along the brows.
FACE_EDGE = tuple(f"face68.{i}" for i in (*range(17), 25, 24, 19, 18))
_NUM_BROWS = 4

# Every layout has a source for these rows, or says by a missing point that it has none.
_COMMON = "wholebody133"


class Landmarks:
    """Points of a sequence in pixels, NaN where missing."""

    def __init__(self, sequence: PoseSequence) -> None:
        common = sequence.converted(_COMMON)
        there = (common.confidence > 0)[..., None]
        self._points = np.where(there, common.keypoints[..., :2].astype(np.float64), np.nan)
        self.size = np.array((sequence.width, sequence.height), np.float64)

    def mean(self, *names: str) -> Array:
        """Return the mean of the named points (T, 2), NaN unless all of them are there."""
        return self.all(*names).mean(axis=1)

    def all(self, *names: str) -> Array:
        """Return the named points (T, N, 2)."""
        return self._points[:, layout(_COMMON).find(names)]

    def hand(self, side: Side) -> Array:
        """Return a hand's points (T, 21, 2)."""
        return self.all(*(f"{side}_hand.{point}" for point in HAND_POINTS))

    def neck(self) -> Array:
        """Return the middle between the shoulders (T, 2)."""
        return self.mean("body.left_shoulder", "body.right_shoulder")

    def head(self) -> Array:
        """Return the middle between the eyes and the mouth (T, 2): it keeps still when both move.

        Where the face is missing, the nose of the body stands in, moved by its median offset.
        """
        face = (self.mean(*EYE_CORNERS) + self.mean(*MOUTH_CORNERS)) / 2
        nose = self.mean("body.nose")
        offset = median(face - nose)
        nose = nose + (np.zeros(2) if offset is None else offset)
        return np.where(np.isnan(face), nose, face)

    def torso(self) -> Array:
        """Return left shoulder, right shoulder, right hip, left hip (T, 4, 2)."""
        return self.all(
            *("body.left_shoulder", "body.right_shoulder", "body.right_hip", "body.left_hip")
        )

    def face_edge(self) -> Array:
        """Return the outline of the face (T, V, 2), the forehead drawn above the brows."""
        edge = self.all(*FACE_EDGE)
        upwards = self.mean(*EYE_CORNERS) - self.mean(*MOUTH_CORNERS)
        edge[:, -_NUM_BROWS:] += 0.6 * upwards[:, None]
        return edge


def median(track: Array) -> Array | None:
    """Return the median (2,) over the frames in which a point (T, 2) is there; None without any."""
    there = track[np.isfinite(track).all(axis=1)]
    return np.median(there, axis=0) if len(there) else None


def filled(track: Array) -> Array:
    """Return a track (T, 2) with its gaps bridged in straight lines; all NaN stays so."""
    there = np.flatnonzero(np.isfinite(track).all(axis=1))
    if not len(there):
        return track
    frames = np.arange(len(track))
    return np.stack([np.interp(frames, there, track[there, axis]) for axis in (0, 1)], axis=1)


def length(vectors: NDArray[np.floating[Any]]) -> Array:
    """Return the lengths of vectors (..., 2)."""
    return np.asarray(np.hypot(vectors[..., 0], vectors[..., 1]), np.float64)


def down(distance: float) -> Array:
    """Return the vector (2,) that points down by so many pixels."""
    return np.array((0.0, distance))
