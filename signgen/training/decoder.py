"""Stage 6: the decoder once more, now on what the denoiser makes: there fingers get sharp."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from signgen.latents import encode
from signgen.pipeline import SignVideoPipeline
from signgen.training.autoencoder import Rebuilding, picture_error, shaken, some_without
from signgen.training.denoising import evidence_of
from signgen.training.generating import generated_latents
from signgen.training.scene import Stage
from signgen.training.settings import DecoderTraining
from signgen.training.trainer import Dice


@dataclass(frozen=True, kw_only=True)
class DecoderObjective:
    """The decoder rebuilds frames from generated latents, and from a share of true ones."""

    pipeline: SignVideoPipeline
    scenes: Stage
    settings: DecoderTraining
    stage: str = "decoder"

    @property
    def trained(self) -> dict[str, nn.Module]:
        """The decoder; the components are no parameters."""
        return {"autoencoder": self.pipeline.autoencoder}

    def prepare(self) -> None:
        """Do nothing: there is nothing to fit."""

    def draw(self, num_samples: int, dice: Dice) -> Rebuilding:
        """Draw clips and let the pipeline make their latents."""
        settings = self.settings
        scene = self.scenes.draw(num_samples, settings.num_frames, dice)
        true = shaken(encode(self.pipeline.autoencoder, scene.pixels), settings.latent_noise, dice)
        chance = torch.rand(num_samples, generator=dice.values, device=true.device)
        evidence = evidence_of(scene, self.pipeline)
        made = generated_latents(self.pipeline, self.scenes, evidence, settings.num_steps, dice)
        own = (chance < settings.true_share)[:, None, None, None, None]
        reference = some_without(scene.reference, settings.drop_reference, dice)
        return Rebuilding(scene=scene, latents=torch.where(own, true, made), reference=reference)

    def loss(self, example: Rebuilding) -> Tensor:
        """Return the weighted absolute error of pixels and of differences between neighbours."""
        return picture_error(self.pipeline.autoencoder, example, self.settings.edge_weight)
