"""``signgen train`` as a user runs it: every stage, rendered from, broken off and resumed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from pose_sequences.images import read_image
from signgen.cli.train import train
from signgen.training.model_settings import STAGES
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
    "decoder": {"steps": 2, "batch_size": 1, "num_frames": 2, "num_steps": 1},
    "painter": {"steps": 2, "batch_size": 1, "num_frames": 2, "num_steps": 1},
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
        done = json.loads((tmp_path / "out" / stage / "done.json").read_text())
        assert done["figures"]["psnr"] > 0
        assert ("top1" in done["figures"]) == (stage == "fusion")
    assert "Loading" not in result.stderr  # a bar of diffusers
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


def test_a_training_begins_with_the_weights_of_another(tmp_path: Path, corpus: Path) -> None:
    recipe = write_recipe(tmp_path / "tiny.toml", **SHORT)
    assert run("autoencoder", recipe, corpus, tmp_path / "first").exit_code == 0
    first = tmp_path / "first" / "pipeline"
    words = ("--begin-with", str(first), "--seed", "5")
    result = run("autoencoder", recipe, corpus, tmp_path / "second", *words)
    assert result.exit_code == 0, result.output
    assert "fresh weights in: nothing" in result.stderr
    known, new = read_pipeline(first), read_pipeline(tmp_path / "second" / "pipeline")
    for key, value in known.unet.state_dict().items():
        assert torch.equal(new.unet.state_dict()[key], value), key
    # the components, on which the UNet was trained, are not fitted anew
    assert torch.equal(new.autoencoder.basis, known.autoencoder.basis)
    assert not torch.equal(new.autoencoder.out.weight, known.autoencoder.out.weight)
    again = run("denoiser", recipe, corpus, tmp_path / "second", *words)
    assert "pipeline: has begun already; leave --begin-with out" in str(again.exception)
    resumed = run("autoencoder", recipe, corpus, tmp_path / "second", *words, "--resume")
    assert resumed.exit_code == 0, resumed.output


def test_what_does_not_fit_stays_fresh_and_is_named(tmp_path: Path, corpus: Path) -> None:
    recipe = write_recipe(tmp_path / "tiny.toml", **SHORT)
    assert run("autoencoder", recipe, corpus, tmp_path / "first").exit_code == 0
    words = ("--begin-with", str(tmp_path / "first" / "pipeline"))
    wider = ("--set", "models.decoder_width=24")
    result = run("fusion", recipe, corpus, tmp_path / "second", *words, *wider)
    assert "fresh weights in: autoencoder\n" in result.stderr
    for folder, fault in (
        (tmp_path / "nowhere", "nowhere: is no folder; give a pipeline's, or the name mini"),
        (corpus, "holds no weights that fit the recipe; give the folder of a pipeline"),
    ):
        result = run("fusion", recipe, corpus, tmp_path / "third", "--begin-with", str(folder))
        assert fault in str(result.exception)
        assert not (tmp_path / "third" / "pipeline").exists()


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


def test_help_and_recipes_load_no_torch() -> None:
    script = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from signgen.cli import main\n"
        "import signgen.training.recipe\n"
        "shown = CliRunner().invoke(main, ['train', '--help'])\n"
        "assert '--max-minutes' in shown.stdout, shown.output\n"
        "print(*sorted({'torch', 'diffusers', 'transformers'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_an_unknown_key_ends_before_anything_is_written(tmp_path: Path, corpus: Path) -> None:
    recipe = write_recipe(tmp_path / "tiny.toml", **SHORT)
    result = run("fusion", recipe, corpus, tmp_path / "out", "--set", "fusion.stepz=1")
    assert "stepz" in str(result.exception)
    assert not (tmp_path / "out").exists()


def test_an_output_that_is_there_is_refused_before_the_corpus_is_looked_at(tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "tiny.toml", **SHORT)
    (tmp_path / "out" / "fusion").mkdir(parents=True)
    result = run("fusion", recipe, tmp_path / "nowhere", tmp_path / "out")
    assert "fusion: exists already; pass --resume" in str(result.exception)
    (tmp_path / "file").touch()
    for output in (tmp_path / "file", tmp_path / "file" / "below"):
        result = run("fusion", recipe, tmp_path / "nowhere", output)
        assert "file: is no folder" in str(result.exception)


def test_a_public_network_that_is_not_there_is_named_before_the_frames_are_read(
    tmp_path: Path, corpus: Path
) -> None:
    changes = ("--set", f"unet={tmp_path}/nowhere")
    result = run("all", Path("cfld-sd15"), corpus, tmp_path / "out", *changes)
    assert "nowhere: is no folder; set [models] unet" in str(result.exception)
    assert "data:" not in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_stage_that_the_recipe_has_not_is_refused_with_those_it_has(tmp_path: Path) -> None:
    result = run("fusion", Path("cfld-sd15"), tmp_path, tmp_path / "out")
    assert "has no stage fusion; give all or denoiser" in str(result.exception)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("fusion.learning_rate=0.1", "learning_rate = 0.0003, now it is 0.1"),
        ("fusion.drop_pose=0.5", "drop_pose = 0.02, now it is 0.5"),
        ("latent_channels=4", "latent_channels = 8, now it is 4"),
        ("grain=0.5", "grain = 0.02, now it is 0.5"),
    ],
)
def test_other_settings_are_refused_on_resume_before_the_corpus_is_looked_at(
    tmp_path: Path, corpus: Path, change: str, said: str
) -> None:
    recipe = write_recipe(tmp_path / "tiny.toml", **SHORT)
    run("fusion", recipe, corpus, tmp_path / "out", "--max-minutes", "0")
    arguments = ("--resume", "--set", change)
    result = run("fusion", recipe, tmp_path / "nowhere", tmp_path / "out", *arguments)
    assert said in str(result.exception)


def test_a_stage_out_of_time_leaves_its_beginning_and_what_it_has_so_far(
    tmp_path: Path, corpus: Path
) -> None:
    # else a student that goes on would be its own teacher
    recipe = write_recipe(tmp_path / "tiny.toml", **SHORT)
    output = tmp_path / "out"
    result = run("distil", recipe, corpus, output, "--max-minutes", "0", "--json")
    so_far = output / "distil" / "pipeline"
    assert json.loads(result.stdout) == {"pipeline": str(so_far), "finished": False}
    assert read_pipeline(so_far).config["num_steps"] == 4
    assert read_pipeline(output / "pipeline").config["num_steps"] == 8
    assert run("distil", recipe, corpus, output, "--resume").exit_code == 0
    assert read_pipeline(output / "pipeline").config["num_steps"] == 4
    assert not so_far.exists()


def test_sheets_and_dev_are_there_while_it_trains(tmp_path: Path, corpus: Path) -> None:
    loop = {"steps": 3, "batch_size": 2, "checkpoint_every": 2}
    recipe = write_recipe(tmp_path / "tiny.toml", denoiser=loop)
    result = run("denoiser", recipe, corpus, tmp_path / "out", "--report-to", "tensorboard")
    assert result.exit_code == 0, result.output
    folder = tmp_path / "out" / "denoiser"
    sheets = sorted((folder / "samples").iterdir())
    assert [sheet.name for sheet in sheets] == ["step-00000002.png", "step-00000003.png"]
    assert read_image(sheets[0]).shape == (4 * SIZE, 4 * SIZE, 3)
    assert list((folder / "events").iterdir())
    looking = run("fusion", recipe, corpus, tmp_path / "out", "--set", "fusion.dev_every=1")
    assert "has no clip with keypoints in dev; run signgen corpus extract" in str(looking.exception)


def test_latents_on_disk_train_as_those_that_are_encoded_each_time(
    tmp_path: Path, corpus: Path
) -> None:
    recipe = write_recipe(tmp_path / "tiny.toml", denoiser={"steps": 3, "batch_size": 2})
    losses = []
    for cached in ("false", "true"):
        changes = ("--set", "zoom_share=0", "--set", f"cache_latents={cached}")
        result = run("denoiser", recipe, corpus, tmp_path / cached, *changes)
        assert result.exit_code == 0, result.output
        lines = (tmp_path / cached / "denoiser" / "curve.jsonl").read_text().splitlines()
        losses.append([json.loads(line)["loss"] for line in lines])
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)
    assert len(list((tmp_path / "true" / "cache").rglob("*.safetensors"))) == 4
    assert not (tmp_path / "false" / "cache").exists()


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
