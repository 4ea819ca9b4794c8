"""Handshapes by their common names, as bends and spreads of the fingers.

Angles are radians about the axes of kinematics.HandAxes; spreads are counted from a closed flat
hand. Where the thumb touches a finger, its angles are fitted on several signers.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

Joints = tuple[float, float, float]  # from the palm outwards

# One finger; in the table below a letter a finger, from index to little.
_FINGERS: dict[str, Joints] = {
    "i": (0.0, 0.0, 0.0),  # straight
    "o": (1.45, 1.70, 1.10),  # closed into the palm
    "b": (1.30, 0.05, 0.0),  # bent at the knuckle
    "h": (0.15, 1.45, 0.90),  # hooked
    "c": (0.70, 0.70, 0.45),  # curved as around a cup
    "w": (0.25, 0.95, 0.70),  # a claw
    "t": (0.95, 0.95, 0.50),  # curved until it meets the thumb
    "p": (1.05, 0.25, 0.15),  # straight, meeting the thumb
    "s": (0.25, 0.20, 0.15),  # slack
    "d": (0.75, 0.10, 0.0),  # half bent at the knuckle
    "m": (1.30, 1.20, 0.50),  # folded over the thumb
    "e": (0.95, 1.60, 1.00),  # nails on the thumb
}
# The thumb: three joints and the spread.
_THUMBS: dict[str, tuple[float, float, float, float]] = {
    "beside": (-0.02, 0.02, 0.0, -0.65),
    "out": (-0.45, -0.20, -0.20, 0.35),
    "wide": (-0.35, -0.15, -0.15, 0.15),
    "up": (-0.50, -0.05, 0.10, -0.15),
    "across": (-0.30, 0.95, 1.00, -0.70),
    "tucked": (-0.10, 0.71, 1.00, -0.85),
    "on_ring": (0.09, 0.58, 1.10, -0.85),
    "between": (0.03, 0.15, 0.45, -0.73),
    "facing": (0.05, 0.55, 0.60, 0.25),
    "flat_facing": (0.30, 0.25, 0.10, 0.20),
    "to_index": (-0.45, 1.05, 1.00, -0.29),
    "to_middle": (-0.05, 0.85, 1.05, -0.36),
    "to_bent_middle": (-0.13, 1.03, 1.10, -0.40),
    "to_ring": (0.12, 1.01, 1.10, -0.74),
    "to_little": (0.53, 0.52, 1.10, -0.90),
    "to_all": (-0.19, 0.86, 1.05, -0.30),
    "to_flat": (0.40, 0.27, 0.0, -0.23),
    "slack": (0.05, 0.10, 0.15, -0.20),
}
_CLOSED = (0.0, 0.0, 0.0, 0.0)
_WIDE = (0.26, 0.04, -0.16, -0.34)
_HALF = (0.14, 0.02, -0.09, -0.18)
_VEE = (0.20, -0.16, 0.0, 0.0)
_PAIRS = (0.16, 0.12, -0.12, -0.18)
_HORNS = (0.16, 0.0, 0.0, -0.28)
_CROSSED = (-0.20, 0.20, 0.0, 0.0)


@dataclass(frozen=True)
class Handshape:
    """bends (5, 3) and spreads (5,): radians, thumb first; contact: the finger that touches a
    place, 0 the thumb, or None for the palm.
    """

    bends: Tensor
    spreads: Tensor
    contact: int | None


def _shape(
    fingers: str,
    thumb: str,
    spread: tuple[float, float, float, float] = _CLOSED,
    contact: int | None = 1,
) -> Handshape:
    *bends, aside = _THUMBS[thumb]
    joints = torch.tensor([tuple(bends), *(_FINGERS[letter] for letter in fingers)])
    return Handshape(joints, torch.tensor([aside, *spread]), contact)


HANDSHAPES: dict[str, Handshape] = {
    "flat_b": _shape("iiii", "beside", contact=2),
    "b": _shape("iiii", "tucked", contact=2),
    "open_b": _shape("iiii", "out", contact=2),
    "bent_b": _shape("bbbb", "beside", contact=2),
    "half_bent_b": _shape("dddd", "beside", contact=2),
    "5": _shape("iiii", "wide", _WIDE, contact=2),
    "4": _shape("iiii", "tucked", _WIDE, contact=2),
    "relaxed_5": _shape("ssss", "wide", _HALF, contact=2),
    "claw_5": _shape("wwww", "wide", _WIDE, contact=2),
    "bent_5": _shape("dddd", "facing", _HALF, contact=2),
    "s": _shape("oooo", "across", contact=None),
    "a": _shape("oooo", "beside", contact=None),
    "thumb": _shape("oooo", "up", contact=0),
    "t": _shape("mooo", "between", contact=None),
    "n": _shape("mmoo", "on_ring", contact=None),
    "m": _shape("mmmo", "on_ring", contact=None),
    "e": _shape("eeee", "tucked", contact=None),
    "index": _shape("iooo", "on_ring"),
    "d": _shape("ittt", "to_middle"),
    "x": _shape("hooo", "on_ring"),
    "l": _shape("iooo", "out"),
    "bent_l": _shape("hooo", "out"),
    "g": _shape("booo", "flat_facing"),
    "baby_c": _shape("cooo", "facing"),
    "baby_o": _shape("tooo", "to_index"),
    "u": _shape("iioo", "on_ring"),
    "v": _shape("iioo", "on_ring", _VEE),
    "bent_v": _shape("hhoo", "on_ring", _VEE),
    "bent_u": _shape("bboo", "on_ring"),
    "h": _shape("iioo", "beside"),
    "r": _shape("iioo", "on_ring", _CROSSED),
    "k": _shape("idoo", "between", _VEE),
    "p": _shape("iboo", "between", _VEE, contact=2),
    "3": _shape("iioo", "out", _VEE),
    "bent_3": _shape("hhoo", "out", _VEE),
    "w": _shape("iiio", "to_little", _HALF),
    "6": _shape("iiit", "to_little", _WIDE),
    "7": _shape("iiti", "to_ring", _WIDE),
    "8": _shape("itii", "to_bent_middle", _WIDE, contact=2),
    "open_8": _shape("ibii", "wide", _WIDE, contact=2),
    "f": _shape("tiii", "to_index", _WIDE),
    "flat_f": _shape("piii", "to_flat", _WIDE),
    "i": _shape("oooi", "across", contact=4),
    "y": _shape("oooi", "out", _HORNS, contact=0),
    "horns": _shape("iooi", "on_ring", _HORNS),
    "ily": _shape("iooi", "out", _HORNS),
    "vulcan": _shape("iiii", "wide", _PAIRS, contact=2),
    "c": _shape("cccc", "facing", contact=2),
    "flat_c": _shape("dddd", "flat_facing", contact=2),
    "o": _shape("tttt", "to_all"),
    "flat_o": _shape("pppp", "to_flat"),
}
REST = _shape("ssss", "slack", _HALF, contact=2)
