"""Quarter turns: a camera held sideways, in whole steps of 90 degrees clockwise in the picture."""

from dataclasses import replace

import numpy as np

from pose_sequences.retarget.landmarks import Landmarks, median
from pose_sequences.sequence import PoseSequence, mark_missing


def quarter_turns(marks: Landmarks) -> int:
    """Return how far a signer is turned, 0 to 3: by the way from neck to head, which is upwards.

    0 where no head is seen.
    """
    upwards = median(marks.head() - marks.neck())
    if upwards is None:
        return 0
    return round(float(np.arctan2(upwards[0], -upwards[1]) / (np.pi / 2))) % 4


def turned(sequence: PoseSequence, quarters: int) -> PoseSequence:
    """Return the sequence as it looks when its frame is turned so often."""
    for _ in range(quarters % 4):
        x, y, z = np.moveaxis(sequence.keypoints.astype(np.float64), -1, 0)
        # z counts frame widths, and the frame stands on another side now
        z = z * sequence.width / sequence.height
        keypoints, confidence = mark_missing(
            np.stack((sequence.height - y, x, z), axis=-1), sequence.confidence
        )
        sequence = replace(
            sequence,
            keypoints=keypoints,
            confidence=confidence,
            width=sequence.height,
            height=sequence.width,
        )
    return sequence
