"""``signgen train`` as a user runs it: every stage, rendered from, broken off and resumed."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from pose_sequences.images import read_image
from signgen.cli.train import train
from signgen.training.settings import STAGES
from signgen.training.stages import read_pipeline
from tests.signer import signing
from tests.signgen.training.tiny import SIZE, write_recipe
from tests.signgen.training.toy_corpus import write_toy_corpus

SHORT = {
    "autoencoder": {"steps": 2, "batch_size": 2, "fit_batches": 1},
    "fusion": {"steps": 2, "batch_size": 4},
    "denoiser": {"steps": 2, "batch_size": 2},
    "temporal": {"steps": 2, "batch_size": 1, "num_frames": 3},
    "distil": {"steps": 2, "batch_size": 1, "num_frames": 2, "teacher_steps": 1},
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy_corpus(tmp_path_factory.mktemp("corpus"))


def run(stage: str, recipe: Path, corpus: Path, output: Path, *more: str) -> Result:
    arguments = ["--config", str(recipe), "--data", str(corpus), "--output-dir", str(output)]
    return CliRunner().invoke(train, [stage, *arguments, "--device", "cpu", *more])


@pytest.mark.parametrize("method", ["fpdm", "cfld"])
def test_all_stages_run_in_one_command_and_the_result_renders(
    tmp_path: Path, corpus: Path, method: str
) -> None:
    recipe = write_recipe(tmp_path / "tiny.toml", method, **SHORT)
    stages = [stage for stage in STAGES if method == "fpdm" or stage != "fusion"]
    result = run("all", recipe, corpus, tmp_path / "out", "--json", "--shard-mb", "1")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report == {"pipeline": str(tmp_path / "out" / "pipeline"), "finished": True}
    for stage in stages:
        settings = json.loads((tmp_path / "out" / stage / "settings.json").read_text())
        assert settings["recipe"][stage]["steps"] == 2
        assert read_image(tmp_path / "out" / stage / "samples.png").shape == (4 * SIZE, 4 * SIZE, 3)
    pipeline = read_pipeline(tmp_path / "out" / "pipeline")
    assert len(pipeline.steps.guidance.states) == 1
    poses = signing(5)
    frames = pipeline.render_frames(
        np.zeros((SIZE, SIZE, 3), np.uint8),
        poses.frames(0, 1),
        poses,
        generator=torch.Generator().manual_seed(0),
    )
    assert frames.shape == (5, SIZE, SIZE, 3)
    again = run("all", recipe, corpus, tmp_path / "out", "--resume")
    assert again.stderr.count("done before") == len(stages)


def test_a_run_out_of_time_says_so_and_resumes(tmp_path: Path, corpus: Path) -> None:
    recipe = write_recipe(tmp_path / "tiny.toml", **SHORT)
    first = run("fusion", recipe, corpus, tmp_path / "out", "--max-minutes", "0", "--json")
    assert json.loads(first.stdout)["finished"] is False
    assert "--resume goes on" in first.stderr
    refused = run("fusion", recipe, corpus, tmp_path / "out")
    assert isinstance(refused.exception, Exception)
    assert "pass --resume" in str(refused.exception)
    second = run("fusion", recipe, corpus, tmp_path / "out", "--resume", "--json")
    assert json.loads(second.stdout)["finished"] is True


def test_an_unknown_key_ends_before_anything_is_written(tmp_path: Path, corpus: Path) -> None:
    recipe = write_recipe(tmp_path / "tiny.toml", **SHORT)
    result = run("fusion", recipe, corpus, tmp_path / "out", "--set", "fusion.stepz=1")
    assert "stepz" in str(result.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_minutes_of_all_are_divided_and_every_stage_gets_some(
    tmp_path: Path, corpus: Path
) -> None:
    endless = {stage: {**table, "steps": 10**6} for stage, table in SHORT.items()}
    recipe = write_recipe(tmp_path / "tiny.toml", **endless)
    result = run("all", recipe, corpus, tmp_path / "out", "--minutes", "0.01", "--json")
    assert json.loads(result.stdout)["finished"] is True
    for stage in STAGES:
        lines = (tmp_path / "out" / stage / "curve.jsonl").read_text().splitlines()
        assert 25 <= len(lines) < 1000
