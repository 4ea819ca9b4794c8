"""Two sequences made comparable: the same points in the same pixels, and the units of the signer.

Missing points are NaN inside this package; what is measured on them is the other files' business.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pose_sequences.layout import PARTS, Part, conversion, layout
from pose_sequences.repair.scale import depth_unit
from pose_sequences.sequence import FAINT, PoseSequence
from signgen.evaluation.regions import FEWEST_FACE_POINTS

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Target = Literal["reference", "driving"]

TARGETS: tuple[Target, ...] = ("reference", "driving")
HANDS: tuple[Part, ...] = ("left_hand", "right_hand")
BODY = tuple(
    f"body.{point}"
    for point in (
        "nose",
        *("left_shoulder", "right_shoulder", "left_elbow", "right_elbow"),
        *("left_wrist", "right_wrist"),
    )
)
HAND_PERCENTILE = 90.0  # a hand is never longer in a picture than it is, only shorter

_COMMON = "holistic553"
_SHOULDERS = ("body.left_shoulder", "body.right_shoulder")
_SAME_ASPECT = 0.02


@dataclass(frozen=True, kw_only=True, eq=False)
class Marks:
    """The points of one sequence.

    places: for each part points (T, P, 3) in pixels, z too, NaN where unseen; the body has the rows
    of BODY, a hand 21, the face the 478 of the refined mesh. there: for each part whether the frame
    has it at all (T,). shoulder_line (T, 2, 2): left and right shoulder, also outside the frame:
    they are a measure. deep: whether z says anything.
    """

    places: dict[Part, Array]
    there: dict[Part, Flags]
    shoulder_line: Array
    deep: bool

    def shoulders(self) -> tuple[Array, float]:
        """Return the median middle of the shoulders (2,) and their median width, NaN if unseen."""
        left, right = self.shoulder_line.swapaxes(0, 1)
        both = np.isfinite(left[:, 0] + right[:, 0])
        if not both.any():
            return np.full(2, np.nan), np.nan
        middle = np.median((left[both] + right[both]) / 2, axis=0)
        return middle, _positive(float(np.median(lengths(left[both] - right[both]))))


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """What was found in a generated clip, beside what should have been found.

    against: what the target is; shoulders, hand: the target's shoulder width and hand size in
    pixels, NaN where never seen; deep: whether both have depths; fps: of the generated clip.
    """

    against: Target
    target: Marks
    generated: Marks
    shoulders: float
    hand: float
    deep: bool
    fps: float

    def key(self, name: str) -> str:
        """Return the key of a figure: SUBJECT/MEASURE and what it is measured against."""
        return f"{name}_vs_{self.against}"

    @property
    def num_frames(self) -> int:
        """The number of frames T."""
        return len(self.target.places["body"])


def pair_up(target: PoseSequence, generated: PoseSequence, against: Target) -> Pair:
    """Return the two in pixels of the generated clip, over the points that both layouts name.

    A point of the target that lies outside the frame is unseen: nobody could draw it. Neighbours
    that stand in for a point of another layout are not compared. Raises ValueError where the
    lengths or the shapes of the frames differ.
    """
    if target.num_frames != generated.num_frames:
        raise ValueError(
            f"the generated clip has {generated.num_frames} frames and the {against} poses "
            f"{target.num_frames}; give poses of the same clip, at its frame rate"
        )
    size, other = (generated.width, generated.height), (target.width, target.height)
    if abs(np.log(size[0] * other[1] / (size[1] * other[0]))) > _SAME_ASPECT:
        raise ValueError(
            f"the generated clip is {size[0]}x{size[1]} and the {against} poses are of a frame of "
            f"{other[0]}x{other[1]}, another shape; retarget the poses to the clip"
        )
    wanted = _marks(target, size, inside=True)
    found = _marks(generated, size, inside=False)
    return Pair(
        against=against,
        target=wanted,
        generated=found,
        shoulders=wanted.shoulders()[1],
        hand=_hand_size(wanted),
        deep=wanted.deep and found.deep,
        fps=generated.fps,
    )


def lengths(vectors: Array) -> Array:
    """Return the lengths of vectors (..., 2 or 3)."""
    return np.asarray(np.sqrt(np.square(vectors).sum(axis=-1)), np.float64)


def _marks(sequence: PoseSequence, size: tuple[int, int], *, inside: bool) -> Marks:
    common = sequence.converted(_COMMON)
    seen = common.confidence > FAINT
    seen[:, layout(_COMMON).find(conversion(sequence.layout, _COMMON).approximate)] = False
    scale = np.array(size) / (sequence.width, sequence.height)
    deep = depth_unit(sequence) * scale[0]
    points = common.keypoints * np.array((*scale, deep))
    shoulder_rows = layout(_COMMON).find(_SHOULDERS)
    shoulder_line = np.where(seen[:, shoulder_rows, None], points[:, shoulder_rows, :2], np.nan)
    if inside:
        seen &= ((points[..., :2] >= 0) & (points[..., :2] <= size)).all(axis=-1)
    places = np.where(seen[..., None], points, np.nan)
    parts = {part: places[:, _rows(part)] for part in PARTS}
    for hand in HANDS:  # a hand of which little is left is no hand
        gone = np.isnan(parts[hand][..., 0]).mean(axis=1) > 0.5
        parts[hand][gone] = np.nan
    return Marks(
        places=parts,
        there={part: _there(sequence, part) for part in PARTS},
        shoulder_line=shoulder_line,
        deep=bool(np.any(common.keypoints[..., 2])),
    )


def _there(sequence: PoseSequence, part: Part) -> Flags:
    """Return (T,): as PoseSequence.seen, of a face a few points: files may keep its contours."""
    if part != "face":
        return sequence.seen(part)
    seen = sequence.part(part)[1] > FAINT
    return np.asarray(seen.sum(axis=1) >= FEWEST_FACE_POINTS)


def _rows(part: Part) -> NDArray[np.intp]:
    return layout(_COMMON).find(BODY) if part == "body" else layout(_COMMON).part(part)


def _hand_size(marks: Marks) -> float:
    """Return the longer side of a hand's box, at its largest: a signer's hands are of one size."""
    hands = np.concatenate([marks.places[hand][..., :2] for hand in HANDS])
    hands = hands[np.isfinite(hands).all(axis=(1, 2))]
    if not len(hands):
        return np.nan
    return _positive(float(np.percentile(np.ptp(hands, axis=1).max(axis=1), HAND_PERCENTILE)))


def _positive(size: float) -> float:
    return size if size > 0 else np.nan
