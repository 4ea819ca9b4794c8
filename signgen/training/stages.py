# mypy: disable-error-code="no-untyped-call"
"""Stages in order: each reads the pipeline folder, trains its part, and writes the folder anew."""

import json
import math
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import diffusers
import torch

from pose_sequences.errors import InputError, OutputError
from pose_sequences.outputs import fresh_file, fresh_folder
from signgen import __version__
from signgen.data import SampleSource
from signgen.pipeline import SignVideoPipeline
from signgen.training.autoencoder import AutoencoderObjective
from signgen.training.build import build_pipeline
from signgen.training.denoiser import DenoiserObjective
from signgen.training.distil import DistilObjective
from signgen.training.fusion import FusionObjective
from signgen.training.loop import Outcome, fit
from signgen.training.recipe import Recipe
from signgen.training.scene import Stage
from signgen.training.settings import STAGES
from signgen.training.sheet import write_sheet
from signgen.training.temporal import TemporalObjective
from signgen.training.trainer import Objective, RunSettings

DONE = "done.json"
PIPELINE = "pipeline"  # the folder in an output folder that is rendered from


@dataclass(frozen=True, kw_only=True)
class TrainingRun:
    """What belongs to a run and not to its recipe.

    folder: of all stages; resume: whether it may go on from what is there; max_minutes: until this
    process stops; minutes: that the whole training may take over all its processes, without which
    several stages share max_minutes; say: takes a line of progress.
    """

    folder: Path
    device: torch.device
    seed: int = 0
    resume: bool = False
    max_minutes: float = math.inf
    minutes: float = math.inf
    shard_mb: float = 1024.0
    command: tuple[str, ...] = tuple(sys.argv)
    say: Callable[[str], object] = lambda _: None


def train(
    stages: Sequence[str], recipe: Recipe, source: SampleSource, run: TrainingRun
) -> tuple[Path, bool]:
    """Train stages one after the other; return the pipeline folder and whether all came to an end.

    Raises OutputError if the folder holds a training already and ``resume`` is false, and what
    ``fit`` raises.
    """
    stop_at = time.monotonic() + run.max_minutes * 60
    folder = run.folder / PIPELINE
    for stage in stages:
        if (run.folder / stage).exists() and not run.resume:
            raise OutputError(
                run.folder / stage, "exists already", "pass --resume, or choose another folder"
            )
    if not folder.exists():
        _check_unfinished(stages, run.folder)
        write_pipeline(build_pipeline(recipe.models, run.seed), folder, run.shard_mb)
    for number, stage in enumerate(stages):
        done = run.folder / stage / DONE
        if done.exists():
            run.say(f"{stage}: done before")
            continue
        minutes = _share(stages[number:], recipe, run, stop_at, shared=len(stages) > 1)
        outcome = _train_stage(stage, recipe, source, replace(run, minutes=minutes), stop_at)
        if not outcome.finished:
            run.say(f"{stage}: stopped by the time; --resume goes on")
            return folder, False
        with fresh_file(done, overwrite=True) as temporary:
            temporary.write_text(json.dumps(asdict(outcome)), encoding="utf-8")
    return folder, True


def _check_unfinished(stages: Sequence[str], folder: Path) -> None:
    """Raise InputError where stages are done, but what they made is gone."""
    done = [stage for stage in stages if (folder / stage / DONE).exists()]
    if done:
        raise InputError(
            folder / PIPELINE,
            f"is not there, but {done[-1]} is done",
            f"put it back (a killed run may have left it as .{PIPELINE}.….old), or start anew",
        )


