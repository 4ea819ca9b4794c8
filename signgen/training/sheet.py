"""A sheet of samples to look at after a stage: reference, pose, target, and what came out."""

from pathlib import Path

import torch
from torch import Tensor

from pose_sequences.images import write_png
from signgen.latents import to_frames
from signgen.pipeline import SignVideoPipeline
from signgen.training.denoising import evidence_of
from signgen.training.scene import Stage
from signgen.training.trainer import dice, step_seed

_ROWS = 4


@torch.no_grad()
def write_sheet(path: Path, pipeline: SignVideoPipeline, scenes: Stage, seed: int) -> float:
    """Write a PNG with a row for each of four samples and return their PSNR in dB."""
    seed = step_seed(seed, "sheet", 0)
    scene = scenes.draw(_ROWS, 1, dice(seed, scenes.source.device))
    made = pipeline.generate(
        evidence_of(scene, pipeline.autoencoder), generator=torch.Generator().manual_seed(seed)
    )
    pictures = (scene.reference, 2 * scene.maps[:, 0] - 1, scene.pixels[:, 0], made[:, 0])
    rows = torch.cat([to_frames(picture) for picture in pictures], dim=-1)  # (R, 3, H, 4W)
    sheet = torch.cat(list(rows), dim=1).movedim(0, -1)  # (R*H, 4W, 3)
    write_png(path, sheet.cpu().numpy(), overwrite=True)
    return psnr(made[:, 0], scene.pixels[:, 0])


def psnr(made: Tensor, target: Tensor) -> float:
    """Return the peak signal-to-noise ratio in dB of pixels in [-1, 1]."""
    error = ((made.clamp(-1, 1) - target) / 2).square().mean()
    return float(-10 * torch.log10(error.clamp(min=1e-10)))
