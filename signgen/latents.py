"""Pixels ⇄ latents, in video shape; nobody else knows an autoencoder's factors."""

from dataclasses import dataclass

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from torch import Tensor

from signgen.models.autoencoder import BlockAutoencoder

PublicAutoencoder = AutoencoderKL | AutoencoderTiny
Autoencoder = BlockAutoencoder | PublicAutoencoder

_AT_ONCE = 8  # pictures: at full size their features take a gigabyte each


@dataclass(frozen=True, kw_only=True, eq=False)
class Surroundings:
    """What a decoder may look at beside the latents.

    maps (B, T, 3, H, W) in [0, 1]: the poses; reference (B, 3, H, W) in [-1, 1] and its
    reference_maps (B, 3, H, W).
    """

    maps: Tensor
    reference: Tensor
    reference_maps: Tensor


def to_pixels(frames: Tensor) -> Tensor:
    """Return uint8 frames (..., H, W) as floats in [-1, 1]."""
    return frames.float() / 127.5 - 1


def to_frames(pixels: Tensor) -> Tensor:
    """Return pixels in [-1, 1] as uint8 frames of the same shape."""
    return ((pixels.float() + 1) * 127.5).round().clamp(0, 255).byte()


def block_of(autoencoder: Autoencoder) -> int:
    """Return the pixels a latent cell, along a side."""
    if isinstance(autoencoder, BlockAutoencoder):
        return autoencoder.block
    key = "encoder_" if isinstance(autoencoder, AutoencoderTiny) else ""
    return 2 ** (len(autoencoder.config[f"{key}block_out_channels"]) - 1)


def channels_of(autoencoder: Autoencoder) -> int:
    """Return the latent channels c."""
    return int(autoencoder.config["latent_channels"])


def spread_of(autoencoder: Autoencoder) -> Tensor:
    """Return how much of the picture each channel carries, (c,): a standard deviation of pixels.

    Of an autoencoder without order among its channels, ones.
    """
    if isinstance(autoencoder, BlockAutoencoder):
        return autoencoder.scale
    return torch.ones(channels_of(autoencoder), device=autoencoder.device)


def encode(
    autoencoder: Autoencoder, pixels: Tensor, generator: torch.Generator | None = None
) -> Tensor:
    """Return latents (B, T, c, h, w) of pixels (B, T, 3, H, W) in [-1, 1].

    generator: draws from the posterior, where the autoencoder has one; None for its mean.
    """
    return draw_latents(autoencoder, posterior(autoencoder, pixels), generator)


def posterior(autoencoder: Autoencoder, pixels: Tensor) -> Tensor:
    """Return what the latents of pixels (B, T, 3, H, W) are drawn from, (B, T, m, h, w).

    Mean and log-variance, one after the other, where the autoencoder has a posterior; else the
    latents themselves.
    """
    flat = pixels.flatten(0, 1)
    if isinstance(autoencoder, PublicAutoencoder):
        exact = flat.to(autoencoder.dtype)
        said = torch.cat([_said(autoencoder, part) for part in exact.split(_AT_ONCE)]).float()
    else:
        said = autoencoder.encode(flat)
    return said.unflatten(0, pixels.shape[:2])


def draw_latents(
    autoencoder: Autoencoder, said: Tensor, generator: torch.Generator | None = None
) -> Tensor:
    """Return latents (B, T, c, h, w) out of what posterior() says, (B, T, m, h, w).

    generator: as of encode.
    """
    if not isinstance(autoencoder, PublicAutoencoder):
        return said
    flat = said.flatten(0, 1)
    if isinstance(autoencoder, AutoencoderKL):
        found = DiagonalGaussianDistribution(flat)
        flat = found.mode() if generator is None else found.sample(generator)
    shift, scale = _shift_and_scale(autoencoder)
    return ((flat - shift) * scale).unflatten(0, said.shape[:2])


def decode(autoencoder: Autoencoder, latents: Tensor, surroundings: Surroundings) -> Tensor:
    """Return pixels (B, T, 3, H, W), about in [-1, 1], of latents (B, T, c, h, w).

    surroundings: only our own decoder looks at them.
    """
    shape, flat = latents.shape[:2], latents.flatten(0, 1)
    if isinstance(autoencoder, PublicAutoencoder):
        shift, scale = _shift_and_scale(autoencoder)
        whole = (flat / scale + shift).to(autoencoder.dtype)
        pixels = torch.cat([autoencoder.decode(part).sample for part in whole.split(_AT_ONCE)])
    else:
        maps = surroundings.maps.flatten(0, 1)
        pixels = autoencoder.decode(flat, maps, surroundings.reference, surroundings.reference_maps)
    return pixels.unflatten(0, shape)


def _said(autoencoder: PublicAutoencoder, pixels: Tensor) -> Tensor:
    said = autoencoder.encode(pixels)
    if isinstance(autoencoder, AutoencoderTiny):
        return said.latents
    return said.latent_dist.parameters


def _shift_and_scale(autoencoder: PublicAutoencoder) -> tuple[float, float]:
    config = autoencoder.config
    return config["shift_factor"] or 0.0, config["scaling_factor"]
