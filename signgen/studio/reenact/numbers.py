"""The rig as few numbers a frame: their names, and tables that hold a value for each."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from signgen.studio.kinematics import NUM_FINGER_JOINTS, NUM_FINGERS

_SIZES = {
    "root": (3,),
    "trunk": (3,),
    "head": (3,),
    "collar": (2, 2),
    "swing": (2, 2),
    "twist": (2,),
    "elbow": (2,),
    "forearm": (2,),
    "wrist": (2, 2),
    "bends": (2, NUM_FINGERS, NUM_FINGER_JOINTS),
    "spreads": (2, NUM_FINGERS),
}
NUM_NUMBERS = sum(torch.Size(size).numel() for size in _SIZES.values())


@dataclass(frozen=True)
class Numbers:
    """T frames of the rig by name; angles in radians; rows of two are the left and the right side.

    root (T, 3): metres; trunk, head (T, 3): forward, to the left, tilted to the left; collar (T, 2,
    2): lift, forward; swing (T, 2, 2): of the upper arm, upwards and forward; twist (T, 2): of the
    upper arm, inwards; elbow (T, 2): bend; forearm (T, 2): twist, palm down; wrist (T, 2, 2): bend
    to the back, and aside; bends (T, 2, 5, 3), spreads (T, 2, 5): as in kinematics.bend_fingers.
    """

    root: Tensor
    trunk: Tensor
    head: Tensor
    collar: Tensor
    swing: Tensor
    twist: Tensor
    elbow: Tensor
    forearm: Tensor
    wrist: Tensor
    bends: Tensor
    spreads: Tensor

    @classmethod
    def of(cls, flat: Tensor) -> "Numbers":
        """Name the columns of (T, N); the parts are views."""
        parts = flat.split([torch.Size(size).numel() for size in _SIZES.values()], 1)
        sizes = _SIZES.values()
        return cls(*(p.unflatten(1, size) for p, size in zip(parts, sizes, strict=True)))


def table(**values: Any) -> Tensor:
    """Return a row (N,) from a value, or values that fit, for each name; 0 where none is given."""
    row = torch.zeros(1, NUM_NUMBERS)
    named = Numbers.of(row)
    for name, value in values.items():
        getattr(named, name)[0] = torch.as_tensor(value)
    return row[0]
