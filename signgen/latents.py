"""Pixels ⇄ latents, in video shape; nobody else knows an autoencoder's factors."""

from dataclasses import dataclass

from torch import Tensor

from signgen.models.autoencoder import BlockAutoencoder


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


def encode(autoencoder: BlockAutoencoder, pixels: Tensor) -> Tensor:
    """Return latents (B, T, c, h, w) of pixels (B, T, 3, H, W) in [-1, 1]."""
    return autoencoder.encode(pixels.flatten(0, 1)).unflatten(0, pixels.shape[:2])


def decode(autoencoder: BlockAutoencoder, latents: Tensor, surroundings: Surroundings) -> Tensor:
    """Return pixels (B, T, 3, H, W), about in [-1, 1], of latents (B, T, c, h, w)."""
    shape = latents.shape[:2]
    still = (surroundings.reference, surroundings.reference_maps)
    reference, reference_maps = (
        picture[:, None].expand(-1, shape[1], -1, -1, -1).flatten(0, 1) for picture in still
    )
    pixels = autoencoder.decode(
        latents.flatten(0, 1), surroundings.maps.flatten(0, 1), reference, reference_maps
    )
    return pixels.unflatten(0, shape)
