"""A signer of the wide studio turned out: painted for the day, with hair, beard and trinkets."""

from dataclasses import replace

import torch

from signgen.studio.beard import beard_pieces
from signgen.studio.coiffure import coiffure_pieces
from signgen.studio.factory import Signer
from signgen.studio.paint import FacePaint
from signgen.studio.pieces import Material, Part, Piece
from signgen.studio.style import Features, Style
from signgen.studio.trinkets import trinket_pieces


def made_up(
    signer: Signer, body: Piece, paint: FacePaint, features: Features
) -> tuple[Piece, FacePaint]:
    """Return the body with painted nails and a head that is painted by the pixel, and its brows."""
    face = (body.part == Part.FACE) & (body.material == Material.SKIN)
    material = torch.where(face, int(Material.FACE), body.material)
    colour = body.colour
    if features.nails is not None:
        own = (body.source >= 0).to(colour)
        nails = own * signer.anatomy.painted("fingernails")[body.source.clamp(min=0)]
        polish = colour.new_tensor(features.nails).expand_as(colour)
        colour = torch.lerp(colour, polish, 0.9 * nails[:, None])
    painted = replace(body, material=material, colour=colour)
    return painted, replace(paint, thickness=paint.thickness * features.brows)


def style_pieces(signer: Signer, style: Style) -> list[Piece]:
    """Return the hair or scarf, beard, glasses and earrings."""
    return [
        *coiffure_pieces(signer, style.coiffure),
        *beard_pieces(signer, style),
        *trinket_pieces(signer, style.features),
    ]
