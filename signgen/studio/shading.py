"""From fragments to light: materials under a key light, a fill and the ambient, in linear colours.

Lights stand still in the world and far away, and so does the camera: one direction each.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from signgen.studio.clothmap import clothe
from signgen.studio.figure import Figure, Posed
from signgen.studio.fine import paint_strands
from signgen.studio.paint import paint_brows, paint_eyes
from signgen.studio.pieces import Material
from signgen.studio.raster import Fragments
from signgen.studio.shadow import key_light_share
from signgen.studio.visage import paint_visage

_TO_CAMERA = (0.0, -1.0, 0.0)
_LIFT = 0.012  # metres above the surface at which shadows are looked up, or it shadows itself


@dataclass(frozen=True)
class _Finish:
    # shine and its sharpness; wrap: how far light creeps round an edge
    shine: float
    sharpness: float
    wrap: float


_FINISHES = {
    Material.SKIN: _Finish(0.10, 18, 0.15),
    Material.FACE: _Finish(0.10, 18, 0.25),
    Material.EYE: _Finish(0.55, 90, 0.30),
    Material.LASH: _Finish(0.05, 10, 0.20),
    Material.TEETH: _Finish(0.30, 40, 0.20),
    Material.TONGUE: _Finish(0.30, 30, 0.30),
    Material.CLOTH: _Finish(0.015, 8, 0.08),
    Material.HAIR: _Finish(0.12, 28, 0.20),
    Material.GEAR: _Finish(0.35, 40, 0.10),
    Material.TRIM: _Finish(0.015, 8, 0.08),
}
_SEEP = (0.10, 0.0, -0.04)  # red light creeps farther through skin


@dataclass(frozen=True)
class _Surface:
    # colour, normal, place (N, 3); material, shine (N,)
    colour: Tensor
    normal: Tensor
    place: Tensor
    material: Tensor
    shine: Tensor


def shade(figure: Figure, posed: Posed, fragments: Fragments) -> Tensor:
    """Return the linear light (N, 3) that fragments send to the camera."""
    light = figure.look.light
    surface = _surface(figure, posed, fragments)
    normal, like = surface.normal, surface.colour
    towards = _unit(like.new_tensor(light.key_from))
    lifted = surface.place + _LIFT * normal
    share = key_light_share(figure, posed, fragments.frame, lifted)
    wrap = _finish(surface.material, "wrap", like)
    seep = like.new_tensor(_SEEP) * (surface.material <= Material.FACE)[:, None]
    wrap = wrap[:, None] + seep
    diffuse = (((normal @ towards)[:, None] + wrap) / (1 + wrap)).clamp(min=0)
    warmth = like.new_tensor([1 + 0.06 * light.warmth, 1.0, 1 - 0.08 * light.warmth])
    key = light.key * warmth * diffuse * share[:, None]
    fill = light.fill * (normal @ _unit(like.new_tensor(light.fill_from))).clamp(min=0)
    sky = light.ambient * (0.75 + 0.35 * normal[:, 2])
    halfway = _unit(towards + like.new_tensor(_TO_CAMERA))
    cold = like.new_tensor([1 - 0.06 * light.coldness, 1.0, 1 + 0.08 * light.coldness])
    glint = (normal @ halfway).clamp(min=0) ** _finish(surface.material, "sharpness", like)
    glint = light.gloss * light.key * surface.shine * glint * share
    lit = surface.colour * (key + (fill + sky)[:, None] * cold) + glint[:, None]
    return _held_back(light.exposure * lit, light.knee)


def _held_back(light: Tensor, knee: float) -> Tensor:
    """Return light of which what is above the knee comes near 1 and never reaches it."""
    if knee == 1:
        return light
    over = (light - knee).clamp(min=0) / (1 - knee)
    return light.clamp(max=knee) + (1 - knee) * (1 - (-over).exp())


def _surface(figure: Figure, posed: Posed, fragments: Fragments) -> _Surface:
    piece = figure.piece
    corners = piece.triangles.index_select(0, fragments.triangle)
    moving = torch.cat([posed.normals, posed.vertices], 2).flatten(0, 1)
    at = corners + (fragments.frame * posed.vertices.shape[1])[:, None]
    moved = _interpolated(moving, at, fragments.weights)
    normal = _unit(moved[:, :3])
    # seen from behind, a two-sided surface shows its other side
    two_sided = piece.two_sided.index_select(0, fragments.triangle)
    behind = (normal[:, 1] > 0.25) & two_sided
    normal = normal * (1 - 2 * behind.to(normal))[:, None]
    colour = _interpolated(piece.colour, corners, fragments.weights)
    material = piece.material.index_select(0, fragments.triangle)
    shine = _finish(material, "shine", colour)

    def fine(kind: Material) -> tuple[Tensor, Tensor]:
        rows = (material == kind).nonzero()[:, 0]
        return rows, _interpolated(piece.template, corners[rows], fragments.weights[rows])

    rows, place = fine(Material.FACE)
    colour[rows], hairy = paint_brows(colour[rows], place, figure.paint)
    shine[rows] *= 1 - hairy
    if figure.detail is not None:
        colour[rows], shine[rows] = paint_visage(
            colour[rows], shine[rows], place, figure.detail.visage
        )
    rows, place = fine(Material.EYE)
    colour[rows] = paint_eyes(colour[rows], place, figure.paint)
    if figure.detail is not None:
        rows, place = fine(Material.HAIR)
        colour[rows], shine[rows] = paint_strands(
            colour[rows], shine[rows], place, figure.detail.strands
        )
        rows, place = fine(Material.CLOTH)
        colour[rows], normal[rows] = clothe(
            colour[rows],
            normal[rows],
            place,
            fragments.frame[rows],
            (figure.detail.cloth, posed.bones, figure.skeleton),
        )
    return _Surface(colour, normal, moved[:, 3:], material, shine)


def _finish(
    material: Tensor, quality: Literal["shine", "sharpness", "wrap"], like: Tensor
) -> Tensor:
    table = like.new_tensor([getattr(finish, quality) for finish in _FINISHES.values()])
    return table.index_select(0, material)


def _interpolated(values: Tensor, corners: Tensor, weights: Tensor) -> Tensor:
    return embedding_bag(corners, values, mode="sum", per_sample_weights=weights)


def _unit(vectors: Tensor) -> Tensor:
    return vectors / vectors.norm(dim=-1, keepdim=True).clamp(min=1e-6)
