"""How cloth lies on a body: near the skin on shoulders and arms, hanging from the chest below.

The model's hull of the body is the cloth; here it is let out and taken in, in metres from the skin.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from signgen.studio.factory import Signer
from signgen.studio.kinematics import SIDES, Skeleton
from signgen.studio.noise import value_noise
from signgen.studio.pieces import smoothstep
from signgen.studio.skin import fans, pushed_out, vertex_normals

_SMOOTHINGS = 10
_NEAR = 6  # vertices of the skin that tell where it is below the cloth
_SAME_SIDE = 0.5  # cosine from which on two of them are no two sides of an armpit
_THICK = 0.0035  # metres that the closest cloth stands off the skin
_LEAST = 0.0025
_UNTOUCHED = 0.9  # of a vertex that head or fingers move, from which on no cloth is near
# how much of a garment's looseness there is from the shoulder (0) by the elbow to the wrist (1)
_ALONG = ((-0.1, 0.15), (0.15, 0.35), (0.5, 0.60), (0.9, 0.35))
_FLARE = 0.5  # of the looseness, more at the hem of a short sleeve


@dataclass(frozen=True)
class Bare:
    """The skin that cloth can touch, N vertices: places and normals (N, 3), skin (N, J)."""

    places: Tensor
    normals: Tensor
    skin: Tensor

    @classmethod
    def of(cls, signer: Signer) -> "Bare":
        """Return a signer's skin, without head and fingers."""
        anatomy = signer.anatomy
        body = anatomy.group("body")
        touched = anatomy.weight_of("head", "finger") < _UNTOUCHED
        rows = body.unique()
        rows = rows[touched[rows]]
        normals = vertex_normals(signer.rest[None], fans(body, len(signer.rest)))[0]
        return cls(signer.rest[rows], normals[rows], anatomy.skin[rows])

    def below(self, points: Tensor) -> "Below":
        """Return the skin below points (V, 3)."""
        gaps, near = torch.cdist(points, self.places).topk(_NEAR, largest=False)
        outwards = self.normals[near]  # (V, N, 3)
        alike = (outwards * outwards[:, :1]).sum(2) > _SAME_SIDE
        weights = alike / (gaps + 1e-4) ** 2
        weights = (weights / weights.sum(1, keepdim=True))[..., None]
        heights = ((points[:, None] - self.places[near]) * outwards).sum(2, keepdim=True)
        normal = (weights * outwards).sum(1)
        return Below(
            height=(weights * heights).sum((1, 2)),
            normal=normal / normal.norm(dim=1, keepdim=True),
            skin=(weights * self.skin[near]).sum(1),
        )

    def cleared(self, cloth: Tensor, margin: float) -> Tensor:
        """Return cloth (V, 3) pushed at least ``margin`` metres out of the skin."""
        margins = cloth.new_full((len(cloth),), margin)
        return pushed_out(cloth, self.places, self.normals, margins)


@dataclass(frozen=True)
class Below:
    """The skin below V points: their heights over it (V,), its normals (V, 3) and skin (V, J)."""

    height: Tensor
    normal: Tensor
    skin: Tensor


@dataclass(frozen=True)
class Hull:
    """The cloth before it is worn, V vertices: rows (V,) of the body model, triangles (F, 3);
    arm (V,): how much the arm moves them; along (V,): from the shoulder (0) to the wrist (1).
    """

    rows: Tensor
    triangles: Tensor
    arm: Tensor
    along: Tensor

    @property
    def trunk(self) -> Tensor:
        """How much the vertices belong to the trunk (V,)."""
        return 1 - smoothstep(0.1, 0.6, self.arm)


