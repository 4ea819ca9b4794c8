"""A package holds what was trained, in half the bytes, and says where it comes from."""

import json
import re
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from signgen.backbones.public import sha256_of
from signgen.cli import main
from signgen.cli.package import package_model
from signgen.training.stages import read_pipeline
from tests.signgen.training.test_sources import STUDIO
from tests.signgen.training.tiny import write_recipe
from tests.signgen.training.toy_corpus import write_toy_corpus


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    return trained(folder, f"{STUDIO},shelf={folder / 'shelf'}", f"{STUDIO},seed=7")


def trained(folder: Path, *data: str) -> Path:
    steps = {"steps": 2, "batch_size": 2, "fit_batches": 1}
    recipe = write_recipe(folder / "tiny.toml", autoencoder=steps)
    words = ["train", "autoencoder", "--config", str(recipe), "--device", "cpu"]
    words += [*(f"--data={one}" for one in data), "--output-dir", str(folder / "out")]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    # a run records the command of its process, which here is the tests'
    settings = folder / "out" / "autoencoder" / "settings.json"
    said = json.loads(settings.read_text(encoding="utf-8"))
    settings.write_text(json.dumps({**said, "command": ["signgen", *words]}), encoding="utf-8")
    return folder / "out"


def pack(run: Path, output: Path, *more: str) -> str:
    figures = run.parent / "figures.md"
    figures.write_text("| hands | 20 dB |\n", encoding="utf-8")
    arguments = [str(run), str(output), "--figures", str(figures), *more]
    result = CliRunner().invoke(package_model, arguments)
    return result.output if result.exit_code == 0 else str(result.exception)


def test_a_package_is_the_pipeline_in_half_the_bytes(run: Path, tmp_path: Path) -> None:
    pack(run, tmp_path / "mini")
    ours, theirs = read_pipeline(tmp_path / "mini"), read_pipeline(run / "pipeline")
    for packed, trained in zip(ours.unet.parameters(), theirs.unet.parameters(), strict=True):
        torch.testing.assert_close(packed, trained, rtol=1e-3, atol=1e-4)
    weights = [
        sum(path.stat().st_size for path in folder.rglob("*.safetensors"))
        for folder in (tmp_path / "mini", run / "pipeline")
    ]
    assert weights[0] < 0.6 * weights[1]


def test_a_package_does_not_say_where_it_was_made(run: Path, tmp_path: Path) -> None:
    pack(run, tmp_path / "mini")
    texts = {path: path.read_text(encoding="utf-8") for path in (tmp_path / "mini").rglob("*.json")}
    assert "_name_or_path" in (run / "pipeline" / "model_index.json").read_text(encoding="utf-8")
    for path, text in texts.items():
        assert "_name_or_path" not in text, path
        assert str(run.parent) not in text, path


def test_the_card_names_figures_hashes_and_stages_but_no_folder(run: Path, tmp_path: Path) -> None:
    pack(run, tmp_path / "mini")
    card = (tmp_path / "mini" / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\nlicense: apache-2.0\n")
    assert "| hands | 20 dB |" in card
    assert "| autoencoder | 2 | 4 | 0 |" in card
    assert str(run.parent) not in card
    assert "signgen train autoencoder --config tiny.toml --data studio:" in card
    assert f"{STUDIO},shelf=SHELF --data {STUDIO},seed=7 --output-dir OUTPUT" in card
    hashes = dict(re.findall(r"\| `(\S+\.safetensors)` \|[^|]+\| `(\w{64})` \|", card))
    assert hashes
    for name, digest in hashes.items():
        assert sha256_of(tmp_path / "mini" / name) == digest


def test_what_was_trained_on_other_data_or_is_damaged_is_refused(tmp_path: Path) -> None:
    real = trained(tmp_path, STUDIO, str(write_toy_corpus(tmp_path / "corpus")))
    assert "the card is for the studio's data alone" in pack(real, tmp_path / "mini")
    (real / "autoencoder" / "done.json").write_text("{}", encoding="utf-8")
    assert "cannot be understood" in pack(real, tmp_path / "mini")


def test_what_is_no_training_or_is_there_already_is_refused(run: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "holds no training that is done" in pack(tmp_path / "empty", tmp_path / "mini")
    assert not (tmp_path / "mini").exists()
    pack(run, tmp_path / "mini")
    assert "--overwrite" in pack(run, tmp_path / "mini")
