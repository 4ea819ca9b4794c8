"""A corpus of real motion: which files are performed, by whom, and that it is their motion."""

import json
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pose_sequences.errors import CorpusError, OutputError, PoseFileError
from pose_sequences.files import read_poses, write_poses
from pose_sequences.phoenix import Corpus
from pose_sequences.phoenix.check import check
from pose_sequences.phoenix.clip import FPS
from pose_sequences.repair.scale import shoulder_width
from pose_sequences.sequence import PoseSequence, Segment, mark_missing
from signgen.studio.corpus import build_corpus
from signgen.studio.motion_files import find_motions, read_motion
from signgen.studio.plan import CorpusSettings, plan_corpus
from tests.signer import signing
from tests.signgen.studio.corpora import build, contents

FRAMES = 4
SHOULDERS = ("body.left_shoulder", "body.right_shoulder")
WRISTS = ("body.left_wrist", "body.right_wrist")


def hello() -> PoseSequence:
    """Return a hand on its way up, in segments."""
    return signing(20).frames(8, 18)


def world() -> PoseSequence:
    """Return another sign at twice the rate of a corpus, with a gloss and without segments."""
    return replace(signing(40, 1).frames(26, 36), fps=2 * FPS, segments=(), gloss="WORLD MAP")


def unseen(sequence: PoseSequence, frames: slice) -> PoseSequence:
    """Return a sequence with the left shoulder missing in some frames."""
    confidence = sequence.confidence.copy()
    confidence[frames, sequence.points.find(SHOULDERS[:1])] = 0
    keypoints, confidence = mark_missing(sequence.keypoints, confidence)
    return replace(sequence, keypoints=keypoints, confidence=confidence)


