"""Cutting clothes from the body model's hull: necklines, sleeves, cloth that hangs.

Cuts are signed distances in the template's metres, so that a garment sits alike on every body; the
rasteriser evaluates them at every sample.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from signgen.studio.factory import Anatomy, Signer
from signgen.studio.noise import value_noise
from signgen.studio.pieces import Material, Part, Piece, smoothstep
from signgen.studio.skin import fans, pushed_out, vertex_normals
from signgen.studio.wardrobe import Garment, Neck

# metres inside an edge from which skin cannot be seen; one looks up a sleeve
_HIDDEN, _HIDDEN_IN_SLEEVE = 0.016, 0.09
_SMOOTHINGS = 10
_HEM = 0.004  # metres that cloth stands off the skin at its edges
# heights of the template, in front, beside and behind, and how much lower an open neck is in front
_EDGES: dict[Neck, tuple[float, float, float]] = {
    "crew": (0.556, 0.580, 0.602),
    "vee": (0.550, 0.577, 0.602),
    "scoop": (0.530, 0.583, 0.602),
    "high": (0.606, 0.610, 0.614),
}
_LOWER: dict[Neck, float] = {"crew": 0.015, "vee": 0.0, "scoop": 0.03, "high": 0.004}


def garment_piece(signer: Signer, garment: Garment) -> Piece:
    """Return the garment as the signer wears it."""
    anatomy = signer.anatomy
    rows, triangles = anatomy.group("cloth").unique(return_inverse=True)
    place, arm = anatomy.template[rows], _arm(anatomy)[rows]
    # the template's cloth settles too, or cuts would wander with the vertices
    cloth = _Cloth(
        place=_settled(place, place, 1 - smoothstep(0.1, 0.6, arm), triangles),
        arm=arm,
        skin=anatomy.skin[rows],
        worn=_worn(signer, garment, rows, triangles),
        triangles=triangles,
    )
    for band in (0.05, 0.02):
        cloth = _refined(
            cloth, (_cut(anatomy, garment, cloth)[cloth.triangles].abs() < band).any(1)
        )
    cut = _cut(anatomy, garment, cloth)
    cloth = replace(cloth, worn=_over_skin(signer, cloth.worn, cut.abs() < 0.05, _HEM))
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
    return torch.minimum(_neckline(cloth.place, garment), sleeves)


def covered(anatomy: Anatomy, piece: Piece, garment: Garment) -> Tensor:
    """Return which triangles (F,) of the body the garment hides for certain."""
    below_head = anatomy.template[:, 2] < 0.66
    hidden = below_head & (_neckline(anatomy.template, garment) > _HIDDEN)
    hidden = hidden & (
        _sleeves(anatomy, garment, anatomy.template, _arm(anatomy)) > _HIDDEN_IN_SLEEVE
    )
    inside = torch.where(piece.source < 0, False, hidden[piece.source.clamp(min=0)])
    return inside[piece.triangles].all(1)


def _neckline(place: Tensor, garment: Garment) -> Tensor:
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
    rows = anatomy.skeleton.rows
    shoulder = anatomy.template_heads[rows["upperarm01.L"]]
    line = anatomy.template_heads[rows["wrist.L"]] - shoulder
    as_left = torch.cat([place[:, :1].abs(), place[:, 1:]], 1)
    reached = (as_left - shoulder) @ line / line.norm()
    # far from the arm there is no sleeve to end
    arm = smoothstep(0.15, 0.6, arm)
    return torch.lerp(torch.full_like(reached, 0.15), garment.sleeve * line.norm() - reached, arm)


def _worn(signer: Signer, garment: Garment, rows: Tensor, triangles: Tensor) -> Tensor:
    anatomy = signer.anatomy
    place = anatomy.template[rows]
    arm = _arm(anatomy)[rows]
    trunk = 1 - smoothstep(0.1, 0.6, arm)
    worn = _settled(signer.rest[rows], anatomy.template[rows], trunk, triangles)
    worn = _hang(worn, place, trunk)
    worn = _over_skin(signer, worn, torch.ones_like(arm, dtype=torch.bool), 0.001)
    normals = vertex_normals(worn[None], fans(triangles, len(rows)))[0]
    high = smoothstep(0.56, 0.60, place[:, 2])
    thickness = garment.looseness * (1 + 0.5 * arm) * (1 - 0.4 * high)
    folds = 0.5 * value_noise(place, 0.07, 7) + 0.3 * value_noise(place, 0.03, 8)
    thickness = thickness * (1 + folds * (1 - high))
    return worn + thickness[:, None] * normals


def _over_skin(signer: Signer, worn: Tensor, chosen: Tensor, margin: float) -> Tensor:
    body = signer.anatomy.group("body")
    bare = body.unique()
    normals = vertex_normals(signer.rest[None], fans(body, len(signer.rest)))[0, bare]
    margins = worn.new_full((int(chosen.sum()),), margin)
    over = worn.clone()
    over[chosen] = pushed_out(worn[chosen], signer.rest[bare], normals, margins)
    return over


def _settled(values: Tensor, place: Tensor, trunk: Tensor, triangles: Tensor) -> Tensor:
    """Let vertices (V, 3) glide over the trunk until the cloth is even, but not round the neck."""
    loose = trunk * smoothstep(0.56, 0.50, place[:, 2])
    for _ in range(_SMOOTHINGS):
        values = torch.lerp(values, _mean_of_neighbours(values, triangles), 0.6 * loose[:, None])
    return values


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
