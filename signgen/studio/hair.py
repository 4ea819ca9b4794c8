"""Hair: a shell over the scalp with a hairline cut by the sample, and locks that hang from it.

Locks are ribbons grown in the signer's rest pose, combed from a parting, pulled down by their
weight and pushed out of the head.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from signgen.studio.factory import Signer
from signgen.studio.noise import value_noise
from signgen.studio.pieces import Material, Part, Piece, smoothstep
from signgen.studio.skin import fans, pushed_out, vertex_normals
from signgen.studio.wardrobe import Hair, Hairstyle

# The hairline of the template: height over depth, from the forehead to the nape.
_LINE_Y = (-0.16, -0.13, -0.105, -0.085, -0.07, -0.055, -0.04, -0.02, 0.0, 0.04)
_LINE_Z = (0.80, 0.797, 0.785, 0.768, 0.735, 0.712, 0.722, 0.695, 0.66, 0.64)
_FACE_HALF_WIDTH = 0.074


@dataclass(frozen=True)
class _Cut:
    """locks: how many; length: of a lock, metres, and how much more with Hair.length; width: of a
    lock; end: the height below which locks stop; lift: of the shell, over Hair.volume; weight: how
    soon a lock hangs.
    """

    locks: int
    length: tuple[float, float]
    width: float
    end: float
    lift: float
    weight: float


_CUTS: dict[Hairstyle, _Cut] = {
    "crop": _Cut(0, (0.0, 0.0), 0.0, 0.0, 0.35, 0.0),
    "short": _Cut(320, (0.045, 0.025), 0.013, 0.742, 0.9, 0.5),
    "bob": _Cut(320, (0.20, 0.05), 0.017, 0.61, 1.0, 0.9),
    "long": _Cut(340, (0.34, 0.14), 0.018, 0.42, 1.0, 0.9),
    "bun": _Cut(0, (0.0, 0.0), 0.0, 0.0, 0.7, 0.0),
}
_STEPS = 8


def hair_pieces(signer: Signer, hair: Hair) -> list[Piece]:
    """Return the hair's pieces; none on a bald head."""
    if hair.style == "bald":
        return []
    cut = _CUTS[hair.style]
    pieces = [_shell(signer, hair, cut)]
    if cut.locks:
        pieces.append(_locks(signer, hair, cut))
    if hair.style == "bun":
        pieces.append(_bun(signer, hair))
    return pieces


def hairline(place: Tensor) -> Tensor:
    """Return how far above the hairline template places (N, 3) lie, in metres."""
    nodes_y, nodes_z = place.new_tensor(_LINE_Y), place.new_tensor(_LINE_Z)
    y = place[:, 1].contiguous().clamp(_LINE_Y[0], _LINE_Y[-1])
    right = torch.searchsorted(nodes_y, y).clamp(1, len(nodes_y) - 1)
    share = (y - nodes_y[right - 1]) / (nodes_y[right] - nodes_y[right - 1])
    line = torch.lerp(nodes_z[right - 1], nodes_z[right], share)
    return place[:, 2] - line - 0.004 * torch.sin(90 * place[:, 0].abs())


def _above(signer: Signer, hair: Hair) -> Tensor:
    anatomy = signer.anatomy
    ears = 0.05 * smoothstep(0.3, 0.6, anatomy.painted("ears"))
    return (
        hairline(anatomy.template) - ears + 0.004 * value_noise(anatomy.template, 0.009, hair.seed)
    )


def _scalp(signer: Signer, above: Tensor) -> Tensor:
    triangles = signer.anatomy.group("body")
    triangles = triangles[(above[triangles] > 0).any(1)]
    return triangles[(signer.anatomy.weight_of("head")[triangles] > 0.5).all(1)]


def _normals(signer: Signer) -> Tensor:
    return vertex_normals(signer.rest[None], fans(signer.anatomy.group("body"), len(signer.rest)))[
        0
    ]


def _shell(signer: Signer, hair: Hair, cut: _Cut) -> Piece:
    anatomy = signer.anatomy
    place = anatomy.template
    above = _above(signer, hair)
    lift = cut.lift * hair.volume * smoothstep(-0.002, 0.035, above)
    lift = lift * (0.5 + 0.6 * smoothstep(0.74, 0.84, place[:, 2]))
    lift = lift * (1 + 0.15 * value_noise(place, (0.02, 0.05, 0.05), hair.seed + 2))
    streaks = value_noise(place, (0.005, 0.04, 0.02), hair.seed + 1)
    shades = (0.85 + 0.35 * streaks) * (0.55 + 0.45 * smoothstep(0.0, 0.02, above))
    return _piece(
        rest=signer.rest + lift[:, None] * _normals(signer),
        template=place,
        skin=anatomy.skin,
        colour=place.new_tensor(hair.colour) * shades[:, None],
        cut=above,
        triangles=_scalp(signer, above),
    )


