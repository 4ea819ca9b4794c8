"""Glasses and earrings: thin things that the head carries."""

import torch
from torch import Tensor

from signgen.studio.factory import Signer
from signgen.studio.pieces import Material, Part, Piece
from signgen.studio.scalp import hair_piece, unit
from signgen.studio.strands import grid
from signgen.studio.style import Features, Frames

# half width and half height of a lens, how square it is, how thick its rim, in metres
_LENSES: dict[Frames, tuple[float, float, float, float]] = {
    "round": (0.0215, 0.0205, 2.0, 0.0011),
    "oval": (0.0245, 0.0165, 2.3, 0.0010),
    "square": (0.0255, 0.0185, 4.0, 0.0018),
    "browline": (0.0250, 0.0185, 3.0, 0.0014),
}
_ROUND = 30
_CLEAR = 0.006  # metres that lenses stand before brows and cheeks


def trinket_pieces(signer: Signer, features: Features) -> list[Piece]:
    """Return what the signer wears on nose and ears."""
    pieces = []
    if features.frames != "none":
        pieces += _glasses(signer, features)
    if features.earrings:
        pieces += [_earring(signer, features, side) for side in (1.0, -1.0)]
    return pieces


def _glasses(signer: Signer, features: Features) -> list[Piece]:
    wide, tall, power, thick = _LENSES[features.frames]
    eyes = signer.rest[signer.anatomy.group("eyes").unique()]
    pupil = float(eyes[eyes[:, 0] > 0, 0].mean())
    wide = min(wide, pupil - 0.0075)
    z = float(eyes[:, 2].mean()) - 0.003
    plane = _front(signer, pupil, z, wide, tall) - _CLEAR
    turn = 2 * torch.pi * torch.arange(_ROUND + 1) / _ROUND
    cos, sin = turn.cos(), turn.sin()
    # a superellipse: rounder or squarer
    across = wide * cos.sign() * cos.abs() ** (2 / power)
    up = tall * sin.sign() * sin.abs() ** (2 / power)
    rim = torch.full((_ROUND + 1,), thick)
    if features.frames == "browline":
        rim = torch.where(sin > 0.1, 1.7 * rim, 0.55 * rim)
    lines: list[tuple[Tensor, Tensor]] = []
    for side in (1.0, -1.0):
        x = side * pupil + across
        y = plane + 1.6 * (x.abs() - pupil).clamp(min=0) ** 1.5
        lines.append((torch.stack([x, y, z + up], 1), rim))
        lines.append((_temple(signer, side, pupil + wide, plane, z), torch.full((8,), thick)))
    span = torch.linspace(-1, 1, 9)
    arch = torch.stack([span * (pupil - wide), plane + 0 * span, z + 0.006 - 0.002 * span**2], 1)
    lines.append((arch, torch.full((9,), thick)))
    return [_tube(signer, line, radius, features.frame_colour) for line, radius in lines]


def _front(signer: Signer, pupil: float, z: float, wide: float, tall: float) -> float:
    """Return the depth of what stands out most where the frames will be."""
    anatomy = signer.anatomy
    rest = signer.rest[anatomy.group("body").unique()]
    near = (rest[:, 2] - z).abs() < tall + 0.003
    beside = (rest[:, 0].abs() - pupil).abs() < wide
    bridge = (rest[:, 0].abs() < 0.006) & ((rest[:, 2] - z - 0.006).abs() < 0.004)
    front = rest[near & beside & (rest[:, 1] < 0), 1].quantile(0.02)
    return float(torch.minimum(front, rest[bridge & (rest[:, 1] < 0), 1].amin() + 0.002))


def _temple(signer: Signer, side: float, hinge: float, plane: float, z: float) -> Tensor:
    ears = signer.rest[signer.anatomy.painted("ears") > 0.5]
    ears = ears[ears[:, 0] * side > 0]
    inner = float(ears[:, 0].abs().quantile(0.25))
    back, top = float(ears[:, 1].mean()) + 0.006, float(ears[:, 2].quantile(0.93))
    share = torch.linspace(0, 1, 8)
    x = hinge + (inner + 0.004 - hinge) * share.clamp(max=0.5).mul(2)
    y = plane + 0.004 + (back - plane) * share
    return torch.stack([side * x, y, z + 0.006 + (top - z - 0.006) * share], 1)


def _earring(signer: Signer, features: Features, side: float) -> Piece:
    ears = signer.rest[signer.anatomy.painted("ears") > 0.5]
    ears = ears[ears[:, 0] * side > 0]
    lobe = ears[ears[:, 2].topk(12, largest=False).indices].mean(0)
    lobe = lobe + lobe.new_tensor([0.003 * side, -0.003, 0.002])
    size = features.earrings
    if size < 0.008:  # a stud
        span = torch.linspace(0, torch.pi, 7)
        line = torch.stack([0 * span, 0 * span, -size * (1 - span.cos()) / 2], 1)
        return _tube(signer, lobe + line, 0.5 * size * span.sin() + 1e-4, features.metal)
    turn = torch.linspace(0, 2 * torch.pi, 19)
    line = torch.stack([0.3 * side * size * turn.sin(), size * turn.sin(), 0 * turn], 1)
    line = line + torch.stack([0 * turn, 0 * turn, size * (turn.cos() - 1)], 1)
    return _tube(signer, lobe + line, torch.full((19,), 0.0013), features.metal)


def _tube(
    signer: Signer, line: Tensor, radius: Tensor, colour: tuple[float, float, float]
) -> Piece:
    """Return a thin tube along a line (N, 3), radius (N,), that follows the head."""
    tangents = unit(line.diff(dim=0, append=2 * line[-1:] - line[-2:-1]))
    first = unit(torch.linalg.cross(tangents, line.new_tensor([[0.37, 0.61, 0.70]])))
    second = torch.linalg.cross(tangents, first)
    turn = 2 * torch.pi * torch.arange(5) / 5
    ring = turn.cos()[:, None] * first[:, None] + turn.sin()[:, None] * second[:, None]
    vertices = (line[:, None] + radius[:, None, None] * ring).flatten(0, 1)
    skin = torch.zeros(len(vertices), signer.anatomy.skin.shape[1])
    skin[:, signer.anatomy.skeleton.rows["head"]] = 1
    return hair_piece(
        rest=vertices,
        strands=torch.zeros_like(vertices),
        skin=skin,
        colour=vertices.new_tensor(colour).expand(len(vertices), 3),
        cut=torch.ones(len(vertices)),
        triangles=grid(len(line), 5, closed=True),
        material=Material.GEAR,
        part=Part.FACE,
    )