def settings(folder: Path) -> CorpusSettings:
    motions = tuple(read_motion(path, FRAMES) for path in find_motions([folder]))
    return CorpusSettings(
        signers=3, clips=3, seed=5, size=(64, 64), max_frames=FRAMES, motions=motions
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of two motions, one of them deeper."""
    folder = tmp_path_factory.mktemp("motions")
    (folder / "more").mkdir()
    write_poses(hello(), folder / "hello.npz")
    write_poses(world(), folder / "more" / "world.npz")
    return folder


@pytest.fixture(scope="module")
def built(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a corpus built by two workers."""
    root = tmp_path_factory.mktemp("studio") / "corpus"
    assert {clip.outcome for clip in build(root, settings(folder), 2)} == {"filmed"}
    return root


def reach(sequence: PoseSequence) -> NDArray[np.float64]:
    """Return how far each wrist is from between the shoulders, in shoulder widths, (T, 2, 2)."""
    ends, wrists = (sequence.points.find(names) for names in (SHOULDERS, WRISTS))
    middle = sequence.keypoints[:, ends, :2].mean(axis=1, keepdims=True)
    way = sequence.keypoints[:, wrists, :2] - middle
    return np.asarray(way, np.float64) / shoulder_width(sequence)


class TestCorpus:
    def test_signers_do_what_the_files_show(self, built: Path) -> None:
        corpus = Corpus.open(built, layout="holistic553")
        sources = {("HELLO",): hello(), ("WORLD", "MAP"): world().resampled(FPS)}
        done = set()
        for clip in corpus.all_clips():
            poses = corpus.keypoints(clip)
            gaps = {
                glosses: np.abs(reach(poses) - reach(source.frames(0, FRAMES))).max()
                for glosses, source in sources.items()
            }
            assert gaps.pop(clip.glosses) < 0.2
            assert min(gaps.values()) > 0.6
            assert poses.gloss == " ".join(clip.glosses)
            segments = (Segment("HELLO", 0, FRAMES),) if clip.glosses == ("HELLO",) else ()
            assert (len(poses), poses.segments) == (FRAMES, segments)
            done.add(clip.glosses)
        assert done == set(sources)

    def test_the_tables_and_the_card_say_what_each_clip_has(
        self, built: Path, folder: Path
    ) -> None:
        report = check(built, decode=True)
        assert (report.problems, report.notes) == ((), ())
        card = (built / "README.md").read_text()
        for clip, motion in zip((1, 2), (settings(folder).motions), strict=True):
            assert f"`{motion.sha256[:16]}`), `{' '.join(motion.glosses)}`: clips {clip}" in card
        assert "license: other" in card
        assert "invented signs" not in card
        assert str(built.parent) not in card

    def test_other_workers_and_places_make_the_same_bytes(
        self, built: Path, folder: Path, tmp_path: Path
    ) -> None:
        moved, root = tmp_path / "moved", tmp_path / "corpus"
        shutil.copytree(folder / "more", moved)
        shutil.copy(folder / "hello.npz", moved / "hello.npz")
        with closing(build_corpus(root, settings(folder))) as events:
            next(events)
        assert {clip.outcome for clip in build(root, settings(moved))} == {"filmed", "kept"}
        assert contents(root) == contents(built)
        assert str(folder) not in (root / "studio.json").read_text()

    def test_other_files_are_not_mixed_into_it(
        self, built: Path, folder: Path, tmp_path: Path
    ) -> None:
        before, ours = contents(built), settings(folder)
        hashes = [motion.sha256[:8] for motion in ours.motions]
        told = rf"with --motions world.npz \({hashes[1]}\); give the same again"
        with pytest.raises(OutputError, match=f"begun {told}"):
            build_corpus(built, replace(ours, motions=ours.motions[:1]))
        told = rf"with --motions hello.npz \({hashes[0]}\), world.npz \({hashes[1]}\); give"
        with pytest.raises(OutputError, match=f"begun {told}"):
            build_corpus(built, replace(ours, motions=()))
        write_poses(replace(hello(), fps=FPS - 1), tmp_path / "hello.npz")
        other = read_motion(tmp_path / "hello.npz")
        told = rf"hello.npz \({hashes[0]}\) and without --motions hello.npz \({other.sha256[:8]}"
        with pytest.raises(OutputError, match=told):
            build_corpus(built, replace(ours, motions=(other, ours.motions[1])))
        assert contents(built) == before
        begun = tmp_path / "begun"
        begun.mkdir()
        (begun / "studio.json").write_text(json.dumps(ours.as_json() | {"motions": ["hello"]}))
        with pytest.raises(CorpusError, match="says of its motions what nothing can read; choose"):
            build_corpus(begun, ours)

    def test_a_file_that_changes_meanwhile_fails_its_clip_alone(self, tmp_path: Path) -> None:
        write_poses(hello(), tmp_path / "hello.npz")
        wanted = replace(settings(tmp_path), signers=1, clips=1)
        write_poses(world(), tmp_path / "hello.npz", overwrite=True)
        (clip,) = build(tmp_path / "corpus", wanted)
        assert clip.outcome == "failed"
        assert clip.error.startswith(f"{tmp_path / 'hello.npz'}: changed while it was used; leave")
        assert not list(tmp_path.rglob("*.png"))


class TestPlan:
    def test_all_motions_have_their_turn_in_another_order_each_time(self, folder: Path) -> None:
        plan = plan_corpus(replace(settings(folder), signers=2, clips=60))
        names = [clip.motion.name if clip.motion else "" for clip in plan]
        turns = {tuple(names[first : first + 2]) for first in range(0, 60, 2)}
        assert turns == {("hello.npz", "world.npz"), ("world.npz", "hello.npz")}
        assert {(clip.signer, *clip.glosses[:1]) for clip in plan} == {
            (signer, gloss) for signer in ("Signer01", "Signer02") for gloss in ("HELLO", "WORLD")
        }
        assert plan_corpus(replace(settings(folder), signers=2, clips=7)) == plan[:7]

    def test_neither_order_nor_repetition_of_the_files_counts(self, folder: Path) -> None:
        ours = settings(folder)
        assert replace(ours, motions=(*ours.motions[::-1], ours.motions[0])) == ours

    def test_the_signers_are_those_of_invented_sentences(self, folder: Path) -> None:
        wanted = settings(folder)
        ours, invented = plan_corpus(wanted), plan_corpus(replace(wanted, motions=()))
        assert [c.take.signer for c in ours] == [c.take.signer for c in invented]
        assert not any(clip.take.glosses for clip in ours)


class TestFiles:
    def test_folders_are_searched_for_what_is_a_motion(self, folder: Path, tmp_path: Path) -> None:
        shutil.copytree(folder, tmp_path / "both")
        (tmp_path / "both" / "index.json").write_text("{}")
        (tmp_path / "both" / ".hidden.npz").write_text("")
        write_poses(hello().converted("openpose137"), tmp_path / "openpose")
        (tmp_path / "linked").symlink_to(folder)
        files = find_motions([tmp_path, tmp_path / "openpose"])
        assert [str(path.relative_to(tmp_path)) for path in files] == [
            *("both/hello.npz", "both/more/world.npz", "openpose")
        ]
        (tmp_path / "empty").mkdir()
        with pytest.raises(PoseFileError, match="empty: holds no pose file"):
            find_motions([folder, tmp_path / "empty"])

    def test_the_hash_is_of_the_motion_and_not_of_the_file(self, tmp_path: Path) -> None:
        first, second, third = (tmp_path / f"{name}.npz" for name in ("a", "b", "c"))
        write_poses(hello(), first)
        np.savez_compressed(second, **np.load(first))
        write_poses(hello().frames(0, 9), third)
        assert first.read_bytes() != second.read_bytes()
        hashes = [read_motion(path).sha256 for path in (first, second, third)]
        assert hashes[0] == hashes[1] != hashes[2]
        assert read_poses(second).num_frames == 10

    @pytest.mark.parametrize(
        ("segments", "gloss", "words"),
        [
            (("GOOD|BAD", " NEW\nYEAR ", ""), "other", ("GOOD-BAD", "NEW-YEAR")),
            (("", " | "), "TWO  WORDS", ("TWO", "WORDS")),
            ((), "", ("my-file",)),
        ],
    )
    def test_glosses_are_words_of_a_table(
        self, tmp_path: Path, segments: tuple[str, ...], gloss: str, words: tuple[str, ...]
    ) -> None:
        spans = tuple(Segment(text, row, row + 1) for row, text in enumerate(segments))
        write_poses(replace(hello(), segments=spans, gloss=gloss), tmp_path / "my file.npz")
        assert read_motion(tmp_path / "my file.npz").glosses == words

    def test_a_motion_that_cannot_be_performed_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "odd.npz"
        write_poses(unseen(hello(), slice(None)), path)
        with pytest.raises(PoseFileError, match=r"odd.npz: shows both .* in no frame; take it out"):
            read_motion(path)
        write_poses(unseen(hello(), slice(0, FRAMES)), path, overwrite=True)
        with pytest.raises(PoseFileError, match="in no frame of the first 4; take it out, or give"):
            read_motion(path, FRAMES)
        assert read_motion(path, FRAMES + 1).glosses == ("HELLO",)
        segments = (Segment("A" * 4000, 0, 1),) * 10
        write_poses(replace(hello(), segments=segments), path, overwrite=True)
        with pytest.raises(PoseFileError, match="has 40009 bytes of glosses, 30000 are possible;"):
            read_motion(path)
        np.savez(path, keypoints=hello().keypoints, confidence=hello().confidence)
        with pytest.raises(PoseFileError, match="to `signgen poses convert`, and give what that"):
            read_motion(path)
        path.write_text("no archive")
        with pytest.raises(PoseFileError, match=r"odd\.npz: "):
            read_motion(path)
