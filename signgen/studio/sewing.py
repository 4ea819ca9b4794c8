"""What is sewn to a garment: collars, neckbands, hoods, hems and cuffs that stand off the body.

All of them follow an edge of the garment that has been cut already; see garments.py.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from signgen.studio.complexion import Colour
from signgen.studio.drape import Bare
from signgen.studio.factory import Signer
from signgen.studio.garments import neckline
from signgen.studio.noise import value_noise
from signgen.studio.pieces import Material, Piece, smoothstep
from signgen.studio.scalp import hair_piece, unit
from signgen.studio.strands import grid
from signgen.studio.style import Style
from signgen.studio.wardrobe import Garment

_ROUND = 120
_FEWEST = 24  # sides that an edge crosses, below which it does not go all round
_RIBS = 36  # of a band
_NECK = -0.028  # depth of the neck's axis in the template
# heights over the edge and metres outwards, from the inside to the outer edge
_BAND = ((-0.002, 0.000), (0.007, 0.002), (0.006, 0.006), (-0.004, 0.0065), (-0.011, 0.004))
_ROLL = ((0.030, 0.002), (0.036, 0.006), (0.030, 0.010), (0.006, 0.012), (-0.008, 0.010))


@dataclass(frozen=True)
class Ring:
    """An edge of a garment all round: places (N, 3) at rest, template (N, 3), skin (N, J), and
    directions outwards (N, 3); turn (N,): 0 in front.
    """

    places: Tensor
    template: Tensor
    skin: Tensor
    out: Tensor
    turn: Tensor


def sewn_pieces(signer: Signer, garment: Garment, style: Style, cloth: Piece) -> list[Piece]:
    """Return what is sewn to a garment, whose ``cloth`` has been cut; under a scarf, no collar."""
    outfit = style.outfit
    hem = _ring(cloth, cloth.template[:, 2] - outfit.hem, cloth.cut > 0.1, 0.0)
    pieces = [_skirt(hem, garment)] if hem is not None else []
    if style.coiffure.cut == "scarf":
        return pieces
    inside = neckline(cloth.template, garment)
    neck = _ring(cloth, inside, cloth.template[:, 2] > 0.40, _NECK)
    if neck is None:
        return pieces
    bare, colour = Bare.of(signer), garment.colour
    match outfit.kind:
        case "shirt":
            pieces.append(_collar(bare, neck, colour, 0.022, 0.036, 0.10))
        case "polo":
            pieces.append(_collar(bare, neck, colour, 0.014, 0.030, 0.16))
        case "jacket":
            pieces.append(_collar(bare, neck, outfit.inner, 0.020, 0.030, 0.10))
        case "blouse":
            pieces.append(_ruffle(neck, colour, outfit.seed))
        case "hoodie":
            pieces += [_strip(neck, _BAND, _darker(colour)), _hood(bare, neck, colour)]
        case "turtleneck":
            pieces.append(_strip(neck, _ROLL, colour))
        case "cardigan":
            pieces.append(_strip(neck, _BAND, _darker(outfit.inner)))
        case _:
            pieces.append(_strip(neck, _BAND, _darker(colour)))
    return pieces


def _ring(cloth: Piece, inside: Tensor, where: Tensor, axis: float) -> Ring | None:
    """Return the edge at which ``inside`` (V,) changes its sign; None if it does not all round."""
    sides = torch.cat([cloth.triangles[:, [0, 1]], cloth.triangles[:, [1, 2]]])
    crossing = (inside[sides[:, 0]] > 0) != (inside[sides[:, 1]] > 0)
    sides = sides[crossing & where[sides].all(1)]
    if len(sides) < _FEWEST:
        return None
    share = inside[sides[:, 0]] / (inside[sides[:, 0]] - inside[sides[:, 1]])

    def cross(values: Tensor) -> Tensor:
        return torch.lerp(values[sides[:, 0]], values[sides[:, 1]], share[:, None])

    template = cross(cloth.template)
    turn = torch.atan2(template[:, 0], axis - template[:, 1])
    wanted = torch.linspace(-torch.pi, torch.pi, _ROUND + 1)[:-1]
    gap = (turn[None] - wanted[:, None] + torch.pi) % (2 * torch.pi) - torch.pi
    weights = torch.exp(-((gap / 0.07) ** 2)) + 1e-6 / (gap**2 + 1e-4)
    weights = weights / weights.sum(1, keepdim=True)
    places = weights @ cross(cloth.rest)
    middle = torch.stack([0 * places[:, 0], places[:, 1].mean().expand(_ROUND), places[:, 2]], 1)
    return Ring(
        places=places,
        template=weights @ template,
        skin=weights @ cross(cloth.skin),
        out=unit(places - middle),
        turn=wanted,
    )


def _strip(ring: Ring, profile: tuple[tuple[float, float], ...], colour: Colour) -> Piece:
    """Return a closed band of that profile along an edge."""
    rows = [
        ring.places + out * ring.out + ring.places.new_tensor([0.0, 0.0, up]) for up, out in profile
    ]
    ribs = 0.9 + 0.1 * torch.cos(ring.turn * _RIBS)
    return _sewn(ring, rows, ring.places.new_tensor(colour) * ribs[:, None])


def _collar(bare: Bare, ring: Ring, colour: Colour, stand: float, fall: float, gap: float) -> Piece:
    """Return a collar that stands up and is folded over, open in front."""
    front = torch.exp(-((ring.turn / 0.55) ** 2))
    # the two ends part, and their points hang lower
    aside = 0.010 * torch.exp(-((ring.turn / 0.18) ** 2)) * ring.turn.sign()
    base = ring.places + torch.stack([aside, 0 * aside, 0 * aside], 1)
    rise = stand * (1 - 0.45 * front)
    up = ring.places.new_tensor([0.0, 0.0, 1.0])
    back = torch.stack([0 * rise, 0.006 * (1 - front), 0 * rise], 1)
    wide = fall * (1 + 0.55 * torch.exp(-(((ring.turn.abs() - 0.25) / 0.22) ** 2)))
    rows = []
    for high, out, down in ((0.0, 0.001, 0.0), (1.0, 0.004, 0.0), (1.0, 0.008, 0.12)):
        rows.append(base + (high * rise)[:, None] * up + out * ring.out - down * wide[:, None] * up)
    for share in (0.55, 1.0):
        drop = (rise - share * wide)[:, None] * up
        away = 0.008 + (0.45 - 0.33 * front) * share * wide
        rows.append(base + drop + away[:, None] * ring.out)
    rows = [row + back for row in rows]
    rows[3:] = [bare.cleared(row, 0.019) for row in rows[3:]]
    # a notch that is narrow below
    gaps = gap * ring.turn.new_tensor([0.0, 1.0, 1.0, 1.1, 1.2]).repeat_interleave(_ROUND)
    open_front = ring.turn.abs().repeat(len(rows)) - gaps
    # the edge is seamed, and what lies inside is in the shade
    piece = _sewn(ring, rows, ring.places.new_tensor(colour), cut=open_front * 0.05)
    shade = piece.rest.new_tensor([0.7, 0.85, 1.0, 1.0, 0.72]).repeat_interleave(_ROUND)
    return replace(piece, colour=piece.colour * shade[:, None])


def _ruffle(ring: Ring, colour: Colour, seed: int) -> Piece:
    """Return a soft frill along the neckline."""
    wave = 0.0025 * torch.sin(11 * ring.turn)
    wave = wave + 0.002 * value_noise(60 * ring.template, 1.0, seed)
    up = ring.places.new_tensor([0.0, 0.0, 1.0])
    rows = [
        ring.places + 0.006 * up + 0.001 * ring.out,
        ring.places + 0.009 * up + (0.006 + 0.3 * wave)[:, None] * ring.out,
        ring.places - 0.004 * up + (0.012 + wave)[:, None] * ring.out,
        ring.places - (0.018 + wave)[:, None] * up + (0.012 + 1.5 * wave)[:, None] * ring.out,
    ]
    return _sewn(ring, rows, ring.places.new_tensor(colour))


def _hood(bare: Bare, ring: Ring, colour: Colour) -> Piece:
    """Return a hood that hangs down behind: a roll that is thickest there."""
    behind = smoothstep(0.6, 2.6, ring.turn.abs())
    thick = 0.012 + 0.020 * behind
    up = ring.places.new_tensor([0.0, 0.0, 1.0])
    rows = []
    for turn in torch.linspace(-0.5, 4.4, 9).tolist():
        out, high = float(torch.tensor(turn).cos()), float(torch.tensor(turn).sin())
        row = ring.places + (thick * (1.0 + out))[:, None] * ring.out
        row = row + (thick * (0.3 + 0.8 * high) - 0.004)[:, None] * up
        rows.append(bare.cleared(row, 0.006))
    return _sewn(ring, rows, ring.places.new_tensor(colour))


def _skirt(ring: Ring, garment: Garment) -> Piece:
    """Return the hem: a band of the garment that hangs off the hips."""
    rows, levels = [], (0.030, 0.018, 0.006, -0.006)
    for level in levels:
        off = 0.001 + 0.010 * (0.030 - level) / 0.036
        row = ring.places + off * ring.out
        rows.append(row + row.new_tensor([0.0, 0.0, level]))
    piece = _sewn(ring, rows, ring.places.new_tensor(garment.colour))
    lifted = [
        ring.template + ring.template.new_tensor([0.0, 0.0, max(v, 0) + 0.002]) for v in levels
    ]
    material = torch.full_like(piece.material, Material.CLOTH)
    return replace(piece, template=torch.cat(lifted), material=material)


def _sewn(ring: Ring, rows: list[Tensor], colour: Tensor, cut: Tensor | None = None) -> Piece:
    """Return the closed surface through rows of vertices (N, 3) along an edge."""
    vertices = torch.cat(rows)
    triangles = grid(len(rows), _ROUND, closed=True)
    return hair_piece(
        rest=vertices,
        strands=torch.zeros_like(vertices),
        skin=ring.skin.repeat(len(rows), 1),
        colour=colour.expand(_ROUND, 3).repeat(len(rows), 1),
        cut=torch.ones(len(vertices)) if cut is None else cut,
        triangles=triangles,
        material=Material.TRIM,
    )


def _darker(colour: Colour) -> Colour:
    red, green, blue = (0.82 * c for c in colour)
    return red, green, blue
