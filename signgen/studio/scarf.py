"""A head scarf: cloth round the face, over the hair and down to the shoulders."""

import torch
from torch import Tensor

from signgen.studio.noise import value_noise
from signgen.studio.pieces import Material, Piece, smoothstep
from signgen.studio.scalp import Head, hair_piece

_ROUND, _DOWN = 80, 46
# places of the template where the hem lies in front, beside and behind
_HEM = ((0.0, -0.11, 0.470), (0.112, -0.03, 0.555), (0.0, 0.06, 0.50))
_FACE_MIDDLE, _FACE_HALF_HEIGHT = 0.706, 0.082
_SLAB = 0.016  # metres above and below that count as the same height
_DOME = 0.055  # metres below the top within which the cloth closes
_OVER = 0.005  # metres from the crown to the cloth's top


def scarf_piece(head: Head) -> Piece:
    """Return the scarf: a surface round the head's axis, open before the face."""
    turn = torch.linspace(-torch.pi, torch.pi, _ROUND + 1)[:-1]  # 0 is the front
    front = turn.cos()
    hem, _ = head.on(turn.new_tensor(_HEM))
    ends = torch.lerp(hem[1, 2], torch.where(front > 0, hem[0, 2], hem[2, 2]), front.abs())
    top = head.signer.rest[head.scalp.unique(), 2].max() + _OVER
    z = top + (ends - top) * torch.linspace(0, 1, _DOWN)[:, None]  # (D, R)
    level = z - head.height(0.0)
    radius = _radii(head, turn, z).minimum(hem[1, 0] + 0.01 + 0.04 * front.abs())
    dome = ((z - top) / _DOME + 1).clamp(0, 1)  # closed above the crown
    radius = radius * (1 - dome**2).sqrt()
    x, y = radius * turn.sin(), head.centre[1] - radius * front
    rest = torch.stack([x, y, z], 2).flatten(0, 1)
    low = smoothstep(0.68, 0.58, level).flatten()
    folds = value_noise(
        rest + rest[:, 2:] * rest.new_tensor([0.8, 0.0, 0.0]), 0.028, head.coiffure.seed
    )
    outwards = torch.stack([turn.sin(), -front, 0 * turn], 1).repeat(_DOWN, 1)
    rest = rest + (0.001 + 0.008 * low * (1 + folds))[:, None] * outwards
    rest = head.cleared(rest, 0.004 + 0.026 * low)
    return hair_piece(
        rest=rest,
        strands=torch.zeros_like(rest),
        skin=_carried(head, level.flatten()),
        colour=rest.new_tensor(head.coiffure.cloth) * (1 + 0.10 * folds)[:, None],
        cut=_opening(head, rest),
        triangles=_wrapped(),
        material=Material.TRIM,
    )


def _radii(head: Head, turn: Tensor, z: Tensor) -> Tensor:
    """Return how far from the axis cloth stretched round head and neck lies (D, R)."""
    anatomy = head.signer.anatomy
    rows = head.body_rows
    arms = anatomy.weight_of("upperarm", "lowerarm", "wrist", "finger", "metacarpal", "shoulder")
    rows = rows[arms[rows] < 0.3]
    points = head.signer.rest[rows]
    flat = torch.stack([points[:, 0], points[:, 1] - head.centre[1]], 1)
    towards = torch.stack([turn.sin(), -turn.cos()])
    reach = flat @ towards  # (V, R)
    middle = z.mean(1)
    near = (points[:, 2] - middle[:, None]).abs() < _SLAB  # (D, V)
    support = torch.stack([torch.cat([reach[n], reach[:1] * 0]).amax(0) for n in near])
    # the hull: what no tangent cuts off
    gap = (turn[:, None] - turn[None]).cos()
    radius = (support[:, None] / gap.clamp(min=0.05)).masked_fill(gap < 0.05, torch.inf).amin(2)
    radius = (radius + 0.004).clamp(min=0.002)
    for _ in range(4):
        above, below = radius[:-2], radius[2:]
        radius = torch.cat([radius[:1], 0.25 * (above + below) + 0.5 * radius[1:-1], radius[-1:]])
    return radius


def _opening(head: Head, points: Tensor) -> Tensor:
    """Return how far points (V, 3) lie outside the opening for the face, in metres."""
    wide = 0.94 * head.half_width
    across = points[:, 0] / wide
    up = (points[:, 2] - head.height(_FACE_MIDDLE)) / _FACE_HALF_HEIGHT
    outside = wide * ((across**2 + up**2).sqrt() - 1)
    behind = 2 * (points[:, 1] - head.centre[1] + 0.03)
    return torch.maximum(outside, behind)


def _carried(head: Head, level: Tensor) -> Tensor:
    rows = head.signer.anatomy.skeleton.rows
    share = smoothstep(0.585, 0.675, level)
    skin = torch.zeros(len(level), head.signer.anatomy.skin.shape[1])
    skin[:, rows["head"]] = share
    skin[:, rows["neck01"]] = 0.5 * (1 - share)
    skin[:, rows["spine01"]] = 0.5 * (1 - share)
    return skin


def _wrapped() -> Tensor:
    here = torch.arange(_DOWN - 1)[:, None] * _ROUND + torch.arange(_ROUND)
    right = torch.arange(_DOWN - 1)[:, None] * _ROUND + (torch.arange(_ROUND) + 1) % _ROUND
    below, beyond = here + _ROUND, right + _ROUND
    return torch.stack([here, below, right, right, below, beyond], 2).reshape(-1, 3)