def draped(
    signer: Signer, bare: Bare, hull: Hull, *, looseness: float, sleeve: float
) -> tuple[Tensor, Tensor]:
    """Return where the cloth lies at rest (V, 3) and how much each bone moves it (V, J).

    looseness, sleeve: as in wardrobe.Garment.
    """
    anatomy = signer.anatomy
    place, own = anatomy.template[hull.rows], anatomy.skin[hull.rows]
    worn = _hang(settled(signer.rest[hull.rows], place, hull), place, hull.trunk)
    below = bare.below(worn)
    folds = 0.5 * value_noise(place, 0.07, 7) + 0.3 * value_noise(place, 0.03, 8)
    high = smoothstep(0.56, 0.60, place[:, 2])
    slack = looseness * _slack(hull, sleeve) * (1 + folds * (1 - high))
    fitted = worn + (_THICK + slack - below.height)[:, None] * below.normal
    loose = looseness * (1 + folds * (1 - high)) * (1 - 0.4 * high)
    normals = vertex_normals(worn[None], fans(hull.triangles, len(worn)))[0]
    tight = torch.maximum(smoothstep(0.02, 0.3, hull.arm), smoothstep(0.50, 0.56, place[:, 2]))
    worn = torch.lerp(worn + loose[:, None] * normals, fitted, tight[:, None])
    # cloth that bones move as they move the skin below cannot part from it
    skin = torch.lerp(own, below.skin, tight[:, None])
    return bare.cleared(worn, _LEAST), _without_hands(skin, anatomy.skeleton)


def settled(values: Tensor, place: Tensor, hull: Hull) -> Tensor:
    """Let vertices (V, 3) glide over the trunk until the cloth is even, but not round the neck.

    place (V, 3): of the vertices in the template.
    """
    loose = hull.trunk * smoothstep(0.56, 0.50, place[:, 2])
    for _ in range(_SMOOTHINGS):
        values = torch.lerp(
            values, _mean_of_neighbours(values, hull.triangles), 0.6 * loose[:, None]
        )
    return values


def _without_hands(skin: Tensor, skeleton: Skeleton) -> Tensor:
    """Return the weights (V, J) of cloth that forearms carry where hands carry the skin."""
    skin = skin.clone()
    for side in SIDES:
        rows = [
            row
            for name, row in skeleton.rows.items()
            if name.startswith(("wrist", "metacarpal", "finger")) and name.endswith(side)
        ]
        skin[:, skeleton.rows[f"lowerarm02.{side}"]] += skin[:, rows].sum(1)
        skin[:, rows] = 0
    return skin


def _slack(hull: Hull, sleeve: float) -> Tensor:
    """Return how much of its looseness the cloth has on shoulders and arms (V,)."""
    slack = torch.full_like(hull.along, _ALONG[0][1])
    for (start, before), (stop, after) in pairwise(_ALONG):
        slack = slack + (after - before) * smoothstep(start, stop, hull.along)
    short = smoothstep(0.7, 0.35, torch.tensor(sleeve))
    return slack + _FLARE * short * smoothstep(sleeve - 0.3, sleeve, hull.along)


def _mean_of_neighbours(values: Tensor, triangles: Tensor) -> Tensor:
    starts, ends = triangles.flatten(), triangles.roll(1, 1).flatten()
    starts, ends = torch.cat([starts, ends]), torch.cat([ends, starts])
    total = torch.zeros_like(values).index_add(0, starts, values[ends])
    count = torch.bincount(starts, minlength=len(values))
    return total / count[:, None]


def _hang(worn: Tensor, place: Tensor, trunk: Tensor) -> Tensor:
    """Let cloth fall from the chest instead of clinging to the waist."""
    centre = worn.new_tensor([0.0, float(worn[trunk > 0.9, 1].mean())])
    flat = worn[:, :2] - centre
    angle = torch.atan2(flat[:, 1], flat[:, 0])
    radius = flat.norm(dim=1)
    below = smoothstep(0.47, 0.30, place[:, 2]) * (trunk > 0.9)
    # the widest there is higher up in about the same direction
    near = torch.cos(angle[:, None] - angle[None]) > 0.97
    above = (place[None, :, 2] > place[:, None, 2]) & (place[None, :, 2] < 0.46)
    widest = torch.where(near & above & (trunk > 0.9)[None], radius[None], 0.0).amax(1)
    wanted = torch.maximum(radius, 0.93 * widest)
    scale = 1 + below * (wanted / radius - 1)
    return torch.cat([centre + flat * scale[:, None], worn[:, 2:]], 1)
