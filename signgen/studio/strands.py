"""Hair that has a length: lines grown over the head and down, and the surfaces made of them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from signgen.studio.noise import value_noise
from signgen.studio.pieces import Piece, smoothstep
from signgen.studio.scalp import Head, dyed, hair_piece, unit

_CLOTH = 0.016  # metres more that hair keeps above skin from the shoulders on, where cloth is
_BESIDE = 0.026  # metres behind the eyes from which on hair may hang before the ears


@dataclass(frozen=True)
class Growth:
    """How N lines grow: roots, flow (N, 3): where they begin and whither; length (N,) in metres;
    margin (N,): metres above skin; steps; weight: how soon they hang; beside: whether they keep
    out of the face.
    """

    roots: Tensor
    flow: Tensor
    length: Tensor
    margin: Tensor
    steps: int
    weight: float | Tensor
    beside: bool = True


def grown(head: Head, growth: Growth) -> Tensor:
    """Return lines of hair (N, S+1, 3)."""
    at, flow = growth.roots, unit(growth.flow)
    step = (growth.length / growth.steps)[:, None]
    side = torch.where(at[:, 0] + flow[:, 0] * 0.05 > 0, 1.0, -1.0)
    lines = [at]
    weight = torch.as_tensor(growth.weight).expand(len(at))[:, None]
    for _ in range(growth.steps):
        flow = unit(flow + weight * flow.new_tensor([0.0, 0.05, -1.0]))
        moved = at + step * flow
        dressed = smoothstep(-0.15, -0.22, moved[:, 2] - head.eye[2])
        moved = head.cleared(moved, growth.margin + _CLOTH * dressed)
        if growth.beside:
            moved = _beside_face(head, moved, side)
        flow = 0.6 * (moved - at) / step + 0.4 * flow
        at = moved
        lines.append(at)
    return torch.stack(lines, 1)


def _beside_face(head: Head, points: Tensor, side: Tensor) -> Tensor:
    x, y, z = points.unbind(1)
    low = smoothstep(0.045, 0.01, z - head.eye[2])
    front = smoothstep(0.06, 0.03, y - head.eye[1])
    on_chest = smoothstep(-0.13, -0.19, z - head.eye[2])
    wide = side * (side * x).clamp(min=head.half_width + 0.004)
    x = torch.lerp(x, wide, low * front * (1 - on_chest))
    y = torch.lerp(y, torch.maximum(y, head.eye[1] + _BESIDE), low * (1 - on_chest))
    return torch.stack([x, y, z], 1)


def curtain(
    head: Head, lines: Tensor, end: Tensor, *, clumps: float, ragged: float, tone: Tensor
) -> Piece:
    """Return the surface between neighbouring lines (N, S+1, 3).

    end (N,): metres along each line at which it is cut; clumps: metres that locks stand out;
    ragged: how uneven ends are; tone (N,): how light each line is.
    """
    coiffure = head.coiffure
    lines = _even(lines)
    along = _lengths(lines)
    apart = (lines[1:] - lines[:-1]).norm(dim=2).mean(1)
    across = torch.cat([apart.new_zeros(1), apart.cumsum(0)])[:, None].expand_as(along)
    flat = torch.stack([across, 0.15 * along, 0 * along], 2).flatten(0, 1)
    relief = value_noise(flat, 0.016, coiffure.seed + 4) + 0.5 * value_noise(
        flat, 0.007, coiffure.seed + 5
    )
    relief = relief.unflatten(0, along.shape) * smoothstep(0.0, 0.12, along)
    outwards = _outwards(head, lines)
    lines = lines + (clumps * relief)[..., None] * outwards
    ends = value_noise(flat * flat.new_tensor([1.0, 0.0, 0.0]), 0.009, coiffure.seed + 6)
    cut = end[:, None] + ragged * ends.unflatten(0, along.shape) - along
    share = (along / end[:, None].clamp(min=1e-3)).clamp(0, 1)
    shade = tone[:, None] * (0.82 + 0.18 * relief.clamp(-1, 1))
    vertices = lines.flatten(0, 1)
    return hair_piece(
        rest=vertices,
        strands=torch.stack([across, along, 0 * along], 2).flatten(0, 1),
        skin=head.hanging(vertices),
        colour=(dyed(coiffure, share**1.5) * shade[..., None]).flatten(0, 1),
        cut=cut.flatten(),
        triangles=grid(*along.shape),
    )


def ribbons(head: Head, lines: Tensor, width: Tensor, tone: Tensor) -> Piece:
    """Return a pointed ribbon along each line (N, S+1, 3), width and tone (N,)."""
    count, points = lines.shape[:2]
    share = torch.linspace(0, 1, points)
    half = width[:, None] / 2 * (1 - 0.85 * share**2)
    tangents = lines.diff(dim=1, append=2 * lines[:, -1:] - lines[:, -2:-1])
    across = unit(torch.linalg.cross(tangents, _outwards(head, lines)))
    sides = torch.stack([lines - half[..., None] * across, lines + half[..., None] * across], 2)
    offset = 0.05 * torch.arange(count)[:, None, None].expand(count, points, 2)
    strands = torch.stack(
        [
            offset + torch.stack([-half, half], 2),
            _lengths(lines)[..., None].expand_as(offset),
            torch.zeros(count, points, 2),
        ],
        3,
    )
    colour = dyed(head.coiffure, share)[None, :, None] * tone[:, None, None, None]
    vertices = sides.flatten(0, 2)
    return hair_piece(
        rest=vertices,
        strands=strands.flatten(0, 2),
        skin=head.hanging(vertices),
        colour=colour.expand(count, points, 2, 3).flatten(0, 2),
        cut=torch.ones(len(vertices)),
        triangles=(grid(points, 2) + 2 * points * torch.arange(count)[:, None, None]).flatten(0, 1),
    )


def tubes(head: Head, lines: Tensor, radius: Tensor, tone: Tensor, sides: int = 5) -> Piece:
    """Return a tube along each line (N, S+1, 3), radius (N, S+1), tone (N,)."""
    count, points = lines.shape[:2]
    tangents = unit(lines.diff(dim=1, append=2 * lines[:, -1:] - lines[:, -2:-1]))
    out = _outwards(head, lines)
    out = unit(out - (out * tangents).sum(2, keepdim=True) * tangents)
    across = torch.linalg.cross(tangents, out)
    turn = 2 * torch.pi * torch.arange(sides) / sides
    ring = turn.cos()[:, None] * out[:, :, None] + turn.sin()[:, None] * across[:, :, None]
    vertices = (lines[:, :, None] + radius[..., None, None] * ring).flatten(0, 2)
    along = _lengths(lines)[..., None].expand(count, points, sides)
    strands = torch.stack(
        [0.5 * radius[..., None] * turn + 0.5 * along, 2 * along, torch.zeros_like(along)], 3
    )
    share = torch.linspace(0, 1, points)
    colour = dyed(head.coiffure, share)[None, :, None] * tone[:, None, None, None]
    net = grid(points, sides, closed=True)
    return hair_piece(
        rest=vertices,
        strands=strands.flatten(0, 2),
        skin=head.hanging(vertices),
        colour=colour.expand(count, points, sides, 3).flatten(0, 2),
        cut=torch.ones(len(vertices)),
        triangles=(net + points * sides * torch.arange(count)[:, None, None]).flatten(0, 1),
    )


def waved(head: Head, lines: Tensor, height: float, wave: float, phase: Tensor) -> Tensor:
    """Return lines (N, S+1, 3) that swing by ``height`` metres every ``wave`` metres.

    phase (N,): where in its wave each line begins.
    """
    along = _lengths(lines)
    tangents = unit(lines.diff(dim=1, append=2 * lines[:, -1:] - lines[:, -2:-1]))
    out = _outwards(head, lines)
    across = torch.linalg.cross(tangents, out)
    turn = 2 * torch.pi * along / wave + phase[:, None]
    grip = height * smoothstep(0.05, 0.18, along)
    return (
        lines
        + (grip * turn.sin())[..., None] * across
        + (0.6 * grip * (1 + turn.cos()))[..., None] * out
    )


def _outwards(head: Head, lines: Tensor) -> Tensor:
    # from the skull's axis: behind and beside it, whatever the height
    axis = torch.stack(
        [0 * lines[..., 0], head.centre[1].expand(lines.shape[:2]), lines[..., 2]], 2
    )
    lifted = torch.minimum(lines[..., 2], head.centre[2])
    return unit(lines - torch.cat([axis[..., :2], lifted[..., None]], 2))


def _even(lines: Tensor) -> Tensor:
    for _ in range(3):
        middle = 0.5 * lines[1:-1] + 0.25 * (lines[:-2] + lines[2:])
        lines = torch.cat([lines[:1], middle, lines[-1:]])
    return lines


def _lengths(lines: Tensor) -> Tensor:
    steps = lines.diff(dim=1).norm(dim=2).cumsum(1)
    return torch.cat([torch.zeros_like(steps[:, :1]), steps], 1)


def grid(rows: int, columns: int, closed: bool = False) -> Tensor:
    """Return the triangles of a grid of vertices, closed across if asked."""
    wide = columns if closed else columns - 1
    here = torch.arange(rows - 1)[:, None] * columns + torch.arange(wide)
    right = torch.arange(rows - 1)[:, None] * columns + (torch.arange(wide) + 1) % columns
    quads = torch.stack([here, here + columns, right, right, here + columns, right + columns], 2)
    return quads.reshape(-1, 3)
