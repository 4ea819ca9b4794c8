"""Beards and moustaches: where they grow on a face, and the close shell of hair that they are."""

import torch
from torch import Tensor

from signgen.studio.factory import Signer
from signgen.studio.noise import value_noise
from signgen.studio.pieces import Part, Piece, smoothstep
from signgen.studio.scalp import Head, hair_piece
from signgen.studio.style import Beard, Style

_LIFT: dict[Beard, tuple[float, float]] = {
    "moustache": (0.002, 0.004),
    "goatee": (0.002, 0.007),
    "short": (0.0015, 0.004),
    "full": (0.006, 0.016),
}


def beard_pieces(signer: Signer, style: Style) -> list[Piece]:
    """Return the beard, which moves as the face does; none on a bare or unshaven one."""
    features, anatomy = style.features, signer.anatomy
    if features.beard not in _LIFT:
        return []
    place = anatomy.template
    inside = beard_inside(place, anatomy.painted("lips"), features.beard)
    inside = inside + 0.0025 * value_noise(place, 0.007, features.seed)
    thin, thick = _LIFT[features.beard]
    lift = (thin + (thick - thin) * features.beard_length) * smoothstep(0.0, 0.016, inside)
    lift = lift * (1 + 0.35 * value_noise(place, (0.007, 0.012, 0.018), features.seed + 1))
    triangles = anatomy.group("body")
    triangles = triangles[(inside[triangles] > 0).any(1)]
    drop = place.new_tensor([0.0, 0.0, -0.5])
    piece = hair_piece(
        rest=signer.rest + lift[:, None] * (Head(signer, style.coiffure).normals + drop),
        strands=torch.stack([place[:, 0] + 0.6 * place[:, 1], 1.5 * place[:, 2], 0 * lift], 1),
        skin=anatomy.skin,
        colour=place.new_tensor(style.coiffure.colour).expand(len(place), 3),
        cut=inside,
        triangles=triangles,
        two_sided=False,
        part=Part.FACE,
        source=torch.arange(len(place)),
    )
    return [piece]


def beard_inside(place: Tensor, lips: Tensor, beard: Beard) -> Tensor:
    """Return how far within a beard template places (N, 3) lie, in metres, negative outside.

    lips (N,): how much they belong to the lips.
    """
    ax, y, z = place[:, 0].abs(), place[:, 1], place[:, 2]
    upper = 0.0075 * (1 - (ax / 0.037) ** 2) - (z - 0.6775 + 9 * ax**2).abs()
    upper = torch.minimum(upper, -0.11 - y)
    chin = 0.030 * (1 - ((ax / 0.029) ** 2 + ((z - 0.644) / 0.036) ** 2).sqrt())
    chin = torch.minimum(chin, -0.095 - y)
    cheeks = 0.668 + 0.55 * (y + 0.135).clamp(min=0) - z
    jaw = z - 0.612 - 0.5 * (y + 0.125).clamp(min=0)
    full = torch.minimum(torch.minimum(cheeks, jaw), -0.052 - y)
    inside = {
        "none": torch.full_like(ax, -1.0),
        "moustache": upper,
        "goatee": torch.maximum(upper, chin),
    }.get(beard, torch.maximum(upper, full))
    return inside - 0.05 * smoothstep(0.15, 0.5, lips)
