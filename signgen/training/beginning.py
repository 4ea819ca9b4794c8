"""Where a training begins: with fresh weights, or with those of a pipeline that is there."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from pose_sequences.errors import InputError
from signgen.pipeline import SignVideoPipeline


def take_over(pipeline: SignVideoPipeline, folder: Path) -> list[str]:
    """Put the weights of a pipeline's folder into a pipeline, where name and shape are the same.

    Returns the components of which some weights stay fresh. Raises InputError if nothing fits, or a
    file is damaged.
    """
    fresh, taken = [], 0
    for name, part in pipeline.components.items():
        if not isinstance(part, nn.Module):
            continue
        own = part.state_dict()
        known = _read(folder / name)
        fitting = {key: known[key].to(own[key].dtype) for key in own if _fits(known, key, own[key])}
        part.load_state_dict({**own, **fitting})
        taken += len(fitting)
        if len(fitting) < len(own):
            fresh.append(name)
    if not taken:
        raise InputError(
            folder, "holds no weights that fit the recipe", "give the folder of a pipeline"
        )
    return fresh


def _fits(known: dict[str, Tensor], key: str, own: Tensor) -> bool:
    return key in known and known[key].shape == own.shape


def _read(folder: Path) -> dict[str, Tensor]:
    weights: dict[str, Tensor] = {}
    for path in sorted(folder.glob("*.safetensors")):
        try:
            weights |= load_file(path, device="cpu")
        except (SafetensorError, OSError) as error:
            raise InputError(path, f"cannot be read ({error})", "copy the folder again") from error
    for name, value in weights.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise InputError(folder, f"has weights in {name} that are no numbers", "train it again")
    return weights
