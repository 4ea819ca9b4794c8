"""The head's own axes and what the face does in them: openings, brows, gaze, turns of the head.

Each is a track over time of one sequence, free of its place and size; comparing is expression.py's.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pose_sequences import face_mesh
from signgen.evaluation.poses.marks import Array, lengths

LIPS = tuple(sorted({*face_mesh.OUTER_LIPS, *face_mesh.INNER_LIPS}))

_OUTER_CORNERS = (33, 263)
_MOUTH_PAIRS = ((13, 14), (82, 87), (312, 317))  # inner lips, upper and lower
_MOUTH_CORNERS = (61, 291)
# Eyes and brows: right, left.
_CORNERS = ((33, 133), (362, 263))
_LIDS = (((160, 144), (159, 145), (158, 153)), ((385, 380), (386, 374), (387, 373)))
_IRISES = (face_mesh.RIGHT_IRIS[0], face_mesh.LEFT_IRIS[0])
_BROWS = ((63, 105, 66), (293, 334, 296))
# Parts of the outline that neither jaw nor brows move: beside the eyes, forehead, below the ears.
_RIGHT_SIDE, _LEFT_SIDE = (33, 162, 127), (263, 389, 356)
_ABOVE, _BELOW = (109, 10, 338), (132, 93, 361, 323)


@dataclass(frozen=True, kw_only=True, eq=False)
class Head:
    """The face of T frames, NaN where it is missing.

    points (T, 478, 3) in pixels; axes (T, 3, 3): to the signer's left, down the face and back, as
    unit vectors; unit (T,): between the outer corners of the eyes; deep: whether z says anything.
    """

    points: Array
    axes: Array
    unit: Array
    deep: bool

    @classmethod
    def of(cls, points: Array, *, deep: bool) -> "Head":
        """Return the head of a face (T, 478, 3), flat unless ``deep``."""
        points = points.copy()
        if not deep:
            points[..., 2] = np.where(np.isfinite(points[..., 0]), 0.0, np.nan)
        across = _mean(points, _LEFT_SIDE) - _mean(points, _RIGHT_SIDE)
        down = _mean(points, _BELOW) - _mean(points, _ABOVE)
        left = _unit(across)
        down = _unit(down - (down * left).sum(axis=1, keepdims=True) * left)
        axes = np.stack((left, down, np.cross(left, down)), axis=1)
        right_eye, left_eye = _OUTER_CORNERS
        unit = lengths(points[:, left_eye] - points[:, right_eye])
        unit = np.where(unit > 0, unit, np.nan)
        return cls(points=points, axes=axes, unit=unit, deep=deep)

    def lips(self) -> Array:
        """Return the lips (T, 40, 3) from their middle, in the head's axes and units."""
        lips = self.points[:, LIPS]
        lips = lips - lips.mean(axis=1, keepdims=True)
        return np.asarray(lips @ self.axes.swapaxes(1, 2) / self.unit[:, None, None], np.float64)


def mouth_opening(head: Head) -> Array:
    """Return how far the inner lips are apart (T, 1), in % of the unit."""
    return _percent(_gaps(head, _MOUTH_PAIRS) / head.unit)


def mouth_width(head: Head) -> Array:
    """Return the way from one corner of the mouth to the other (T, 1), in % of the unit."""
    return _percent(_gaps(head, (_MOUTH_CORNERS,)) / head.unit)


def brow_height(head: Head) -> Array:
    """Return the height of right and left brow above the eye (T, 2), in % of the unit."""
    heights = []
    for brow, corners in zip(_BROWS, _CORNERS, strict=True):
        below = _mean(head.points, corners) - _mean(head.points, brow)
        heights.append((below * head.axes[:, 1]).sum(axis=1) / head.unit)
    return 100 * np.stack(heights, axis=1)


def eye_aperture(head: Head) -> Array:
    """Return how far right and left eye are open (T, 2), in % of the eye's width."""
    apertures = []
    for lids, corners in zip(_LIDS, _CORNERS, strict=True):
        width = _gaps(head, (corners,))
        apertures.append(_gaps(head, lids) / np.where(width > 0, width, np.nan))
    return 100 * np.stack(apertures, axis=1)


def gaze(head: Head) -> Array:
    """Return where the irises stand, to the left and down (T, 2), in % of the eye's width."""
    places = []
    for iris, corners in zip(_IRISES, _CORNERS, strict=True):
        width = _gaps(head, (corners,))
        offset = head.points[:, iris] - _mean(head.points, corners)
        along = (head.axes[:, :2] * offset[:, None]).sum(axis=2)  # (T, 2)
        places.append(along / np.where(width > 0, width, np.nan)[:, None])
    return 100 * np.mean(places, axis=0)


def yaw(head: Head) -> Array:
    """Return the turn to the signer's left (T, 1) in degrees; NaN without depths."""
    left = head.axes[:, 0]
    return _degrees(np.arctan2(left[:, 2], left[:, 0])) if head.deep else _unknown(head)


def pitch(head: Head) -> Array:
    """Return the bow of the head (T, 1) in degrees; NaN without depths."""
    down = head.axes[:, 1]
    return _degrees(np.arctan2(down[:, 2], down[:, 1])) if head.deep else _unknown(head)


def roll(head: Head) -> Array:
    """Return the tilt of the head in the picture, clockwise (T, 1), in degrees."""
    left = head.axes[:, 0]
    return _degrees(np.arctan2(left[:, 1], np.hypot(left[:, 0], left[:, 2])))


Feature = Callable[[Head], Array]


def _gaps(head: Head, pairs: tuple[tuple[int, int], ...]) -> Array:
    gaps = [lengths(head.points[:, a] - head.points[:, b]) for a, b in pairs]
    return np.asarray(np.mean(gaps, axis=0), np.float64)


def _mean(points: Array, rows: tuple[int, ...]) -> Array:
    return np.asarray(points[:, rows].mean(axis=1), np.float64)


def _unit(vectors: Array) -> Array:
    size = lengths(vectors)[:, None]
    return vectors / np.where(size > 0, size, np.nan)


def _percent(track: Array) -> Array:
    return 100 * track[:, None]


def _degrees(track: Array) -> Array:
    return np.asarray(np.degrees(track), np.float64)[:, None]


def _unknown(head: Head) -> Array:
    return np.full((len(head.points), 1), np.nan)
