"""``signgen train``: every stage of the generator, resumable, and all of them in one command."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from signgen.cli.console import emit, say
from signgen.cli.options import json_option
from signgen.training.settings import STAGES

if TYPE_CHECKING:
    import torch

FOLDER = click.Path(path_type=Path)

_EPILOG = """\b
Examples:
  signgen train all --config mini --data studio_corpus --output-dir out/mini --max-minutes 30
  signgen train all --config mini --data studio_corpus --output-dir out/mini --resume
  signgen train denoiser --config my.toml --data PHOENIX-2014-T --output-dir out/denoiser \\
    --set denoiser.batch_size=64 --device cuda
"""


@click.command(epilog=_EPILOG)
@click.argument("stage", type=click.Choice(["all", *STAGES]))
@click.option("--config", required=True, help="A recipe's name, such as mini, or a .toml file.")
@click.option("--data", required=True, type=FOLDER, help="A corpus in the Phoenix layout.")
@click.option("--output-dir", required=True, type=FOLDER, help="Where the stages are written.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change the recipe.")
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint.")
@click.option("--max-minutes", type=float, help="Stop after so long, with a checkpoint.")
@click.option(
    "--minutes",
    type=float,
    help="Plan the steps for so long, over all runs.  [default for all: --max-minutes]",
)
@click.option("--shard-mb", type=click.FloatRange(min=1), default=1024.0, show_default=True)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto")
@click.option("--seed", type=int, default=0, show_default=True)
@json_option
def train(
    stage: str,
    config: str,
    data: Path,
    output_dir: Path,
    changes: tuple[str, ...],
    resume: bool,
    max_minutes: float | None,
    minutes: float | None,
    shard_mb: float,
    device: str,
    seed: int,
    as_json: bool,
) -> None:
    """Train STAGE, or all of them in order, into a pipeline folder that can be rendered from.

    With --max-minutes, `all` divides the time among its stages by the shares of the recipe, and
    plans as many steps as fit.
    """
    import torch
    from diffusers.utils import logging

    from signgen.data import open_corpus
    from signgen.training.recipe import load_recipe
    from signgen.training.stages import TrainingRun
    from signgen.training.stages import train as train_stages

    logging.disable_progress_bar()  # of reading each part of a pipeline folder
    torch.backends.cudnn.benchmark = True
    recipe = load_recipe(config, changes)
    stages = recipe.models.stages if stage == "all" else (stage,)
    if stage != "all" and stage not in recipe.models.stages:
        raise ValueError(f"the method {recipe.models.method} has no stage {stage}")
    run = TrainingRun(
        folder=output_dir,
        device=_device(device),
        seed=seed,
        resume=resume,
        max_minutes=math.inf if max_minutes is None else max_minutes,
        minutes=math.inf if minutes is None else minutes,
        shard_mb=shard_mb,
        say=say,
    )
    size = recipe.models.size
    source = open_corpus(
        data,
        size=(size, size),
        device=run.device,
        max_frames=recipe.samples.max_frames,
        across_clips=recipe.samples.across_clips,
    )
    folder, finished = train_stages(stages, recipe, source, run)
    emit({"pipeline": str(folder), "finished": finished}, as_json=as_json, text=folder)


def _device(name: str) -> "torch.device":
    """Return the device; raises ValueError where it is asked for and not there."""
    import torch

    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise ValueError("--device cuda: no CUDA device is here; pass --device cpu")
    return torch.device("cuda" if there and name != "cpu" else "cpu")
