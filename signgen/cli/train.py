"""``signgen train``: every stage of the generator, resumable, and all of them in one command."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pose_sequences.errors import InputError, OutputError
from signgen import bundled
from signgen.cli.console import emit, say
from signgen.cli.options import json_option
from signgen.training.model_settings import STAGES

if TYPE_CHECKING:
    import torch

FOLDER = click.Path(path_type=Path)
MINUTES = click.FloatRange(min=0)

_EPILOG = """\b
Examples:
  signgen train all --config mini --data studio_corpus --output-dir out/mini --max-minutes 30
  signgen train all --config mini --data studio_corpus --output-dir out/mini --resume
  signgen train all --config mini --data studio:signers=200,clips=4000 --output-dir out/mini
  accelerate launch --multi_gpu -m signgen train all --config mini --data … --output-dir …
  signgen train all --config mini-cpu --begin-with mini --data my_corpus --output-dir out/mine
  signgen train all --config mini --data my_corpus --data studio:breadth=wide --output-dir out/both
  signgen train denoiser --config my.toml --data PHOENIX-2014-T --output-dir out/denoiser \\
    --set denoiser.batch_size=64 --device cuda
"""


@click.command(epilog=_EPILOG)
@click.argument("stage", type=click.Choice(["all", *STAGES]))
@click.option("--config", required=True, help="A recipe's name, such as mini, or a .toml file.")
@click.option(
    "--data",
    required=True,
    multiple=True,
    metavar="CORPUS|studio:…",
    help="A corpus in the Phoenix layout, or the studio: studio, studio:SEED or "
    "studio:signers=64,clips=1024,… films synthetic signers as they are drawn. Given several "
    "times, they share each batch evenly.",
)
@click.option("--output-dir", required=True, type=FOLDER, help="Where the stages are written.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change the recipe.")
@click.option(
    "--begin-with",
    metavar="mini|DIR",
    help="Begin with the weights of a pipeline, where they fit, to train it further on DATA. A run "
    "that goes on keeps its own.",
)
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint.")
@click.option("--max-minutes", type=MINUTES, help="Stop after so long, with a checkpoint.")
@click.option(
    "--minutes",
    type=MINUTES,
    help="Plan the steps for so long, over all runs.  [default for all: --max-minutes]",
)
@click.option("--shard-mb", type=click.FloatRange(min=1), default=1024.0, show_default=True)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto")
@click.option(
    "--report-to",
    type=click.Choice(["none", "tensorboard"]),
    default="none",
    show_default=True,
    help="Where losses, speed and sheets go, beside the files: OUTPUT/STAGE/events.",
)
@click.option("--seed", type=int, default=0, show_default=True)
@json_option
def train(
    stage: str,
    config: str,
    data: tuple[str, ...],
    output_dir: Path,
    changes: tuple[str, ...],
    begin_with: str | None,
    resume: bool,
    max_minutes: float | None,
    minutes: float | None,
    shard_mb: float,
    device: str,
    report_to: str,
    seed: int,
    as_json: bool,
) -> None:
    """Train STAGE, or all of them in order, into a pipeline folder that can be rendered from.

    With --max-minutes, `all` divides the time among its stages by the shares of the recipe, and
    plans as many steps as fit. Started by `accelerate launch` or `torchrun`, each process trains on
    a device and draws batch_size samples a step: N processes see N times as many.
    """
    from signgen.training.recipe import load_recipe

    recipe = load_recipe(config, changes)  # a slip there is said before torch is loaded
    stages = recipe.models.stages if stage == "all" else (stage,)
    if stage not in ("all", *recipe.models.stages):
        there = ", ".join(recipe.models.stages)
        raise ValueError(f"the recipe {config} has no stage {stage}; give all or {there}")

    import torch

    from signgen.training.board import check_board
    from signgen.training.crew import join_crew
    from signgen.training.public_build import check_networks
    from signgen.training.run import PIPELINE, TrainingRun, check_run
    from signgen.training.sources import Reading, check_data, open_sources
    from signgen.training.stages import train as train_stages

    torch.backends.cudnn.benchmark = True
    check_board(report_to)
    with join_crew() as crew:
        run = TrainingRun(
            folder=output_dir,
            device=_device(device),
            seed=seed,
            resume=resume,
            max_minutes=math.inf if max_minutes is None else max_minutes,
            minutes=math.inf if minutes is None else minutes,
            shard_mb=shard_mb,
            board=report_to,
            begin_with=_beginning(begin_with, output_dir / PIPELINE, resume=resume),
            crew=crew,
            say=say if crew.leads else lambda _: None,
        )
        check_run(stages, recipe, run)
        check_data(data, recipe.samples, recipe.models.size)
        if crew.leads and not (output_dir / PIPELINE).exists():
            check_networks(recipe.models)
        crew.wait()  # all have seen the folder as it was
        reading = Reading(
            settings=recipe.samples, size=recipe.models.size, device=run.device, say=run.say
        )
        looks_at_dev = any(recipe.loops[stage].dev_every for stage in stages)
        sources = open_sources(data, reading, dev=looks_at_dev)
        folder, finished = train_stages(stages, recipe, sources, run)
    if crew.leads:
        emit({"pipeline": str(folder), "finished": finished}, as_json=as_json, text=folder)


def _beginning(name: str | None, there: Path, *, resume: bool) -> Path | None:
    """Return the folder of the bundled model of a name, or else the one named, if it is wanted.

    there: the run's own pipeline. Raises OutputError where the training has begun already and does
    not go on, InputError if there is no folder to begin with.
    """
    if name is None or (resume and there.exists()):
        return None
    if there.exists():
        raise OutputError(there, "has begun already", "leave --begin-with out, or train elsewhere")
    folder = bundled.find(name) or Path(name)
    if not folder.is_dir():
        raise InputError(folder, "is no folder", "give a pipeline's, or the name mini")
    return folder


def _device(name: str) -> "torch.device":
    """Return this process's device; raises ValueError where it is asked for and not there."""
    import torch

    from signgen.training.crew import crew_device

    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise ValueError("--device cuda: no CUDA device is here; pass --device cpu")
    return crew_device("cuda" if there and name != "cpu" else "cpu")
