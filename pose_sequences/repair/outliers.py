"""Points that cannot be true: spikes out of and back into a path, and bones longer than they are.

Only finds them; what takes their place is the business of gaps.py. A fast stroke is no spike: its
neighbours are fast too.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pose_sequences.layout import PARTS, Part
from pose_sequences.repair.scale import HANDS, shoulder_width
from pose_sequences.sequence import PoseSequence

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Shoulder widths a second squared, some 75 m/s²: what no hand or head does, out and back at once.
MAX_ACCELERATION = 200.0
LONGEST_SPIKE = 2  # frames
_OVER_NEIGHBOURS = 3.0  # times the speed just before and after
_OVER_USUAL = 6.0  # times the median deviation of that point
_BAD_POINTS = 5  # of a hand: with more, the hand as a whole is not believed

LONGEST_BONE = 1.6  # times its 90th percentile in the clip


def spikes(sequence: PoseSequence) -> Mask:
    """Return (T, K): points that leave their path and are back within LONGEST_SPIKE frames.

    A hand is judged by its wrist and by its points relative to the wrist, and given up as a whole
    where many of them are off.
    """
    found = np.zeros(sequence.confidence.shape, np.bool_)
    unit = shoulder_width(sequence)
    for part in PARTS:
        keypoints, confidence = sequence.part(part)
        points, there = keypoints[..., :2] / unit, confidence > 0
        if part in HANDS:
            points[:, 1:] -= points[:, :1]
            there[:, 1:] &= there[:, :1]
        off = _spiking(points.astype(np.float64), there, sequence.fps)
        if part in HANDS:
            off |= (off[:, :1] | (off.sum(axis=1, keepdims=True) > _BAD_POINTS)) & (confidence > 0)
        found[:, sequence.points.part(part)] = off
    return found


def stretched(sequence: PoseSequence) -> Mask:
    """Return (T, K): points all of whose bones are far longer than in nine tenths of the clip.

    Too short is no fault: so does a bone look that points at the camera.
    """
    found = np.zeros(sequence.confidence.shape, np.bool_)
    parts: tuple[Part, ...] = ("body", *HANDS)
    for part in parts:
        limbs = sequence.points.limbs(part)
        there = (sequence.confidence[:, limbs] > 0).all(axis=2)  # (T, L)
        ends = sequence.keypoints[:, limbs, :2].astype(np.float64)
        length = np.where(there, np.linalg.norm(ends[:, :, 0] - ends[:, :, 1], axis=2), np.nan)
        long = _too_long(length)
        for row in np.unique(limbs):
            own = (limbs == row).any(axis=1)
            seen = there[:, own]
            found[:, row] = (long[:, own] | ~seen).all(axis=1) & seen.any(axis=1)
    return found


def without(sequence: PoseSequence, points: Mask) -> PoseSequence:
    """Return the sequence with ``points`` (T, K) missing."""
    return replace(
        sequence,
        keypoints=np.where(points[..., None], np.float32(0), sequence.keypoints),
        confidence=np.where(points, np.float32(0), sequence.confidence),
    )


def _spiking(points: Array, there: Mask, fps: float) -> Mask:
    """Return (T, N) for points (T, N, 2) in shoulder widths."""
    off = np.zeros(there.shape, np.bool_)
    path = np.where(there[..., None], points, np.nan)
    step = np.linalg.norm(np.diff(path, axis=0), axis=2)  # (T - 1, N)
    for length in range(1, LONGEST_SPIKE + 1):
        starts = len(path) - length - 1  # a spike begins one frame after each
        if starts < 1:
            break
        deviation = _deviation(path, length)
        neighbours = _speed_around(step, length)
        chord = np.linalg.norm(path[length + 1 :] - path[:starts], axis=2) / (length + 1)
        limit = np.maximum(MAX_ACCELERATION / 2 / fps**2, _OVER_USUAL * _median(deviation))
        limit = np.maximum(limit, _OVER_NEIGHBOURS * np.maximum(neighbours, chord))
        hit = deviation > limit  # False for NaN
        for i in range(length):
            off[1 + i : 1 + i + starts] |= hit
    return off


def _deviation(path: Array, length: int) -> Array:
    """Return (T - length - 1, N): how far at least the frames between are off the straight way."""
    starts = len(path) - length - 1
    first, last = path[:starts], path[length + 1 :]
    ways = (
        path[i : i + starts] - (first + (last - first) * (i / (length + 1)))
        for i in range(1, length + 1)
    )
    return np.min([np.linalg.norm(way, axis=2) for way in ways], axis=0)


def _speed_around(step: Array, length: int) -> Array:
    """Return (T - length - 1, N): the larger step just before and just after the frames between."""
    padded = np.nan_to_num(np.pad(step, ((1, 1), (0, 0))))
    return np.maximum(padded[: len(step) - length], padded[length + 2 :])


def _median(values: Array) -> Array:
    known = np.isfinite(values).any(axis=0)
    median = np.zeros(values.shape[1])
    median[known] = np.nanmedian(values[:, known], axis=0)
    return median


def _too_long(length: Array) -> Mask:
    """Return (T, L) for the lengths of bones, NaN where one is not seen."""
    known = np.isfinite(length).any(axis=0)
    usual = np.full(length.shape[1], np.inf)
    usual[known] = np.nanpercentile(length[:, known], 90, axis=0)
    ratio = length / np.maximum(usual, 1e-6)
    # A hand that comes nearer grows as a whole.
    return ratio > LONGEST_BONE * np.maximum(1, _median(ratio.T)[:, None])
