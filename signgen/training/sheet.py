"""Sheets of samples to look at, while a stage is trained and after it.

A row is a reference, its pose, the target, and what came out.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pose_sequences.images import write_png
from signgen.latents import Surroundings, decode, encode, to_frames
from signgen.pipeline import SignVideoPipeline
from signgen.training.denoising import evidence_of
from signgen.training.scene import Scene, Stage
from signgen.training.trainer import dice, step_seed

_ROWS = 4


@dataclass(frozen=True, kw_only=True)
class Sheets:
    """The sheets of a stage: the same four samples every time; folder: of the stage."""

    stage: str
    pipeline: SignVideoPipeline
    scenes: Stage
    folder: Path
    seed: int

    @property
    def last(self) -> Path:
        """Where the sheet stands that is made at the end."""
        return self.folder / "samples.png"

    def write(self, step: int) -> NDArray[np.uint8]:
        """Write the sheet after so many steps and return it, (H, W, 3)."""
        scene, made = self._made()
        sheet = _sheet(scene, made)
        write_png(self.folder / "samples" / f"step-{step:08d}.png", sheet, overwrite=True)
        return sheet

    def write_last(self) -> float:
        """Write the sheet of what the stage hands on and return its PSNR in dB."""
        scene, made = self._made()
        write_png(self.last, _sheet(scene, made), overwrite=True)
        return psnr(made[:, 0], scene.pixels[:, 0])

    @torch.no_grad()
    def _made(self) -> tuple[Scene, Tensor]:
        """Return four single frames and what the pipeline makes of them (4, 1, 3, H, W)."""
        pipeline, seed = self.pipeline, step_seed(self.seed, "sheet", 0)
        for part in pipeline.components.values():
            if isinstance(part, nn.Module):
                part.eval()
        scene = self.scenes.draw(_ROWS, 1, dice(seed, self.scenes.source.device))
        if self.stage == "autoencoder":  # there is nothing yet to generate with
            around = Surroundings(
                maps=scene.maps, reference=scene.reference, reference_maps=scene.reference_maps
            )
            latents = encode(pipeline.autoencoder, scene.pixels)
            return scene, decode(pipeline.autoencoder, latents, around)
        evidence = evidence_of(scene, pipeline)
        return scene, pipeline.generate(evidence, generator=torch.Generator().manual_seed(seed))


def _sheet(scene: Scene, made: Tensor) -> NDArray[np.uint8]:
    pictures = (scene.reference, 2 * scene.maps[:, 0] - 1, scene.pixels[:, 0], made[:, 0])
    rows = torch.cat([to_frames(picture) for picture in pictures], dim=-1)  # (R, 3, H, 4W)
    return torch.cat(list(rows), dim=1).movedim(0, -1).cpu().numpy()  # (R*H, 4W, 3)


def psnr(made: Tensor, target: Tensor) -> float:
    """Return the peak signal-to-noise ratio in dB of pixels in [-1, 1]."""
    error = ((made.clamp(-1, 1) - target) / 2).square().mean()
    return float(-10 * torch.log10(error.clamp(min=1e-10)))
