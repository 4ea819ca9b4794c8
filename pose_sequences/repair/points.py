"""Single points that are missing for a short time: those of body and face, and of a hand seen.

A point of a hand is carried by its wrist; hands missing as a whole are the business of gaps.py.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pose_sequences.layout import PARTS, Part
from pose_sequences.repair.gaps import filled_confidence, whole_hands
from pose_sequences.repair.scale import HANDS
from pose_sequences.sequence import PoseSequence

BODY_AND_FACE: tuple[Part, ...] = tuple(part for part in PARTS if part not in HANDS)


def fill_points(sequence: PoseSequence, part: Part, max_frames: int) -> PoseSequence:
    """Return the sequence with points of ``part`` interpolated.

    A point is interpolated where it is missing for at most ``max_frames`` between two frames that
    have it; in a hand, only in frames that show the hand.
    """
    rows = sequence.points.part(part)
    points, confidence = (array.copy() for array in sequence.part(part))
    origin = np.zeros((len(points), 1, 3), np.float32)
    shown = np.ones((len(points), 1), np.bool_)
    if part in HANDS:
        origin, shown = points[:, :1].copy(), whole_hands(sequence, part)[:, None]
    before, after, short = _neighbours((confidence > 0) & shown, max_frames)
    frame, point = np.nonzero(short & shown)
    first, last = before[frame, point], after[frame, point]
    share = ((frame - first) / (last - first))[:, None]
    relative = points - origin
    between = (1 - share) * relative[first, point] + share * relative[last, point]
    points[frame, point] = between + origin[frame, 0]
    confidence[frame, point] = filled_confidence(confidence[first, point], confidence[last, point])
    keypoints, trust = sequence.keypoints.copy(), sequence.confidence.copy()
    keypoints[:, rows], trust[:, rows] = points, confidence
    return replace(sequence, keypoints=keypoints, confidence=trust)


def _neighbours(
    there: NDArray[np.bool_], max_frames: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Return for points (T, P) the frames around that have them, and whether the gap is short.

    The first array is the last frame before, the second the first frame after.
    """
    count = np.arange(len(there))[:, None]
    before = np.maximum.accumulate(np.where(there, count, -1), axis=0)
    far = len(there)
    after = np.minimum.accumulate(np.where(there, count, far)[::-1], axis=0)[::-1]
    short = (before >= 0) & (after < far) & (after - before - 1 <= max_frames)
    return before, after, short & ~there
