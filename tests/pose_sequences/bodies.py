"""Signers of other builds, cut from one sequence: broad, long-armed, cropped, without hands."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pose_sequences.layout import PARTS
from pose_sequences.sequence import PoseSequence, mark_missing
from tests.signer import signing

_HEAD = ("nose", "eye", "ear", "mouth")


def built(
    sequence: PoseSequence,
    *,
    shoulders: float = 1,
    arms: float = 1,
    head: float = 1,
    hands: float = 1,
) -> PoseSequence:
    """Return the sequence with parts made larger or smaller, in pixels, about the neck."""
    rows = sequence.points.rows
    place = sequence.keypoints.astype(np.float64)
    new = place.copy()
    left, right = rows["body.left_shoulder"], rows["body.right_shoulder"]
    neck = (place[:, left] + place[:, right])[:, None] / 2
    across = np.array((shoulders, 1, 1))
    for point, row in rows.items():
        part, name = point.split(".")
        if part in ("face", "face68") or any(word in name.split("_") for word in _HEAD):
            new[:, row] = neck[:, 0] + head * (place[:, row] - neck[:, 0])
        elif part == "body":
            new[:, row] = neck[:, 0] + across * (place[:, row] - neck[:, 0])
    for side, shoulder in (("left", left), ("right", right)):
        wrist = rows[f"body.{side}_wrist"]
        for row in (rows[f"body.{side}_elbow"], wrist):
            new[:, row] = new[:, shoulder] + arms * (place[:, row] - place[:, shoulder])
        hand = sequence.points.part("left_hand" if side == "left" else "right_hand")
        new[:, hand] = new[:, None, wrist] + hands * (place[:, hand] - place[:, None, wrist])
    return _with(sequence, new)


def seen_from(
    sequence: PoseSequence, scale: float, offset: tuple[float, float], size: tuple[int, int]
) -> PoseSequence:
    """Return the sequence as another camera sees it: scaled, moved, in a frame of another size."""
    keypoints = sequence.keypoints * np.array((scale, scale, 1)) + np.array((*offset, 0))
    keypoints[..., 2] *= scale * sequence.width / size[0]
    return _with(replace(sequence, width=size[0], height=size[1]), keypoints)


def without(sequence: PoseSequence, *parts: str) -> PoseSequence:
    """Return the sequence with whole parts missing."""
    confidence = sequence.confidence.copy()
    for part in PARTS:
        if part in parts:
            confidence[:, sequence.points.part(part)] = 0
    keypoints, confidence = mark_missing(sequence.keypoints, confidence)
    return replace(sequence, keypoints=keypoints, confidence=confidence)


def other_bodies() -> dict[str, PoseSequence]:
    """Return references that ask for something different each."""
    signer = signing(seed=3)
    return {
        "broad, long arms": built(signer, shoulders=1.3, arms=1.3),
        "narrow, short arms": built(signer, shoulders=0.8, arms=0.8, hands=0.85),
        "large head": built(signer, head=1.3),
        "cropped close-up": seen_from(signer, 2.5, (-120, -60), (400, 320)),
        "hands hidden, one frame": without(signer.frames(40, 41), "left_hand", "right_hand"),
        "one frame": signer.frames(30, 31),
    }


def _with(sequence: PoseSequence, keypoints: NDArray[np.floating[Any]]) -> PoseSequence:
    clean, confidence = mark_missing(keypoints, sequence.confidence)
    return replace(sequence, keypoints=clean, confidence=confidence)
