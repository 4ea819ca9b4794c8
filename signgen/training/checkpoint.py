"""Checkpoints of a training under way: tensors in safetensors, the position in JSON, no pickles.

``step-00000120/`` holds ``position.json`` and ``state-00001-of-00003.safetensors`` and so on; it
appears whole or not at all.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from pose_sequences.errors import InputError
from pose_sequences.outputs import fresh_folder, sweep_temporaries
from signgen.weights import writing_tensors

Tensors = dict[str, Tensor]
_KEPT = 2
_DAMAGE = (OSError, ValueError, KeyError, TypeError, SafetensorError)


@dataclass(frozen=True)
class Checkpoint:
    """tensors: by name; position: what JSON can hold."""

    tensors: Tensors
    position: dict[str, Any]


def write_checkpoint(folder: Path, checkpoint: Checkpoint, *, step: int, shard_mb: float) -> Path:
    """Write a checkpoint and remove all but the last two; return its folder.

    shard_mb: the largest file in MiB, unless a single tensor is larger.
    """
    sweep_temporaries(folder)
    path = folder / f"step-{step:08d}"
    with fresh_folder(path, overwrite=True, ours=_is_ours) as temporary:
        shards = _shards(checkpoint.tensors, int(shard_mb * 2**20))
        for number, shard in enumerate(shards, start=1):
            name = _shard_name(number, len(shards))
            with writing_tensors(path / name):
                save_file(shard, temporary / name)
        position = {**checkpoint.position, "shards": len(shards)}
        (temporary / "position.json").write_text(json.dumps(position, indent=1), encoding="utf-8")
    for old in _steps(folder)[:-_KEPT]:
        shutil.rmtree(old)
    return path


def read_latest(folder: Path) -> Checkpoint | None:
    """Read the last checkpoint, if there is one; raises InputError if it is damaged."""
    steps = _steps(folder)
    if not steps:
        return None
    path = steps[-1]
    tensors: Tensors = {}
    try:
        position = _position(path)
        count = position["shards"]
        for number in range(1, count + 1):
            tensors |= load_file(path / _shard_name(number, count))
    except _DAMAGE as error:
        raise _damaged(path, error) from error
    return Checkpoint(tensors, position)


def read_position(folder: Path) -> dict[str, Any] | None:
    """Read the position of the last checkpoint, if there is one, and none of its tensors."""
    steps = _steps(folder)
    if not steps:
        return None
    try:
        return _position(steps[-1])
    except _DAMAGE as error:
        raise _damaged(steps[-1], error) from error


def _position(path: Path) -> dict[str, Any]:
    position: dict[str, Any] = json.loads((path / "position.json").read_text(encoding="utf-8"))
    return {**position, "shards": int(position["shards"])}


def _damaged(path: Path, error: Exception) -> InputError:
    remedy = f"remove {path} to go on from the one before"
    return InputError(path, f"is no intact checkpoint ({error})", remedy)


def _is_ours(entry: Path) -> bool:
    return entry.name == "position.json" or entry.match("state-*.safetensors")


def _steps(folder: Path) -> list[Path]:
    return sorted(folder.glob("step-*")) if folder.is_dir() else []


def _shard_name(number: int, count: int) -> str:
    return f"state-{number:05d}-of-{count:05d}.safetensors"


def _shards(tensors: Tensors, limit: int) -> list[Tensors]:
    shards: list[Tensors] = [{}]
    room = limit
    for name, tensor in tensors.items():
        if tensor.nbytes > room and shards[-1]:
            shards.append({})
            room = limit
        shards[-1][name] = tensor.detach().contiguous().cpu()
        room -= tensor.nbytes
    return shards
