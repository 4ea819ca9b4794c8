"""Shared noise by its laws."""

import pytest
import torch

from temporal.noise import shared_noise


def noise(num_frames: int, shared: float = 0.5, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return shared_noise((1, num_frames, 4, 32, 32), generator, shared=shared)


def test_a_longer_clip_starts_with_the_same_noise() -> None:
    assert torch.equal(noise(9)[:, :4], noise(4))


@pytest.mark.parametrize("shared", [0.0, 0.3, 1.0])
def test_frames_have_unit_variance_and_correlate_by_the_shared_part(shared: float) -> None:
    drawn = noise(2, shared)
    assert float(drawn.var()) == pytest.approx(1, abs=0.05)
    assert float((drawn[:, 0] * drawn[:, 1]).mean()) == pytest.approx(shared, abs=0.05)


def test_a_part_that_is_no_share_is_refused() -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        noise(2, shared=1.5)
