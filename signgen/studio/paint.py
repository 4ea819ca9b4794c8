"""Painting a body: skin, lips, nails, eyes, brows, in the places of the shared template.

Most is painted on vertices, once a signer; brows, irises and the rims of eyes are finer than the
mesh and are painted by the pixel, when the picture is shaded.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from signgen.studio.complexion import Complexion
from signgen.studio.factory import Anatomy, Signer
from signgen.studio.kinematics import SIDES, hand_axes
from signgen.studio.noise import value_noise
from signgen.studio.pieces import Material, Part, Piece, joined, smoothstep
from signgen.studio.skin import fans, vertex_normals

_TOOTH = (0.78, 0.74, 0.66)
_TONGUE = (0.42, 0.13, 0.12)
_SCLERA = (0.80, 0.77, 0.74)


def body_piece(signer: Signer) -> Piece:
    """Return the painted body with its eyes, teeth, tongue and lashes."""
    anatomy = signer.anatomy
    masculine = 1 - signer.trait("gender")
    like = anatomy.template
    lash = like.new_tensor([0.03, 0.02, 0.015]) * (1 + 2 * masculine)
    return joined(
        [
            _piece(signer, "body", Material.SKIN, skin_colour(signer)),
            _piece(signer, "eyes", Material.EYE, like.new_tensor(_SCLERA)),
            _piece(signer, "lashes", Material.LASH, lash),
            _piece(signer, "teeth", Material.TEETH, like.new_tensor(_TOOTH)),
            _piece(signer, "tongue", Material.TONGUE, like.new_tensor(_TONGUE)),
        ]
    )


def skin_colour(signer: Signer) -> Tensor:
    """Return the linear colour of the skin at every vertex (V, 3)."""
    anatomy, complexion = signer.anatomy, signer.complexion
    place = anatomy.template
    ax, y, z = place[:, 0].abs(), place[:, 1], place[:, 2]
    tone = 1 + 0.05 * value_noise(place, 0.05, 1) + 0.05 * value_noise(place, 0.012, 2)
    colour = place.new_tensor(complexion.skin) * tone[:, None]
    head = anatomy.weight_of("head", "neck03")
    red = 0.8 * _spot(ax - 0.045, y + 0.10, z - 0.695, 0.022) + 0.7 * _spot(
        ax, y + 0.15, z - 0.698, 0.014
    )
    red = head * (red + 0.5 * anatomy.painted("ears"))
    red = (0.25 + complexion.blush) * red + 0.35 * _knuckles(anatomy)
    colour = colour * (1 - red[:, None] * place.new_tensor([0.02, 0.22, 0.20]))
    socket = _spot(ax - 0.031, y + 0.12, z - 0.731, 0.014)
    colour = colour * (1 - 0.22 * socket[:, None])
    colour = _palms(colour, anatomy, complexion)
    return _details(colour, anatomy, complexion).clamp(0, 1)


def _details(colour: Tensor, anatomy: Anatomy, complexion: Complexion) -> Tensor:
    place, head = anatomy.template, anatomy.weight_of("head", "neck03")
    y, z = place[:, 1], place[:, 2]
    spots = smoothstep(0.45, 0.7, value_noise(place, 0.006, 3)) * complexion.freckles
    colour = colour * (1 - 0.25 * (spots * head)[:, None])
    jaw = head * smoothstep(0.70, 0.675, z) * smoothstep(0.0, -0.03, y)
    beard = complexion.stubble * jaw * (1 - anatomy.painted("lips"))
    colour = colour * (1 - 0.55 * beard[:, None] * place.new_tensor([1.0, 0.92, 0.85]))
    lips = 0.8 * anatomy.painted("lips")[:, None]
    colour = torch.lerp(colour, place.new_tensor(complexion.lips).expand_as(colour), lips)
    nail = place.new_tensor(complexion.skin).clamp(min=0.12) * place.new_tensor([1.15, 1.0, 0.98])
    nails = 0.6 * anatomy.painted("fingernails")[:, None]
    colour = torch.lerp(colour, nail.expand_as(colour), nails)
    mouth = place.new_tensor([0.16, 0.035, 0.03]).expand_as(colour)
    return torch.lerp(colour, mouth, anatomy.painted("inside-mouth")[:, None])


@dataclass(frozen=True)
class FacePaint:
    """What brows and eyes are painted with, per pixel.

    eye: the left eye's centre in the template; iris, brows: linear colours; thickness, arch, tilt:
    of the brows, metres; a positive tilt lifts their outer ends.
    """

    eye: tuple[float, float, float]
    iris: tuple[float, float, float]
    brows: tuple[float, float, float]
    thickness: float
    arch: float = 0.0105
    tilt: float = 0.0


def face_paint(signer: Signer) -> FacePaint:
    """Return the fine paint of a signer's face."""
    anatomy = signer.anatomy
    x, y, z = anatomy.template_heads[anatomy.skeleton.rows["eye.L"]].tolist()
    complexion = signer.complexion
    thickness = 0.0036 + 0.0014 * (1 - signer.trait("gender"))
    return FacePaint((x, y, z), complexion.iris, complexion.brows, thickness)


