"""Where hands cannot be: how deep wrists are inside the signer's own head and trunk."""

import torch
from torch import Tensor

from signgen.studio.comfort import solids
from signgen.studio.locations import HEAD_BONE
from signgen.studio.reenact.rig import Places, Rig

_OUT = (1.0, -1.0)
_BEHIND = 0.6  # of the radii: from there, the way out leads to the front


def inside(rig: Rig, places: Places) -> Tensor:
    """Return (T, 2): how deep the wrist and the knuckles of each hand are inside, squared, summed.

    0 outside, about 1 at the middle of a solid.
    """
    points = places.hands[:, :, [0, 9]]
    total = points.new_zeros(points.shape[:2])
    parts = []
    for side, out in enumerate(_OUT):
        own = points[:, side]
        deep = total[:, side]
        for solid in solids(rig.body, out):
            turn, place, at = (
                (places.head, places.head_at, rig.head_rest)
                if solid.bone == HEAD_BONE
                else (places.chest, places.chest_at, rig.chest_rest)
            )
            local = (own - place[:, None]) @ turn + at
            unit = (local - solid.middle) / solid.radii
            deep = deep + (1 - (unit**2).sum(-1)).clamp(min=0).square().sum(1)
        parts.append(deep)
    return torch.stack(parts, 1)
