"""A run of a training: what belongs to it and not to its recipe, and what its folder must be."""

import json
import math
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import diffusers
import torch

from pose_sequences.errors import InputError, OutputError
from pose_sequences.outputs import fresh_file
from signgen import __version__
from signgen.training.crew import Crew
from signgen.training.recipe import Recipe
from signgen.training.snapshot import check_resumable, check_unchanged

DONE = "done.json"
PIPELINE = "pipeline"  # the folder in an output folder that is rendered from
SETTINGS = "settings.json"
_FREE = ("memory_gb", "cache_latents", "features_gb")  # may differ when a run goes on


@dataclass(frozen=True, kw_only=True)
class TrainingRun:
    """What belongs to a run and not to its recipe.

    folder: of all stages; resume: whether it may go on from what is there; max_minutes: until this
    process stops; minutes: that the whole training may take over all its processes, without which
    several stages share max_minutes; board: one of board.BOARDS; crew: the processes that train
    together; begin_with: a pipeline's folder whose weights it begins with, where they fit; say:
    takes a line of progress.
    """

    folder: Path
    device: torch.device
    seed: int = 0
    resume: bool = False
    max_minutes: float = math.inf
    minutes: float = math.inf
    shard_mb: float = 1024.0
    command: tuple[str, ...] = tuple(sys.argv)
    board: str = "none"
    begin_with: Path | None = None
    crew: Crew = field(default_factory=Crew)
    say: Callable[[str], object] = lambda _: None


def check_run(stages: Sequence[str], recipe: Recipe, run: TrainingRun) -> None:
    """Refuse, before anything is loaded, what could not be trained into the run's folder.

    Raises OutputError if a stage is there already and ``resume`` is false, InputError if it was
    begun with other settings or its pipeline is gone.
    """
    there = next(path for path in (run.folder, *run.folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise OutputError(there, "is no folder", "choose another name")
    for stage in stages:
        folder = run.folder / stage
        if folder.exists() and not run.resume:
            raise OutputError(folder, "exists already", "pass --resume, or choose another folder")
        if folder.exists() and not (folder / DONE).exists():
            check_resumable(folder, recipe.loops[stage], run.seed)
            _check_recipe(folder, stage, recipe)
    done = [stage for stage in stages if (run.folder / stage / DONE).exists()]
    if done and not (run.folder / PIPELINE).exists():
        raise InputError(
            run.folder / PIPELINE,
            f"is not there, but {done[-1]} is done",
            f"put it back (a killed run may have left it as .{PIPELINE}.….old), or start anew",
        )


def write_settings(stage: str, recipe: Recipe, run: TrainingRun) -> None:
    """Write how a stage is trained, by what and with which versions."""
    settings = {
        "stage": stage,
        "command": list(run.command),
        "seed": run.seed,
        "device": str(run.device),
        "processes": run.crew.size,
        "versions": {
            "signgen": __version__,
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
            "python": platform.python_version(),
        },
        "recipe": recipe.tables(),
    }
    with fresh_file(run.folder / stage / SETTINGS, overwrite=True) as temporary:
        temporary.write_text(json.dumps(settings, indent=1), encoding="utf-8")


def _check_recipe(folder: Path, stage: str, recipe: Recipe) -> None:
    """Compare with the recipe that a stage was begun with: its networks, samples and objective."""
    path = folder / SETTINGS
    if not path.exists():
        return
    try:
        known = json.loads(path.read_text(encoding="utf-8"))["recipe"]
        known = {table: dict(known[table]) for table in ("models", "samples", stage)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(path, f"cannot be read ({error})", "train into another folder") from error
    now = json.loads(json.dumps(recipe.tables()))  # tuples are lists in a file
    own = {key: now[stage][key] for key in recipe.objective_keys(stage)}
    for table, values in (("models", now["models"]), ("samples", now["samples"]), (stage, own)):
        check_unchanged(folder, known[table], values, _FREE)
