# mypy: disable-error-code="no-untyped-call"
"""Stage 5: few steps. A student learns to go in one step where its teacher goes in several.

The way from noise to picture is cut into as many segments as the student has steps; guidance is
the teacher's, so that the student is asked once a step.
"""

import copy
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn

from signgen.conditioning import EVERYTHING
from signgen.constants import constant
from signgen.models.denoiser import predict_clean
from signgen.pipeline import SignVideoPipeline
from signgen.sampling import Guidance, flow_times, guided
from signgen.schedules import Schedule, schedule_of, segment_scheduler
from signgen.training.denoising import (
    Noising,
    channel_weights,
    counted,
    draw_noise,
    draw_noising,
    latent_shape,
    weighted_error,
)
from signgen.training.scene import Stage
from signgen.training.settings import DenoiserTraining, DistilTraining
from signgen.training.trainer import Dice


@dataclass(frozen=True, kw_only=True)
class DistilObjective:
    """Segment distillation with the guidance folded in.

    A denoiser that says velocity or noise is sampled by DDIM from then on: its steps are those that
    the student learns.
    """

    pipeline: SignVideoPipeline
    scenes: Stage
    settings: DistilTraining
    denoising: DenoiserTraining
    stage: str = "distil"
    teacher: UNet2DConditionModel = field(init=False)
    schedule: Schedule = field(init=False)

    def __post_init__(self) -> None:
        scheduler = self.pipeline.scheduler
        if scheduler is not None:
            if self.settings.shift != 1:
                raise ValueError(
                    f"distil.shift is {self.settings.shift}, but only a flow has one; give 1"
                )
            self.pipeline.register_modules(scheduler=segment_scheduler(scheduler))
        object.__setattr__(self, "schedule", schedule_of(scheduler))
        teacher = copy.deepcopy(self.pipeline.unet).requires_grad_(False).eval()
        object.__setattr__(self, "teacher", teacher)

    @property
    def trained(self) -> dict[str, nn.Module]:
        """The UNet alone."""
        return {"unet": self.pipeline.unet}

    def prepare(self) -> None:
        """Do nothing: there is nothing to fit."""

    def draw(self, num_samples: int, dice: Dice) -> Noising:
        """Draw clips at the starts of the segments, with all conditions."""
        autoencoder, num_frames = self.pipeline.autoencoder, self.settings.num_frames
        device = dice.values.device
        starts = constant(tuple(self._times[:-1]), device)
        which = torch.randint(len(starts), (num_samples,), generator=dice.values, device=device)
        shape = latent_shape(autoencoder, self.scenes, num_samples, num_frames)
        shared = self.pipeline.config["shared_noise"]
        return draw_noising(
            self.scenes.draw(num_samples, num_frames, dice),
            self.pipeline,
            self.schedule.at(starts[which]),
            constant(EVERYTHING, device, torch.bool).expand(num_samples, -1),
            draw_noise(shape, dice, shared=shared),
        )

    def loss(self, example: Noising) -> Tensor:
        """Return the weighted distance from where the teacher's steps point."""
        pipeline = self.pipeline
        aim = self._aim(example)
        conditions = pipeline.conditioner(example.evidence)
        with self._attached(pipeline.unet):
            clean = predict_clean(pipeline.unet, example.noisy, example.level, conditions)
        channels = channel_weights(pipeline.autoencoder, self.denoising.channel_power)
        regions = counted(example.weights, self.denoising.region_weight)
        error = weighted_error(clean - aim, regions, channels)
        return self.schedule.error_weights(example.level, self.denoising.min_time) * error

    @torch.no_grad()
    def _aim(self, example: Noising) -> Tensor:
        """Return the clean latents that lead in one step to where the teacher arrives."""
        settings = self.settings
        conditions = self.pipeline.conditioner(example.evidence)
        guidance = Guidance(first=settings.guidance_scale, rest=settings.guidance_scale)
        ends = self._ends(example.level.time)
        latents, level = example.noisy, example.level
        ask = guided(self.teacher, conditions, guidance)
        with self._attached(self.teacher):
            for step in range(1, settings.teacher_steps + 1):
                time = torch.lerp(example.level.time, ends, step / settings.teacher_steps)
                then = self.schedule.at(time)
                latents, level = level.step(latents, ask(latents, level), then), then
        return example.level.aim(example.noisy, latents, level)

    @property
    def _times(self) -> list[float]:
        return flow_times(self.settings.num_steps, self.settings.shift)

    def _ends(self, starts: Tensor) -> Tensor:
        """Return where the segments end that begin at ``starts`` (B,)."""
        times = constant(tuple(self._times), starts.device)
        segment = (times[None, :-1] - starts[:, None]).abs().argmin(dim=1)
        return times[segment + 1]

    def _attached(self, unet: UNet2DConditionModel) -> AbstractContextManager[None]:
        adapter = self.pipeline.motion_adapter
        return adapter.attached(unet, self.settings.num_frames) if adapter else nullcontext()
