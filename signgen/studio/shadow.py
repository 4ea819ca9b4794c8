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
    x, y = (at[:, :2] - 0.5).clamp(0, _SIZE - 1.01).unbind(1)
    left, top = x.long(), y.long()
    first = (frame * _SIZE + top) * _SIZE + left
    corners = [
        (nearest.flatten().index_select(0, first + step) < lit_until).to(x)
        for step in (0, 1, _SIZE, _SIZE + 1)
    ]
    upper = torch.lerp(corners[0], corners[1], x - left)
    lower = torch.lerp(corners[2], corners[3], x - left)
    return _DEEPEST + (1 - _DEEPEST) * torch.lerp(upper, lower, y - top)


def _lamp_axes(key_from: Tensor) -> Tensor:
    # columns: two across the beam, then along it
    along = -key_from / key_from.norm()
    across = torch.linalg.cross(along, along.new_tensor([0.0, 0.0, 1.0]))
    across = across / across.norm()
    return torch.stack([across, torch.linalg.cross(along, across), along], 1)
