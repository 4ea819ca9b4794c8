"""Where fingertips touch: face, torso, the other hand or the other forearm, and where on it.

In the picture everything before the face or the torso touches it, because no depth is known.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pose_sequences.layout import HAND_POINTS, LIMBS
from pose_sequences.retarget.landmarks import SIDES, TIPS, Array, Landmarks, Side
from pose_sequences.retarget.outlines import distance_outside, nearest_on_bones

TOUCHING = 0.03  # shoulder widths
TOUCHED = ("face", "torso", "hand", "arm")
OTHER: dict[Side, Side] = dict(zip(SIDES, reversed(SIDES), strict=True))

_POINT = {f"left_hand.{name}": i for i, name in enumerate(HAND_POINTS)}
_KNUCKLES = ((5, 9), (9, 13), (13, 17))
BONES = np.array([*((_POINT[a], _POINT[b]) for a, b in LIMBS["left_hand"]), *_KNUCKLES])


@dataclass(frozen=True)
class Surfaces:
    """What can be touched, in pixels, NaN where missing.

    face (T, V, 2) and torso (T, 4, 2): outlines; hands: 21 points (T, 21, 2) a side; arms: elbow
    and wrist (T, 2, 2) a side.
    """

    face: Array
    torso: Array
    hands: dict[Side, Array]
    arms: dict[Side, Array]


@dataclass(frozen=True)
class Touch:
    """How the tips of a hand stand to one thing; every array is (T, 5).

    distance: in shoulder widths, NaN where either is missing; bone, share: the nearest place on a
    hand or an arm, as of outlines.nearest_on_bones.
    """

    distance: Array
    bone: NDArray[np.intp]
    share: Array

    @property
    def found(self) -> NDArray[np.bool_]:
        """Whether a tip touches."""
        return np.asarray(self.distance <= TOUCHING)  # False for NaN


Touches = dict[tuple[Side, str], Touch]


def surfaces_of(marks: Landmarks) -> Surfaces:
    """Return what can be touched in a sequence."""
    return Surfaces(
        face=marks.face_edge(),
        torso=marks.torso(),
        hands={side: marks.hand(side) for side in SIDES},
        arms={side: marks.all(f"body.{side}_elbow", f"body.{side}_wrist") for side in SIDES},
    )


def find_touches(surfaces: Surfaces, unit: float) -> Touches:
    """Return how each hand's tips stand to each of TOUCHED; unit: pixels a shoulder width."""
    found: Touches = {}
    for side in SIDES:
        tips = surfaces.hands[side][:, TIPS]
        for name, outline in (("face", surfaces.face), ("torso", surfaces.torso)):
            nowhere = np.zeros(tips.shape[:2], np.intp)
            distance = distance_outside(tips, outline) / unit
            found[side, name] = Touch(distance, nowhere, nowhere.astype(np.float64))
        for name in ("hand", "arm"):
            starts, ends = bones(surfaces, OTHER[side], name)
            distance, bone, share = nearest_on_bones(tips, starts, ends)
            found[side, name] = Touch(distance / unit, bone, share)
    return found


def bones(surfaces: Surfaces, side: Side, name: str) -> tuple[Array, Array]:
    """Return the starts and ends (T, B, 2) of the bones of a side's hand or arm."""
    if name == "arm":
        return surfaces.arms[side][:, :1], surfaces.arms[side][:, 1:]
    return surfaces.hands[side][:, BONES[:, 0]], surfaces.hands[side][:, BONES[:, 1]]


def place_on_bones(surfaces: Surfaces, side: Side, name: str, touch: Touch) -> Array:
    """Return the places (T, 5, 2) that ``touch`` names on a side's hand or arm."""
    starts, ends = (
        np.take_along_axis(points, touch.bone[..., None], axis=1)
        for points in bones(surfaces, side, name)
    )
    return np.asarray(starts + touch.share[..., None] * (ends - starts), np.float64)
