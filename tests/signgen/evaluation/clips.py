"""Procedural clips for the measures: a signer's keypoints, and pictures with something in them."""

import numpy as np
from numpy.typing import NDArray

from pose_sequences.sequence import PoseSequence
from signgen.evaluation.figures import Chunk, Figure, Measure
from signgen.evaluation.regions import Regions, find_regions
from tests.signer import signing

SIDE = 128
NUM_FRAMES = 6
Frames = NDArray[np.uint8]


def signed(num_frames: int = NUM_FRAMES) -> PoseSequence:
    """Return keypoints with both hands and the face in view."""
    return signing(60).frames(20, 20 + num_frames)


def regions(num_frames: int = NUM_FRAMES) -> Regions:
    """Return the boxes of ``signed`` in pictures of SIDE."""
    return find_regions(signed(num_frames), (SIDE, SIDE))


def filmed(num_frames: int = NUM_FRAMES, seed: int = 0, side: int = SIDE) -> Frames:
    """Return frames (T, side, side, 3) of smooth colours under fine texture."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 215, (num_frames, side // 8, side // 8, 3))
    smooth = coarse.repeat(8, axis=1).repeat(8, axis=2)
    return (smooth + rng.integers(-20, 21, smooth.shape)).astype(np.uint8)


def noisy(frames: Frames, spread: float, seed: int = 1) -> Frames:
    """Return frames with Gaussian noise on them."""
    noise = np.random.default_rng(seed).normal(0, 1, frames.shape) * spread
    return np.clip(frames + noise, 0, 255).round().astype(np.uint8)


def shown(
    measure: Measure,
    generated: Frames,
    reference: Frames | None,
    boxes: Regions,
    size: int = 4,
) -> dict[str, Figure]:
    """Return the figures of a clip by key, handed over in chunks of ``size`` frames."""
    for first in range(0, len(generated), size):
        stop = min(first + size, len(generated))
        measure.add(
            Chunk(
                first=first,
                generated=generated[first:stop],
                reference=None if reference is None else reference[first:stop],
                regions=boxes.frames(first, stop),
            )
        )
    return {figure.key: figure for figure in measure.figures()}
