"""FPDM's sampling as published (arXiv 2412.07333, its released code), on a network of ours.

Frame by frame; the source encoded anew for each; twenty ancestral steps; three branches of guidance
in one batch, of which the middle one cancels; keys and values made anew in every step.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from signgen.bench.subject import Clip
from signgen.conditioner import PoseEvidence
from signgen.conditioning import APPEARANCE_AND_POSE, EVERYTHING, NOTHING
from signgen.latents import Surroundings, channels_of, decode
from signgen.models.denoiser import predict_clean
from signgen.performance import Canvas
from signgen.pipeline import Pictures, SignVideoPipeline, to_arrays
from signgen.schedules import TIME_UNITS, schedule_of, stock_scheduler
from signgen.stream import stack_clips

NUM_STEPS = 20
GUIDANCE = 2.0
_BRANCHES = (NOTHING, APPEARANCE_AND_POSE, EVERYTHING)


def published_frames(pipeline: SignVideoPipeline, clip: Clip) -> Iterator[Pictures]:
    """Yield a frame (H, W, 3) for each pose; the weights may mean something else by what they say.

    Pictures of poses are drawn here too, where FPDM reads them from the disk.
    """
    canvas = Canvas(size=pipeline.size, device=pipeline.device, dtype=pipeline.unet.dtype)
    poses = canvas.poses(clip.poses)
    for frame in range(len(clip.poses)):
        yield from to_arrays([_frame(pipeline, clip, canvas, poses(frame, frame + 1))])


def _frame(pipeline: SignVideoPipeline, clip: Clip, canvas: Canvas, poses: PoseEvidence) -> Tensor:
    """Return the pixels (1, 1, 3, H, W) of a frame."""
    conditioner = pipeline.conditioner
    signer = canvas.signer(clip.picture, clip.keypoints, pipeline.beside)
    whole = conditioner.of_frames(conditioner.of_signer(signer), poses)
    branches = stack_clips([whole.in_state(state) for state in _BRANCHES])
    scheduler = stock_scheduler("v", zero_terminal_snr=False, sampler="ddpm")
    assert scheduler is not None
    schedule = schedule_of(scheduler)
    scheduler.set_timesteps(NUM_STEPS, device=pipeline.device)
    chance = torch.Generator().manual_seed(7)  # of every batch the same, as published
    cells = signer.reference_latents.shape[-2:]
    shape = (1, 1, channels_of(pipeline.autoencoder), *cells)
    latents = torch.randn(shape, generator=chance).to(pipeline.device)
    for mark in scheduler.timesteps:
        level = schedule.at(((mark + 1) / TIME_UNITS).expand(len(_BRANCHES)))
        noisy = latents.expand(len(_BRANCHES), -1, -1, -1, -1)
        clean = predict_clean(pipeline.unet, noisy, level, branches)
        nothing, middle, full = level.said_of(clean, noisy).split(1)
        said = nothing + GUIDANCE * (middle - nothing) + GUIDANCE * (full - middle)
        latents = scheduler.step(said, mark, latents, generator=chance, return_dict=False)[0]
    surroundings = Surroundings(
        maps=poses.maps, reference=signer.reference, reference_maps=signer.reference_maps
    )
    return decode(pipeline.autoencoder, latents, surroundings)
