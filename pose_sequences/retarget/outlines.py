"""Distances from points to outlines and to bones, frame by frame."""

import numpy as np
from numpy.typing import NDArray

from pose_sequences.retarget.landmarks import Array, length


def distance_outside(points: Array, outline: Array) -> Array:
    """Return how far points (T, N, 2) are outside a polygon (T, V, 2): (T, N), 0 inside it.

    NaN where the point or a corner is missing.
    """
    ends = np.roll(outline, -1, axis=1)
    distance, _, _ = nearest_on_bones(points, outline, ends)
    return np.where(_inside(points, outline, ends), 0.0, distance)


def nearest_on_bones(
    points: Array, starts: Array, ends: Array
) -> tuple[Array, NDArray[np.intp], Array]:
    """Return the nearest place on bones (T, B, 2) to points (T, N, 2), each (T, N).

    The distance, NaN where the point or all bones are missing; the bone; and the share of the way
    from its start to its end.
    """
    along = (ends - starts)[:, None]  # (T, 1, B, 2)
    to_point = points[:, :, None] - starts[:, None]  # (T, N, B, 2)
    squared = np.maximum((along**2).sum(axis=-1), 1e-12)
    share = np.clip((to_point * along).sum(axis=-1) / squared, 0, 1)
    away = length(to_point - share[..., None] * along)
    bone = np.where(np.isnan(away), np.inf, away).argmin(axis=-1)
    chosen = bone[..., None]
    distance = np.take_along_axis(away, chosen, axis=-1)[..., 0]
    return distance, bone, np.take_along_axis(share, chosen, axis=-1)[..., 0]


def _inside(points: Array, starts: Array, ends: Array) -> NDArray[np.bool_]:
    # A ray to the right crosses the outline an odd number of times; NaN compares as outside.
    x, y = points[:, :, None, 0], points[:, :, None, 1]
    (x0, y0), (x1, y1) = (np.moveaxis(p[:, None], -1, 0) for p in (starts, ends))
    rise = np.where(y1 == y0, 1.0, y1 - y0)
    crossing = x0 + (y - y0) / rise * (x1 - x0)
    crossed = ((y0 > y) != (y1 > y)) & (x < crossing)
    return np.asarray(crossed.sum(axis=-1) % 2 == 1)
