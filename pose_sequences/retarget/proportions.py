"""Body: the measures of a signer, taken over all frames.

In a picture a limb is never longer than it is, only shorter, so a limb's length is a high
percentile over the frames; how far one body's measures are believed is scales.py's.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pose_sequences.retarget.landmarks import (
    EYE_CORNERS,
    MOUTH_CORNERS,
    SIDES,
    Array,
    Landmarks,
    down,
    length,
    median,
)
from pose_sequences.retarget.turns import quarter_turns
from pose_sequences.sequence import PoseSequence

SHORTEST_FOREARM, SHORTEST_UPPER_ARM = 0.75, 0.9  # of each other: a shorter one is foreshortened
# of an average signer, in shoulder widths: used where a sequence shows no shoulders, or no face
TYPICAL_FACE, TYPICAL_NECK = 0.31, 0.61
_PERCENTILES = {
    "shoulders": 50.0,
    "face": 75.0,
    "eyes": 75.0,
    "neck": 50.0,
    "torso": 50.0,
    "upper_arm": 90.0,
    "forearm": 90.0,
    "hand": 90.0,
}


@dataclass(frozen=True, kw_only=True)
class Body:
    """A signer's measures in pixels of width x height.

    num_frames: they are taken from; quarters: as of turns.quarter_turns; neck (2,), tilt: median
    middle and angle of the shoulder line, 0 for level ones; lengths: of shoulders, face, eyes,
    neck, torso, upper_arm, forearm and hand, as far as they were seen.
    """

    width: int
    height: int
    num_frames: int
    quarters: int
    neck: tuple[float, float]
    tilt: float
    lengths: dict[str, float]

    @property
    def shoulders(self) -> float:
        """The width of the shoulders, judged by the face where they were never seen."""
        if "shoulders" in self.lengths:
            return self.lengths["shoulders"]
        return self.lengths["face"] / TYPICAL_FACE


def measure_body(sequence: PoseSequence) -> Body:
    """Return the measures of a signer.

    Raises ValueError where neither shoulders nor a face are seen in any frame.
    """
    marks = Landmarks(sequence)
    tracks = _length_tracks(marks)
    lengths = {
        name: float(np.percentile(there, _PERCENTILES[name]))
        for name, track in tracks.items()
        if len(there := track[np.isfinite(track) & (track > 0)])
    }
    if "upper_arm" in lengths and "forearm" in lengths:
        upper, forearm = lengths["upper_arm"], lengths["forearm"]
        lengths["forearm"] = max(forearm, SHORTEST_FOREARM * upper)
        lengths["upper_arm"] = max(upper, SHORTEST_UPPER_ARM * forearm)
    neck, head = median(marks.neck()), median(marks.head())
    if neck is None or "shoulders" not in lengths:
        if head is None or "face" not in lengths:
            raise ValueError("shows neither both shoulders nor a face in any frame")
        neck = head + down(lengths["face"] / TYPICAL_FACE * TYPICAL_NECK)
    return Body(
        width=sequence.width,
        height=sequence.height,
        num_frames=sequence.num_frames,
        quarters=quarter_turns(marks),
        neck=(float(neck[0]), float(neck[1])),
        tilt=_tilt(marks),
        lengths=lengths,
    )


def _length_tracks(marks: Landmarks) -> dict[str, Array]:
    torso = marks.torso()
    eyes, mouth = marks.mean(*EYE_CORNERS), marks.mean(*MOUTH_CORNERS)
    corners = marks.all(EYE_CORNERS[0], EYE_CORNERS[-1])
    # A turned head narrows the eyes and a nodding one shortens the face: the larger is true.
    face = np.fmax(length(eyes - mouth), length(corners[:, 0] - corners[:, 1]) / 1.32)
    hips = (torso[:, 2] + torso[:, 3]) / 2
    tracks = {
        "shoulders": length(torso[:, 0] - torso[:, 1]),
        "face": face,
        "eyes": length(marks.mean("body.left_eye") - marks.mean("body.right_eye")),
        "neck": length(marks.head() - marks.neck()),
        "torso": np.where(_inside(hips, marks.size), length(hips - marks.neck()), np.nan),
    }
    limbs: dict[str, list[Array]] = {"upper_arm": [], "forearm": [], "hand": []}
    for side in SIDES:
        names = (f"body.{side}_{joint}" for joint in ("shoulder", "elbow", "wrist"))
        shoulder, elbow, wrist = marks.all(*names).swapaxes(0, 1)
        limbs["upper_arm"].append(_seen_length(shoulder, elbow, marks.size))
        limbs["forearm"].append(_seen_length(elbow, wrist, marks.size))
        limbs["hand"].append(_palm(marks.hand(side), marks.size))
    return tracks | {name: np.concatenate(both) for name, both in limbs.items()}


def _palm(hand: Array, size: Array) -> Array:
    wrist, index, middle, pinky = (hand[:, i] for i in (0, 5, 9, 17))
    sides = [_seen_length(a, b, size) for a, b in ((wrist, index), (wrist, middle), (wrist, pinky))]
    return np.asarray(np.max(sides, axis=0), np.float64)


def _seen_length(start: Array, end: Array, size: Array) -> Array:
    """Return |start - end| (T,), NaN where the detector guessed a joint outside the frame."""
    return np.where(_inside(start, size) & _inside(end, size), length(start - end), np.nan)


def _inside(points: Array, size: Array) -> NDArray[np.bool_]:
    return np.asarray(((points >= 0) & (points <= size)).all(axis=-1))


def _tilt(marks: Landmarks) -> float:
    left, right = marks.torso()[:, :2].swapaxes(0, 1)
    across = median(left - right)
    return 0.0 if across is None else float(np.arctan2(across[1], across[0]))
