"""A z-buffer in plain torch: triangles to fragments, batched over frames, without Python loops.

Each triangle is cut into rows of samples; every sample of a row lies inside, so nothing is thrown
away. The nearest sample wins by an integer key of depth and triangle, so that the picture does not
depend on the order of work, nor on the device. What a fragment looks like is shading.py's business.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

_DEPTH_STEPS = 1 << 26  # of inverse depth over (0, 2] 1/m: less than a micrometre across a room
_NEAREST = 2.0  # 1/m
_TRIANGLE_BITS = 24
_SLACK = 1e-3  # of a sample: neighbours overlap rather than leave a crack
_EMPTY = (1 << 62) - 1
_ON_CPU, _ELSEWHERE = 1_100_000, 8_000_000  # samples at once: what a cache and a memory hold


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
        live = _Live(frames * planes.area.shape[1] + triangles, frames, triangles)
        cut = mesh.cut[mesh.triangles[triangles]] if frayed else None
        _splat(keys, planes, live, cut, shape)
    sample = (keys < _EMPTY).nonzero()[:, 0]
    return _fragments(planes, keys[sample], sample, shape)


def frames_at_once(size: tuple[int, int], device: torch.device) -> int:
    """Return how many frames of a size are best drawn together."""
    most = _ON_CPU if device.type == "cpu" else _ELSEWHERE
    return max(1, most // (size[0] * size[1]))


def nearest_depth(mesh: Mesh, screen: Tensor, size: tuple[int, int]) -> Tensor:
    """Return the inverse depth of the nearest surface, (T, H, W); 0 where there is none."""
    fragments = rasterise(mesh, screen, size)
    depth = screen.new_zeros(fragments.shape).flatten()
    return depth.scatter(0, fragments.sample, fragments.inverse_depth).unflatten(0, fragments.shape)


def _planes(triangles: Tensor, screen: Tensor) -> _Planes:
    points = torch.cat([screen[..., :2], 1 / screen[..., 2:]], 2)
    corners = points.index_select(1, triangles.flatten()).unflatten(1, (-1, 3))
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


@dataclass(frozen=True)
class _Live:
    # L triangles to draw: where each stands in the flattened planes, its frame, and its own number
    at: Tensor
    frame: Tensor
    triangle: Tensor


@dataclass(frozen=True)
class _Rows:
    # R rows of samples, one line of one triangle each: whose, its line, and its first sample
    owner: Tensor
    line: Tensor
    left: Tensor
    count: Tensor


def _splat(
    keys: Tensor, planes: _Planes, live: _Live, cut: Tensor | None, shape: tuple[int, int, int]
) -> None:
    _, height, width = shape
    rows = _rows(planes.corners.flatten(0, 1).index_select(0, live.at), (width, height))
    across, begin = _along(planes.depth.flatten(0, 1).index_select(0, live.at), rows)
    row, step = _spread(rows.count)  # (N,): samples
    depth = begin.index_select(0, row) + across.index_select(0, row) * step
    code = ((_NEAREST - depth.clamp(0, _NEAREST)) * (_DEPTH_STEPS / _NEAREST)).long()
    triangle = live.triangle.index_select(0, rows.owner)
    key = (code << _TRIANGLE_BITS) + triangle.index_select(0, row)
    first = (live.frame.index_select(0, rows.owner) * height + rows.line) * width + rows.left
    place = first.index_select(0, row) + step
    if cut is not None:
        across, begin = _along(_cut_plane(planes, live, cut), rows)
        kept = begin.index_select(0, row) + across.index_select(0, row) * step >= 0
        key, place = key[kept], place[kept]
    keys.scatter_reduce_(0, place, key, "amin")


def _rows(corners: Tensor, size: tuple[int, int]) -> _Rows:
    """Return the rows of samples inside triangles, corners (L, 3, 3)."""
    width, height = size
    x, y, _ = (value.T.contiguous() for value in corners.unbind(2))  # (3, L)
    top = (y.amin(0) - 0.5 - _SLACK).ceil().clamp(0, height)
    bottom = (y.amax(0) - 0.5 + _SLACK).floor().clamp(-1, height - 1)
    counts = (bottom - top + 1).clamp(min=0).long()
    drawn = counts.nonzero()[:, 0]
    x, y, top = x.index_select(1, drawn), y.index_select(1, drawn), top.index_select(0, drawn)
    owner, step = _spread(counts.index_select(0, drawn))
    low, high = _bounds(x, y, top + 0.5)

    def at(bounds: tuple[Tensor, Tensor]) -> Tensor:
        start, slope = (value.index_select(1, owner) for value in bounds)
        return torch.addcmul(start, slope, step.to(start))  # (3, R)

    left = (at(low).amax(0) - 0.5).ceil().clamp(0, width).long()
    right = (at(high).amin(0) - 0.5).floor().clamp(-1, width - 1).long()
    filled = (right >= left).nonzero()[:, 0]
    left, right = left.index_select(0, filled), right.index_select(0, filled)
    owner = owner.index_select(0, filled)
    line = top.index_select(0, owner).long() + step.index_select(0, filled)
    return _Rows(drawn.index_select(0, owner), line, left, right - left + 1)


def _bounds(
    x: Tensor, y: Tensor, first: Tensor
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Return what x is above and below on a line, by each side of triangles (3, L).

    Each is a value on the line ``first`` (L,) and how much it grows from line to line, (3, L). A
    side that bounds the triangle the other way, or is level, leaves it to the corners.
    """
    run, rise = x.roll(-1, 0) - x, y.roll(-1, 0) - y
    slope = run / torch.where(rise.abs() < 1e-9, torch.ones_like(rise), rise)
    start = torch.addcmul(x, slope, first - y)
    slack = _SLACK * (1 + slope.abs())
    # the third corner lies to the right of a side that bounds from the left
    turn = run[0] * rise[1] - run[1] * rise[0]
    towards = -turn * rise
    level = torch.zeros_like(slope)
    left, right = towards > 0, towards < 0
    low = torch.where(left, start - slack, x.amin(0) - _SLACK), torch.where(left, slope, level)
    high = torch.where(right, start + slack, x.amax(0) + _SLACK), torch.where(right, slope, level)
    return low, high


