# mypy: disable-error-code="no-untyped-call"
"""What is measured: a model, and a clip of any length that needs no data."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray

from pose_sequences.draw import draw
from pose_sequences.files import read_poses, write_poses
from pose_sequences.images import write_png
from pose_sequences.sequence import PoseSequence
from signgen import bundled, examples
from signgen.pipeline import SignVideoPipeline
from signgen.precision import cast
from signgen.rendering.model import find_model
from signgen.training.build import build_pipeline
from signgen.training.recipe import load_recipe
from signgen.training.stages import read_pipeline, write_pipeline

_EXAMPLE = "example:hello"
_RECIPE = "mini"
_SHARD_MB = 1024


@dataclass(frozen=True, kw_only=True, eq=False)
class Clip:
    """picture (H, W, 3) uint8 with its keypoints: who signs; poses: what."""

    picture: NDArray[np.uint8]
    keypoints: PoseSequence
    poses: PoseSequence

    def write(self, folder: Path) -> list[str]:
        """Write the clip, and return the words with which ``signgen render`` is given it."""
        write_png(folder / "signer.png", self.picture, overwrite=True)
        write_poses(self.keypoints, folder / "signer.npz", overwrite=True)
        write_poses(self.poses, folder / "poses.npz", overwrite=True)
        return [
            *("--signer", str(folder / "signer.png")),
            *("--signer-keypoints", str(folder / "signer.npz")),
            *("--poses", str(folder / "poses.npz")),
        ]


def example_clip(num_frames: int) -> Clip:
    """Return the bundled example as often in a row as it takes, and its drawing as the picture."""
    example = read_poses(examples.resolve(_EXAMPLE))
    poses = joined([example] * -(-num_frames // len(example))).frames(0, num_frames)
    return Clip(
        picture=next(iter(draw(example, frames=[0]))), keypoints=example.frames(0, 1), poses=poses
    )


def joined(parts: list[PoseSequence]) -> PoseSequence:
    """Return sequences of the same kind in a row, without their glosses."""
    return replace(
        parts[0],
        keypoints=np.concatenate([part.keypoints for part in parts]),
        confidence=np.concatenate([part.confidence for part in parts]),
        gloss="",
        segments=(),
    )


@contextmanager
def model_folder(model: str | None) -> Iterator[tuple[Path, bool]]:
    """Give the folder of a model, and whether somebody trained it.

    model: as of ``signgen render``; None for the bundled one, or where there is none for an
    untrained one, which is gone afterwards. Raises InputError as find_model.
    """
    if model is not None or bundled.find(bundled.DEFAULT) is not None:
        yield find_model(model or bundled.DEFAULT), True
        return
    with TemporaryDirectory() as folder:
        write_pipeline(untrained(), Path(folder) / _RECIPE, _SHARD_MB)
        yield Path(folder) / _RECIPE, False


def untrained() -> SignVideoPipeline:
    """Return a pipeline of the recipe, to be sampled as it is after its last stage."""
    recipe = load_recipe(_RECIPE)
    pipeline = build_pipeline(recipe.models, 0)
    pipeline.register_to_config(
        num_steps=recipe.distil.num_steps, shift=recipe.distil.shift, guidance_scale=1.0
    )
    return pipeline


def opened(folder: Path, device: torch.device, precision: torch.dtype) -> SignVideoPipeline:
    """Return the pipeline of a folder, ready to be asked."""
    pipeline = read_pipeline(folder)
    for part in pipeline.components.values():
        if isinstance(part, torch.nn.Module):
            part.eval()
    cast(pipeline, precision)
    moved: SignVideoPipeline = pipeline.to(device)
    return moved
