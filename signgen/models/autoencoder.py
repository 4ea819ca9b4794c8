# mypy: disable-error-code="misc, untyped-decorator, no-untyped-call"
"""BlockAutoencoder: a linear encoder fitted to data in closed form, and a learned decoder.

The latent is the principal components of 8x8 blocks, so that decoding is linear to first order and
a loss in pixels costs one transposed convolution; the decoder adds what the components lack.
"""

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from signgen.models.blocks import ResidualBlock, zero


class BlockAutoencoder(ModelMixin, ConfigMixin):
    """Pixels ⇄ latents of unit variance.

    latent_channels: components kept of each block; block: its side in pixels; width: of the
    decoder at half-block resolution; map_channels: of a pose map.
    """

    basis: Tensor
    mean: Tensor
    scale: Tensor

    @register_to_config
    def __init__(
        self,
        latent_channels: int = 16,
        block: int = 8,
        width: int = 64,
        map_channels: int = 3,
        num_blocks: int = 2,
    ) -> None:
        super().__init__()
        size = 3 * block * block
        self.register_buffer(
            "basis", torch.eye(size)[:latent_channels].unflatten(1, (3, block, block))
        )
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("scale", torch.ones(latent_channels))
        fine = block // 2
        self.unfold = nn.PixelUnshuffle(fine)
        self.coarse = nn.Sequential(
            nn.Conv2d(latent_channels, 2 * width, 3, padding=1),
            *(ResidualBlock(2 * width) for _ in range(num_blocks)),
            nn.Conv2d(2 * width, 4 * width, 1),
            nn.PixelShuffle(2),
        )
        self.side = nn.Conv2d((2 * map_channels + 3) * fine * fine, width, 3, padding=1)
        self.fine = nn.Sequential(
            *(ResidualBlock(width) for _ in range(num_blocks)),
            nn.GroupNorm(8, width),
            nn.SiLU(),
        )
        self.out = nn.Conv2d(width, 3 * fine * fine, 3, padding=1)
        self.fold = nn.PixelShuffle(fine)
        zero(self.side)
        zero(self.out)

    @property
    def block(self) -> int:
        """The side of a block: pixels a latent cell."""
        return self.basis.shape[-1]

    @property
    def is_fitted(self) -> bool:
        """Whether the components are those of some pictures."""
        return not bool((self.scale == 1).all())

    def encode(self, pixels: Tensor) -> Tensor:
        """Return latents (N, c, H/8, W/8) of pixels (N, 3, H, W) in [-1, 1]."""
        offset = self.basis.flatten(1) @ self.mean  # (c,)
        latents = F.conv2d(pixels, self.basis, -offset, stride=self.block)
        return latents / self.scale[:, None, None]

    def decode_linear(self, latents: Tensor) -> Tensor:
        """Return the closest pixels (N, 3, H, W) that the components alone can show."""
        scaled = latents * self.scale[:, None, None]
        # the part of the mean block that the components cannot carry
        rest = self.mean - self.basis.flatten(1).T @ (self.basis.flatten(1) @ self.mean)
        offset = self.basis.flatten(1) @ self.mean
        pixels = F.conv_transpose2d(scaled + offset[:, None, None], self.basis, stride=self.block)
        tile = rest.unflatten(0, self.basis.shape[1:])
        return pixels + tile.repeat(1, *latents.shape[-2:])

    def decode(
        self, latents: Tensor, maps: Tensor, reference: Tensor, reference_maps: Tensor
    ) -> Tensor:
        """Return pixels (N, 3, H, W), about in [-1, 1].

        latents (N, c, h, w); maps (N, 3, H, W) in [0, 1]: what the frames show; reference
        (M, 3, H, W) in [-1, 1], reference_maps (M, 3, H, W): of each N / M frames in a row.
        """
        dtype = self.out.weight.dtype  # the components stay exact, whatever the decoder is
        side = self._beside(maps.to(dtype), torch.cat((reference, reference_maps), dim=1).to(dtype))
        details = self.fold(self.out(self.fine(self.coarse(latents.to(dtype)) + side)))
        return self.decode_linear(latents) + details

    def _beside(self, maps: Tensor, still: Tensor) -> Tensor:
        """Return features (N, width, 2h, 2w); a convolution is a sum, so still parts are done once.

        maps (N, 3, H, W); still (M, 6, H, W): of N / M frames in a row.
        """
        moving = self.unfold(maps)
        split = moving.shape[1]
        weight, bias = self.side.weight, self.side.bias
        shared = F.conv2d(self.unfold(still), weight[:, split:], padding=1)
        own = F.conv2d(moving, weight[:, :split], bias, padding=1)
        return own + shared.repeat_interleave(len(maps) // len(still), dim=0)

    @torch.no_grad()
    def fit(self, mean: Tensor, covariance: Tensor) -> None:
        """Set the components from the statistics of 8x8 blocks: mean (D,), covariance (D, D)."""
        values, vectors = torch.linalg.eigh(covariance.double().cpu())
        kept = vectors.flip(1)[:, : len(self.scale)].T  # (c, D), largest variance first
        # an eigenvector's sign is arbitrary: fixed, so that refitting gives the same latents
        signs = torch.sign(kept.gather(1, kept.abs().argmax(1, keepdim=True)))
        self.basis.copy_((kept * signs).view_as(self.basis))
        self.mean.copy_(mean)
        self.scale.copy_(values.flip(0)[: len(self.scale)].clamp(min=1e-8).sqrt())


def block_statistics(pixels: Tensor, block: int) -> tuple[Tensor, Tensor]:
    """Return the sum (D,) and the sum of outer products (D, D) of all blocks, in double."""
    blocks = F.pixel_unshuffle(pixels, block).movedim(1, -1).flatten(0, 2).double()  # (M, D)
    return blocks.sum(0), blocks.T @ blocks
