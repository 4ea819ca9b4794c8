"""SSIM is scikit-image's, only sooner."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import structural_similarity

from signgen.evaluation.ssim import GAUSSIAN_11, UNIFORM_51, Window, ssim
from tests.signgen.evaluation.clips import Frames, filmed, noisy

SETTINGS: dict[Window, dict[str, Any]] = {
    GAUSSIAN_11: {"gaussian_weights": True, "use_sample_covariance": False},
    UNIFORM_51: {"win_size": 51},
}
WINDOWS = pytest.mark.parametrize("window", SETTINGS, ids=lambda window: window.name)


def published(a: Frames, b: Frames, window: Window, data_range: float = 255) -> float:
    return structural_similarity(a, b, channel_axis=-1, data_range=data_range, **SETTINGS[window])


def picture(rng: np.random.Generator, kind: str, shape: tuple[int, int, int]) -> Frames:
    if kind == "flat":
        return np.full(shape, rng.integers(0, 256), np.uint8)
    if kind == "halves":  # the hardest for single precision: nothing varies, far from the mean
        left = np.arange(shape[1]) < shape[1] // 2
        return np.broadcast_to(np.where(left[:, None], 250, 5), shape).astype(np.uint8)
    if kind == "noise":
        return rng.integers(0, 256, shape).astype(np.uint8)
    ramp = np.linspace(0, 200, shape[0])[:, None, None]
    return (ramp + rng.integers(0, 30, shape)).astype(np.uint8)


@WINDOWS
@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    kinds=st.tuples(*[st.sampled_from(("flat", "halves", "noise", "ramp"))] * 2),
    size=st.tuples(st.integers(51, 90), st.integers(51, 90)),
    seed=st.integers(0, 99),
    near=st.booleans(),
)
def test_it_agrees_with_scikit_image(
    window: Window, kinds: tuple[str, str], size: tuple[int, int], seed: int, near: bool
) -> None:
    rng = np.random.default_rng(seed)
    a = picture(rng, kinds[0], (*size, 3))
    b = noisy(a, 5, seed) if near else picture(rng, kinds[1], (*size, 3))
    assert ssim(a[None], b[None], window)[0] == pytest.approx(published(a, b, window), abs=1e-4)


@WINDOWS
def test_it_agrees_on_pictures_as_large_as_frames_and_on_crops(window: Window) -> None:
    a = filmed(2, side=256)
    b = noisy(a, 12)
    expected = [published(x, y, window) for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(ssim(a, b, window), expected, atol=1e-4)
    crops, others = a[:, :64, :64] / np.float32(1.5), b[:, :64, :64] / np.float32(1.5)
    expected = [published(x, y, window) for x, y in zip(crops, others, strict=True)]
    np.testing.assert_allclose(ssim(crops, others, window), expected, atol=1e-4)


@WINDOWS
def test_variances_are_counted_as_scikit_image_counts_them(window: Window) -> None:
    # faint and unlike: here a variance over n and one over n - 1 are 7e-5 of SSIM apart
    a, b = np.random.default_rng(0).integers(100, 111, (2, 1, 64, 64, 3)).astype(np.uint8)
    assert ssim(a, b, window)[0] == pytest.approx(published(a[0], b[0], window), abs=2e-6)


@WINDOWS
def test_a_range_that_a_protocol_names_is_taken(window: Window) -> None:
    a = filmed(1, side=64)
    b = noisy(a, 12)
    expected = published(a[0], b[0], window, 90)
    assert ssim(a, b, window, data_range=90)[0] == pytest.approx(expected, abs=1e-4)


@WINDOWS
def test_equal_pictures_have_one_and_noise_takes_from_it(window: Window) -> None:
    frames = filmed(1, side=64)
    values = [ssim(frames, noisy(frames, spread), window)[0] for spread in (0, 4, 8, 16, 32)]
    assert values[0] == pytest.approx(1, abs=1e-6)
    assert (np.diff(values) < 0).all()


@WINDOWS
def test_it_does_not_matter_which_of_two_is_the_true_one(window: Window) -> None:
    a, b = filmed(1, side=64), filmed(1, seed=5, side=64)
    np.testing.assert_allclose(ssim(a, b, window), ssim(b, a, window), atol=1e-6)


@WINDOWS
def test_read_only_frames_are_fine(window: Window) -> None:
    frames = filmed(1, side=64)
    frames.flags.writeable = False
    assert ssim(frames, frames, window).shape == (1,)


def test_pictures_smaller_than_the_window_are_refused() -> None:
    frames = filmed(1, side=48)
    assert ssim(frames, frames, GAUSSIAN_11).shape == (1,)
    with pytest.raises(ValueError, match="48x48"):
        ssim(frames, frames, UNIFORM_51)
