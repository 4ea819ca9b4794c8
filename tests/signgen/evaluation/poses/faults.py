"""Planted faults: what goes wrong with a signer, done to exact keypoints."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pose_sequences.layout import Part
from pose_sequences.sequence import PoseSequence, mark_missing
from signgen.evaluation.poses import measure_poses

Fault = Callable[[PoseSequence], PoseSequence]


def values(target: PoseSequence, generated: PoseSequence) -> dict[str, float]:
    """Return the values of all measures against the driving poses, by key without that word."""
    figures = measure_poses(target, generated, None)
    suffix = "_vs_driving"
    return {f.key.removesuffix(suffix): f.value for f in figures if f.key.endswith(suffix)}


def with_points(
    sequence: PoseSequence, points: NDArray[np.floating[Any]], confidence: Any = None
) -> PoseSequence:
    """Return the sequence with other points (T, K, 3), and confidence where given."""
    trust = sequence.confidence if confidence is None else confidence
    clean, trusted = mark_missing(points, trust)
    return replace(sequence, keypoints=clean, confidence=trusted)


def moved(sequence: PoseSequence, x: float, y: float) -> PoseSequence:
    """Return the sequence moved by pixels."""
    return with_points(sequence, sequence.keypoints + np.array((x, y, 0)))


def jittered(sequence: PoseSequence, pixels: float, seed: int = 0) -> PoseSequence:
    """Return the sequence with every point off by Gaussian noise, the same pattern at any size."""
    noise = np.random.default_rng(seed).standard_normal(sequence.keypoints.shape)
    return with_points(sequence, sequence.keypoints + pixels * noise * (1, 1, 1 / sequence.width))


def delayed(sequence: PoseSequence, frames: int) -> PoseSequence:
    """Return the sequence coming so many frames late, its first frame held."""
    late = np.maximum(np.arange(sequence.num_frames) - frames, 0)
    return with_points(sequence, sequence.keypoints[late], sequence.confidence[late])


def frozen(sequence: PoseSequence, part: Part) -> PoseSequence:
    """Return the sequence with a part standing still as in the first frame."""
    rows = sequence.points.part(part)
    points = sequence.keypoints.copy()
    points[:, rows] = points[:1, rows]
    return with_points(sequence, points)


def mirrored_hand(sequence: PoseSequence, part: Part) -> PoseSequence:
    """Return the sequence with a hand mirrored where it stands: the other hand's palm."""
    rows = sequence.points.part(part)
    points = sequence.keypoints.copy()
    x = points[:, rows, 0]
    points[:, rows, 0] = 2 * x[:, :1] - x
    return with_points(sequence, points)


def without(sequence: PoseSequence, part: Part, start: int, stop: int) -> PoseSequence:
    """Return the sequence with a part missing in frames ``start`` to ``stop`` (not included)."""
    confidence = sequence.confidence.copy()
    confidence[start:stop, sequence.points.part(part)] = 0
    return with_points(sequence, sequence.keypoints, confidence)
