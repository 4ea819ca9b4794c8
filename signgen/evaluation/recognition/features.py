"""What a recogniser looks at: a signer's poses as numbers free of the signer's place and size.

One row a frame: where arms and hands are, how fingers and palms stand, what face and head do; and
which parts were seen. A left-handed signer is seen in a mirror: who leads with the other hand signs
the same.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pose_sequences.layout import HAND_POINTS, conversion, layout
from pose_sequences.mirror import mirrored
from pose_sequences.repair.scale import depth_unit
from pose_sequences.sequence import FAINT, PoseSequence
from signgen.evaluation.poses import head
from signgen.evaluation.poses.handshape import flexions
from signgen.evaluation.poses.head import Head

Array = NDArray[np.float64]
Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")
PARTS = ("arms", "left_hand", "right_hand", "face")
SETTINGS = "features:1|layout:holistic553|leading hand:the higher wrist, on average over the clip"
ROW = 304  # numbers of a moment: values and seen

_LAYOUT = "holistic553"
_ARM_POINTS = ("elbow", "wrist")
_WRIST, _INDEX, _MIDDLE, _PINKY = (
    HAND_POINTS.index(point) for point in ("wrist", "index_mcp", "middle_mcp", "pinky_mcp")
)
_TIPS = tuple(HAND_POINTS.index(f"{finger}_tip") for finger in ("thumb", "index", "middle"))
_HAND_PERCENTILE = 90.0  # a hand is never longer in a picture than it is, only shorter
_LEAST_HAND = 0.5  # of a hand's points, from which on it is there
_TRAITS = (
    *((head.mouth_opening, 10.0), (head.mouth_width, 10.0), (head.brow_height, 5.0)),
    *((head.eye_aperture, 10.0), (head.gaze, 5.0)),
    *((head.yaw, 10.0), (head.pitch, 10.0), (head.roll, 10.0)),
)  # and how much they move


@dataclass(frozen=True, kw_only=True, eq=False)
class Features:
    """values (T, F): of PARTS one after the other, with gaps bridged from the frames beside; seen
    (T, P): whether each of PARTS was there. The right hand is the one that leads.
    """

    values: NDArray[np.float32]
    seen: NDArray[np.float32]

    def part(self, start: int, stop: int) -> "Features":
        """Return frames ``start`` to ``stop`` (not included)."""
        return Features(values=self.values[start:stop], seen=self.seen[start:stop])


def features(sequence: PoseSequence) -> Features:
    """Return what a recogniser sees in poses of a whole clip, in any layout.

    What a layout lacks is as what was never seen: 0, and not seen. Poses without the shoulders,
    which everything is measured by, are not seen at all.
    """
    marks = _Marks.of(right_handed(sequence))
    blocks = {"arms": _arms(marks), **{f"{s}_hand": _hand(marks, s) for s in SIDES}}
    blocks["face"] = _face(marks)
    seen = np.stack([np.isfinite(blocks[part]).mean(1) > _LEAST_HAND for part in PARTS], 1)
    values = np.concatenate([_bridged(blocks[part]) for part in PARTS], 1)
    return Features(values=values.astype(np.float32), seen=seen.astype(np.float32))


def right_handed(sequence: PoseSequence) -> PoseSequence:
    """Return the sequence, mirrored if the left wrist is the higher one on average.

    The leading hand is not in one sign, but in all: it acts alone or more than the other.
    """
    rows = sequence.points.find(("body.left_wrist", "body.right_wrist"))
    both = (sequence.confidence[:, rows] > FAINT).all(axis=1)
    left, right = sequence.keypoints[both][:, rows, 1].sum(axis=0)  # y grows downwards
    return mirrored(sequence) if left < right else sequence


def resampled(found: Features, steps: int) -> NDArray[np.float32]:
    """Return values and seen (steps, F + P) at evenly spread moments from first to last frame."""
    rows = np.concatenate([found.values, found.seen], 1)
    places = np.linspace(0, len(rows) - 1, steps)
    before = np.floor(places).astype(np.intp)
    after = np.minimum(before + 1, len(rows) - 1)
    share = (places - before)[:, None]
    return np.asarray((1 - share) * rows[before] + share * rows[after], np.float32)


@dataclass(frozen=True)
class _Marks:
    """points (T, 553, 3) in shoulder widths from between the shoulders, NaN where unseen; deep."""

    points: Array
    deep: bool

    @classmethod
    def of(cls, sequence: PoseSequence) -> "_Marks":
        common = sequence.converted(_LAYOUT)
        rows = layout(_LAYOUT)
        there = common.confidence > FAINT
        there[:, rows.find(conversion(sequence.layout, _LAYOUT).approximate)] = False
        points = common.keypoints * np.array((1, 1, depth_unit(sequence)))
        points = np.where(there[..., None], points, np.nan)
        ends = points[:, rows.find(("body.left_shoulder", "body.right_shoulder")), :2]
        ends = ends[np.isfinite(ends).all((1, 2))]
        middle, width = np.full(2, np.nan), np.nan
        if len(ends):
            middle = np.median(ends.mean(1), 0)
            width = float(np.median(np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1))) or np.nan
        points[..., :2] -= middle
        return cls(points / width, deep=bool(common.keypoints[..., 2].any()))

    def body(self, name: str) -> Array:
        return self.points[:, layout(_LAYOUT).rows[f"body.{name}"], :2]

    def hand(self, side: Side) -> Array:
        own = layout(_LAYOUT).part("left_hand" if side == "left" else "right_hand")
        hand = self.points[:, own].copy()
        hand[np.isnan(hand[..., 0]).mean(1) > _LEAST_HAND] = np.nan
        return hand


def _arms(marks: _Marks) -> Array:
    """Return elbows and wrists from the shoulders, and the shoulders' own tilt."""
    tilt = marks.body("left_shoulder") - marks.body("right_shoulder")
    joints = [marks.body(f"{side}_{name}") for side in SIDES for name in _ARM_POINTS]
    return np.concatenate([*joints, tilt], 1)


