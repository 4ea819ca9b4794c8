"""A corpus in the release's layout, from its pictures to a rendered frame, by FPDM's recipe."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from pose_sequences.phoenix import Corpus
from pose_sequences.video import read_frames
from signgen.cli import main
from signgen.training.model_settings import STAGES
from signgen.training.recipe import load_recipe
from signgen.training.stages import read_pipeline
from tests.pose_sequences.tiny_phoenix import write_corpus
from tests.signgen.training.tiny import SIZE, write_recipe

LOOP = {"steps": 2, "batch_size": 2, "dev_every": 1, "dev_batches": 1}
STEPS = {
    "autoencoder": {**LOOP, "fit_batches": 1},
    "fusion": LOOP,
    "denoiser": LOOP,
    "temporal": {**LOOP, "num_frames": 2},
    "distil": {**LOOP, "num_frames": 2, "teacher_steps": 1},
    "decoder": {**LOOP, "num_frames": 2, "num_steps": 1},
    "painter": {**LOOP, "num_frames": 2, "num_steps": 1},
}


@pytest.mark.slow
def test_a_corpus_is_extracted_trained_on_by_every_stage_and_rendered_from(tmp_path: Path) -> None:
    root, output = write_corpus(tmp_path / "corpus"), tmp_path / "out"
    for split in ("train", "dev"):
        command = ["corpus", "extract", str(root), "--split", split, "-j", "1"]
        assert CliRunner().invoke(main, command).exit_code == 0
    samples = asdict(load_recipe("fpdm-phoenix").samples)
    assert (samples["triples"], samples["across_clips"]) == (100_000, 0.0)
    samples |= {"memory_gb": 0.0, "undistort": True}
    recipe = write_recipe(tmp_path / "tiny.toml", samples=samples, **STEPS)
    arguments = ["--config", str(recipe), "--data", str(root), "--output-dir", str(output)]
    done = CliRunner().invoke(main, ["train", "all", *arguments, "--device", "cpu"])
    assert done.exit_code == 0, done.output
    assert "read from disk as they are drawn" in done.stderr
    for stage in STAGES:
        lines = (output / stage / "curve.jsonl").read_text().splitlines()
        assert [sorted(json.loads(line)) for line in lines] == 2 * [
            ["loss", "step"],
            ["dev", "step"],
        ]
    corpus = Corpus.open(root)
    clip = corpus.clips("train")[0]
    poses = corpus.keypoints(clip)
    frames = read_pipeline(output / "pipeline").render_frames(
        next(iter(read_frames(clip.path))),
        poses.frames(0, 1),
        poses,
        generator=torch.Generator().manual_seed(0),
    )
    assert frames.shape == (len(poses), SIZE, SIZE, 3)
    assert frames.std() > 0
