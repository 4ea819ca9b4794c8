"""Stage 7: the painter learns how hands and faces look in close-ups of what is decoded."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from signgen.close_ups import are_there, cut_out
from signgen.latents import Surroundings, decode
from signgen.painting import Squares, cut_squares, painted_changes
from signgen.pipeline import SignVideoPipeline
from signgen.training.denoising import evidence_of
from signgen.training.generating import generated_latents
from signgen.training.scene import Stage
from signgen.training.settings import PainterTraining
from signgen.training.trainer import Dice


@dataclass(frozen=True, kw_only=True, eq=False)
class Lesson:
    """Squares of B clips of T frames and what they should show.

    squares: of B * T pictures; target (B, T, 3, 3, S, S); there (B, T, 3): which are seen.
    """

    squares: Squares
    target: Tensor
    there: Tensor


@dataclass(frozen=True, kw_only=True)
class PainterObjective:
    """The painter makes squares of generated frames like those of the true ones."""

    pipeline: SignVideoPipeline
    scenes: Stage
    settings: PainterTraining
    stage: str = "painter"

    @property
    def trained(self) -> dict[str, nn.Module]:
        """The painter."""
        return {"painter": self.pipeline.painter}

    def prepare(self) -> None:
        """Do nothing: there is nothing to fit."""

    @torch.no_grad()
    def draw(self, num_samples: int, dice: Dice) -> Lesson:
        """Draw clips and let the pipeline make them, up to the squares."""
        pipeline, num_frames = self.pipeline, self.settings.num_frames
        scene = self.scenes.draw(num_samples, num_frames, dice)
        evidence = evidence_of(scene, pipeline)
        latents = generated_latents(pipeline, self.scenes, evidence, self.settings.num_steps, dice)
        around = Surroundings(
            maps=scene.maps, reference=scene.reference, reference_maps=scene.reference_maps
        )
        pixels = decode(pipeline.autoencoder, latents, around)
        where, shape = scene.close_ups.flatten(0, 1), scene.maps.shape[:2]
        target = cut_out(scene.pixels.flatten(0, 1), where, pipeline.painter.side)
        return Lesson(
            squares=cut_squares(pipeline.painter, pixels, evidence.signer, evidence.poses),
            target=target.unflatten(0, shape),
            there=are_there(where).unflatten(0, shape),
        )

    def loss(self, example: Lesson) -> Tensor:
        """Return the absolute error (B,) of pixels and of differences between neighbours."""
        painter, target = self.pipeline.painter, example.target
        changes = painted_changes(painter, example.squares)
        painted = (example.squares.rough + changes).unflatten(0, target.shape[:2]).float()
        error = (painted - target).abs().mean(dim=(-3, -2, -1))  # (B, T, 3)
        for dim in (-2, -1):
            edges = (painted.diff(dim=dim) - target.diff(dim=dim)).abs()
            error = error + self.settings.edge_weight * edges.mean(dim=(-3, -2, -1))
        there = example.there.float()
        return (error * there).sum(dim=(1, 2)) / there.sum(dim=(1, 2)).clamp(min=1)
