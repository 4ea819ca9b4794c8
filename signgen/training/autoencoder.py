"""Stage 1: the components of picture blocks, in closed form, and the decoder that sharpens them."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from signgen.latents import Surroundings, decode, encode
from signgen.models.autoencoder import BlockAutoencoder, block_statistics
from signgen.training.scene import Scene, Stage
from signgen.training.settings import AutoencoderTraining
from signgen.training.trainer import Dice, dice, step_seed

_FIT_SAMPLES = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class Rebuilding:
    """Frames and what the decoder gets of them; latents (B, T, c, h, w)."""

    scene: Scene
    latents: Tensor
    reference: Tensor


@dataclass(frozen=True, kw_only=True)
class AutoencoderObjective:
    """The decoder rebuilds frames from latents with some noise in them."""

    autoencoder: BlockAutoencoder
    scenes: Stage
    settings: AutoencoderTraining
    seed: int
    stage: str = "autoencoder"

    @property
    def trained(self) -> dict[str, nn.Module]:
        """The decoder; the components are no parameters."""
        return {"autoencoder": self.autoencoder}

    def prepare(self) -> None:
        """Fit the components to frames of the corpus, unless they come with the weights.

        What was trained on their latents would not understand others.
        """
        if self.autoencoder.is_fitted:
            return
        sums: list[Tensor] = []
        count = 0
        block = self.autoencoder.block
        for batch in range(self.settings.fit_batches):
            seed = step_seed(self.seed, "components", batch)
            scene = self.scenes.draw(_FIT_SAMPLES, 1, dice(seed, self.scenes.source.device))
            pixels = scene.pixels.flatten(0, 1)
            found = block_statistics(pixels, block)
            sums = [a + b for a, b in zip(sums, found, strict=True)] if sums else list(found)
            count += pixels.shape[0] * pixels.shape[2] * pixels.shape[3] // block**2
        mean = sums[0] / count
        self.autoencoder.fit(mean.float(), sums[1] / count - mean.outer(mean))

    def draw(self, num_samples: int, dice: Dice) -> Rebuilding:
        """Draw frames; some latents are noisy, and some references missing."""
        scene = self.scenes.draw(num_samples, 1, dice)
        latents = encode(self.autoencoder, scene.pixels)
        latents = shaken(latents, self.settings.latent_noise, dice)
        reference = some_without(scene.reference, self.settings.drop_reference, dice)
        return Rebuilding(scene=scene, latents=latents, reference=reference)

    def loss(self, example: Rebuilding) -> Tensor:
        """Return the weighted absolute error of pixels and of differences between neighbours."""
        return picture_error(self.autoencoder, example, self.settings.edge_weight)


def picture_error(autoencoder: BlockAutoencoder, example: Rebuilding, edge_weight: float) -> Tensor:
    """Return the weighted absolute error (B,) of what is decoded.

    edge_weight: of that of differences between neighbouring pixels.
    """
    scene = example.scene
    surroundings = Surroundings(
        maps=scene.maps, reference=example.reference, reference_maps=scene.reference_maps
    )
    rebuilt = decode(autoencoder, example.latents, surroundings).float()
    block = autoencoder.block
    weights = scene.weights.repeat_interleave(block, -1).repeat_interleave(block, -2)
    error = weights * (rebuilt - scene.pixels).abs()
    error_x = (rebuilt.diff(dim=-1) - scene.pixels.diff(dim=-1)).abs() * weights[..., 1:]
    error_y = (rebuilt.diff(dim=-2) - scene.pixels.diff(dim=-2)).abs() * weights[..., 1:, :]
    edges = error_x.flatten(1).mean(1) + error_y.flatten(1).mean(1)
    return error.flatten(1).mean(1) + edge_weight * edges


def shaken(latents: Tensor, most: float, dice: Dice) -> Tensor:
    """Return latents (B, T, c, h, w) with up to ``most`` noise in them, unlike in each sample."""
    device = latents.device
    amount = torch.rand(len(latents), 1, 1, 1, 1, generator=dice.values, device=device)
    noise = torch.randn(latents.shape, generator=dice.values, device=device)
    return latents + most * amount**2 * noise


def some_without(reference: Tensor, share: float, dice: Dice) -> Tensor:
    """Return references (B, 3, H, W), a share of them blank."""
    there = torch.rand(len(reference), 1, 1, 1, generator=dice.values, device=reference.device)
    return reference * (there >= share)
