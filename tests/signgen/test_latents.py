"""One door to every autoencoder: its factors, and pixels to latents and back as published."""

import pytest
import torch
from torch import Tensor

from signgen.latents import (
    Autoencoder,
    Surroundings,
    block_of,
    channels_of,
    decode,
    draw_latents,
    encode,
    posterior,
    spread_of,
)
from signgen.models.autoencoder import BlockAutoencoder
from tests.signgen.backbones.tiny_public import tiny_taesd, tiny_vae

pytestmark = pytest.mark.light


def tiny_blocks() -> BlockAutoencoder:
    torch.manual_seed(0)
    return BlockAutoencoder(6, width=8)


ALL = (tiny_blocks, tiny_vae, tiny_taesd)


def pixels(num_clips: int = 2, num_frames: int = 5) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return 2 * torch.rand(num_clips, num_frames, 3, 32, 48, generator=generator) - 1


def nothing_around(shown: Tensor) -> Surroundings:
    still = torch.zeros_like(shown[:, 0])
    return Surroundings(maps=torch.zeros_like(shown), reference=still, reference_maps=still)


@pytest.fixture(params=ALL)
def autoencoder(request: pytest.FixtureRequest) -> Autoencoder:
    made: Autoencoder = request.param().eval()
    return made


@torch.no_grad()
def test_latents_are_as_many_and_as_fine_as_is_said(autoencoder: Autoencoder) -> None:
    latents = encode(autoencoder, pixels())
    assert latents.shape == (2, 5, channels_of(autoencoder), 4, 6)
    assert (block_of(autoencoder), spread_of(autoencoder).shape) == (8, latents.shape[2:3])
    shown = pixels()
    assert decode(autoencoder, latents, nothing_around(shown)).shape == shown.shape


@torch.no_grad()
def test_a_frame_has_its_latents_whatever_stands_beside_it(autoencoder: Autoencoder) -> None:
    shown = pixels()
    alone = encode(autoencoder, shown[1:, 4:])
    torch.testing.assert_close(encode(autoencoder, shown)[1:, 4:], alone, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_the_mean_of_a_posterior_is_scaled_and_shifted_as_published() -> None:
    vae = tiny_vae().eval()
    vae.register_to_config(shift_factor=0.25)
    shown = pixels(1, 2)
    mean = vae.encode(shown[0]).latent_dist.mean
    latents = encode(vae, shown)
    torch.testing.assert_close(latents[0], (mean - 0.25) * 0.18215)
    expected = vae.decode(mean).sample
    torch.testing.assert_close(decode(vae, latents, nothing_around(shown))[0], expected)


@torch.no_grad()
def test_a_generator_draws_from_the_posterior_around_its_mean() -> None:
    vae, shown = tiny_vae().eval(), pixels(1, 1)
    drawn = [encode(vae, shown, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    generator = torch.Generator().manual_seed(3)
    many = torch.stack([encode(vae, shown, generator) for _ in range(400)])
    spread = vae.encode(shown[0]).latent_dist.std * 0.18215
    away = (many.mean(0) - encode(vae, shown))[0].abs() / spread
    assert away.max() < 5 / 400**0.5


@torch.no_grad()
def test_latents_are_drawn_from_what_was_kept_as_from_the_picture(
    autoencoder: Autoencoder,
) -> None:
    shown = pixels()
    kept = posterior(autoencoder, shown)
    for seed in (None, 0):
        ours, theirs = (
            None if seed is None else torch.Generator().manual_seed(seed) for _ in range(2)
        )
        drawn = draw_latents(autoencoder, kept, ours)
        assert torch.equal(drawn, encode(autoencoder, shown, theirs))


@torch.no_grad()
def test_a_deterministic_autoencoder_takes_no_chance() -> None:
    for made in (tiny_blocks(), tiny_taesd()):
        drawn = encode(made, pixels(), torch.Generator().manual_seed(0))
        assert torch.equal(drawn, encode(made, pixels()))
