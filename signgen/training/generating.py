# mypy: disable-error-code="no-untyped-call"
"""What the pipeline makes of a scene, for those who learn to mend it."""

from contextlib import nullcontext
from dataclasses import replace

import torch
from torch import Tensor

from signgen.conditioner import Evidence
from signgen.models.rest import at_rest
from signgen.pipeline import SignVideoPipeline
from signgen.sampling import denoise
from signgen.training.denoising import draw_noise, latent_shape
from signgen.training.scene import Stage
from signgen.training.trainer import Dice


@torch.no_grad()
def generated_latents(
    pipeline: SignVideoPipeline, scenes: Stage, evidence: Evidence, num_steps: int, dice: Dice
) -> Tensor:
    """Return the latents (B, T, c, h, w) that a pipeline makes of what is known of a scene.

    num_steps: of the sampler, 0 for as many as the weights are meant for.
    """
    num_samples, num_frames = evidence.maps.shape[:2]
    steps = replace(pipeline.steps, num_steps=num_steps) if num_steps else pipeline.steps
    shape = latent_shape(pipeline.autoencoder, scenes, num_samples, num_frames)
    noise = draw_noise(shape, dice, shared=pipeline.config["shared_noise"])
    adapter = pipeline.motion_adapter
    with at_rest(pipeline.components.values()):
        conditions = pipeline.conditioner(evidence)
        with adapter.attached(pipeline.unet, num_frames) if adapter else nullcontext():
            return denoise(pipeline.unet, pipeline.scheduler, noise, conditions, steps)