def _along(plane: Tensor, rows: _Rows) -> tuple[Tensor, Tensor]:
    """Return how planes (L, 3) grow from sample to sample and where rows begin on them, (R,)."""
    slope, drop, start = (value.index_select(0, rows.owner) for value in plane.T.contiguous())
    begin = torch.addcmul(start, drop, rows.line + 0.5)
    return slope, torch.addcmul(begin, slope, rows.left + 0.5)


def _spread(counts: Tensor) -> tuple[Tensor, Tensor]:
    """Return the owner of each of ``counts.sum()`` items, counts (L,) all positive, and its place
    with it.
    """
    first = counts.cumsum(0) - counts
    total = int(counts.sum())
    # three times as fast as repeat_interleave
    owner = torch.zeros(total, dtype=torch.long, device=counts.device)
    owner = owner.index_fill_(0, first[1:], 1).cumsum(0)
    return owner, torch.arange(total, device=counts.device) - first.index_select(0, owner)


def _cut_plane(planes: _Planes, live: _Live, cut: Tensor) -> Tensor:
    # the cut's value is affine too, cut (L, 3): at the corners
    first, second = (
        plane.flatten(0, 1).index_select(0, live.at) for plane in (planes.first, planes.second)
    )
    plane = first * (cut[:, 1:2] - cut[:, :1]) + second * (cut[:, 2:] - cut[:, :1])
    return plane + torch.nn.functional.pad(cut[:, :1], (2, 0))


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
        slope_x, slope_y, start = plane.flatten(0, 1).index_select(0, at).unbind(1)
        return slope_x * x + slope_y * y + start

    second, third = value(planes.first), value(planes.second)
    weights = torch.stack([1 - second - third, second, third], 1)
    return Fragments(shape, sample, frame, triangle, weights, value(planes.depth))
