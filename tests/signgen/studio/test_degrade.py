"""Degradations: nothing at strength nothing, more at more strength, and each only its own fault."""

import io
from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from signgen.studio.degrade import (
    Wear,
    add_noise,
    blur_shutter,
    comb,
    draw_wear,
    lower_resolution,
    quantise_blocks,
    squeeze,
    squeeze_points,
    subsample_chroma,
    wear_down,
)

SIZE = (52, 44)  # no multiple of 8


def pictures(count: int = 2) -> Tensor:
    """Return smooth pictures with an edge and a little texture, (N, 3, H, W)."""
    generator = torch.Generator().manual_seed(3)
    height, width = SIZE
    down = torch.linspace(0.2, 0.8, height)[:, None].expand(height, width)
    across = torch.linspace(0.7, 0.3, width).expand(height, width)
    plain = torch.stack([down, across, (down + across) / 2]).repeat(count, 1, 1, 1)
    plain[:, :, 15:35, 12:30] = torch.tensor([0.8, 0.5, 0.4])[:, None, None]
    return (plain + 0.04 * torch.randn(plain.shape, generator=generator)).clamp(0, 1)


def error(one: Tensor, other: Tensor) -> float:
    return float((one - other).square().mean().sqrt())


def dice(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_without_wear_the_first_moment_is_left_as_it_is() -> None:
    moments = pictures(8).unflatten(0, (2, 4))
    assert torch.equal(wear_down(moments, Wear(), dice()), moments[:, 0])


@pytest.mark.parametrize(
    "faults",
    [
        {"shutter": 1.0},
        {"combed": True},
        {"resolution": 0.4},
        {"chroma": 2},
        {"quality": 20.0},
        {"noise": 0.05},
        {"crf": 34},
    ],
)
def test_each_fault_changes_the_picture_and_keeps_its_shape_and_range(
    faults: dict[str, float],
) -> None:
    moments = torch.stack([pictures(), pictures().roll(6, -1)], 1)
    worn = wear_down(moments, Wear(**faults), dice())
    assert worn.shape == moments[:, 0].shape
    assert worn.min() >= 0
    assert worn.max() <= 1
    assert 0.003 < error(worn, moments[:, 0]) < 0.3


@pytest.mark.parametrize(
    ("fault", "strengths"),
    [
        (lower_resolution, (0.9, 0.6, 0.3)),
        (quantise_blocks, (95, 50, 10)),
        (subsample_chroma, (1, 2, 4)),
        (lambda f, deviation: add_noise(f, deviation, dice()), (0.0, 0.02, 0.1)),
    ],
)
def test_more_of_a_fault_is_farther_from_the_picture(
    fault: Callable[[Tensor, float], Tensor], strengths: tuple[float, ...]
) -> None:
    frames = pictures()
    errors = [error(fault(frames, strength), frames) for strength in strengths]
    assert errors == sorted(errors)
    assert errors[0] < errors[1] < errors[2]


def test_the_shutter_averages_the_moments_that_it_is_open_for() -> None:
    moments = torch.rand(3, 4, 3, 8, 8, generator=dice())
    assert torch.equal(blur_shutter(moments, 0.0), moments[:, 0])
    assert torch.equal(blur_shutter(moments, 0.5), moments[:, :2].mean(1))
    assert torch.equal(blur_shutter(moments, 1.0), moments.mean(1))


def test_combing_takes_the_odd_lines_from_later() -> None:
    early, late = torch.zeros(1, 3, 6, 4), torch.ones(1, 3, 6, 4)
    combed = comb(early, late)
    assert combed[..., 0::2, :].max() == 0
    assert combed[..., 1::2, :].min() == 1
    assert early.max() == 0


def test_shared_colour_keeps_the_light_of_each_pixel() -> None:
    light = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    frames = 0.25 + 0.5 * pictures()  # nothing is clipped
    assert (((subsample_chroma(frames, 2) - frames) * light).sum(1)).abs().max() < 1e-4


def test_blocks_are_those_of_a_jpeg_of_the_same_quality() -> None:
    frame = (255 * pictures(1)).round().byte()
    stream = io.BytesIO()
    Image.fromarray(frame[0].movedim(0, -1).numpy()).save(
        stream, format="JPEG", quality=30, subsampling=0
    )
    theirs = torch.from_numpy(np.array(Image.open(stream))).movedim(-1, 0).float() / 255
    clean = frame.float() / 255
    ours = quantise_blocks(clean, 30)[0]
    assert error(ours, theirs) < 0.2 * error(theirs, clean[0])


def test_a_flat_picture_survives_the_coding() -> None:
    frames = torch.full((1, 3, *SIZE), 0.5)
    assert (quantise_blocks(frames, 30) - frames).abs().max() < 0.02


def test_noise_follows_its_seed_and_has_its_deviation() -> None:
    frames = torch.full((1, 3, 200, 200), 0.5)
    worn = add_noise(frames, 0.03, dice(1))
    assert torch.equal(worn, add_noise(frames, 0.03, dice(1)))
    assert not torch.equal(worn, add_noise(frames, 0.03, dice(2)))
    assert float(worn.std()) == pytest.approx(0.03, rel=0.03)
    assert float(worn.mean()) == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize("share", [0.85, 1.0, 1.15])
def test_points_stay_on_what_they_mark_when_a_picture_is_squeezed(share: float) -> None:
    width = 64
    frames = torch.zeros(1, 3, 16, width)
    frames[..., 40:44] = 1
    squeezed = squeeze(frames, share)[0, 0, 8]
    middle = (squeezed * (torch.arange(width) + 0.5)).sum() / squeezed.sum()
    place = squeeze_points(torch.tensor([[42.0, 8.0, 0.3]]), share, width)
    assert float(place[0, 0]) == pytest.approx(float(middle), abs=0.1)
    assert place[0, 1:].tolist() == pytest.approx([8.0, 0.3])
    if share == 1:
        assert torch.allclose(squeeze(frames, share), frames, atol=1e-5)


def test_drawn_wear_is_seeded_and_shows_every_fault_and_none() -> None:
    drawn = [draw_wear(dice(seed)) for seed in range(120)]
    assert drawn == [draw_wear(dice(seed)) for seed in range(120)]
    new = Wear()
    assert 10 < sum(wear == new for wear in drawn) < 60
    for field in fields(Wear):
        faulty = sum(getattr(wear, field.name) != getattr(new, field.name) for wear in drawn)
        assert 20 < faulty < 70, field.name