def _train_stage(
    stage: str, recipe: Recipe, source: SampleSource, run: TrainingRun, stop_at: float
) -> Outcome:
    folder = run.folder / stage
    folder.mkdir(parents=True, exist_ok=True)
    _write_settings(folder / "settings.json", stage, recipe, run)
    pipeline = read_pipeline(run.folder / PIPELINE).to(run.device)
    scenes = Stage(source=source, settings=recipe.samples, size=recipe.models.size)
    objective = _objective(stage, pipeline, scenes, recipe, run.seed)
    freeze_all_but(pipeline, objective)
    settings = RunSettings(
        folder=folder,
        device=run.device,
        seed=run.seed,
        stop_at=stop_at,
        minutes=run.minutes,
        shard_mb=run.shard_mb,
        say=run.say,
    )
    outcome = fit(objective, recipe.loops[stage], settings)
    if stage == "distil":
        pipeline.register_to_config(
            num_steps=recipe.distil.num_steps, shift=recipe.distil.shift, guidance_scale=1.0
        )
    write_pipeline(pipeline, run.folder / PIPELINE, run.shard_mb)
    score = write_sheet(folder / "samples.png", pipeline, scenes, run.seed)
    run.say(f"{stage}: {score:.1f} dB on four samples, {folder / 'samples.png'}")
    return outcome


def _objective(
    stage: str, pipeline: SignVideoPipeline, scenes: Stage, recipe: Recipe, seed: int
) -> Objective[Any]:
    if stage == "autoencoder":
        return AutoencoderObjective(
            autoencoder=pipeline.autoencoder, scenes=scenes, settings=recipe.autoencoder, seed=seed
        )
    if stage == "fusion":
        return FusionObjective(fusion=pipeline.fusion, scenes=scenes, settings=recipe.fusion)
    if stage == "denoiser":
        return DenoiserObjective(pipeline=pipeline, scenes=scenes, settings=recipe.denoiser)
    if stage == "temporal":
        return TemporalObjective(
            pipeline=pipeline,
            scenes=scenes,
            settings=recipe.temporal,
            denoising=recipe.denoiser,
        )
    return DistilObjective(
        pipeline=pipeline, scenes=scenes, settings=recipe.distil, denoising=recipe.denoiser
    )


def freeze_all_but(pipeline: SignVideoPipeline, objective: Objective[Any]) -> None:
    """Let the objective's modules learn, and put all others in eval mode without gradients."""
    trained = set(map(id, objective.trained.values()))
    for module in pipeline.components.values():
        if isinstance(module, torch.nn.Module):
            learns = id(module) in trained
            module.train(learns).requires_grad_(learns)


def read_pipeline(folder: Path) -> SignVideoPipeline:
    """Read a pipeline folder; raises InputError if it is none."""
    try:
        pipeline: SignVideoPipeline = SignVideoPipeline.from_pretrained(
            str(folder),
            low_cpu_mem_usage=False,  # which would ask for accelerate
        )
    except (OSError, ValueError) as error:
        raise InputError(folder, f"is no pipeline folder ({error})", "train one") from error
    return pipeline


def write_pipeline(pipeline: SignVideoPipeline, folder: Path, shard_mb: float) -> None:
    """Write a pipeline folder whole, in place of what was there."""
    parts = {*pipeline.components, "model_index.json"}
    with fresh_folder(folder, overwrite=True, ours=lambda part: part.name in parts) as temporary:
        pipeline.save_pretrained(str(temporary), max_shard_size=f"{max(1, int(shard_mb))}MB")


def _share(
    stages: Sequence[str], recipe: Recipe, run: TrainingRun, stop_at: float, *, shared: bool
) -> float:
    """Return the minutes that the first of the remaining stages may take."""
    if run.minutes < math.inf:
        left = run.minutes - _spent(run.folder)
    elif shared:
        left = (stop_at - time.monotonic()) / 60
    else:
        return math.inf
    total = sum(recipe.loops[stage].share for stage in stages)
    return max(0.0, left) * recipe.loops[stages[0]].share / total


def _spent(folder: Path) -> float:
    """Return the minutes of the stages that are done."""
    done = (folder / stage / DONE for stage in STAGES)
    seconds = [json.loads(path.read_text())["seconds"] for path in done if path.exists()]
    return float(sum(seconds)) / 60


def _write_settings(path: Path, stage: str, recipe: Recipe, run: TrainingRun) -> None:
    settings = {
        "stage": stage,
        "command": list(run.command),
        "seed": run.seed,
        "device": str(run.device),
        "versions": {
            "signgen": __version__,
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
            "python": platform.python_version(),
        },
        "recipe": recipe.tables(),
    }
    with fresh_file(path, overwrite=True) as temporary:
        temporary.write_text(json.dumps(settings, indent=1), encoding="utf-8")
