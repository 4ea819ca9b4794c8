# mypy: disable-error-code="no-untyped-call"
"""Stage 3: the denoiser and the encoders of its conditions, frame by frame.

Frames of one sample only share what is the signer's, which then is encoded once.
"""

from dataclasses import dataclass, field

from torch import Tensor, nn

from signgen.models.denoiser import predict_clean
from signgen.pipeline import SignVideoPipeline
from signgen.schedules import Schedule, schedule_of, stock_scheduler
from signgen.training.denoising import (
    Noising,
    channel_weights,
    counted,
    draw_kept,
    draw_level,
    draw_noise,
    draw_noising,
    latent_shape,
    weighted_error,
)
from signgen.training.scene import Stage
from signgen.training.settings import DenoiserTraining
from signgen.training.trainer import Dice


@dataclass(frozen=True, kw_only=True)
class DenoiserObjective:
    """The error of what the network says, by way of the clean latents that it sees.

    The pipeline takes the scheduler of the settings: what the network says is learned here.
    """

    pipeline: SignVideoPipeline
    scenes: Stage
    settings: DenoiserTraining
    stage: str = "denoiser"
    schedule: Schedule = field(init=False)

    def __post_init__(self) -> None:
        scheduler = stock_scheduler(
            self.settings.schedule,
            zero_terminal_snr=self.settings.zero_terminal_snr,
            sampler=self.settings.sampler,
        )
        self.pipeline.register_modules(scheduler=scheduler)
        object.__setattr__(self, "schedule", schedule_of(scheduler))

    @property
    def trained(self) -> dict[str, nn.Module]:
        """The UNet and all that conditions it, but for a fusion encoder of stage 2."""
        parts = ("unet", *self.pipeline.conditioner.learned)
        return {name: getattr(self.pipeline, name) for name in parts}

    def prepare(self) -> None:
        """Do nothing: there is nothing to fit."""

    def draw(self, num_samples: int, dice: Dice) -> Noising:
        """Draw frames with noise of all strengths."""
        autoencoder, num_frames = self.pipeline.autoencoder, self.settings.num_frames
        shape = latent_shape(autoencoder, self.scenes, num_samples, num_frames)
        return draw_noising(
            self.scenes.draw(num_samples, num_frames, dice),
            self.pipeline,
            draw_level(self.schedule, self.settings, num_samples, dice),
            draw_kept(self.settings, num_samples, dice),
            draw_noise(shape, dice, offset=self.settings.noise_offset),
            dice.values,
        )

    def loss(self, example: Noising) -> Tensor:
        """Return the weighted error of the clean latents."""
        pipeline = self.pipeline
        conditions = pipeline.conditioner(example.evidence).keep(example.kept)
        clean = predict_clean(pipeline.unet, example.noisy, example.level, conditions)
        channels = channel_weights(pipeline.autoencoder, self.settings.channel_power)
        regions = counted(example.weights, self.settings.region_weight)
        error = weighted_error(clean - example.clean, regions, channels)
        return self.schedule.error_weights(example.level, self.settings.min_time) * error