def _locks(signer: Signer, hair: Hair, cut: _Cut) -> Piece:
    generator = torch.Generator().manual_seed(hair.seed)
    roots, normals, template = _roots(signer, hair, cut.locks, generator)
    longest = cut.length[0] + cut.length[1] * hair.length
    length = longest * (0.8 + 0.4 * torch.rand(cut.locks, generator=generator))
    end = cut.end - 0.05 * hair.length + 0.03 * torch.rand(cut.locks, generator=generator)
    lines = _grown(signer, hair, cut, (roots, normals, length, end))  # (L, S+1, 3)
    along = torch.linspace(0, 1, _STEPS + 1)
    half = cut.width / 2 * (0.7 + 0.6 * torch.rand(cut.locks, 1, generator=generator))
    half = half * (1 - 0.75 * along**2)
    tangents = lines.diff(dim=1, append=2 * lines[:, -1:] - lines[:, -2:-1])
    centre = signer.rest[_scalp(signer, _above(signer, hair)).unique()].mean(0)
    across = torch.linalg.cross(tangents, lines - centre)
    across = across / across.norm(dim=2, keepdim=True).clamp(min=1e-6)
    sides = torch.stack([lines - half[..., None] * across, lines + half[..., None] * across], 2)
    vertices = sides.flatten(0, 2)  # (L*(S+1)*2, 3)
    shade = 0.75 + 0.55 * torch.rand(cut.locks, 1, 2, generator=generator)
    shade = shade * (0.75 + 0.35 * along[None, :, None])
    place = template[:, None, None].expand_as(sides).flatten(0, 2)
    return _piece(
        rest=vertices,
        template=place,
        skin=_hanging(signer, vertices),
        colour=torch.tensor(hair.colour) * shade.flatten()[:, None],
        cut=torch.ones(len(vertices)),
        triangles=_ribbons(cut.locks),
        two_sided=True,
    )