def paint_brows(colour: Tensor, place: Tensor, paint: FacePaint) -> tuple[Tensor, Tensor]:
    """Return the colours (N, 3) of face pixels at template places (N, 3), and how hairy they are.

    The second, (N,) from 0 to 1, is where skin does not shine.
    """
    ax, y, z = place[:, 0].abs(), place[:, 1], place[:, 2]
    u = (ax - 0.012) / 0.044
    line = 0.7415 + paint.arch * torch.sin(torch.pi * (0.78 * u + 0.05)) + paint.tilt * (u - 0.5)
    half = paint.thickness * (1.05 - 0.6 * u.clamp(0, 1))
    inside = smoothstep(-0.06, 0.10, u) * smoothstep(1.12, 0.85, u)
    across = smoothstep(1.35, 0.55, (z - line).abs() / half)
    hairs = 0.82 + 0.18 * torch.sin(2600 * (z + 0.9 * ax))
    alpha = (0.85 * inside * across * hairs * (y < -0.06)).clamp(0, 1)
    brows = place.new_tensor(paint.brows).expand_as(colour)
    return torch.lerp(colour, brows, alpha[:, None]), alpha


def paint_eyes(colour: Tensor, place: Tensor, paint: FacePaint) -> Tensor:
    """Return the colours (N, 3) of eye pixels at template places (N, 3), with irises."""
    x, y, z = paint.eye
    radius = ((place[:, 0].abs() - x) ** 2 + (place[:, 2] - z) ** 2).sqrt()
    front = place[:, 1] < y
    iris = place.new_tensor(paint.iris) * (0.75 + 0.5 * smoothstep(0.0025, 0.006, radius))[:, None]
    limbus = torch.exp(-(((radius - 0.0061) / 0.0009) ** 2))
    iris = iris * (1 - 0.7 * limbus[:, None])
    iris = iris * smoothstep(0.0021, 0.0028, radius)[:, None]
    alpha = smoothstep(0.0069, 0.0060, radius) * front
    shade = 1 - 0.30 * smoothstep(0.008, 0.015, radius)
    return torch.lerp(colour * shade[:, None], iris, alpha[:, None])


def _piece(signer: Signer, group: str, material: Material, colour: Tensor) -> Piece:
    anatomy = signer.anatomy
    triangles = anatomy.group(group)
    num_vertices = len(signer.rest)
    like = anatomy.template
    part = _parts(anatomy, triangles)
    kind = torch.full_like(part, material)
    if material is Material.SKIN:
        middle = like[triangles].mean(1)
        brows = (middle[:, 1] < -0.05) & (middle[:, 2] > 0.72) & (middle[:, 2] < 0.78)
        kind[brows & (part == Part.FACE)] = Material.FACE
    limbs = anatomy.weight_of("upperarm", "lowerarm", "wrist", "finger", "metacarpal", "head")
    return Piece(
        rest=signer.rest,
        template=like,
        skin=anatomy.skin,
        colour=colour.expand(num_vertices, 3),
        cut=like.new_ones(num_vertices),
        source=torch.arange(num_vertices, device=like.device),
        triangles=triangles,
        material=kind,
        part=part,
        two_sided=torch.full_like(part, material is Material.LASH, dtype=torch.bool),
        casts=(limbs[triangles].mean(1) > 0.5) & (material is Material.SKIN),
    )


def _parts(anatomy: Anatomy, triangles: Tensor) -> Tensor:
    part = torch.full_like(triangles[:, 0], Part.BODY)
    head = anatomy.weight_of("head", "eye")[triangles].mean(1)
    part[head > 0.5] = Part.FACE
    for side, hand in zip(SIDES, (Part.LEFT_HAND, Part.RIGHT_HAND), strict=True):
        rows = [r for n, r in anatomy.skeleton.rows.items() if n.endswith(side) and _of_hand(n)]
        part[anatomy.skin[:, rows].sum(1)[triangles].mean(1) > 0.5] = hand
    return part


def _spot(x: Tensor, y: Tensor, z: Tensor, radius: float) -> Tensor:
    # deeper than it is wide, since a face is painted from the front
    return torch.exp(-(x**2 + (y / 2) ** 2 + z**2) / (2 * radius**2))


def _knuckles(anatomy: Anatomy) -> Tensor:
    rows = [r for r, n in enumerate(anatomy.skeleton.names) if n.startswith("finger")]
    gaps = torch.cdist(anatomy.template, anatomy.template_heads[rows]).amin(1)
    return smoothstep(0.014, 0.004, gaps) * anatomy.weight_of("finger", "metacarpal", "wrist")


def _palms(colour: Tensor, anatomy: Anatomy, complexion: Complexion) -> Tensor:
    # palms tan less: on dark skin they are much lighter than the backs of the hands
    pale = 0.75 * complexion.darkness**1.5
    inner = colour.new_tensor(complexion.palms)
    alpha = pale * _palm(anatomy)[:, None]
    return torch.lerp(colour, torch.maximum(colour, inner), alpha)


def _palm(anatomy: Anatomy) -> Tensor:
    triangles = anatomy.group("body")
    normals = vertex_normals(anatomy.template[None], fans(triangles, len(anatomy.template)))[0]
    inner = torch.zeros_like(normals[:, 0])
    for side in SIDES:
        palm = hand_axes(anatomy.skeleton, anatomy.template_heads, side).palm
        rows = [r for n, r in anatomy.skeleton.rows.items() if n.endswith(side) and _of_hand(n)]
        inner = inner + anatomy.skin[:, rows].sum(1) * smoothstep(-0.1, 0.5, normals @ palm)
    return inner


def _of_hand(bone: str) -> bool:
    return bone.startswith(("wrist", "finger", "metacarpal"))
