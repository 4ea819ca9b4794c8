"""Cutting clothes from the body model's hull: necklines, sleeves, cloth that hangs.

Cuts are signed distances in the template's metres, so that a garment sits alike on every body; the
rasteriser evaluates them at every sample.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from signgen.studio.drape import Bare, Hull, draped, settled
from signgen.studio.factory import Anatomy, Signer
from signgen.studio.noise import value_noise
from signgen.studio.pieces import Material, Part, Piece, smoothstep
from signgen.studio.skin import fans, vertex_normals
from signgen.studio.wardrobe import Garment, Neck

# metres inside an edge from which skin cannot be seen; one looks up a sleeve
_HIDDEN, _HIDDEN_IN_SLEEVE = 0.016, 0.06
_HEM = 0.004  # metres that cloth stands off the skin at its edges
# heights of the template, in front, beside and behind, and how much lower an open neck is in front
_EDGES: dict[Neck, tuple[float, float, float]] = {
    "crew": (0.556, 0.580, 0.602),
    "vee": (0.550, 0.577, 0.602),
    "scoop": (0.530, 0.583, 0.602),
    "high": (0.606, 0.610, 0.614),
    "round": (0.528, 0.568, 0.592),
}
_LOWER: dict[Neck, float] = {"crew": 0.015, "vee": 0.0, "scoop": 0.03, "high": 0.004, "round": 0.02}


def garment_piece(signer: Signer, garment: Garment) -> Piece:
    """Return the garment as the signer wears it."""
    anatomy, bare = signer.anatomy, Bare.of(signer)
    rows, triangles = anatomy.group("cloth").unique(return_inverse=True)
    hull = Hull(rows, triangles, _arm(anatomy)[rows], _along(anatomy, anatomy.template[rows]))
    worn, skin = draped(signer, bare, hull, looseness=garment.looseness, sleeve=garment.sleeve)
    cloth = _Cloth(
        # the template's cloth settles too, or cuts would wander with the vertices
        place=settled(anatomy.template[rows], anatomy.template[rows], hull),
        arm=hull.arm,
        skin=skin,
        worn=worn,
        triangles=triangles,
    )
    for band in (0.05, 0.02):
        cloth = _refined(
            cloth, (_cut(anatomy, garment, cloth)[cloth.triangles].abs() < band).any(1)
        )
    cut = _cut(anatomy, garment, cloth)
    edge = cut.abs() < 0.05
    hems = bare.cleared(cloth.worn[edge], _HEM)
    cloth = replace(cloth, worn=cloth.worn.index_copy(0, edge.nonzero()[:, 0], hems))
    triangles = cloth.triangles[(cut[cloth.triangles] > 0).any(1)]
    mottle = 1 + 0.06 * value_noise(cloth.place, 0.06, 5) + 0.05 * value_noise(cloth.place, 0.02, 6)
    part = torch.full_like(triangles[:, 0], Part.BODY)
    return Piece(
        rest=cloth.worn,
        template=cloth.place,
        skin=cloth.skin,
        colour=cut.new_tensor(garment.colour) * mottle[:, None],
        cut=cut,
        source=torch.full_like(cut, -1, dtype=torch.long),
        triangles=triangles,
        material=torch.full_like(part, Material.CLOTH),
        part=part,
        two_sided=(cut[triangles] < 0.12).any(1),
        casts=(cloth.arm > 0.6)[triangles].all(1),
    )


@dataclass(frozen=True)
class _Cloth:
    # vertices: place, worn (V, 3), arm (V,), skin (V, J)
    place: Tensor
    arm: Tensor
    skin: Tensor
    worn: Tensor
    triangles: Tensor


def _refined(cloth: _Cloth, chosen: Tensor) -> _Cloth:
    """Split the sides of the chosen triangles (F,), bulging, so that edges look sewn, not hewn."""
    sides = torch.stack([cloth.triangles, cloth.triangles.roll(-1, 1)], 2).sort(2).values
    size = len(cloth.place)
    codes, side = (sides[..., 0] * size + sides[..., 1]).flatten().unique(return_inverse=True)
    pairs = torch.stack([codes // size, codes % size], 1)
    split = torch.zeros(len(pairs), dtype=torch.bool)
    split[side.unflatten(0, (-1, 3))[chosen].flatten()] = True
    number = torch.where(split, split.cumsum(0) - 1 + size, -1)
    pairs = pairs[split]
    normals = vertex_normals(cloth.worn[None], fans(cloth.triangles, len(cloth.worn)))[0]
    worn = cloth.worn[pairs].mean(1)
    gap = cloth.worn[pairs] - worn[:, None]
    bulge = ((gap * normals[pairs]).sum(2, keepdim=True) * normals[pairs]).mean(1)

    def extended(values: Tensor) -> Tensor:
        return torch.cat([values, values[pairs].mean(1)])

    return _Cloth(
        place=extended(cloth.place),
        arm=extended(cloth.arm),
        skin=extended(cloth.skin),
        worn=torch.cat([cloth.worn, worn + 0.75 * bulge]),  # Phong tessellation
        triangles=_split(cloth.triangles, number[side].unflatten(0, (-1, 3))),
    )


def _split(triangles: Tensor, middle: Tensor) -> Tensor:
    """Return the triangles after new vertices (F, 3), -1 for none, stand on their sides."""
    count = (middle >= 0).sum(1)
    done = [triangles[count == 0]]
    # the only split side comes first, the only whole side last
    for number, first in ((1, (middle >= 0).int()), (2, (middle.roll(-2, 1) < 0).int()), (3, None)):
        corner, half = triangles[count == number], middle[count == number]
        if first is not None:
            turn = (first[count == number].argmax(1)[:, None] + torch.arange(3)) % 3
            corner, half = corner.gather(1, turn), half.gather(1, turn)
        (a, b, c), (ab, bc, ca) = corner.unbind(1), half.unbind(1)
        pieces = {
            1: ((a, ab, c), (ab, b, c)),
            2: ((ab, b, bc), (a, ab, bc), (a, bc, c)),
            3: ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)),
        }
        done += [torch.stack(piece, 1) for piece in pieces[number]]
    return torch.cat(done)


def _cut(anatomy: Anatomy, garment: Garment, cloth: _Cloth) -> Tensor:
    """Return how far inside the garment's edges each vertex lies (V,), negative outside."""
    sleeves = _sleeves(anatomy, garment, cloth.place, cloth.arm)
    return torch.minimum(neckline(cloth.place, garment), sleeves)


