"""A signer of the wide studio turned out: painted for the day, with hair, beard and trinkets."""

from dataclasses import replace

import torch

from signgen.studio.beard import beard_pieces
from signgen.studio.coiffure import coiffure_pieces
from signgen.studio.factory import Signer
from signgen.studio.paint import FacePaint
from signgen.studio.pieces import Material, Part, Piece
from signgen.studio.style import Style
from signgen.studio.trinkets import trinket_pieces


def made_up(signer: Signer, body: Piece, paint: FacePaint, style: Style) -> tuple[Piece, FacePaint]:
    """Return the body with painted nails and a head that is painted by the pixel, and its brows."""
    features = style.features
    face = (body.part == Part.FACE) & (body.material == Material.SKIN)
    material = torch.where(face, int(Material.FACE), body.material)
    colour = body.colour
    if features.nails is not None:
        own = (body.source >= 0).to(colour)
        nails = own * signer.anatomy.painted("fingernails")[body.source.clamp(min=0)]
        polish = colour.new_tensor(features.nails).expand_as(colour)
        colour = torch.lerp(colour, polish, 0.9 * nails[:, None])
    painted = replace(body, material=material, colour=colour)
    # brows are a little darker than hair, and grey later
    root, born = style.coiffure.colour, paint.brows
    red, green, blue = (0.45 * r + 0.25 * b for r, b in zip(root, born, strict=True))
    brows = replace(
        paint,
        brows=(red, green, blue),
        thickness=paint.thickness * features.brows,
        arch=features.arch,
        tilt=features.tilt,
    )
    return painted, brows


def style_pieces(signer: Signer, style: Style) -> list[Piece]:
    """Return the hair or scarf, beard, glasses and earrings, which a scarf covers."""
    features = style.features
    if style.coiffure.cut == "scarf":
        features = replace(features, earrings=0.0)
    return [
        *coiffure_pieces(signer, style.coiffure),
        *beard_pieces(signer, style),
        *trinket_pieces(signer, features),
    ]
