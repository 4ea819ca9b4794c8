"""Stage 4: the motion modules; the denoiser stays as it is, and stage 3's quality the floor."""

from dataclasses import dataclass

from torch import Tensor, nn

from signgen.models.denoiser import predict_clean
from signgen.pipeline import SignVideoPipeline
from signgen.training.denoising import (
    Noising,
    channel_weights,
    draw_kept,
    draw_noise,
    draw_noising,
    draw_times,
    latent_shape,
    velocity_weights,
    weighted_error,
)
from signgen.training.scene import Stage
from signgen.training.settings import DenoiserTraining, TemporalTraining
from signgen.training.trainer import Dice


@dataclass(frozen=True, kw_only=True)
class TemporalObjective:
    """The denoiser's own objective on short clips, and the differences between their frames."""

    pipeline: SignVideoPipeline
    scenes: Stage
    settings: TemporalTraining
    denoising: DenoiserTraining
    stage: str = "temporal"

    @property
    def trained(self) -> dict[str, nn.Module]:
        """The motion modules alone."""
        return {"motion_adapter": self.pipeline.motion_adapter}

    def prepare(self) -> None:
        """Do nothing: there is nothing to fit."""

    def draw(self, num_samples: int, dice: Dice) -> Noising:
        """Draw clips whose frames share a part of their noise."""
        autoencoder, num_frames = self.pipeline.autoencoder, self.settings.num_frames
        shape = latent_shape(autoencoder, self.scenes, num_samples, num_frames)
        return draw_noising(
            self.scenes.draw(num_samples, num_frames, dice),
            autoencoder,
            draw_times(self.denoising, num_samples, dice),
            draw_kept(self.denoising, num_samples, dice),
            draw_noise(shape, dice, shared=self.settings.shared_noise),
        )

    def loss(self, example: Noising) -> Tensor:
        """Return the weighted error of clean latents and of their change from frame to frame."""
        pipeline, num_frames = self.pipeline, self.settings.num_frames
        conditions = pipeline.conditioner(example.evidence).keep(example.kept)
        with pipeline.motion_adapter.attached(pipeline.unet, num_frames):
            clean = predict_clean(pipeline.unet, example.noisy, example.times, conditions)
        channels = channel_weights(pipeline.autoencoder, self.denoising.channel_power)
        error = clean - example.clean
        still = weighted_error(error, example.weights, channels)
        moving = weighted_error(error.diff(dim=1), example.weights[:, 1:], channels)
        weights = velocity_weights(example.times, self.denoising.min_time)
        return weights * (still + self.settings.difference_weight * moving)