def _hand(marks: _Marks, side: Side) -> Array:
    """Return where a hand is, from shoulders, nose and other hand, and how it stands."""
    hand = marks.hand(side)
    other = marks.hand("right" if side == "left" else "left")[..., :2].mean(1)
    middle = hand[..., :2].mean(1)
    nose = marks.body("nose")
    places = [middle, middle - nose, middle - other]
    places += [hand[:, tip, :2] - nose for tip in _TIPS]
    own = hand - hand[:, :1]
    long = np.linalg.norm(own[:, _MIDDLE, :2], axis=1)
    unit = np.nanpercentile(long, _HAND_PERCENTILE) if np.isfinite(long).any() else np.nan
    if not marks.deep:
        own[..., 2] = np.where(np.isnan(own[..., 2]), np.nan, 0.0)
    own = own / (unit or np.nan)
    bend, _ = flexions(own)
    axes = _palm(own)
    return np.concatenate([*places, own[:, 1:].reshape(len(own), -1), bend / 45, axes], 1)


def _palm(hand: Array) -> Array:
    """Return the directions (T, 6) along the palm and out of it."""
    along = hand[:, _MIDDLE]
    normal = np.cross(hand[:, _INDEX], hand[:, _PINKY])
    return np.concatenate([_directions(along), _directions(normal)], 1)


def _face(marks: _Marks) -> Array:
    """Return the traits of head.py, as they are and from what is usual in the clip; lips; place."""
    face = Head.of(marks.points[:, layout(_LAYOUT).part("face")], deep=marks.deep)
    traits = np.concatenate([trait(face) / size for trait, size in _TRAITS], 1)
    lips = face.lips()[..., :2].reshape(len(traits), -1)
    return np.concatenate([traits, traits - _usual(traits), 10 * lips, marks.body("nose")], 1)


def _usual(tracks: Array) -> Array:
    there = np.isfinite(tracks).any(0)
    usual = np.zeros(tracks.shape[1])
    usual[there] = np.nanmedian(tracks[:, there], 0)
    return usual


def _directions(vectors: Array) -> Array:
    size = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(size > 0, size, np.nan), np.float64)


def _bridged(tracks: Array) -> Array:
    """Return tracks (T, F) with gaps bridged in time, held at the ends, 0 where never seen."""
    moments = np.arange(len(tracks))
    whole = np.zeros_like(tracks)
    patterns, group = np.unique(np.isfinite(tracks), axis=1, return_inverse=True)
    for number in range(patterns.shape[1]):
        there, columns = moments[patterns[:, number]], np.flatnonzero(group.ravel() == number)
        if not len(there):
            continue
        after = np.clip(np.searchsorted(there, moments), 0, len(there) - 1)
        before = np.clip(np.searchsorted(there, moments, "right") - 1, 0, len(there) - 1)
        wide = np.maximum(there[after] - there[before], 1)
        share = np.clip((moments - there[before]) / wide, 0, 1)[:, None]
        known = tracks[:, columns]
        whole[:, columns] = (1 - share) * known[there[before]] + share * known[there[after]]
    return whole
