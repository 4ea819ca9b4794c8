"""Every recipe around public networks as it ships, through all its stages to a rendered frame.

Only sizes and numbers of steps are changed: the networks are tiny ones with random weights.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from signgen.cli import main
from signgen.schedules import schedule_of
from signgen.training.recipe import load_recipe
from signgen.training.stages import read_pipeline
from tests.signer import signing
from tests.signgen.backbones.tiny_public import SIZE, public_models
from tests.signgen.training.toy_corpus import write_toy_corpus

KEPT = ("method", "network", "sites", "site_channels")
FEW = {
    "steps": 2,
    "batch_size": 4,
    "accumulation": 2,
    "fusion.accumulation": 1,
    "dev_batches": 1,
    "dev_every": 1,
    "temporal.num_frames": 2,
    "distil.num_frames": 2,
}
KINDS = {"fpdm-sd21": "v", "fpdm-phoenix": "v", "cfld-sd15": "epsilon", "base": "v"}


def changed(name: str) -> list[str]:
    """Return what is said on the command line beside the name of the recipe."""
    changes = {key: value for key, value in public_models().items() if key not in KEPT} | FEW
    if name == "base":
        motion = {"sites": ["mid_block.attentions.0"], "site_channels": [32], "motion_heads": 2}
        changes |= motion
    return [
        word for key, value in changes.items() for word in ("--set", f"{key}={json.dumps(value)}")
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_a_published_recipe_trains_every_stage_and_renders(tmp_path: Path, name: str) -> None:
    corpus = write_toy_corpus(tmp_path / "corpus", num_dev_signers=1)
    output = tmp_path / "out"
    arguments = ["--config", name, "--data", str(corpus), "--output-dir", str(output)]
    done = CliRunner().invoke(main, ["train", "all", *arguments, "--device", "cpu", *changed(name)])
    assert done.exit_code == 0, done.output
    recipe = load_recipe(name)
    for stage in recipe.models.stages:
        curve = (output / stage / "curve.jsonl").read_text(encoding="utf-8")
        lines = [json.loads(line) for line in curve.splitlines()]
        assert [sorted(line) for line in lines] == 2 * [["loss", "step"], ["dev", "step"]]
        assert all(np.isfinite(list(line.values())).all() for line in lines)
    # CLIP's and DINOv2's words on tiny pictures fit where those on true ones would not
    kept = {folder.name.partition("-")[0] for folder in (output / "cache").glob("*")}
    assert kept == ({"latents", "embeddings", "tokens"} if name == "fpdm-phoenix" else set())
    pipeline = read_pipeline(output / "pipeline")
    assert schedule_of(pipeline.scheduler).kind == KINDS[name]
    poses = signing(3)
    frames = pipeline.render_frames(
        np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8),
        poses.frames(0, 1),
        poses,
        generator=torch.Generator().manual_seed(0),
    )
    assert (frames.shape, frames.dtype) == ((3, SIZE, SIZE, 3), np.uint8)
    assert frames.std() > 0
