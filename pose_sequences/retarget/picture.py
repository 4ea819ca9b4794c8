"""A picture of a retargeting for people: source, reference and result, frame below frame."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pose_sequences.draw import draw
from pose_sequences.draw.preview import fitted
from pose_sequences.sequence import PoseSequence

Image = NDArray[np.uint8]

_SPACE, _GROUND = 4, 40


def comparison(
    source: PoseSequence,
    reference: PoseSequence,
    result: PoseSequence,
    *,
    num_frames: int = 8,
    tile: int = 240,
) -> Image:
    """Return a picture (H, W, 3): the source above, the reference, and below the result.

    The frames are evenly spaced, those of source and result the same; num_frames: at most so many;
    tile: the longer side of one in pixels. Raises ValueError for a number below 1.
    """
    if num_frames < 1:
        raise ValueError(f"a picture of {num_frames} frames was asked for; give 1 or more")
    chosen = _spaced(result.num_frames, num_frames)
    held = _spaced(reference.num_frames, len(chosen))
    # a shorter reference is shown frame by frame, and repeated
    shown = [held[i % len(held)] for i in range(len(chosen))]
    rows = [
        _row(sequence, frames, tile)
        for sequence, frames in ((source, chosen), (reference, shown), (result, chosen))
    ]
    width = max(row.shape[1] for row in rows)
    padded = [
        np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)), constant_values=_GROUND)
        for row in rows
    ]
    return np.concatenate(padded)


def _spaced(length: int, count: int) -> list[int]:
    frames = np.linspace(0, length - 1, min(length, count)).round().astype(int)
    return [int(frame) for frame in frames]


def _row(sequence: PoseSequence, frames: Sequence[int], tile: int) -> Image:
    maps = draw(sequence, size=fitted(sequence, tile, tile), frames=frames)
    edge = ((_SPACE, 0), (_SPACE, 0), (0, 0))
    return np.concatenate([np.pad(m, edge, constant_values=_GROUND) for m in maps], axis=1)
