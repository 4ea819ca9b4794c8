"""Locks of the wide studio's hair: knots, tufts and ringlets that stand out of a shell."""

from collections.abc import Callable

import torch
from torch import Tensor

from signgen.studio.noise import value_noise
from signgen.studio.pieces import Piece, smoothstep
from signgen.studio.scalp import Head, along, unit
from signgen.studio.strands import Growth, grown, ribbons, tubes


def knot(head: Head, place: Tensor, radius: float) -> Piece:
    """Return a bun: a tail wound twice round itself."""
    (root,), (normal,) = head.on(place)
    axis = unit(normal + torch.tensor([0.0, 0.3, 0.4]))
    one = unit(torch.linalg.cross(axis, torch.tensor([1.0, 0.0, 0.0])))
    other = torch.linalg.cross(axis, one)
    turn = torch.linspace(0, 4.4 * torch.pi, 40)[:, None]
    share = torch.linspace(0, 1, 40)[:, None]
    width = radius * (0.75 - 0.6 * share)
    line = root + (0.2 + 0.9 * share) * radius * axis
    line = line + width * (turn.cos() * one + turn.sin() * other)
    thick = radius * (0.52 - 0.12 * share[:, 0])
    thick = thick * (1 + 0.08 * value_noise(10 * line, 0.2, head.coiffure.seed))
    return tubes(head, line[None], thick[None], torch.ones(1), 9)


def tufts(
    head: Head,
    lift: float,
    count: int,
    length: tuple[float, float],
    flow: Callable[[Tensor], Tensor],
    weight: float = 0.12,
    stand: float = 0.15,
) -> Piece:
    """Return short locks that lie on the shell and break its outline."""
    generator = torch.Generator().manual_seed(head.coiffure.seed)
    roots, normals = scattered(head, count, generator)
    high = smoothstep(-0.01, 0.045, roots[:, 2] - head.eye[2] - 0.015)
    jitter = 0.22 * torch.randn(count, 3, generator=generator)
    long = length[0] + (length[1] - length[0]) * torch.rand(count, generator=generator)
    margin = lift * (0.15 + 0.85 * high) + 0.002
    growth = Growth(
        roots + 0.5 * margin[:, None] * normals,
        along(flow(roots) + jitter, normals) + stand * normals,
        long * (0.35 + 0.65 * high),
        margin,
        5,
        weight,
    )
    tone = 0.8 + 0.4 * torch.rand(count, generator=generator)
    width = 0.008 + 0.008 * torch.rand(count, generator=generator)
    return ribbons(head, grown(head, growth), width, tone)


def ringlets(head: Head, lift: float, count: int, radius: float) -> Piece:
    """Return curls that stand out of the shell."""
    generator = torch.Generator().manual_seed(head.coiffure.seed)
    roots, normals = scattered(head, count, generator)
    out = unit(torch.lerp(normals, unit(roots - head.centre), 0.6))
    across = unit(torch.linalg.cross(out, torch.randn(count, 3, generator=generator)))
    size = radius * (0.7 + 0.7 * torch.rand(count, 1, 1, generator=generator))
    turn = torch.linspace(0, 1.5 * torch.pi, 7)[None, :, None]
    edge = smoothstep(0.0, 0.03 + 0.4 * lift, _height(head, roots))[:, None, None]
    rise = (0.9 * lift * edge - size).clamp(min=0.001)
    lines = roots[:, None] + out[:, None] * (rise + size * (1 - turn.cos()))
    lines = (lines + across[:, None] * size * turn.sin()).flatten(0, 1)
    lines = head.cleared(lines, torch.full_like(lines[:, 0], 0.001)).unflatten(0, (count, -1))
    tone = 0.7 + 0.6 * torch.rand(count, generator=generator)
    return ribbons(head, lines, 1.5 * size[:, 0, 0], tone)


def scattered(head: Head, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return roots (N, 3) all over the scalp and the normals there."""
    triangles = head.scalp[(head.above[head.scalp] > 0.003).all(1)]
    corners = head.signer.rest[triangles]
    edges = corners[:, 1:] - corners[:, :1]
    area = torch.linalg.cross(edges[:, 0], edges[:, 1]).norm(dim=1)
    chosen = triangles[torch.multinomial(area, count, replacement=True, generator=generator)]
    weights = torch.rand(count, 3, generator=generator)
    weights = (weights / weights.sum(1, keepdim=True))[:, :, None]
    roots = (head.signer.rest[chosen] * weights).sum(1)
    return roots, unit((head.normals[chosen] * weights).sum(1))


def _height(head: Head, points: Tensor) -> Tensor:
    rows = head.scalp.unique()
    return head.above[rows][torch.cdist(points, head.signer.rest[rows]).argmin(1)]
