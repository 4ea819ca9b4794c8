# mypy: disable-error-code="no-untyped-call"
"""A step of training: the denoiser of the recipe ``mini``, drawing of its samples included."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from signgen.bench import Figures
from signgen.bench.subject import example_clip
from signgen.data import ClipArrays, MemoryClips
from signgen.training.build import build_pipeline
from signgen.training.denoiser import DenoiserObjective
from signgen.training.recipe import Recipe, load_recipe
from signgen.training.scene import Stage
from signgen.training.stages import freeze_all_but
from signgen.training.throughput import Meter
from signgen.training.trainer import RunSettings, Trainer

_FRAMES = 32
_BATCH_SIZE = {"cpu": 8}  # elsewhere the recipe's


def random_objective(recipe: Recipe, device: torch.device) -> DenoiserObjective:
    """Return the denoiser's, with fresh weights and on random pictures with real poses."""
    pipeline = build_pipeline(recipe.models, 0).to(device)
    size = recipe.models.size
    pictures = np.random.default_rng(0).integers(0, 256, (_FRAMES, size, size, 3), np.uint8)
    poses = example_clip(_FRAMES).poses
    clip = ClipArrays(name="noise", signer="nobody", frames=pictures, poses=poses)
    source = MemoryClips([clip], size=(size, size), device=device)
    scenes = Stage(source=source, settings=recipe.samples, size=size)
    objective = DenoiserObjective(pipeline=pipeline, scenes=scenes, settings=recipe.denoiser)
    freeze_all_but(pipeline, objective)
    return objective


def measure_training(device: torch.device, num_steps: int = 4) -> Figures:
    """Return samples a second of some steps, after one that warms up, and the share of the peak."""
    recipe = load_recipe("mini")
    loop = recipe.loops["denoiser"]
    loop = replace(loop, batch_size=_BATCH_SIZE.get(device.type, loop.batch_size))
    with TemporaryDirectory() as folder:
        run = RunSettings(folder=Path(folder), device=device)
        trainer = Trainer(random_objective(recipe, device), loop, run)
        trainer.update()
        meter = Meter(device, getattr(torch, loop.precision))
        for _ in range(num_steps):
            trainer.update()
        speed = meter.report(num_steps * loop.batch_size, trainer.flop_per_sample)
    return {
        "recipe": "mini",
        "stage": "denoiser",
        "batch_size": loop.batch_size,
        "precision": loop.precision,
        "samples_per_second": speed.rate,
        "milliseconds_a_step": 1000 * loop.batch_size / speed.rate,
        "gigaflop_a_sample": trainer.flop_per_sample / 1e9,
        "peak_gigaflop_per_second": speed.peak / 1e9,
        "share_of_peak": speed.share,
    }
