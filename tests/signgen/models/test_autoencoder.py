"""The linear encoder by its laws."""

import torch

from signgen.latents import to_frames, to_pixels
from signgen.models.autoencoder import BlockAutoencoder, block_statistics


def fitted(pixels: torch.Tensor, channels: int = 8) -> BlockAutoencoder:
    torch.manual_seed(0)
    autoencoder = BlockAutoencoder(channels, width=8)
    total, outer = block_statistics(pixels, 8)
    count = pixels.shape[0] * pixels.shape[2] * pixels.shape[3] // 64
    mean = total / count
    autoencoder.fit(mean.float(), outer / count - mean.outer(mean))
    return autoencoder


def pictures(num: int = 8) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    small = torch.rand(num, 3, 8, 8, generator=generator) * 2 - 1
    smooth = torch.nn.functional.interpolate(small, scale_factor=8.0, mode="bilinear")
    return smooth + 0.05 * torch.randn(smooth.shape, generator=generator)


def test_latents_of_the_fitted_pictures_have_no_mean_and_unit_variance() -> None:
    pixels = pictures()
    latents = fitted(pixels).encode(pixels).movedim(1, 0).flatten(1)
    torch.testing.assert_close(latents.mean(1), torch.zeros(8), rtol=0, atol=1e-4)
    torch.testing.assert_close(latents.var(1, correction=0), torch.ones(8), rtol=0, atol=1e-3)


def test_components_are_uncorrelated_and_the_first_explains_most() -> None:
    pixels = pictures()
    autoencoder = fitted(pixels)
    latents = autoencoder.encode(pixels).movedim(1, 0).flatten(1)
    torch.testing.assert_close(latents.corrcoef(), torch.eye(8), rtol=0, atol=1e-3)
    assert (autoencoder.scale.diff() <= 0).all()


def test_encoding_what_was_decoded_gives_the_latents_back() -> None:
    autoencoder = fitted(pictures())
    latents = torch.randn(2, 8, 4, 6, generator=torch.Generator().manual_seed(2))
    back = autoencoder.encode(autoencoder.decode_linear(latents))
    torch.testing.assert_close(back, latents, rtol=1e-4, atol=1e-4)


def test_more_components_rebuild_better() -> None:
    pixels = pictures()
    errors = []
    for channels in (2, 4, 8, 16):
        autoencoder = fitted(pixels, channels)
        rebuilt = autoencoder.decode_linear(autoencoder.encode(pixels))
        errors.append(float((rebuilt - pixels).square().mean()))
    assert errors == sorted(errors, reverse=True)


def test_an_untrained_decoder_adds_nothing_to_the_linear_one() -> None:
    pixels = pictures(2)
    autoencoder = fitted(pixels)
    latents = autoencoder.encode(pixels)
    side = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(3))
    decoded = autoencoder.decode(latents, side, side, side)
    torch.testing.assert_close(decoded, autoencoder.decode_linear(latents))


def test_frames_become_pixels_and_back_unchanged() -> None:
    frames = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    assert torch.equal(to_frames(to_pixels(frames)), frames)
