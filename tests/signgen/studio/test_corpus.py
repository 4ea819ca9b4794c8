"""A studio corpus: what is on the disk is whole, reads as a corpus, and follows from the seed."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pose_sequences.errors import OutputError
from pose_sequences.phoenix import Corpus
from pose_sequences.phoenix.check import check
from pose_sequences.phoenix.clip import SPLITS
from pose_sequences.video import read_frames
from signgen.studio.corpus import build_corpus
from signgen.studio.gloss import name
from signgen.studio.plan import CorpusSettings, plan_corpus
from tests.signgen.studio.corpora import build, contents

SETTINGS = CorpusSettings(
    signers=3, clips=3, seed=5, size=(64, 80), vocabulary=6, most_glosses=2, max_frames=4
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a corpus built by two workers."""
    root = tmp_path_factory.mktemp("studio") / "corpus"
    assert {clip.outcome for clip in build(root, SETTINGS, workers=2)} == {"filmed"}
    return root


def test_the_check_of_a_corpus_finds_nothing_to_say(built: Path) -> None:
    report = check(built, decode=True)
    assert (report.problems, report.notes) == ((), ())
    assert (report.width, report.height) == SETTINGS.size
    assert sum(counts.frames for counts in report.splits.values()) == 3 * 4
    for counts in report.splits.values():
        assert set(counts.keypoints.values()) == {counts.clips}


def test_keypoints_can_be_such_as_a_detector_says(built: Path, tmp_path: Path) -> None:
    root = tmp_path / "told"
    build(root, replace(SETTINGS, detector=1.0))
    exact, told = (Corpus.open(path, layout="holistic553") for path in (built, root))
    for clip, same in zip(exact.all_clips(), told.all_clips(), strict=True):
        for ours, theirs in zip(read_frames(clip.path), read_frames(same.path), strict=True):
            assert np.array_equal(ours, theirs)
        plain, seen = exact.keypoints(clip), told.keypoints(same)
        both = (plain.confidence > 0.5) & (seen.confidence > 0.5)
        off = np.linalg.norm((plain.keypoints - seen.keypoints)[both][:, :2], axis=1)
        assert 0.05 < np.median(off) < 3  # of 64 pixels
    assert "a model of MediaPipe's" in (root / "README.md").read_text()
    assert "the exact projections" in (built / "README.md").read_text()


def test_every_signer_is_in_one_split_alone(built: Path) -> None:
    corpus = Corpus.open(built)
    signers = [{clip.signer for clip in corpus.clips(split)} for split in SPLITS]
    assert [len(own) for own in signers] == [1, 1, 1]
    assert len(set.union(*signers)) == 3


def test_the_tables_name_the_planned_glosses(built: Path) -> None:
    wanted = {c.name: tuple(name(g) for g in c.take.glosses) for c in plan_corpus(SETTINGS)}
    assert {clip.name: clip.glosses for clip in Corpus.open(built).all_clips()} == wanted


def test_the_keypoints_lie_on_the_signer(built: Path) -> None:
    corpus = Corpus.open(built, layout="holistic553")
    for clip in corpus.all_clips():
        poses = corpus.keypoints(clip)
        assert poses.seen("body").all()
        nose = poses.keypoints[:, poses.points.find(("body.nose",))[0], :2]
        frames = np.stack(list(read_frames(clip.path))).astype(int)
        # skin is redder than it is blue; so is no backdrop that a nose is before
        column, row = nose.round().astype(int).T
        skin = frames[np.arange(len(frames)), row, column]
        assert (skin[:, 0] > skin[:, 2] + 5).all()
        plain = replace(corpus, layout="holistic543").keypoints(clip)
        np.testing.assert_array_equal(plain.keypoints, poses.converted("holistic543").keypoints)


def test_a_build_by_one_worker_that_was_stopped_ends_with_the_same_bytes(
    built: Path, tmp_path: Path
) -> None:
    root = tmp_path / "corpus"
    with closing(build_corpus(root, SETTINGS)) as events:
        first = next(events)
    assert [path.name for path in root.rglob(".*")] == []
    assert not (root / "annotations").exists()  # nothing takes it for a corpus
    outcomes = {clip.clip.name: clip.outcome for clip in build(root, SETTINGS)}
    assert outcomes.pop(first.clip.name) == "kept"
    assert set(outcomes.values()) == {"filmed"}
    assert contents(root) == contents(built)


