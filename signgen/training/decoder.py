# mypy: disable-error-code="no-untyped-call"
"""Stage 6: the decoder once more, now on what the denoiser makes: there fingers get sharp."""

from contextlib import nullcontext
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from signgen.latents import encode
from signgen.models.rest import at_rest
from signgen.pipeline import SignVideoPipeline
from signgen.sampling import denoise
from signgen.training.autoencoder import (
    Rebuilding,
    picture_error,
    rebuilding,
    shaken,
    some_without,
)
from signgen.training.close_ups import close_ups
from signgen.training.denoising import draw_noise, evidence_of, latent_shape
from signgen.training.scene import Scene, Stage
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
        made = self._made(scene, dice)
        own = (chance < settings.true_share)[:, None, None, None, None]
        reference = some_without(scene.reference, settings.drop_reference, dice)
        whole = rebuilding(scene, torch.where(own, true, made), reference)
        if not settings.close_ups:
            return whole
        side = settings.close_up_cells
        return close_ups(whole, settings.close_ups, side, self.pipeline.autoencoder.block, dice)

    def loss(self, example: Rebuilding) -> Tensor:
        """Return the weighted absolute error of pixels and of differences between neighbours."""
        return picture_error(self.pipeline.autoencoder, example, self.settings.edge_weight)

    @torch.no_grad()
    def _made(self, scene: Scene, dice: Dice) -> Tensor:
        """Return the latents (B, T, c, h, w) that the pipeline makes of a scene."""
        pipeline, num_frames = self.pipeline, self.settings.num_frames
        steps = pipeline.steps
        if self.settings.num_steps:
            steps = replace(steps, num_steps=self.settings.num_steps)
        shape = latent_shape(pipeline.autoencoder, self.scenes, len(scene.maps), num_frames)
        noise = draw_noise(shape, dice, shared=pipeline.config["shared_noise"])
        adapter = pipeline.motion_adapter
        with at_rest(pipeline.components.values()):
            conditions = pipeline.conditioner(evidence_of(scene, pipeline))
            with adapter.attached(pipeline.unet, num_frames) if adapter else nullcontext():
                return denoise(pipeline.unet, pipeline.scheduler, noise, conditions, steps)
