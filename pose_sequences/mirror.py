"""A sequence as its signer would look in a mirror: a left-hander's signing from a right-hander's.

Only points are mirrored; the picture that goes with them is the business of whoever has it.
"""

from dataclasses import replace

import numpy as np

from pose_sequences.sequence import PoseSequence

_OTHER_HAND = {"left": "right", "right": "left", "": ""}


def mirrored(sequence: PoseSequence) -> PoseSequence:
    """Return the sequence with left and right exchanged: hands, body, face mesh, handedness.

    x becomes width - x: points lie on the picture's plane, whose edges are 0 and width, and not on
    pixel numbers. Every point keeps its meaning, so the left hand of the result is the right hand
    of ``sequence``. Mirrored twice is the original, up to the rounding of float32.
    """
    rows = sequence.points.mirrored
    confidence = sequence.confidence[:, rows]
    keypoints = sequence.keypoints[:, rows]
    x = np.where(confidence > 0, sequence.width - keypoints[..., 0], np.float32(0))
    return replace(
        sequence,
        keypoints=np.stack((x, keypoints[..., 1], keypoints[..., 2]), axis=-1),
        confidence=confidence,
        handedness=_OTHER_HAND[sequence.handedness],
    )
