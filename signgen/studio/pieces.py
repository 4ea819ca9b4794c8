"""A drawable person in pieces: body, garment and hair are each a piece, joined into one figure."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum

import torch
from torch import Tensor


class Material(IntEnum):
    """What a triangle is made of."""

    SKIN = 0
    FACE = 1  # skin with brows, painted by the pixel
    EYE = 2
    LASH = 3
    TEETH = 4
    TONGUE = 5
    CLOTH = 6
    HAIR = 7
    GEAR = 8  # glasses, earrings
    TRIM = 9  # cloth without a pattern: collars, scarves


class Part(IntEnum):
    """What a pixel belongs to."""

    BACKGROUND = 0
    BODY = 1
    FACE = 2
    LEFT_HAND = 3
    RIGHT_HAND = 4


@dataclass(frozen=True)
class Piece:
    """V vertices and F triangles.

    rest, template (V, 3); skin (V, J); colour (V, 3): linear; cut (V,): metres from an edge,
    negative where it is cut away; source (V,): the body's vertex, -1 for none; triangles (F, 3);
    material, part (F,); two_sided, casts (F,).
    """

    rest: Tensor
    template: Tensor
    skin: Tensor
    colour: Tensor
    cut: Tensor
    source: Tensor
    triangles: Tensor
    material: Tensor
    part: Tensor
    two_sided: Tensor
    casts: Tensor


_OF_TRIANGLES = ("material", "part", "two_sided", "casts")


def joined(pieces: Sequence[Piece]) -> Piece:
    """Return the pieces as one, without the vertices that no triangle uses."""
    counts = torch.tensor([0] + [len(piece.rest) for piece in pieces]).cumsum(0).tolist()
    triangles = torch.cat([p.triangles + n for p, n in zip(pieces, counts, strict=False)])
    used, triangles = triangles.unique(return_inverse=True)
    values = {f.name: torch.cat([getattr(p, f.name) for p in pieces]) for f in fields(Piece)}
    for name in values:
        if name not in (*_OF_TRIANGLES, "triangles"):
            values[name] = values[name][used]
    values["triangles"] = triangles
    return Piece(**values)


def without(piece: Piece, dropped: Tensor) -> Piece:
    """Return the piece without the triangles marked in ``dropped`` (F,)."""
    kept = {name: getattr(piece, name)[~dropped] for name in (*_OF_TRIANGLES, "triangles")}
    rest = {f.name: getattr(piece, f.name) for f in fields(Piece) if f.name not in kept}
    return Piece(**rest, **kept)


def smoothstep(low: float, high: float, values: Tensor) -> Tensor:
    """Return 0 below ``low``, 1 above ``high`` and a smooth ramp between."""
    share = ((values - low) / (high - low)).clamp(0, 1)
    return share * share * (3 - 2 * share)
