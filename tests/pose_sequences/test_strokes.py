"""Promises of the rasteriser: even edges, layers that join, order that covers."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from pose_sequences.draw.strokes import Strokes, paint

pytestmark = pytest.mark.light

WHITE, RED = (255, 255, 255), (255, 0, 0)


def stroke(
    start: tuple[float, float],
    end: tuple[float, float],
    radius: float = 2.0,
    colour: tuple[int, int, int] = WHITE,
    halo: float = 0.0,
) -> Strokes:
    def one(*values: float) -> np.ndarray:
        return np.array([[values]], np.float32)

    return Strokes(
        start=one(*start),
        end=one(*end),
        radius=one(radius)[..., 0],
        colour=one(*colour),
        opacity=one(1)[..., 0],
        halo=one(halo)[..., 0],
        layer=np.zeros(1, np.int64),
    )


def stacked(*strokes: Strokes, layer: tuple[int, ...]) -> Strokes:
    parts = {
        key: np.concatenate([getattr(s, key) for s in strokes], axis=1)
        for key in ("start", "end", "radius", "colour", "opacity", "halo")
    }
    return Strokes(**parts, layer=np.array(layer))


@pytest.mark.parametrize("radius", [0.6, 1.0, 2.3])
def test_strokes_move_smoothly_between_pixels(radius: float) -> None:
    steps = []
    for i in range(11):
        x, y = 20 + 0.1 * i, 20 + 0.05 * i
        steps.append(paint(stroke((x, y), (x + 20, y + 9), radius), 64, 64)[0, ..., 0].astype(int))
    ink = [float(step.sum()) for step in steps]
    assert max(ink) < 1.02 * min(ink)
    assert max(np.abs(a - b).max() for a, b in pairwise(steps)) <= 0.12 * 255 + 1


@pytest.mark.parametrize("end", [(40.0, 20.0), (20.0, 40.0), (37.0, 31.0), (25.0, 3.0)])
def test_ink_is_length_times_width(end: tuple[float, float]) -> None:
    length = np.hypot(end[0] - 20, end[1] - 20)
    ink = paint(stroke((20, 20), end), 64, 64)[..., 0].sum() / 255
    assert ink == pytest.approx(4 * length + np.pi * 2**2, rel=0.02)


def test_direction_does_not_matter() -> None:
    there, back = stroke((10, 12), (41, 30)), stroke((41, 30), (10, 12))
    assert np.abs(paint(there, 64, 64).astype(int) - paint(back, 64, 64)).max() <= 1


def test_later_strokes_cover_earlier_ones_with_a_rim() -> None:
    below = stroke((10, 32.5), (54, 32.5))
    above = stroke((32.5, 10), (32.5, 54), colour=RED, halo=2)
    crossing = paint(stacked(below, above, layer=(0, 1)), 64, 64)[0, 32].tolist()
    assert crossing[32] == list(RED)
    assert crossing[29] == crossing[35] == [0, 0, 0]
    assert crossing[20] == list(WHITE)


def test_a_chain_with_rims_is_not_cut_at_its_joints() -> None:
    chain = stacked(
        stroke((10, 32.5), (32, 32.5), halo=2), stroke((32, 32.5), (54, 32.5), halo=2), layer=(0, 1)
    )
    assert (paint(chain, 64, 64)[0, 32, 10:54] == 255).all()


def test_strokes_of_a_layer_join_without_a_seam() -> None:
    whole = stroke((10, 20), (50, 36), radius=0.8)
    halves = (stroke((10, 20), (30, 28), radius=0.8), stroke((30, 28), (50, 36), radius=0.8))
    joined = paint(stacked(*halves, layer=(0, 0)), 64, 64).astype(int)
    assert np.abs(joined - paint(whole, 64, 64)).max() <= 1


def test_transparent_strokes_are_not_there() -> None:
    white = stroke((10, 20), (50, 36))
    assert not paint(replace(white, opacity=np.zeros((1, 1), np.float32)), 64, 64).any()
