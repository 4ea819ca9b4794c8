"""The key light's shadows, by a depth map seen from the lamp.

The map knows arms and head alone: a trunk that shadows itself comes out blotched.
"""

import torch
from torch import Tensor

from signgen.studio.figure import Figure, Posed
from signgen.studio.raster import nearest_depth

_SIZE = 288
_EXTENT = 1.6  # metres across the map
_BIAS = 0.012  # metres that a shadow starts behind its caster
_LAMP = 4.0  # metres to the lamp, so that depths are positive
_DEEPEST = 0.22  # of the key light that reaches the middle of a shadow


def key_light_share(figure: Figure, posed: Posed, frame: Tensor, place: Tensor) -> Tensor:
    """Return how much of the key light reaches points on the figure, (N,).

    frame (N,): in which of the T poses; place (N, 3): in the world, a little above the surface.
    """
    axes = _lamp_axes(posed.vertices.new_tensor(figure.look.light.key_from))
    centre = figure.heads[figure.skeleton.rows["spine01"]]

    def seen(points: Tensor) -> Tensor:
        turned = (points - centre) @ axes
        flat = _SIZE / 2 + (_SIZE / _EXTENT) * turned[..., :2]
        return torch.cat([flat, turned[..., 2:] + _LAMP], -1)

    nearest = nearest_depth(figure.caster, seen(posed.vertices), (_SIZE, _SIZE))
    at = seen(place)
    # inverse depth: larger is nearer, and 0 where nothing throws a shadow
    lit_until = 1 / (at[:, 2] - _BIAS)
    x, y = (at[:, :2] - 0.5).clamp(1, _SIZE - 2).unbind(1)
    column, line = x.round(), y.round()
    first = (frame * _SIZE + line.long() - 1) * _SIZE + column.long() - 1
    nearest, soft = nearest.flatten(), torch.zeros_like(x)
    for down, tall in enumerate(_soft(y - line)):
        for right, wide in enumerate(_soft(x - column)):
            seen_there = nearest.index_select(0, first + (down * _SIZE + right))
            soft += tall * wide * (seen_there < lit_until)
    return _DEEPEST + (1 - _DEEPEST) * soft


def _soft(past: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    # quadratic splines: an edge without steps, some three cells of the map wide
    return (0.5 - past) ** 2 / 2, 0.75 - past**2, (0.5 + past) ** 2 / 2


def _lamp_axes(key_from: Tensor) -> Tensor:
    # columns: two across the beam, then along it
    along = -key_from / key_from.norm()
    across = torch.linalg.cross(along, along.new_tensor([0.0, 0.0, 1.0]))
    across = across / across.norm()
    return torch.stack([across, torch.linalg.cross(along, across), along], 1)
