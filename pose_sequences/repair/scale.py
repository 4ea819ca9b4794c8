"""What lengths and depths of a sequence are measured by: the signer's own shoulders.

A limit in shoulder widths means the same on any frame size and at any distance from the camera.
"""

import numpy as np

from pose_sequences.layout import Part
from pose_sequences.sequence import PoseSequence

HANDS: tuple[Part, Part] = ("left_hand", "right_hand")

_PALMS = 3.6  # a shoulder width in lengths of the palm, wrist to middle knuckle
_FRAMES = 0.3  # a shoulder width in frame widths, where neither shoulders nor hands were seen


def shoulder_width(sequence: PoseSequence) -> float:
    """Return the median width of the shoulders in pixels; from the palms if they are never seen."""
    width = _median_distance(sequence, "body.left_shoulder", "body.right_shoulder")
    if width:
        return width
    palms = [_median_distance(sequence, f"{h}.wrist", f"{h}.middle_mcp") for h in HANDS]
    return _PALMS * max(palms) or _FRAMES * sequence.width


def depth_unit(sequence: PoseSequence) -> float:
    """Return what makes a hand's z pixels: the frame width, or 1 where z is in pixels already.

    MediaPipe's z is in frame widths, so that no hand is one unit deep; a rescaled one always is.
    """
    depths = []
    for hand in HANDS:
        keypoints, confidence = sequence.part(hand)
        whole = keypoints[(confidence > 0).all(axis=1), :, 2]
        depths += [np.median(np.ptp(whole, axis=1))] if whole.size else []
    return 1.0 if depths and max(depths) > 1 else float(sequence.width)


def _median_distance(sequence: PoseSequence, a: str, b: str) -> float:
    if not {a, b} <= sequence.points.rows.keys():
        return 0.0
    ends = sequence.points.find((a, b))
    there = (sequence.confidence[:, ends] > 0).all(axis=1)
    if not there.any():
        return 0.0
    span = sequence.keypoints[there][:, ends, :2].astype(np.float64)
    return float(np.median(np.linalg.norm(span[:, 0] - span[:, 1], axis=1)))
