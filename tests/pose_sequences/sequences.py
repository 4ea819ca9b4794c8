"""Seeded pose sequences for tests: any layout, any gaps."""

import numpy as np

from pose_sequences.layout import layout
from pose_sequences.sequence import PoseSequence, Segment, mark_missing


def random_sequence(
    name: str, num_frames: int = 5, seed: int = 0, *, missing: float = 0.2, fps: float = 25.0
) -> PoseSequence:
    """Return random points in (and a little outside) a 210x260 frame, a share of them missing."""
    rng = np.random.default_rng(seed)
    size = (num_frames, len(layout(name).points))
    keypoints = rng.uniform((-20, -20, -1), (230, 280, 1), (*size, 3))
    confidence = np.where(rng.random(size) < missing, 0, rng.uniform(0.1, 1, size))
    points, trust = mark_missing(keypoints, confidence)
    middle = num_frames // 2
    segments = (Segment("HELLO", 0, middle), Segment("WÖRLD", middle, num_frames))
    return PoseSequence(
        keypoints=points,
        confidence=trust,
        fps=fps,
        width=210,
        height=260,
        layout=name,
        segments=segments if middle else (),
    )
