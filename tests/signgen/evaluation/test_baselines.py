"""Baselines are clips like any others: what they show, and that nothing of them stays."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pose_sequences.phoenix import Corpus
from pose_sequences.video import read_frames
from signgen.evaluation.baselines import ABOUT, BaselineSources, baseline_clips
from signgen.evaluation.nearest import NearestFrames
from signgen.evaluation.pairs import pair_corpus
from tests.signgen.evaluation.pairs_on_disk import (
    corpus,
    write_pair,
)
from tests.signgen.training.tiny import tiny_pipeline


def test_the_nearest_frame_of_a_training_clip_is_its_own(tmp_path: Path) -> None:
    root, _ = corpus(tmp_path)
    found = Corpus.open(root)
    training = NearestFrames(found, "train")
    for clip in found.clips("train"):
        frames = np.stack(list(training.frames(found.keypoints(clip), clip.signer)))
        np.testing.assert_array_equal(frames, np.stack(list(read_frames(clip.path))))


@pytest.mark.parametrize("name", ABOUT)
def test_baselines_are_clips_that_can_be_measured_and_go_afterwards(
    tmp_path: Path, name: str
) -> None:
    root, made = corpus(tmp_path)
    pairs = pair_corpus(made, root, "train").pairs
    tiny_pipeline().save_pretrained(tmp_path / "model")
    sources = BaselineSources(corpus=root, model=tmp_path / "model")
    with baseline_clips(name, pairs, sources, tmp_path / "cache") as (clips, faults):
        assert not faults
        (clip,) = clips
        frames = np.stack(list(read_frames(clip.generated)))
        assert clip.reference is not None
        truth = np.stack(list(read_frames(clip.reference)))
    assert frames.shape == truth.shape
    assert not any((tmp_path / "cache").iterdir())
    if name == "copy-reference":
        assert (frames == truth[0]).all()
    elif name == "nearest-frame":
        assert (frames == truth).all()
    elif name == "reencoded":
        assert 0 < np.abs(frames.astype(float) - truth).mean() < 12


def test_a_baseline_without_what_it_needs_says_so(tmp_path: Path) -> None:
    for name, words in (("nearest-frame", "--split"), ("autoencoder", "--model")):
        with (
            pytest.raises(ValueError, match=words),
            baseline_clips(name, (), BaselineSources(), tmp_path),
        ):
            pass
    pair = replace(write_pair(tmp_path, "one"), poses=None)
    root, _ = corpus(tmp_path / "of")
    sources = BaselineSources(corpus=root)
    with baseline_clips("nearest-frame", [pair], sources, tmp_path / "cache") as (clips, faults):
        assert not clips
        assert "has no poses" in faults[0]
