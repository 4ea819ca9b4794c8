"""What a checkpoint holds of a stage under way, and going on from it to the bit."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pose_sequences.errors import InputError
from signgen.training.checkpoint import Checkpoint, read_latest, read_position, write_checkpoint
from signgen.training.settings import Optimisation
from signgen.training.trainer import Best, Trainer

FOLDER = "checkpoints"  # in the folder of a stage
_MOMENTS = ("exp_avg", "exp_avg_sq")  # of AdamW
_FREE = ("log_every", "checkpoint_every", "share", "compile")  # may differ when a run goes on


def write(trainer: Trainer) -> None:
    """Write a checkpoint of a trainer."""
    run = trainer.run
    tensors = _named("weight", trainer.tensors())
    tensors |= _named("average", _by_name(trainer, trainer.average.shadow_params))
    for name, parameter in trainer.parameters.items():
        state = trainer.optimiser.state[parameter]  # empty before the first step
        tensors |= {f"{moment}/{name}": state[moment] for moment in _MOMENTS if moment in state}
    position = {
        "stage": trainer.objective.stage,
        "step": trainer.step,
        "planned_steps": trainer.planned_steps,
        "planned": trainer.planned,
        "seconds": trainer.seconds,
        "seed": run.seed,
        "processes": run.crew.size,
        "settings": asdict(trainer.settings),
    }
    best = trainer.best
    if best is not None:
        tensors |= _named("best", _by_name(trainer, best.averages))
        position["best"] = {"loss": best.loss, "step": best.step}
    write_checkpoint(
        run.folder / FOLDER,
        Checkpoint(tensors, position),
        step=trainer.step,
        shard_mb=run.shard_mb,
    )


def read(trainer: Trainer) -> bool:
    """Let a trainer go on from the last checkpoint; return whether there is one.

    Raises InputError if it belongs to other settings or other networks.
    """
    folder = trainer.run.folder / FOLDER
    found = read_latest(folder)
    if found is None:
        return False
    _check_same(found.position, trainer.settings, trainer.run.seed, folder)
    _check_crew(found.position, trainer.run.crew.size, folder)
    _check_networks(trainer, found, folder)
    for name, tensor in trainer.tensors().items():
        tensor.data.copy_(found.tensors[f"weight/{name}"])
    for name, average in _by_name(trainer, trainer.average.shadow_params).items():
        average.copy_(found.tensors[f"average/{name}"])
    _read_moments(trainer, found)
    position = found.position
    trainer.step = trainer.average.optimization_step = int(position["step"])
    trainer.planned_steps = int(position["planned_steps"])
    trainer.planned = bool(position["planned"])
    trainer.seconds = float(position["seconds"])
    if "best" in position:
        trainer.best = Best(
            loss=float(position["best"]["loss"]),
            step=int(position["best"]["step"]),
            averages=[found.tensors[f"best/{name}"] for name in trainer.parameters],
        )
    return True


def check_resumable(folder: Path, settings: Optimisation, seed: int) -> None:
    """Raise InputError if the last checkpoint in a stage's folder belongs to other settings.

    Only its position is read, so that this can be known before any network is made.
    """
    position = read_position(folder / FOLDER)
    if position is not None:
        _check_same(position, settings, seed, folder / FOLDER)


def check_unchanged(
    folder: Path, known: Mapping[str, object], now: Mapping[str, object], free: Sequence[str] = ()
) -> None:
    """Raise InputError at the first key whose value is not the one a training was begun with."""
    for key, value in now.items():
        if key not in free and known.get(key) != value:
            raise InputError(
                folder,
                f"was begun with {key} = {known.get(key)}, now it is {value}",
                "go on with the same settings, or train into another folder",
            )


def _check_same(position: dict[str, Any], settings: Optimisation, seed: int, folder: Path) -> None:
    known = {**position["settings"], "seed": position["seed"]}
    check_unchanged(folder, known, {**asdict(settings), "seed": seed}, _FREE)


def _check_crew(position: dict[str, Any], size: int, folder: Path) -> None:
    known = {"processes": position.get("processes", 1)}
    check_unchanged(folder, known, {"processes": size})


def _check_networks(trainer: Trainer, found: Checkpoint, folder: Path) -> None:
    names = {f"weight/{name}" for name in trainer.tensors()}
    lacking = sorted(names - set(found.tensors))
    if lacking:
        raise InputError(folder, f"lacks {lacking[0]}", "go on with the networks it was begun with")


def _read_moments(trainer: Trainer, found: Checkpoint) -> None:
    on_device = trainer.run.device.type == "cuda"  # where the fused optimiser counts its steps
    for name, parameter in trainer.parameters.items():
        moments = {
            moment: found.tensors[f"{moment}/{name}"].to(parameter.device)
            for moment in _MOMENTS
            if f"{moment}/{name}" in found.tensors
        }
        if moments:
            home = parameter.device if on_device else torch.device("cpu")
            count = torch.tensor(float(found.position["step"]), device=home)
            trainer.optimiser.state[parameter] = {"step": count, **moments}


def _by_name(trainer: Trainer, tensors: Sequence[Tensor]) -> dict[str, Tensor]:
    return dict(zip(trainer.parameters, tensors, strict=True))


def _named(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}/{name}": tensor for name, tensor in tensors.items()}
