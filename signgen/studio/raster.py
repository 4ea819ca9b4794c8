"""A z-buffer in plain torch: triangles to fragments, batched over frames, without Python loops.

Each triangle is cut into rows of samples; every sample of a row lies inside, so nothing is thrown
away. The nearest sample wins by an integer key of depth and triangle, so that the picture does not
depend on the order of work, nor on the device. What a fragment looks like is shading.py's business.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

_DEPTH_STEPS = 1 << 26  # of inverse depth over (0, 2] 1/m: less than a micrometre across a room
_FARTHEST = 2.0
_TRIANGLE_BITS = 24
_SLACK = 1e-3  # of a sample: neighbours overlap rather than leave a crack
_EMPTY = (1 << 62) - 1


@dataclass(frozen=True)
class Mesh:
    """What is drawn, F triangles over V vertices.

    triangles (F, 3); two_sided (F,): drawn from behind too; cut (V,): samples are dropped where its
    interpolated value is negative, tested for the triangles frayed (F,) alone.
    """

    triangles: Tensor
    two_sided: Tensor
    cut: Tensor
    frayed: Tensor


@dataclass(frozen=True)
class Fragments:
    """The nearest surface at each covered sample, N in all over T frames of H x W samples.

    sample (N,): place in the flattened (T, H, W); frame, triangle (N,); weights (N, 3): barycentric
    coordinates; inverse_depth (N,): 1/m.
    """

    shape: tuple[int, int, int]
    sample: Tensor
    frame: Tensor
    triangle: Tensor
    weights: Tensor
    inverse_depth: Tensor


@dataclass(frozen=True)
class _Planes:
    # affine in the sample's place, (T, F) each: two barycentrics and the inverse depth
    corners: Tensor  # (T, F, 3, 3): x, y in samples, inverse depth
    first: Tensor  # (T, F, 3): slope in x, slope in y, value at the origin
    second: Tensor
    depth: Tensor
    area: Tensor


def rasterise(mesh: Mesh, screen: Tensor, size: tuple[int, int]) -> Fragments:
    """Return the fragments that the camera sees.

    screen (T, V, 3): x to the right and y down in samples, then depth in metres; size: width and
    height in samples.
    """
    width, height = size
    shape = (len(screen), height, width)
    keys = screen.new_full((shape[0] * height * width,), _EMPTY, dtype=torch.long)
    planes = _planes(mesh.triangles, screen)
    seen = (planes.area < 0) | (mesh.two_sided & (planes.area > 0))
    for frayed in (False, True):
        frames, triangles = (seen & (mesh.frayed == frayed)).nonzero(as_tuple=True)
        cut = mesh.cut[mesh.triangles[triangles]] if frayed else None
        _splat(keys, planes, (frames, triangles), cut, shape)
    sample = (keys < _EMPTY).nonzero()[:, 0]
    return _fragments(planes, keys[sample], sample, shape)


def nearest_depth(mesh: Mesh, screen: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the inverse depth of the nearest surface, (T, H, W); 0 where there is none."""
    fragments = rasterise(mesh, screen, size)
    depth = screen.new_zeros(fragments.shape).flatten()
    return depth.scatter(0, fragments.sample, fragments.inverse_depth).unflatten(0, fragments.shape)


def _planes(triangles: Tensor, screen: Tensor) -> _Planes:
    corners = torch.cat([screen[..., :2], 1 / screen[..., 2:]], 2)[:, triangles]
    x, y, depth = corners.unbind(3)  # (T, F, 3)
    (x0, x1, x2), (y0, y1, y2) = x.unbind(2), y.unbind(2)
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    inverse = 1 / torch.where(area == 0, torch.ones_like(area), area)
    first = torch.stack([(y2 - y0) * inverse, (x0 - x2) * inverse, torch.zeros_like(area)], 2)
    second = torch.stack([(y0 - y1) * inverse, (x1 - x0) * inverse, torch.zeros_like(area)], 2)
    first[..., 2] = -(first[..., 0] * x0 + first[..., 1] * y0)
    second[..., 2] = -(second[..., 0] * x0 + second[..., 1] * y0)
    near = depth[..., :1]
    plane = first * (depth[..., 1:2] - near) + second * (depth[..., 2:] - near)
    plane[..., 2] += near[..., 0]
    return _Planes(corners, first, second, plane, area)


