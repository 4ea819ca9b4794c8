"""Distances between sets of pictures, over all clips: each clip's moments as a file, then merged.

How moments become a distance is frechet.py's business.
"""

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from pose_sequences.errors import InputError
from pose_sequences.outputs import fresh_file
from signgen.evaluation.figures import Figure
from signgen.evaluation.frechet import Frechet, FrechetMeasure, Moments, distance_of
from signgen.weights import writing_tensors

_SIDES = ("generated", "reference")


def pool_file(figures: Path) -> Path:
    """Return where a clip's moments stand, beside the file of its figures."""
    return figures.with_suffix(".safetensors")


def write_moments(path: Path, measures: Mapping[Frechet, FrechetMeasure]) -> None:
    """Write the moments of a clip, whole or not at all; nothing where there is no network."""
    tensors = {
        f"{subject}/{distance}/{side}/{name}": tensor.contiguous()
        for distance, measure in measures.items()
        for subject, pair in measure.moments.items()
        for side, moments in zip(_SIDES, pair, strict=True)
        for name, tensor in moments.tensors().items()
    }
    if tensors:
        with fresh_file(path, overwrite=True) as temporary, writing_tensors(path):
            save_file(tensors, temporary)


class Pool:
    """The moments of all clips so far, one clip in memory at a time."""

    def __init__(self) -> None:
        self._moments: dict[str, dict[str, Moments]] = {}

    def add(self, path: Path) -> None:
        """Take a clip's moments, if it has any; raises InputError for a file that is not theirs."""
        if not path.exists():
            return
        for key, sides in _read(path).items():
            pooled = self._moments.setdefault(key, {})
            for side, moments in sides.items():
                pooled.setdefault(side, Moments(moments.width)).merge(moments)

    def figures(self) -> list[Figure]:
        """Return the distance of each row that there were moments for."""
        return [
            distance_of(key, *(sides[side] for side in _SIDES))
            for key, sides in self._moments.items()
        ]


def _read(path: Path) -> dict[str, dict[str, Moments]]:
    grouped: dict[str, dict[str, dict[str, Tensor]]] = {}
    try:
        for name, tensor in load_file(path).items():
            key, side, part = name.rsplit("/", 2)
            grouped.setdefault(key, {}).setdefault(side, {})[part] = tensor
        return {
            key: {side: Moments.from_tensors(parts) for side, parts in sides.items()}
            for key, sides in grouped.items()
        }
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise InputError(
            path, f"holds no moments ({error})", "remove it and evaluate again"
        ) from error