def test_another_corpus_is_not_mixed_into_one(built: Path, tmp_path: Path) -> None:
    before = contents(built)
    with pytest.raises(OutputError, match="begun with --seed 5 and without --video; give the same"):
        build_corpus(built, replace(SETTINGS, seed=6, video=True))
    begun = tmp_path / "begun"
    begun.mkdir()
    other = SETTINGS.as_json() | {"made_by": "signgen 0.0.1 studio"}
    (begun / "studio.json").write_text(json.dumps(other))
    with pytest.raises(OutputError, match=r"begun by signgen 0.0.1 studio, not signgen .*; choose"):
        build_corpus(begun, SETTINGS)
    (begun / "studio.json").write_text(json.dumps(replace(SETTINGS, video=True).as_json()))
    with pytest.raises(OutputError, match="begun with --video and without --detector; give"):
        build_corpus(begun, replace(SETTINGS, detector=1.0))
    with pytest.raises(OutputError, match="begun with --video vocabulary 6; give"):
        build_corpus(begun, replace(SETTINGS, vocabulary=7))
    shutil.rmtree(begun)
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(OutputError, match="holds something else; choose a new folder"):
        build_corpus(tmp_path, SETTINGS)
    with pytest.raises(OutputError, match="is no folder; choose another name"):
        build_corpus(tmp_path / "letter.txt", SETTINGS)
    assert contents(built) == before
    assert contents(tmp_path) == {"letter.txt": b"mine"}


class TestPlan:
    def test_a_larger_corpus_begins_like_the_smaller(self) -> None:
        small, large = (plan_corpus(replace(SETTINGS, clips=n)) for n in (3, 9))
        assert [clip.take for clip in large[:3]] == [clip.take for clip in small]

    def test_another_seed_plans_other_signers_and_signs(self) -> None:
        ours, theirs = (plan_corpus(replace(SETTINGS, seed=n)) for n in (5, 6))
        assert not {c.take.signer for c in ours} & {c.take.signer for c in theirs}
        assert [c.take.glosses for c in ours] != [c.take.glosses for c in theirs]

    def test_split_by_clip_has_the_signers_everywhere(self) -> None:
        plan = plan_corpus(replace(SETTINGS, clips=60, split_by="clip"))
        for split in SPLITS:
            assert {clip.signer for clip in plan if clip.split == split} == {
                *("Signer01", "Signer02", "Signer03")
            }

    def test_signers_with_the_same_glosses_differ(self) -> None:
        plan = plan_corpus(replace(SETTINGS, vocabulary=1, most_glosses=1))
        assert len({clip.take.glosses for clip in plan}) == 1
        assert len({clip.take.seed for clip in plan}) == 3

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"clips": 2}, "2 clips are too few for 3 signers"),
            ({"size": (8, 64)}, "size is 8x64; a side has 32 to 2048 pixels"),
            ({"size": (65, 64), "video": True}, "size is 65x64; the sides of an MP4 are even"),
            ({"seed": -1}, "seed is -1"),
            ({"vocabulary": 0}, "give at least 1 signer"),
        ],
    )
    def test_what_cannot_be_built_is_refused(self, change: dict[str, int], fault: str) -> None:
        with pytest.raises(ValueError, match=fault):
            replace(SETTINGS, **change)


def clips_done(root: Path) -> int:
    """Return how many clips have keypoints; folders may go away meanwhile, which rglob resents."""
    return sum(name.endswith(".npz") for _, _, names in os.walk(root) for name in names)


def kill_while_it_builds(command: list[str], root: Path, rng: np.random.Generator) -> None:
    """Start a build and kill it, with its children: soon, or a little after its next clip."""
    before = clips_done(root)
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL, process_group=0)
    if rng.random() < 0.4:
        time.sleep(rng.uniform(0.3, 4))
    else:
        while child.poll() is None and clips_done(root) == before:
            time.sleep(0.02)
        time.sleep(rng.uniform(0, 0.8))
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()


@pytest.mark.slow
def test_a_build_killed_twenty_times_ends_complete(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    command = [sys.executable, "-m", "signgen", "studio", "build", str(root), "--size", "64x80"]
    command += ["--signers", "6", "--clips", "90", "--seed", "5", "--max-frames", "4", "-j", "2"]
    rng = np.random.default_rng(1)
    for _ in range(20):
        kill_while_it_builds(command, root, rng)
    assert list(root.rglob("*.npz"))
    assert not (root / "annotations").exists()  # or the last of them killed nothing
    assert subprocess.run(command, check=True, capture_output=True).returncode == 0
    assert [path.name for path in root.rglob(".*")] == []
    report = check(root, decode=True)
    assert (report.problems, report.notes) == ((), ())
    whole = tmp_path / "whole"
    subprocess.run([*command[:5], str(whole), *command[6:]], check=True, capture_output=True)
    assert contents(root) == contents(whole)