def _roots(
    signer: Signer, hair: Hair, count: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    above = _above(signer, hair)
    triangles = _scalp(signer, above)
    triangles = triangles[(above[triangles] > 0.004).all(1)]
    corners = signer.rest[triangles]
    edges = corners[:, 1:] - corners[:, :1]
    area = torch.linalg.cross(edges[:, 0], edges[:, 1]).norm(dim=1)
    chosen = triangles[torch.multinomial(area, count, replacement=True, generator=generator)]
    weights = torch.rand(count, 3, generator=generator)
    weights = (weights / weights.sum(1, keepdim=True))[:, :, None]
    normals = (_normals(signer)[chosen] * weights).sum(1)
    roots = (signer.rest[chosen] * weights).sum(1)
    return roots, normals, (signer.anatomy.template[chosen] * weights).sum(1)


def _grown(
    signer: Signer, hair: Hair, cut: _Cut, locks: tuple[Tensor, Tensor, Tensor, Tensor]
) -> Tensor:
    roots, normals, length, end = locks
    obstacle = signer.anatomy.group("body").unique()
    obstacle = obstacle[signer.anatomy.template[obstacle, 2] > 0.45][::2]
    surface, outwards = signer.rest[obstacle], _normals(signer)[obstacle]
    # template heights mean the same on everybody once measured from the eyes
    rows = signer.anatomy.skeleton.rows
    eye = surface.new_tensor(_rest_eye(signer))
    lower = eye[2] - float(signer.anatomy.template_heads[rows["eye.L"], 2])
    side = torch.where(roots[:, 0] > 0.05 * hair.parting, 1.0, -1.0)
    comb = torch.stack([0.8 * side, 0.5 + 0 * side, -0.4 + 0 * side], 1)
    flow = comb - (comb * normals).sum(1, keepdim=True) * normals
    flow = flow / flow.norm(dim=1, keepdim=True).clamp(min=1e-6) + 0.1 * normals
    at = roots + cut.lift * hair.volume * normals * 0.8
    margin = torch.full_like(length, 0.6 * hair.volume)
    line, step = [at], (length / _STEPS)[:, None]
    for _ in range(_STEPS):
        flow = flow + cut.weight * flow.new_tensor([0.0, 0.1, -1.0])
        flow = flow / flow.norm(dim=1, keepdim=True)
        moved = pushed_out(at + step * flow, surface, outwards, margin)
        moved = _beside_face(moved, eye, side)
        stopped = (moved[:, 2] < end + lower)[:, None]
        # what pushes a lock aside does not set it in motion
        flow = torch.where(stopped, flow, 0.6 * (moved - at) / step + 0.4 * flow)
        at = torch.where(stopped, at + 1e-4 * flow, moved)
        line.append(at)
    return torch.stack(line, 1)


def _rest_eye(signer: Signer) -> list[float]:
    eyes = signer.anatomy.group("eyes").unique()
    middle = signer.rest[eyes].mean(0)
    return [0.0, float(middle[1]), float(middle[2])]


def _beside_face(points: Tensor, eye: Tensor, side: Tensor) -> Tensor:
    x, y, z = points.unbind(1)
    low = smoothstep(0.035, 0.005, z - eye[2])
    front = smoothstep(0.05, 0.025, y - eye[1])
    wide = side * x.abs().clamp(min=_FACE_HALF_WIDTH)
    x = torch.lerp(x, wide, low * front)
    y = torch.lerp(y, torch.maximum(y, eye[1] + 0.035), low)
    return torch.stack([x, y, z], 1)


def _hanging(signer: Signer, vertices: Tensor) -> Tensor:
    # the head carries hair; what reaches the shoulders lies on them
    rows = signer.anatomy.skeleton.rows
    eye = _rest_eye(signer)[2]
    head = smoothstep(-0.20, -0.09, vertices[:, 2] - eye)
    skin = torch.zeros(len(vertices), signer.anatomy.skin.shape[1])
    skin[:, rows["head"]] = head
    skin[:, rows["neck01"]] = 0.4 * (1 - head)
    skin[:, rows["spine01"]] = 0.6 * (1 - head)
    return skin


def _ribbons(count: int) -> Tensor:
    first = torch.arange(_STEPS) * 2
    quads = torch.stack([first, first + 1, first + 2, first + 1, first + 3, first + 2], 1)
    ribbon = quads.reshape(-1, 3)
    return (ribbon + 2 * (_STEPS + 1) * torch.arange(count)[:, None, None]).flatten(0, 1)


def _bun(signer: Signer, hair: Hair) -> Piece:
    rows, columns = 9, 14
    polar = torch.linspace(0.05, torch.pi - 0.05, rows)[:, None]
    around = (2 * torch.pi / columns) * torch.arange(columns)
    ball = torch.stack(
        [polar.sin() * around.cos(), polar.sin() * around.sin(), polar.cos().expand(-1, columns)], 2
    ).flatten(0, 1)
    top = signer.rest[signer.anatomy.template[:, 2].argmax()]
    radius = 0.034 + 0.012 * hair.length
    bumps = 1 + 0.07 * value_noise(ball, 0.35, hair.seed)
    vertices = top + torch.tensor([0.0, 0.045, 0.008]) + radius * bumps[:, None] * ball
    here = torch.arange(rows - 1)[:, None] * columns + torch.arange(columns)
    right = torch.arange(rows - 1)[:, None] * columns + (torch.arange(columns) + 1) % columns
    triangles = torch.stack(
        [here, here + columns, right, right, here + columns, right + columns], 2
    )
    streaks = value_noise(ball, (0.6, 0.6, 0.12), hair.seed + 1)
    return _piece(
        rest=vertices,
        template=top.expand_as(vertices),
        skin=_hanging(signer, vertices),
        colour=torch.tensor(hair.colour) * (0.85 + 0.4 * streaks)[:, None],
        cut=torch.ones(len(vertices)),
        triangles=triangles.reshape(-1, 3),
    )


def _piece(
    *,
    rest: Tensor,
    template: Tensor,
    skin: Tensor,
    colour: Tensor,
    cut: Tensor,
    triangles: Tensor,
    two_sided: bool = False,
) -> Piece:
    part = torch.full_like(triangles[:, 0], Part.BODY)
    return Piece(
        rest=rest,
        template=template,
        skin=skin,
        colour=colour,
        cut=cut,
        source=torch.full_like(cut, -1, dtype=torch.long),
        triangles=triangles,
        material=torch.full_like(part, Material.HAIR),
        part=part,
        two_sided=torch.full_like(part, two_sided, dtype=torch.bool),
        casts=torch.zeros_like(part, dtype=torch.bool),
    )
