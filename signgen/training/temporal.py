"""Stage 4: the motion modules; the denoiser stays as it is, and stage 3's quality the floor."""

from dataclasses import dataclass, field

from torch import Tensor, nn

from signgen.models.denoiser import predict_clean
from signgen.pipeline import SignVideoPipeline
from signgen.schedules import Schedule, schedule_of
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
    schedule: Schedule = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "schedule", schedule_of(self.pipeline.scheduler))

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
            self.pipeline,
            draw_level(self.schedule, self.denoising, num_samples, dice),
            draw_kept(self.denoising, num_samples, dice),
            draw_noise(
                shape,
                dice,
                shared=self.settings.shared_noise,
                offset=self.denoising.noise_offset,
            ),
        )

    def loss(self, example: Noising) -> Tensor:
        """Return the weighted error of clean latents and of their change from frame to frame."""
        pipeline, num_frames = self.pipeline, self.settings.num_frames
        conditions = pipeline.conditioner(example.evidence).keep(example.kept)
        with pipeline.motion_adapter.attached(pipeline.unet, num_frames):
            clean = predict_clean(pipeline.unet, example.noisy, example.level, conditions)
        channels = channel_weights(pipeline.autoencoder, self.denoising.channel_power)
        error = clean - example.clean
        regions = counted(example.weights, self.denoising.region_weight)
        still = weighted_error(error, regions, channels)
        moving = weighted_error(error.diff(dim=1), regions[:, 1:], channels)
        weights = self.schedule.error_weights(example.level, self.denoising.min_time)
        return weights * (still + self.settings.difference_weight * moving)
