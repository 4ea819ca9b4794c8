"""The body that signs are measured by and fitted to: shoulders, wrists, and how fast hands move.

Lengths are in shoulder widths, so that a limit holds for every signer and every camera.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pose_sequences.layout import Part
from pose_sequences.sequence import PoseSequence

Floats = NDArray[np.floating[Any]]

SIDES = ("left", "right")
HANDS: tuple[Part, Part] = ("left_hand", "right_hand")


@dataclass(frozen=True)
class Shoulders:
    """Where a clip's signer stands: the middle between the shoulders and their distance, pixels."""

    x: float
    y: float
    width: float


def shoulders(sequence: PoseSequence) -> Shoulders | None:
    """Return the median shoulders over the frames that show both, None if there are none."""
    rows = sequence.points.find(tuple(f"body.{side}_shoulder" for side in SIDES))
    both = (sequence.confidence[:, rows] > 0).all(axis=1)
    if not both.any():
        return None
    ends = sequence.keypoints[both][:, rows, :2].astype(np.float64)  # (T, 2, 2)
    x, y = np.median(ends.mean(axis=1), axis=0)
    width = float(np.median(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)))
    return Shoulders(float(x), float(y), width) if width >= 1 else None


def fitted(
    sequence: PoseSequence, own: Shoulders, target: Shoulders, size: tuple[int, int]
) -> PoseSequence:
    """Return the sequence scaled and shifted so that its shoulders are the target's.

    size: (width, height) of the result. One scale and one shift hold for all frames, so that no
    movement is lost; z, which counts in frame widths, is scaled with the rest.
    """
    scale = target.width / own.width
    depth = scale * sequence.width / size[0]
    shift = (target.x - scale * own.x, target.y - scale * own.y, 0)
    moved = sequence.keypoints * (scale, scale, depth) + shift
    there = sequence.confidence[..., None] > 0
    return replace(
        sequence,
        keypoints=np.where(there, moved, 0).astype(np.float32),
        width=size[0],
        height=size[1],
    )


def wrists(sequence: PoseSequence, body: Shoulders) -> Floats:
    """Return (T, 2, 2): for the left and the right wrist x and y from between the shoulders.

    The body's wrist, or else the hand's; where neither is there, between the frames that have it;
    NaN for a wrist that is never there.
    """
    tracks = np.full((sequence.num_frames, 2, 2), np.nan)
    for i, side in enumerate(SIDES):
        rows = sequence.points.find((f"body.{side}_wrist", f"{side}_hand.wrist"))
        confidence = sequence.confidence[:, rows] > 0  # (T, 2)
        chosen = rows[np.where(confidence[:, 0], 0, 1)]
        there = np.flatnonzero(confidence.any(axis=1))
        if not len(there):
            continue
        points = sequence.keypoints[np.arange(sequence.num_frames), chosen, :2]
        for axis in range(2):
            track = np.interp(np.arange(sequence.num_frames), there, points[there, axis])
            tracks[:, i, axis] = track
    return (tracks - (body.x, body.y)) / body.width


def hand_speeds(sequence: PoseSequence, body: Shoulders) -> Floats:
    """Return (T - 1, 2): how fast the left and the right hand go, in shoulder widths a second.

    The mean over the hand's points that both frames have; NaN where they share none.
    """
    speeds = np.full((max(sequence.num_frames - 1, 0), 2), np.nan)
    for i, hand in enumerate(HANDS):
        keypoints, confidence = sequence.part(hand)
        both = (confidence[:-1] > 0) & (confidence[1:] > 0)
        steps = np.linalg.norm(np.diff(keypoints[..., :2], axis=0), axis=-1)  # (T - 1, P)
        count = both.sum(axis=1)
        seen = count > 0
        speeds[seen, i] = (steps * both).sum(axis=1)[seen] / count[seen]
    return speeds * sequence.fps / body.width
