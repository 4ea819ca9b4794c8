# mypy: disable-error-code="no-untyped-call"
"""Stages in order: each reads the pipeline folder, trains its part, and writes the folder anew."""

import copy
import json
import math
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from logging import CRITICAL
from pathlib import Path
from typing import Any

import torch
from diffusers.utils import logging
from safetensors import SafetensorError, safe_open

from pose_sequences.errors import InputError
from pose_sequences.outputs import fresh_file, fresh_folder
from signgen.data import SampleSource
from signgen.models.rest import at_rest
from signgen.pipeline import SignVideoPipeline
from signgen.training.autoencoder import AutoencoderObjective
from signgen.training.beginning import take_over
from signgen.training.build import build_pipeline
from signgen.training.cache import NOTHING_KEPT, NumberedFrames
from signgen.training.decoder import DecoderObjective
from signgen.training.denoiser import DenoiserObjective
from signgen.training.distil import DistilObjective
from signgen.training.encodings import open_caches
from signgen.training.fusion import FusionObjective
from signgen.training.loop import Outcome, Watch, fit
from signgen.training.mixture import Mixture
from signgen.training.model_settings import STAGES
from signgen.training.painter import PainterObjective
from signgen.training.recipe import Recipe
from signgen.training.retrieval import Retrieval, retrieve_in_scene
from signgen.training.run import DONE, PIPELINE, TrainingRun, check_run, write_settings
from signgen.training.scene import Stage
from signgen.training.sheet import Sheets
from signgen.training.sources import Sources
from signgen.training.temporal import TemporalObjective
from signgen.training.trainer import Objective, RunSettings, dice, step_seed
from signgen.weights import writing_tensors

_ON_LATENTS = ("denoiser", "temporal", "distil")
_SOUGHT = 64  # targets after the stage fusion, at most


def train(
    stages: Sequence[str], recipe: Recipe, sources: Sources, run: TrainingRun
) -> tuple[Path, bool]:
    """Train stages one after the other; return the pipeline folder and whether all came to an end.

    A stage that is stopped by the time leaves what it has so far in a pipeline folder of its own.
    Raises what ``check_run`` and ``fit`` raise.
    """
    stop_at = time.monotonic() + run.max_minutes * 60
    folder = run.folder / PIPELINE
    if run.crew.leads:
        check_run(stages, recipe, run)
        if not folder.exists():
            write_pipeline(_first_pipeline(recipe, run), folder, run.shard_mb)
    run.crew.wait()
    for number, stage in enumerate(stages):
        done = run.folder / stage / DONE
        if done.exists():
            run.say(f"{stage}: done before")
            continue
        minutes = _share(stages[number:], recipe, run, stop_at, shared=len(stages) > 1)
        outcome = _train_stage(stage, recipe, sources, replace(run, minutes=minutes), stop_at)
        if not outcome.finished:
            run.say(f"{stage}: stopped by the time; --resume goes on")
            return run.folder / stage / PIPELINE, False
        run.crew.wait()  # all have seen that the stage was not done
        if run.crew.leads:
            with fresh_file(done, overwrite=True) as temporary:
                temporary.write_text(json.dumps(asdict(outcome)), encoding="utf-8")
            shutil.rmtree(run.folder / stage / PIPELINE, ignore_errors=True)
        run.crew.wait()
    return folder, True


def _first_pipeline(recipe: Recipe, run: TrainingRun) -> SignVideoPipeline:
    """Return what the first stage begins with."""
    pipeline = build_pipeline(recipe.models, run.seed)
    if run.begin_with is not None:
        fresh = take_over(pipeline, run.begin_with)
        run.say(f"begins with {run.begin_with}; fresh weights in: {', '.join(fresh) or 'nothing'}")
    return pipeline


def _train_stage(
    stage: str, recipe: Recipe, sources: Sources, run: TrainingRun, stop_at: float
) -> Outcome:
    folder = run.folder / stage
    folder.mkdir(parents=True, exist_ok=True)
    if run.crew.leads:
        write_settings(stage, recipe, run)
    pipeline = read_pipeline(run.folder / PIPELINE).to(run.device)
    if stage == "painter" and pipeline.painter is None:
        raise InputError(
            run.folder / PIPELINE,
            "has no painter",
            f"train into another folder, with --begin-with {run.folder / PIPELINE}",
        )
    source, dev = (_fit_for(stage, source) for source in (sources.train, sources.dev))
    assert source is not None
    plain = Stage(source=source, settings=recipe.samples, size=recipe.models.size)
    scenes = plain
    if stage in _ON_LATENTS:
        caches = open_caches(pipeline, source, recipe.samples, run)
        scenes = replace(plain, caches=caches)
    objective = _objective(stage, pipeline, scenes, recipe, run.seed)
    freeze_all_but(pipeline, objective)
    sheets = Sheets(stage=stage, pipeline=pipeline, scenes=plain, folder=folder, seed=run.seed)
    watch = Watch(
        dev=None if dev is None else _elsewhere(objective, scenes, dev),
        look=sheets.write,
        board=run.board,
    )
    settings = _settings_of(run, folder, stop_at, draw_ahead=sources.slow)
    outcome = fit(objective, recipe.loops[stage], settings, watch)
    if stage == "distil":
        pipeline.register_to_config(
            num_steps=recipe.distil.num_steps, shift=recipe.distil.shift, guidance_scale=1.0
        )
    return _hand_on(sheets, run, outcome) if run.crew.leads else outcome


