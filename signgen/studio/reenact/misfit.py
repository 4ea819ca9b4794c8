"""How far the rig is from what was seen: one number over T frames, robust against outliers."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from signgen.studio.reenact.bodies import inside
from signgen.studio.reenact.rig import Rig
from signgen.studio.reenact.sight import Sight

# How much each kind of point counts, and the error in units from which on it grows no faster than
# in proportion.
_HAND, _HAND_DEPTH = (1.0, 3.0), (0.05, 5.0)
_SHOULDER, _ELBOW, _ARM_DEPTH = (2.0, 8.0), (1.0, 8.0), (0.1, 15.0)
_INSIDE = 300.0
_FACE, _FACE_DEPTH = (0.15, 4.0), (0.1, 5.0)


@dataclass(frozen=True)
class Shared:
    """What all frames of a clip have in common; numbers, or tensors while they are sought.

    units_a_metre: at the shoulders; distance: metres from there to the camera; hand_scale: of the
    signer's hands; face_scale: by how much the face that was seen is larger than the signer's.
    """

    units_a_metre: Tensor | float
    distance: Tensor | float
    hand_scale: Tensor | float
    face_scale: Tensor | float

    def values(self) -> list[float]:
        """Return them as plain numbers."""
        return [float(getattr(self, field.name)) for field in fields(self)]


def misfit(rig: Rig, sight: Sight, numbers: Tensor, shared: Shared) -> Tensor:
    """Return the sum over all frames."""
    places = rig.move(numbers, shared.hand_scale)
    scale = shared.units_a_metre

    def flat(points: Tensor) -> Tensor:
        return projected(rig, points, shared)

    chest = places.chest[:, None]
    offsets = rig.offsets
    shoulders = places.shoulders + (chest @ offsets[0][..., None])[..., 0]
    elbows = places.elbows + (chest @ offsets[1][..., None])[..., 0]
    face = flat(places.face)
    middle = _middle(face, sight.face_trust)
    face = middle + (face - middle) * shared.face_scale
    deep = places.face[..., 1:2] * scale * shared.face_scale
    deep = (deep - _middle(deep, sight.face_depth_trust))[..., 0]
    wrists = places.hands[:, :, 0]
    arms = torch.stack([elbows, wrists], 2)[..., 1] - shoulders[..., None, 1]
    hands = scale * (places.hands[..., 1] - wrists[..., None, 1]) - sight.hands[..., 2]
    costs = (
        _cost(flat(places.hands) - sight.hands[..., :2], sight.hands_trust, _HAND),
        _cost(hands[..., None], sight.hands_depth_trust, _HAND_DEPTH),
        _cost(flat(shoulders) - sight.shoulders, sight.shoulders_trust, _SHOULDER),
        _cost(flat(elbows) - sight.elbows, sight.elbows_trust, _ELBOW),
        _cost((scale * arms - sight.depths)[..., None], sight.depths_trust, _ARM_DEPTH),
        _cost(face - sight.face[..., :2], sight.face_trust, _FACE),
        _cost((deep - sight.face[..., 2])[..., None], sight.face_depth_trust, _FACE_DEPTH),
        _INSIDE * inside(rig, places).sum(),
    )
    return torch.stack(costs).sum()


def projected(rig: Rig, points: Tensor, shared: Shared) -> Tensor:
    """Return points (..., 3) as the camera before the resting shoulders sees them, (..., 2)."""
    x, y, z = (points - rig.body.shoulders).unbind(-1)
    near = shared.units_a_metre * shared.distance / (y + shared.distance).clamp(min=0.1)
    return torch.stack([near * x, -near * z], -1)


def _middle(points: Tensor, trust: Tensor) -> Tensor:
    weight = trust[..., None]
    return (points * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True).clamp(min=1e-6)


def _cost(gap: Tensor, trust: Tensor, kind: tuple[float, float]) -> Tensor:
    weight, scale = kind
    grown = ((gap**2).sum(-1) / scale**2 + 1).sqrt() - 1
    return weight * scale**2 * (trust * grown).sum()