def covered(anatomy: Anatomy, piece: Piece, garment: Garment) -> Tensor:
    """Return which triangles (F,) of the body the garment hides for certain."""
    below_head = anatomy.template[:, 2] < 0.66
    hidden = below_head & (neckline(anatomy.template, garment) > _HIDDEN)
    hidden = hidden & (
        _sleeves(anatomy, garment, anatomy.template, _arm(anatomy)) > _HIDDEN_IN_SLEEVE
    )
    inside = torch.where(piece.source < 0, False, hidden[piece.source.clamp(min=0)])
    return inside[piece.triangles].all(1)


def neckline(place: Tensor, garment: Garment) -> Tensor:
    """Return how far below a garment's neckline template places (N, 3) lie, in metres."""
    x, y, z = place.unbind(1)
    # a smooth curve round the neck: its height in front, beside and behind
    front, side, back = _EDGES[garment.neck]
    front = front - _LOWER[garment.neck] * garment.opening
    turn = torch.atan2(x, -(y + 0.028))  # 0 in front
    edge = 0.5 * (front + back) + 0.5 * (front - back) * turn.cos()
    edge = edge + (side - 0.5 * (front + back)) * turn.sin() ** 2
    edge = edge + 1.5 * (x.abs() - 0.085).clamp(min=0)  # shoulders stay covered
    if garment.neck != "vee":
        return edge - z
    tip = 0.50 - 0.06 * garment.opening
    wedge = (tip + 1.7 * x.abs() - z) / 1.97
    return torch.minimum(edge - z, torch.maximum(wedge, 4 * (y + 0.06)))


def _arm(anatomy: Anatomy) -> Tensor:
    return anatomy.weight_of("upperarm", "lowerarm", "wrist", "finger", "metacarpal")


def _sleeves(anatomy: Anatomy, garment: Garment, place: Tensor, arm: Tensor) -> Tensor:
    _, line = _arm_line(anatomy)
    left = (garment.sleeve - _along(anatomy, place)) * line.norm()
    # far from the arm there is no sleeve to end
    return torch.lerp(torch.full_like(left, 0.15), left, smoothstep(0.15, 0.6, arm))


def _along(anatomy: Anatomy, place: Tensor) -> Tensor:
    """Return how far from the shoulder (0) to the wrist (1) places (V, 3) are."""
    shoulder, line = _arm_line(anatomy)
    as_left = torch.cat([place[:, :1].abs(), place[:, 1:]], 1)
    return (as_left - shoulder) @ line / line.norm() ** 2


def _arm_line(anatomy: Anatomy) -> tuple[Tensor, Tensor]:
    rows = anatomy.skeleton.rows
    shoulder = anatomy.template_heads[rows["upperarm01.L"]]
    return shoulder, anatomy.template_heads[rows["wrist.L"]] - shoulder
