"""Left and right hand exchanged: frames in which the detector gave each hand the other's name.

Decided for the whole clip at once, from the wrists of the body and from where the hands were a
frame ago; a hand that is only crossed over stays what it is.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pose_sequences.repair.scale import HANDS, shoulder_width
from pose_sequences.sequence import PoseSequence

Array = NDArray[np.float64]

# In shoulder widths, the cost of: a change of names; a swapped frame, so that names stay where
# nothing speaks for either; a hand whose place is not known; a hand as far from its place as can
# be. A hand alone never changes its name for being fast: _FARTHEST < _CHANGE + _UNKNOWN.
_CHANGE, _SWAPPED, _UNKNOWN, _FARTHEST = 0.4, 0.05, 0.5, 0.8


def swapped_frames(sequence: PoseSequence) -> NDArray[np.bool_]:
    """Return (T,): the frames whose hands carry each other's name."""
    hands, arms = _wrists(sequence, "{}_hand.wrist"), _wrists(sequence, "body.{}_wrist")
    cost = np.stack([_distance(hands, arms), _distance(hands[:, ::-1], arms)], axis=1)  # (T, 2)
    cost[:, 1] += _SWAPPED
    stay = _distance(hands[1:], hands[:-1])
    change = _distance(hands[1:], hands[:-1, ::-1]) + _CHANGE
    return _cheapest_path(cost, stay, change)


def with_hands_exchanged(sequence: PoseSequence, frames: NDArray[np.bool_]) -> PoseSequence:
    """Return the sequence with the points of both hands exchanged in ``frames`` (T,)."""
    left, right = (sequence.points.part(hand) for hand in HANDS)
    rows, others = np.r_[left, right], np.r_[right, left]
    keypoints, confidence = sequence.keypoints.copy(), sequence.confidence.copy()
    at = np.flatnonzero(frames)[:, None]
    keypoints[at, rows] = sequence.keypoints[at, others]
    confidence[at, rows] = sequence.confidence[at, others]
    return replace(sequence, keypoints=keypoints, confidence=confidence)


def _wrists(sequence: PoseSequence, name: str) -> Array:
    """Return both wrists (T, 2, 2) in shoulder widths, NaN where they are missing."""
    rows = sequence.points.find((name.format("left"), name.format("right")))
    there = sequence.confidence[:, rows, None] > 0
    return np.where(there, sequence.keypoints[:, rows, :2] / shoulder_width(sequence), np.nan)


def _distance(hands: Array, places: Array) -> Array:
    """Return (T,) how far both hands are from their places; a hand not seen is not far."""
    apart = np.minimum(np.linalg.norm(hands - places, axis=2), _FARTHEST)
    apart = np.where(np.isfinite(places[..., 0]), apart, _UNKNOWN)
    return np.where(np.isfinite(hands[..., 0]), apart, 0.0).sum(axis=1)


def _cheapest_path(cost: Array, stay: Array, change: Array) -> NDArray[np.bool_]:
    """Return the cheapest sequence of states (Viterbi 1967): cost (T, 2), steps (T - 1,)."""
    total, came_from = cost[0], np.zeros(cost.shape, np.intp)
    for t in range(1, len(cost)):
        # Both names may be wrong in both frames: only whether they change matters to the way.
        steps = np.array(((stay[t - 1], change[t - 1]), (change[t - 1], stay[t - 1])))
        ways = total[:, None] + steps  # (from, to)
        came_from[t] = ways.argmin(axis=0)
        total = ways.min(axis=0) + cost[t]
    states = np.zeros(len(cost), np.intp)
    states[-1] = total.argmin()
    for t in range(len(cost) - 1, 0, -1):
        states[t - 1] = came_from[t, states[t]]
    return states == 1
