"""Where samples come from: what --data may say, and all stages from the studio."""

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from pose_sequences.errors import CorpusError
from signgen.cli.train import train
from signgen.training.mixture import Mixture
from signgen.training.model_settings import STAGES
from signgen.training.sources import (
    Reading,
    SampleSettings,
    check_data,
    dev_signers,
    open_sources,
    studio_settings,
)
from tests.signgen.training.tiny import CPU, SIZE, write_recipe
from tests.signgen.training.toy_corpus import write_toy_corpus

pytestmark = pytest.mark.light

STUDIO = (
    "studio:signers=1,clips=1,clip_frames=2,clips_a_draw=1,portraits=1,vocabulary=5,"
    "most_glosses=1,supersample=1,worn=false"
)
ONE_STEP = {"steps": 1, "batch_size": 2, "dev_every": 1, "dev_batches": 1}
SHORT = {
    "autoencoder": {**ONE_STEP, "fit_batches": 1},
    "fusion": ONE_STEP,
    "denoiser": ONE_STEP,
    "temporal": {**ONE_STEP, "num_frames": 2},
    "distil": {**ONE_STEP, "num_frames": 2, "teacher_steps": 1},
    "decoder": {**ONE_STEP, "num_frames": 2, "num_steps": 1},
    "painter": {**ONE_STEP, "num_frames": 2, "num_steps": 1},
}


def test_the_studio_is_asked_for_by_its_own_settings() -> None:
    assert studio_settings("studio", 64).size == (64, 64)
    assert studio_settings("studio:7", 64) == studio_settings("studio:seed=7", 64)
    found = studio_settings("studio:signers=3, squeezed=0.5,worn=false", 64)
    assert (found.signers, found.squeezed, found.worn) == (3, 0.5, False)
    assert (found.breadth, studio_settings("studio:breadth=wide", 64).breadth) == ("narrow", "wide")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("studio:singers=3", "'singers' is none of seed, signers"),
        ("studio:signers=many", "signers is 'many'; give a number"),
        ("studio:signers=1.5", "signers is '1.5'"),
        ("studio:squeezed=nan", "squeezed is 'nan'"),
        ("studio:worn=maybe", "give true or false"),
        ("studio:signers=0", "signers is 0; give at least 1"),
        ("studio:size=64", "models.size"),
        ("studio:breadth=huge", "breadth is 'huge'; give one of narrow, wide"),
    ],
)
def test_what_the_studio_does_not_know_is_refused_with_the_word(data: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_data([data], SampleSettings(), 64)


@pytest.mark.parametrize(
    "key", ["cache_latents", "features_gb", "triples", "self_pairs", "undistort", "max_frames"]
)
def test_what_is_for_corpora_is_refused_for_the_studio(key: str) -> None:
    still = {"zoom_share": 0.0, "reference_shift": 0.0, "reference_scale": 0.0, "grain": 0.0}
    settings = SampleSettings(**still, **{key: 1})
    with pytest.raises(ValueError, match=f"samples.{key} is for the frames of a corpus"):
        check_data(["studio"], settings, 64)


@pytest.mark.parametrize(
    ("key", "value", "off"), [("cache_latents", True, "false"), ("features_gb", 1.0, "0")]
)
def test_what_is_kept_by_a_corpus_frame_numbers_is_refused_for_several(
    key: str, value: float, off: str, tmp_path: Path
) -> None:
    corpora = [str(write_toy_corpus(tmp_path / name)) for name in ("one", "other")]
    still = {"zoom_share": 0.0, "reference_shift": 0.0, "reference_scale": 0.0, "grain": 0.0}
    settings = SampleSettings(**still, **{key: value})
    check_data(corpora[:1], settings, 64)
    said = f"samples.{key} is for a single corpus, and --data names 2; give one, or set it to {off}"
    with pytest.raises(ValueError, match=said):
        check_data(corpora, settings, 64)


def test_a_folder_that_is_no_corpus_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="holds no corpus"):
        check_data([str(tmp_path)], SampleSettings(), 64)


def test_dev_has_other_signers_than_training() -> None:
    settings = studio_settings("studio:signers=20,clips=100,seed=3", 64)
    others = dev_signers(settings)
    assert (others.signers, others.clips) == (3, 13)
    assert others.seed != settings.seed
    assert dev_signers(settings) == others


@pytest.mark.parametrize("shelf", ["out/shelf", "out/shelf/"])
def test_the_shelf_of_dev_stands_beside_that_of_training(shelf: str) -> None:
    others = dev_signers(studio_settings(f"studio:shelf={shelf}", 64))
    assert others.shelf == "out/shelf-dev"


def test_two_sources_of_the_same_words_draw_the_same() -> None:
    # what several processes do: each has a source of its own
    reading = Reading(settings=SampleSettings(), size=SIZE, device=CPU)
    words = ([STUDIO], [f"{STUDIO},ahead=true"])
    sources = [open_sources(data, reading, dev=False) for data in words]
    sources[1].train.draw(1, 1, torch.Generator().manual_seed(8))  # another history
    ours, theirs = (s.train.draw(2, 2, torch.Generator().manual_seed(5)) for s in sources)
    assert torch.equal(ours.clips.frames, theirs.clips.frames)
    assert torch.equal(ours.references.frames, theirs.references.frames)
    assert sources[0].dev is None


def test_dev_is_mixed_as_training_is(tmp_path: Path) -> None:
    reading = Reading(settings=SampleSettings(), size=SIZE, device=CPU)
    corpus = str(write_toy_corpus(tmp_path / "corpus", num_dev_signers=1))
    sources = open_sources([STUDIO, corpus], reading, dev=True)
    for mixed in (sources.train, sources.dev):
        assert mixed is not None
        batch = mixed.draw(2, 2, torch.Generator().manual_seed(1))
        assert len(batch.signers.unique()) == 2
        assert batch.clips.frames.shape == (4, 3, SIZE, SIZE)
        assert batch.clips.exact is not None  # the studio's, and of the corpus what is known


def test_a_mixture_can_leave_pictures_that_are_their_own_references(tmp_path: Path) -> None:
    corpora = [str(write_toy_corpus(tmp_path / name)) for name in ("one", "other")]
    still = {"zoom_share": 0.0, "reference_shift": 0.0, "reference_scale": 0.0, "grain": 0.0}
    settings = SampleSettings(**still, self_pairs=1.0)
    reading = Reading(settings=settings, size=SIZE, device=CPU)
    mixed = open_sources(corpora, reading, dev=False).train
    assert isinstance(mixed, Mixture)

    def alike(source: Mixture) -> float:
        batch = source.draw(16, 1, torch.Generator().manual_seed(3))
        same = batch.clips.frames == batch.references.frames
        return float(same.flatten(1).all(1).float().mean())

    assert alike(mixed) == 1
    assert alike(mixed.without_self_pairs()) < 0.5


def test_every_stage_trains_from_the_studio(tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "tiny.toml", **SHORT)
    output = tmp_path / "out"
    arguments = ["--config", str(recipe), "--data", STUDIO, "--output-dir", str(output)]
    done = CliRunner().invoke(train, ["all", *arguments, "--device", "cpu", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["finished"]
    for stage in STAGES:
        lines = (output / stage / "curve.jsonl").read_text().splitlines()
        assert ["loss" in line for line in lines] == [True, False]
        assert "dev" in json.loads(lines[1])
