"""Where hands cannot be: how deep wrists are inside the signer's own head and trunk."""

import torch
from torch import Tensor

from signgen.studio.locations import HEAD_BONE
from signgen.studio.reenact.rig import Places, Rig

_POINTS = (0, 9)  # of a hand: the wrist and the middle knuckle


def inside(rig: Rig, places: Places) -> Tensor:
    """Return (T, 2): how deep the wrist and the knuckles of each hand are inside, squared, summed.

    0 outside, about 1 at the middle of a solid.
    """
    points = places.hands[:, :, _POINTS].flatten(1, 2)  # (T, 4, 3)
    chest = (points - places.chest_at[:, None]) @ places.chest + rig.chest_rest
    head = (points - places.head_at[:, None]) @ places.head + rig.head_rest
    depth = points.new_zeros((len(points), 2))
    for local, of_head in ((head, True), (chest, False)):
        middles, radii = _solids(rig, of_head=of_head)
        unit = (local.unflatten(1, (2, 2))[:, :, :, None] - middles[:, None]) / radii[:, None]
        deep = (1 - (unit**2).sum(-1)).clamp(min=0)  # (T, 2, points, solids)
        depth = depth + (deep**2).sum((2, 3))
    return depth


def _solids(rig: Rig, *, of_head: bool) -> tuple[Tensor, Tensor]:
    """Return the middles and the radii (2, N, 3) of what one bone carries, for either hand."""
    chosen = [
        [solid for solid in solids if (solid.bone == HEAD_BONE) == of_head] for solids in rig.solids
    ]
    middles = torch.stack([torch.stack([solid.middle for solid in side]) for side in chosen])
    return middles, torch.stack([torch.stack([solid.radii for solid in side]) for side in chosen])
