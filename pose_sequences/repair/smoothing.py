"""Jitter taken out of a path without lag, and without taking the speed out of a stroke.

Every point is smoothed by itself within its runs of frames, never across a gap; a hand as its wrist
and its handshape. ``one-euro`` opens with the speed of the point and so spares strokes; ``savgol``
fits parabolas everywhere alike, as many corpora were smoothed.
"""

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pose_sequences.coverage import missing_runs
from pose_sequences.layout import Part
from pose_sequences.repair.scale import HANDS, shoulder_width
from pose_sequences.sequence import PoseSequence

Method = Literal["none", "one-euro", "savgol"]
Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# At strength 1; lengths in shoulder widths.
STILL_CUTOFF = 1.0  # Hz, of a point at rest
OPENING_SPEED = 0.18  # a second: there the cutoff has doubled
SPEED_CUTOFF = 4.0  # Hz, of the velocity that opens it
JITTER_STEP = 0.05  # from frame to frame: what goes beyond is movement, however short
_AROUND = 0.1  # seconds: a stroke that turns back is fast at its turning point too
SAVGOL_SECONDS = 0.28  # the length of one parabola


def smooth(sequence: PoseSequence, part: Part, method: Method, strength: float) -> PoseSequence:
    """Return the sequence with a part smoothed: x, y and z by the same weights.

    strength: 0 for none, 1 for what suits signing, 2 for twice as long an average.
    """
    if method == "none" or strength == 0:
        return sequence
    rows = sequence.points.part(part)
    points = sequence.keypoints[:, rows].astype(np.float64)
    there = sequence.confidence[:, rows] > 0
    unit = shoulder_width(sequence)

    def smoothed(path: Array, there: Mask) -> Array:
        if method == "savgol":
            return _savgol(path, there, strength * SAVGOL_SECONDS * sequence.fps)
        return _one_euro(path, there, sequence.fps, unit, strength)

    if part in HANDS:
        # A handshape is held while the hand moves fast, and fingers move while the hand rests.
        wrist = smoothed(points[:, :1], there[:, :1])
        fingers = smoothed(points[:, 1:] - points[:, :1], there[:, 1:] & there[:, :1])
        points = np.concatenate((wrist, wrist + fingers), axis=1)
    else:
        points = smoothed(points, there)
    keypoints = sequence.keypoints.copy()
    keypoints[:, rows] = np.where(there[..., None], points, 0)
    return replace(sequence, keypoints=keypoints)


def _one_euro(path: Array, there: Mask, fps: float, unit: float, strength: float) -> Array:
    """Return the path (T, N, 3) through the 1€ filter (Casiez, Roussel and Vogel 2012).

    Two things differ from the paper. The filter runs in both directions, so that nothing lags. Its
    cutoff grows with the square of the speed, not with the speed: jitter hardly opens it.
    """
    speed = _speed(path[..., :2] / unit, there, fps)
    cutoff = STILL_CUTOFF / strength * (1 + (speed / OPENING_SPEED) ** 2)
    return _both_ways(path, there, _weight(cutoff, fps))


def _weight(cutoff: Array, fps: float) -> Array:
    # Equation 5 of the paper, with the time constant of its equation 6.
    return 1 / (1 + fps / (2 * np.pi * cutoff))


def _speed(path: Array, there: Mask, fps: float) -> Array:
    """Return (T, N): the speed that is no jitter, the largest of the frames around.

    It is the speed of the smoothed velocity, or what a step has above JITTER_STEP if that is more:
    a finger that wiggles fast has no steady velocity.
    """
    joined = there[1:] & there[:-1]
    steps = np.where(joined[..., None], np.diff(path, axis=0), 0) * fps
    steady = np.full(joined.shape, _weight(np.array(SPEED_CUTOFF), fps))
    velocity = np.linalg.norm(_both_ways(steps, joined, steady), axis=2)
    beyond = np.linalg.norm(steps, axis=2) - JITTER_STEP * fps
    reach = max(1, round(_AROUND * fps))
    speed = np.where(joined, np.maximum(velocity, beyond), 0)
    padded = np.pad(speed, ((reach, reach), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach, axis=0)
    return windows.max(axis=2)


def _both_ways(path: Array, there: Mask, weight: Array) -> Array:
    """Return the mean of forth-and-back and back-and-forth: the same for a path run backwards."""

    def forth(path: Array) -> Array:
        return _forth(path, there, weight)

    def back(path: Array) -> Array:
        return _forth(path[::-1], there[::-1], weight[::-1])[::-1]

    return (back(forth(path)) + forth(back(path))) / 2


def _forth(path: Array, there: Mask, weight: Array) -> Array:
    smoothed = path.copy()
    for t in range(1, len(path)):
        step = np.where(there[t] & there[t - 1], weight[t], 1)[:, None]
        smoothed[t] = smoothed[t - 1] + step * (path[t] - smoothed[t - 1])
    return smoothed


def _savgol(path: Array, there: Mask, frames: float) -> Array:
    """Return the path through parabolas fitted to ``frames`` frames (Savitzky and Golay 1964)."""
    smoothed = path.copy()
    reach = max(1, round((frames - 1) / 2))
    runs, of_point = np.unique(there, axis=1, return_inverse=True)
    for i, column in enumerate(runs.T):
        points = np.flatnonzero(of_point.ravel() == i)
        for start, stop in missing_runs(~column):
            run = path[start:stop, points]
            smoothed[start:stop, points] = _parabolas(run, min(reach, (stop - start - 1) // 2))
    return smoothed


def _parabolas(run: Array, reach: int) -> Array:
    """Return a run (T, N, 3) smoothed; its ends lie on the first and the last whole parabola."""
    at = np.arange(-reach, reach + 1)
    powers = np.vander(at, min(3, len(at)))
    fit = powers @ np.linalg.pinv(powers)  # (2 reach + 1, 2 reach + 1): values to fitted values
    windows = np.lib.stride_tricks.sliding_window_view(run, len(at), axis=0)  # (.., N, 3, frames)
    head = np.moveaxis(windows[0] @ fit[:reach].T, -1, 0)
    tail = np.moveaxis(windows[-1] @ fit[reach + 1 :].T, -1, 0)
    return np.concatenate((head, windows @ fit[reach], tail))
