"""Antialiased round strokes on black, for many frames at once, by distance alone.

What the strokes depict is the business of the styles. Nothing here but elementwise arithmetic,
gathers and scatters, so that the same pictures can be drawn on any device.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

_STEEP = np.float32(1e-6)  # stands for the slope of a level stroke


@dataclass(frozen=True, kw_only=True)
class Strokes:
    """P strokes in each of T frames, in painter's order along P.

    start, end (T, P, 2): ends in pixels, a pixel's centre lying at a half; equal for a disc.
    radius (T, P): half the width, caps are round. colour (T, P, 3) in [0, 255]. opacity (T, P) in
    [0, 1]; 0 is not drawn. halo (T, P): how far a black rim reaches beyond the stroke's sides; the
    caps have none, so that a chain is not cut at its joints. layer (P,): rising; strokes of one
    layer join, in one colour and without a rim, as if they were a single stroke.
    """

    start: Floats
    end: Floats
    radius: Floats
    colour: Floats
    opacity: Floats
    halo: Floats
    layer: NDArray[np.int64]


@dataclass(frozen=True)
class _Samples:
    """Every (stroke, pixel) that meet, layer by layer.

    pixel (N,): in the flat (T, H, W); stroke (N,): in the flat (P, T); ink, veil (N,): how much of
    the stroke's colour comes onto the pixel, and how much of what is below it goes.
    """

    pixel: Indices
    stroke: Indices
    ink: Floats
    veil: Floats


def paint(strokes: Strokes, width: int, height: int) -> NDArray[np.uint8]:
    """Return the frames (T, H, W, 3) with the strokes painted in their order."""
    num_frames, num_strokes = strokes.opacity.shape
    samples = _samples(strokes, width, height)
    canvas = np.zeros((num_frames * height * width, 3), np.float32)
    starts = np.flatnonzero(np.diff(strokes.layer, prepend=-1, append=num_strokes))
    bounds = np.searchsorted(samples.stroke, starts * num_frames)
    shared = np.diff(starts) > 1
    _join(samples, [bounds[i : i + 2] for i in np.flatnonzero(shared)], len(canvas))
    colour = np.swapaxes(strokes.colour, 0, 1).reshape(-1, 3)  # (P*T, 3)
    light = colour[samples.stroke] * samples.ink[:, None]
    clear = (1 - samples.veil)[:, None]
    for first, last in pairwise(bounds):
        pixel = samples.pixel[first:last]
        canvas[pixel] = canvas[pixel] * clear[first:last] + light[first:last]
    canvas += np.float32(0.5)
    return canvas.astype(np.uint8).reshape(num_frames, height, width, 3)


def _join(samples: _Samples, layers: list[Indices], num_pixels: int) -> None:
    """Give the samples of a layer that share a pixel the most ink of them: each paints it alike.

    layers: the first and past-the-last sample of each.
    """
    most = np.zeros(num_pixels, np.float32)
    for first, last in layers:
        pixel, ink = samples.pixel[first:last], samples.ink[first:last]
        np.maximum.at(most, pixel, ink)
        samples.ink[first:last] = samples.veil[first:last] = most[pixel]
        most[pixel] = 0


def _samples(strokes: Strokes, width: int, height: int) -> _Samples:
    flat = _flattened(strokes)
    start, along, length, reach = flat.start, flat.along, flat.length, flat.reach
    end = start + along * length[:, None]
    low, high = np.minimum(start, end) - reach[:, None], np.maximum(start, end) + reach[:, None]
    left, top = _first_centre(low[:, 0], width), _first_centre(low[:, 1], height)
    right, bottom = _past_centre(high[:, 0], width), _past_centre(high[:, 1], height)
    rows = np.where((flat.opacity > 0) & (right > left), np.maximum(bottom - top, 0), 0)
    stroke, y = _spans(np.arange(len(rows)), top, rows)
    # A row meets a slanting stroke in a short span of its bounding box.
    slope = np.where(np.abs(along[:, 1]) < _STEEP, _STEEP, along[:, 1])[stroke]
    down = y.astype(np.float32) + np.float32(0.5) - start[stroke, 1]
    middle = start[stroke, 0] + down * along[stroke, 0] / slope
    half = reach[stroke] / np.abs(slope)
    left = np.maximum(left[stroke], _first_centre(middle - half, width))
    right = np.minimum(right[stroke], _past_centre(middle + half, width))
    row, x = _spans(np.arange(len(stroke)), left, np.maximum(right - left, 0))
    return _covered(flat, stroke[row], x, y[row], width, height)


@dataclass(frozen=True)
class _Flat:
    """The strokes as (P*T, ...): along is a unit vector, reach is where the last trace ends."""

    start: Floats
    along: Floats
    length: Floats
    radius: Floats
    halo: Floats
    reach: Floats
    opacity: Floats
    frame: Indices


def _flattened(strokes: Strokes) -> _Flat:
    start, end = (np.swapaxes(p, 0, 1).reshape(-1, 2) for p in (strokes.start, strokes.end))
    radius, halo, opacity = (
        np.swapaxes(p, 0, 1).reshape(-1) for p in (strokes.radius, strokes.halo, strokes.opacity)
    )
    way = end - start
    length = np.sqrt(way[:, 0] ** 2 + way[:, 1] ** 2)
    along = way / np.maximum(length, _STEEP)[:, None]
    num_frames, num_strokes = strokes.opacity.shape
    frame = np.tile(np.arange(num_frames), num_strokes)
    return _Flat(
        start, along, length, radius, halo, radius + halo + np.float32(0.5), opacity, frame
    )


def _covered(
    flat: _Flat, stroke: Indices, x: Indices, y: Indices, width: int, height: int
) -> _Samples:
    """Return the samples at pixels (x, y) with what a one-pixel-wide edge lets through."""
    half = np.float32(0.5)
    across = x.astype(np.float32) + half - flat.start[stroke, 0]
    down = y.astype(np.float32) + half - flat.start[stroke, 1]
    ux, uy, length = flat.along[stroke, 0], flat.along[stroke, 1], flat.length[stroke]
    reached = across * ux + down * uy
    nearest = np.clip(reached, 0, length)
    across -= nearest * ux
    down -= nearest * uy
    edge = flat.radius[stroke] + half - np.sqrt(across * across + down * down)
    ink = np.clip(edge, 0, 1)
    beside = np.clip(np.minimum(reached, length - reached) + half, 0, 1)
    rim = np.clip(edge + flat.halo[stroke], 0, 1) * beside
    opacity = flat.opacity[stroke]
    veil = np.maximum(ink, rim) * opacity
    pixel = (flat.frame[stroke] * height + y) * width + x
    return _Samples(pixel, stroke, ink * opacity, veil)


def _spans(owner: Indices, first: Indices, count: Indices) -> tuple[Indices, Indices]:
    """Return, for every owner ``count`` times, the owner and ``first``, ``first + 1``, …"""
    owners = np.repeat(owner, count)
    offset = np.repeat(first - (np.cumsum(count) - count), count)
    return owners, np.arange(len(owners)) + offset


def _first_centre(edge: Floats, size: int) -> Indices:
    return np.ceil(np.clip(edge - np.float32(0.5), 0, size)).astype(np.int64)


def _past_centre(edge: Floats, size: int) -> Indices:
    return np.floor(np.clip(edge - np.float32(0.5), -1, size - 1)).astype(np.int64) + 1
