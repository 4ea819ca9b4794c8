"""A map of a garment's cloth in two charts, trunk and sleeve, looked up by the pixel.

Charts lie in the template, so that what is on them lies alike on every body; what they show is the
business of weave.py and creases.py.
"""

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from signgen.studio.creases import Folds, arm_bends, folds_of
from signgen.studio.factory import Anatomy
from signgen.studio.kinematics import BoneMotion, Skeleton
from signgen.studio.style import Outfit
from signgen.studio.weave import Spot, paint_cloth

_TEXEL = 0.00125  # metres
_HALF, _LOW, _HIGH = 0.27, -0.12, 0.64  # the trunk's chart: |x| and heights of the template
_SLEEVE_HALF, _SLEEVE_FROM, _SLEEVE_TO = 0.11, -0.10, 0.44  # the sleeve's: across and along
_ARMHOLE, _SLOPE, _ARMPIT = 0.158, 0.4, 0.43  # |x| of its seam above and below the armpit


@dataclass(frozen=True)
class ClothMap:
    """table (M, 12): what cloth's colour is multiplied by and what is added, and its folds;
    shoulder (3,), along, beside (3,): the left sleeve's chart, from the shoulder.
    """

    table: Tensor
    shoulder: Tensor
    along: Tensor
    beside: Tensor

    @classmethod
    def of(cls, anatomy: Anatomy, outfit: Outfit, sleeve: float) -> "ClothMap":
        """Return the map of an outfit; sleeve: as in wardrobe.Garment."""
        shoulder, elbow, wrist = (
            anatomy.template_heads[anatomy.skeleton.rows[f"{bone}.L"]]
            for bone in ("upperarm01", "lowerarm01", "wrist")
        )
        length = (wrist - shoulder).norm()
        along = (wrist - shoulder) / length
        beside = torch.stack([-along[2], 0 * along[0], along[0]])
        spot = _charts(float((elbow - shoulder) @ along), float(sleeve * length))
        nothing = torch.zeros(len(spot.x), 3)
        added = paint_cloth(nothing, spot, outfit)
        light = paint_cloth(nothing + 1, spot, outfit) - added
        folds = folds_of(spot, outfit)
        columns = torch.stack([getattr(folds, f.name) for f in fields(Folds)], 1)
        return cls(torch.cat([light, added, columns], 1), shoulder, along, beside)

    def to(self, device: torch.device | str) -> "ClothMap":
        """Return the map on a device."""
        return replace(self, **{f.name: getattr(self, f.name).to(device) for f in fields(self)})


def clothe(
    colour: Tensor,
    normal: Tensor,
    place: Tensor,
    frame: Tensor,
    moving: tuple[ClothMap, BoneMotion, Skeleton],
) -> tuple[Tensor, Tensor]:
    """Return colours and normals (N, 3) of cloth at template places (N, 3) in frames (N,)."""
    cloth, bones, skeleton = moving
    x, _, z = place.unbind(1)
    ax = x.abs()
    on_sleeve = _outside_armhole(ax, z) > 0
    away = torch.cat([ax[:, None], place[:, 1:]], 1) - cloth.shoulder
    chart = away @ torch.stack([cloth.beside, cloth.along], 1)
    column, line = _column(x, _HALF), _line(z, _LOW, _HIGH)
    trunk = line * _wide(_HALF) + column
    column = _column(chart[:, 0], _SLEEVE_HALF)
    line = _line(chart[:, 1], _SLEEVE_FROM, _SLEEVE_TO)
    sleeve = line * _wide(_SLEEVE_HALF) + column + _tall(_LOW, _HIGH) * _wide(_HALF)
    mapped = cloth.table.index_select(0, torch.where(on_sleeve, sleeve, trunk))
    driven = 4 * frame + 2 * (x < 0) + on_sleeve
    arm = arm_bends(bones, skeleton).index_select(0, driven)
    tilt = torch.addcmul(mapped[:, 6:9], arm[:, :1], mapped[:, 9:12])  # two tilts, then darkness
    normal = normal + tilt[:, :1] * arm[:, 1:4] + tilt[:, 1:2] * arm[:, 4:7]
    normal = normal / normal.norm(dim=1, keepdim=True).clamp(min=1e-6)
    colour = torch.addcmul(mapped[:, 3:6], colour, mapped[:, :3])
    return colour * (1 - tilt[:, 2:]), normal


def _charts(elbow: float, cuff: float) -> Spot:
    """Return every texel of the trunk's chart and then of the sleeve's; elbow, cuff: metres."""
    z, x = torch.meshgrid(_texels(_LOW, _HIGH), _texels(-_HALF, _HALF), indexing="ij")
    down, across = torch.meshgrid(
        _texels(_SLEEVE_FROM, _SLEEVE_TO), _texels(-_SLEEVE_HALF, _SLEEVE_HALF), indexing="ij"
    )
    x, z, down, across = x.flatten(), z.flatten(), down.flatten(), across.flatten()
    none = torch.zeros_like(across)
    return Spot(
        across=torch.cat([x, across]),
        down=torch.cat([z, down]),
        sleeve=torch.cat([torch.zeros_like(x), none + 1]),
        past=torch.cat([torch.zeros_like(x), down - elbow]),
        left=torch.cat([torch.zeros_like(x), cuff - down]),
        x=torch.cat([x, none]),
        z=torch.cat([z, none]),
        armhole=torch.cat([_outside_armhole(x.abs(), z), none + 1]),
    )


def _outside_armhole(ax: Tensor, z: Tensor) -> Tensor:
    return ax - _ARMHOLE - _SLOPE * (_ARMPIT - z).clamp(min=0)


def _texels(low: float, high: float) -> Tensor:
    return low + _TEXEL * (torch.arange(_tall(low, high)) + 0.5)


def _tall(low: float, high: float) -> int:
    return round((high - low) / _TEXEL)


def _wide(half: float) -> int:
    return _tall(-half, half)


def _column(across: Tensor, half: float) -> Tensor:
    return ((across + half) / _TEXEL).long().clamp(0, _wide(half) - 1)


def _line(down: Tensor, low: float, high: float) -> Tensor:
    return ((down - low) / _TEXEL).long().clamp(0, _tall(low, high) - 1)
