"""Stage 3: the denoiser and the encoders of its conditions, frame by frame."""

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
from signgen.training.settings import DenoiserTraining
from signgen.training.trainer import Dice


@dataclass(frozen=True, kw_only=True)
class DenoiserObjective:
    """Rectified flow: the clean latents are predicted, the error is the velocity's."""

    pipeline: SignVideoPipeline
    scenes: Stage
    settings: DenoiserTraining
    stage: str = "denoiser"

    @property
    def trained(self) -> dict[str, nn.Module]:
        """The UNet and all that conditions it, but for a fusion encoder of stage 2."""
        parts = ("unet", *self.pipeline.conditioner.learned)
        return {name: getattr(self.pipeline, name) for name in parts}

    def prepare(self) -> None:
        """Do nothing: there is nothing to fit."""

    def draw(self, num_samples: int, dice: Dice) -> Noising:
        """Draw single frames with noise of all strengths."""
        autoencoder = self.pipeline.autoencoder
        shape = latent_shape(autoencoder, self.scenes, num_samples, 1)
        return draw_noising(
            self.scenes.draw(num_samples, 1, dice),
            autoencoder,
            draw_times(self.settings, num_samples, dice),
            draw_kept(self.settings, num_samples, dice),
            draw_noise(shape, dice),
        )

    def loss(self, example: Noising) -> Tensor:
        """Return the weighted error of the clean latents."""
        pipeline = self.pipeline
        conditions = pipeline.conditioner(example.evidence).keep(example.kept)
        clean = predict_clean(pipeline.unet, example.noisy, example.times, conditions)
        channels = channel_weights(pipeline.autoencoder, self.settings.channel_power)
        error = weighted_error(clean - example.clean, example.weights, channels)
        return velocity_weights(example.times, self.settings.min_time) * error