def _splat(
    keys: Tensor,
    planes: _Planes,
    live: tuple[Tensor, Tensor],
    cut: Tensor | None,
    shape: tuple[int, int, int],
) -> None:
    _, height, width = shape
    frames, triangles = live
    corners = planes.corners[frames, triangles]  # (L, 3, 3)
    y = corners[..., 1]
    top = (y.amin(1) - 0.5 - _SLACK).ceil().clamp(0, height).long()
    bottom = (y.amax(1) - 0.5 + _SLACK).floor().clamp(-1, height - 1).long()
    owner, line = _spread((bottom - top + 1).clamp(min=0))  # (R,): one row of one triangle each
    line = line + top[owner]
    left, right = _span(corners[owner], line, width)
    row, column = _spread((right - left + 1).clamp(min=0))  # (N,): samples
    column = column + left[row]
    slope, drop, start = planes.depth[frames, triangles].unbind(1)
    across = slope[owner]
    begin = drop[owner] * (line + 0.5) + start[owner] + 0.5 * across
    depth = begin[row] + across[row] * column
    code = ((_FARTHEST - depth.clamp(0, _FARTHEST)) * (_DEPTH_STEPS / _FARTHEST)).long()
    key = (code << _TRIANGLE_BITS) + triangles[owner][row]
    place = ((frames[owner] * height + line) * width)[row] + column
    if cut is not None:
        kept = _kept(planes, live, cut, owner, line, (row, column))
        key, place = key[kept], place[kept]
    keys.scatter_reduce_(0, place, key, "amin")


def _spread(counts: Tensor) -> tuple[Tensor, Tensor]:
    """Return the owner of each of ``counts.sum()`` items, counts (L,), and its place with it."""
    owner = torch.arange(len(counts), device=counts.device).repeat_interleave(counts)
    first = counts.cumsum(0) - counts
    return owner, torch.arange(len(owner), device=counts.device) - first[owner]


def _span(corners: Tensor, line: Tensor, width: int) -> tuple[Tensor, Tensor]:
    # where the row's centre line crosses the triangle's three sides, corners (R, 3, 3)
    x, y = corners[..., 0], corners[..., 1]
    x_next, y_next = x.roll(-1, 1), y.roll(-1, 1)
    middle = line[:, None] + 0.5
    rise = y_next - y
    share = (middle - y) / torch.where(rise.abs() < 1e-9, torch.ones_like(rise), rise)
    crossed = (share >= -_SLACK) & (share <= 1 + _SLACK) & (rise.abs() >= 1e-9)
    at = x + share.clamp(0, 1) * (x_next - x)
    left = torch.where(crossed, at, torch.full_like(at, 1e6)).amin(1)
    right = torch.where(crossed, at, torch.full_like(at, -1e6)).amax(1)
    return (
        (left - 0.5 - _SLACK).ceil().clamp(0, width).long(),
        (right - 0.5 + _SLACK).floor().clamp(-1, width - 1).long(),
    )


def _kept(
    planes: _Planes,
    live: tuple[Tensor, Tensor],
    cut: Tensor,
    owner: Tensor,
    line: Tensor,
    samples: tuple[Tensor, Tensor],
) -> Tensor:
    # the cut's value is affine too: its slope across a row, its value at the row's beginning
    frames, triangles = live
    row, column = samples
    rise = cut[:, 1:2] - cut[:, :1], cut[:, 2:] - cut[:, :1]
    plane = planes.first[frames, triangles] * rise[0] + planes.second[frames, triangles] * rise[1]
    across = plane[:, 0][owner]
    begin = (plane[:, 1][owner] * (line + 0.5) + (plane[:, 2] + cut[:, 0])[owner]) + 0.5 * across
    return begin[row] + across[row] * column >= 0


def _fragments(
    planes: _Planes, keys: Tensor, sample: Tensor, shape: tuple[int, int, int]
) -> Fragments:
    _, height, width = shape
    triangle = keys & ((1 << _TRIANGLE_BITS) - 1)
    line = torch.div(sample, width, rounding_mode="floor")
    frame = torch.div(line, height, rounding_mode="floor")
    x, y = (sample - line * width) + 0.5, (line - frame * height) + 0.5
    at = frame * planes.area.shape[1] + triangle

    def value(plane: Tensor) -> Tensor:
        slope_x, slope_y, start = plane.flatten(0, 1)[at].unbind(1)
        return slope_x * x + slope_y * y + start

    second, third = value(planes.first), value(planes.second)
    weights = torch.stack([1 - second - third, second, third], 1)
    return Fragments(shape, sample, frame, triangle, weights, value(planes.depth))