def _settings_of(
    run: TrainingRun, folder: Path, stop_at: float, *, draw_ahead: bool
) -> RunSettings:
    return RunSettings(
        folder=folder,
        device=run.device,
        seed=run.seed,
        stop_at=stop_at,
        minutes=run.minutes,
        shard_mb=run.shard_mb,
        crew=run.crew,
        draw_ahead=draw_ahead,
        say=run.say,
    )


def _hand_on(sheets: Sheets, run: TrainingRun, outcome: Outcome) -> Outcome:
    """Write what a stage has made, and return the outcome with figures of it."""
    # a stage that is not done still needs the pipeline that it began with
    home = run.folder if outcome.finished else sheets.folder
    write_pipeline(sheets.pipeline, home / PIPELINE, run.shard_mb)
    figures = {"psnr": sheets.write_last()}
    run.say(f"{sheets.stage}: {figures['psnr']:.1f} dB on four samples, {sheets.last}")
    if sheets.stage == "fusion":
        found = _retrieved(sheets, run)
        run.say(f"fusion: finds {found.top1:.0%} of {found.targets} targets, sources beside them")
        figures |= asdict(found)
    return replace(outcome, figures=figures)


def _retrieved(sheets: Sheets, run: TrainingRun) -> Retrieval:
    """Return how often fusions find their targets among those of other samples and all sources."""
    chance = dice(step_seed(run.seed, "retrieval", 0), run.device)
    with at_rest(sheets.pipeline.components.values()):
        return retrieve_in_scene(sheets.pipeline.fusion, sheets.scenes.draw(_SOUGHT, 1, chance))


def _fit_for(stage: str, source: SampleSource | None) -> SampleSource | None:
    """Return where a stage draws: fusion tells targets from their sources, so these must differ."""
    if stage == "fusion" and isinstance(source, NumberedFrames | Mixture):
        return source.without_self_pairs()
    return source


def _elsewhere(objective: Objective[Any], scenes: Stage, source: SampleSource) -> Objective[Any]:
    """Return the objective with the same networks, a teacher too, on another source."""
    other = copy.copy(objective)
    there = replace(scenes, source=source, caches=NOTHING_KEPT)
    object.__setattr__(other, "scenes", there)  # the dataclass's own way would copy a teacher
    return other


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
    if stage == "decoder":
        return DecoderObjective(pipeline=pipeline, scenes=scenes, settings=recipe.decoder)
    if stage == "painter":
        return PainterObjective(pipeline=pipeline, scenes=scenes, settings=recipe.painter)
    return DistilObjective(
        pipeline=pipeline, scenes=scenes, settings=recipe.distil, denoising=recipe.denoiser
    )


def freeze_all_but(pipeline: SignVideoPipeline, objective: Objective[Any]) -> None:
    """Let the objective's modules learn, and put all others in eval mode without gradients.

    Of the UNet, what its method leaves as published stays so.
    """
    trained = set(map(id, objective.trained.values()))
    for module in pipeline.components.values():
        if isinstance(module, torch.nn.Module):
            learns = id(module) in trained
            module.train(learns).requires_grad_(learns)
    pipeline.freeze_rest_of_unet()


def read_pipeline(folder: Path) -> SignVideoPipeline:
    """Read a pipeline folder; raises InputError if it is none or is not whole."""
    try:
        with _quiet():  # what it would only warn of is refused below
            pipeline: SignVideoPipeline = SignVideoPipeline.from_pretrained(
                str(folder),
                use_safetensors=True,  # without it a .bin would be unpickled
                low_cpu_mem_usage=False,  # which would ask for accelerate
            )
    except (OSError, ValueError, TypeError, RuntimeError, SafetensorError) as error:
        fault = " ".join(str(error).split())
        raise InputError(folder, f"is no pipeline folder ({fault})", "train one") from error
    for name, part in pipeline.components.items():
        if isinstance(part, torch.nn.Module):
            _check_whole(part, folder / name)
    return pipeline


def _check_whole(module: torch.nn.Module, folder: Path) -> None:
    """Raise InputError if some weights of a component are not in its files."""
    there: set[str] = set()
    for path in folder.glob("*.safetensors"):
        with safe_open(path, framework="pt") as file:
            there |= set(file.keys())
    lacking = sorted(module.state_dict().keys() - there)
    if lacking:
        raise InputError(
            folder,
            f"lacks {lacking[0]}" + (f" and {len(lacking) - 1} more" if lacking[1:] else ""),
            "copy the folder again, or train it anew",
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep diffusers from saying beforehand what is raised anyway, and from a bar of its parts."""
    before, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if bar:
            logging.enable_progress_bar()


def write_pipeline(pipeline: SignVideoPipeline, folder: Path, shard_mb: float) -> None:
    """Write a pipeline folder whole, in place of what was there."""
    parts = {*pipeline.components, "model_index.json"}
    with (
        fresh_folder(folder, overwrite=True, ours=lambda part: part.name in parts) as temporary,
        writing_tensors(folder),
    ):
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
