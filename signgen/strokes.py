"""Antialiased round strokes on black in torch, for many pictures at once.

The pictures are those of pose_sequences.draw.strokes, without its loop over layers, in which a GPU
would wait. What the strokes depict is the business of pose_maps.py.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from signgen.constants import constant

_STEEP = 1e-6  # stands for the slope of a level stroke
_OPAQUE = 1e-7  # stands for no light at all, whose logarithm there is not


@dataclass(frozen=True, kw_only=True, eq=False)
class Strokes:
    """P strokes in each of N pictures, in painter's order along P.

    start, end (N, P, 2): ends in pixels, a pixel's centre lying at a half; radius (N, P): half the
    width; colour (N, P, 3) in [0, 255]; opacity (N, P); halo (N, P): how far a black rim reaches
    beyond the sides; layers: how many strokes in a row join as if they were a single one.
    """

    start: Tensor
    end: Tensor
    radius: Tensor
    colour: Tensor
    opacity: Tensor
    halo: Tensor
    layers: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class _Flat:
    """The strokes as (P*N, ...): along is a unit vector, reach is where the last trace ends."""

    start: Tensor
    along: Tensor
    length: Tensor
    radius: Tensor
    halo: Tensor
    reach: Tensor
    opacity: Tensor
    picture: Tensor


@dataclass(frozen=True, eq=False)
class _Samples:
    """Every (stroke, pixel) that meet, in the order of the strokes; all (M,)."""

    pixel: Tensor
    stroke: Tensor
    ink: Tensor
    veil: Tensor


def paint(strokes: Strokes, width: int, height: int) -> Tensor:
    """Return the pictures (N, 3, H, W) in [0, 1] with the strokes painted in their order."""
    num_pictures = len(strokes.opacity)
    samples = _samples(strokes, width, height)
    size = num_pictures * height * width
    layers = _joined(samples, strokes, size)
    # What is left of a layer is what all later ones at its pixel let through.
    passed = layers.clear.double().log().cumsum(0)
    behind = passed.new_zeros(size + 1).scatter_reduce_(0, layers.pixel, passed, "amin")
    light = layers.colour * (layers.ink * (behind[layers.pixel] - passed).exp())[:, None]
    canvas = strokes.colour.new_zeros(size + 1, 3).index_add_(0, layers.pixel, light.float())
    return (canvas[:-1] / 255).view(num_pictures, height, width, 3).movedim(-1, 1)


@dataclass(frozen=True, eq=False)
class _Layers:
    """Every (layer, pixel) that meet, pixel by pixel and in painter's order; padded with nothing.

    pixel (M,); ink (M,): how much of the colour (M, 3) comes onto it; clear (M,): how much of what
    is below shows through.
    """

    pixel: Tensor
    ink: Tensor
    clear: Tensor
    colour: Tensor


def _joined(samples: _Samples, strokes: Strokes, nowhere: int) -> _Layers:
    """Sort the samples by pixel, and join those of one layer: the strongest ink counts, no rim.

    nowhere: a pixel beyond the last, for the padding.
    """
    pixel, order = samples.pixel.sort(stable=True)
    stroke, ink = samples.stroke[order], samples.ink[order]
    counts = constant(strokes.layers, pixel.device, torch.long)
    numbers = torch.arange(len(counts), device=pixel.device)
    layer_of = numbers.repeat_interleave(counts, output_size=sum(strokes.layers))
    layer = layer_of[stroke // len(strokes.opacity)]
    veil = torch.where(counts[layer] > 1, ink, samples.veil[order])
    new = torch.ones_like(pixel)
    new[1:] = ((pixel[1:] != pixel[:-1]) | (layer[1:] != layer[:-1])).long()
    group = new.cumsum(0) - 1
    none = torch.zeros_like(ink)
    colour = strokes.colour.transpose(0, 1).flatten(0, 1)[stroke]
    return _Layers(
        pixel=torch.full_like(pixel, nowhere).scatter_(0, group, pixel),
        ink=none.scatter_reduce(0, group, ink, "amax"),
        clear=(1 - none.scatter_reduce(0, group, veil, "amax")).clamp(min=_OPAQUE),
        colour=torch.zeros_like(colour).scatter_(0, group[:, None].expand(-1, 3), colour),
    )


def _samples(strokes: Strokes, width: int, height: int) -> _Samples:
    flat = _flattened(strokes)
    end = flat.start + flat.along * flat.length[:, None]
    low = torch.minimum(flat.start, end) - flat.reach[:, None]
    high = torch.maximum(flat.start, end) + flat.reach[:, None]
    left, top = _first_centre(low[:, 0], width), _first_centre(low[:, 1], height)
    right, bottom = _past_centre(high[:, 0], width), _past_centre(high[:, 1], height)
    rows = torch.where((flat.opacity > 0) & (right > left), (bottom - top).clamp(min=0), 0)
    stroke, y = _spans(torch.arange(len(rows), device=rows.device), top, rows)
    # a row meets a slanting stroke in a short span of its bounding box
    along = flat.along[stroke]
    slope = torch.where(along[:, 1].abs() < _STEEP, _STEEP, along[:, 1])
    down = y + 0.5 - flat.start[stroke, 1]
    middle = flat.start[stroke, 0] + down * along[:, 0] / slope
    half = flat.reach[stroke] / slope.abs()
    left = torch.maximum(left[stroke], _first_centre(middle - half, width))
    right = torch.minimum(right[stroke], _past_centre(middle + half, width))
    row, x = _spans(torch.arange(len(stroke), device=y.device), left, (right - left).clamp(min=0))
    return _covered(flat, stroke[row], x, y[row], (width, height))


def _flattened(strokes: Strokes) -> _Flat:
    start, end = (p.transpose(0, 1).flatten(0, 1) for p in (strokes.start, strokes.end))
    radius, halo, opacity = (p.T.flatten() for p in (strokes.radius, strokes.halo, strokes.opacity))
    way = end - start
    length = way.norm(dim=1)
    num_pictures, num_strokes = strokes.opacity.shape
    picture = torch.arange(num_pictures, device=way.device).repeat(num_strokes)
    return _Flat(
        start,
        way / length.clamp(min=_STEEP)[:, None],
        length,
        radius,
        halo,
        radius + halo + 0.5,
        opacity,
        picture,
    )


def _covered(flat: _Flat, stroke: Tensor, x: Tensor, y: Tensor, size: tuple[int, int]) -> _Samples:
    """Return the samples at pixels (x, y) with what a one-pixel-wide edge lets through."""
    across, down = x + 0.5 - flat.start[stroke, 0], y + 0.5 - flat.start[stroke, 1]
    ux, uy = flat.along[stroke].unbind(1)
    length = flat.length[stroke]
    reached = across * ux + down * uy
    nearest = torch.minimum(reached.clamp(min=0), length)
    across, down = across - nearest * ux, down - nearest * uy
    edge = flat.radius[stroke] + 0.5 - (across * across + down * down).sqrt()
    ink = edge.clamp(0, 1)
    beside = (torch.minimum(reached, length - reached) + 0.5).clamp(0, 1)
    rim = (edge + flat.halo[stroke]).clamp(0, 1) * beside
    opacity = flat.opacity[stroke]
    pixel = (flat.picture[stroke] * size[1] + y) * size[0] + x
    return _Samples(pixel, stroke, ink * opacity, torch.maximum(ink, rim) * opacity)


def _spans(owner: Tensor, first: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
    """Return, for every owner ``count`` times, the owner and ``first``, ``first + 1``, …"""
    owners = owner.repeat_interleave(count)
    offset = (first - (count.cumsum(0) - count)).repeat_interleave(count)
    return owners, torch.arange(len(owners), device=owner.device) + offset


def _first_centre(edge: Tensor, size: int) -> Tensor:
    return (edge - 0.5).clamp(0, size).ceil().long()


def _past_centre(edge: Tensor, size: int) -> Tensor:
    return (edge - 0.5).clamp(-1, size - 1).floor().long() + 1
