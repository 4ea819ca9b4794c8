import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pose_sequences.errors import CorpusError, PoseFileError
from pose_sequences.files import write_poses
from pose_sequences.images import read_image
from pose_sequences.phoenix import Corpus
from pose_sequences.phoenix.clip import SPLITS, UNDISTORTED_SIZE, Clip, list_frames
from tests.pose_sequences.sequences import random_sequence
from tests.pose_sequences.tiny_phoenix import (
    CLIPS,
    FRAMES,
    picture,
    write_corpus,
    write_frames,
    write_table,
)

pytestmark = pytest.mark.light


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "PHOENIX-2014-T-release-v3" / "PHOENIX-2014-T")


def named(corpus: Corpus, index: int) -> Clip:
    return next(clip for clip in corpus.all_clips() if clip.name == CLIPS[index].name)


class TestOpen:
    def test_release_folder_and_its_inside_and_a_copy_are_the_same(
        self, root: Path, tmp_path: Path
    ) -> None:
        copy = shutil.copytree(root, tmp_path / "mine")
        inside, release, copied = (Corpus.open(r) for r in (root, str(root.parent), copy))
        assert inside == release
        assert copied.root == copy
        assert [c.name for c in copied.all_clips()] == [c.name for c in inside.all_clips()]

    def test_a_corpus_may_be_named_and_sized_otherwise(self, tmp_path: Path) -> None:
        write_corpus(tmp_path, prefix="studio", frames="fullFrame-256x384px")
        corpus = Corpus.open(tmp_path)
        assert (corpus.width, corpus.height) == (256, 384)
        assert len(corpus.all_clips()) == len(CLIPS)
        assert not corpus.claims_release()

    def test_the_published_frames_are_taken_beside_others(self, root: Path) -> None:
        (root / "features" / "fullFrame-105x130px").mkdir()
        assert Corpus.open(root).frames_folder.name == FRAMES
        assert Corpus.open(root).claims_release()

    def test_features_may_be_a_link(self, root: Path, tmp_path: Path) -> None:
        moved = (root / "features").rename(tmp_path / "big_disk")
        (root / "features").symlink_to(moved)
        assert Corpus.open(root).clips("dev")[0].num_frames == 3

    @pytest.mark.parametrize("lost", ["annotations", "features"])
    def test_what_is_no_corpus_is_told_what_was_looked_for(self, root: Path, lost: str) -> None:
        shutil.rmtree(root / lost)
        with pytest.raises(
            CorpusError, match=r"annotations/manual beside features.*PHOENIX-2014-T"
        ):
            Corpus.open(root)

    def test_a_root_that_is_not_there_is_no_corpus(self, tmp_path: Path) -> None:
        for absent in (tmp_path / "nowhere", tmp_path / ("n" * 300), "nul\0"):
            with pytest.raises(CorpusError, match="holds no corpus"):
                Corpus.open(absent)

    @pytest.mark.parametrize(
        ("folders", "found"),
        [
            ([], "none"),
            (["fullFrame-small"], "none"),
            (["fullFrame-105x130px", "fullFrame-420x520px"], "fullFrame-105x130px, fullFrame-420"),
        ],
    )
    def test_frames_need_one_folder_that_states_its_size(
        self, root: Path, folders: list[str], found: str
    ) -> None:
        shutil.rmtree(root / "features" / FRAMES)
        for folder in folders:
            (root / "features" / folder).mkdir()
        with pytest.raises(CorpusError, match=f"holds {found}"):
            Corpus.open(root)

    def test_a_missing_table_is_told_when_it_is_needed(self, root: Path) -> None:
        corpus = Corpus.open(root)
        corpus.table("dev").unlink()
        assert len(corpus.clips("train")) == 4
        with pytest.raises(CorpusError, match=r"holds none where one table \*\.dev\.corpus\.csv"):
            corpus.clips("dev")

    def test_two_tables_for_a_split_are_refused(self, root: Path) -> None:
        write_table(root, "dev", prefix="other")
        write_table(root, "test", prefix="._PHOENIX-2014-T")
        corpus = Corpus.open(root)
        with pytest.raises(CorpusError, match=r"PHOENIX-2014-T\.dev\S+, other\.dev"):
            corpus.clips("dev")
        assert len(corpus.clips("test")) == 2

    def test_a_split_has_one_of_three_names(self, root: Path) -> None:
        with pytest.raises(ValueError, match="split is 'val'; it is one of train, dev, test"):
            Corpus.open(root).clips("val")  # type: ignore[arg-type]


class TestClips:
    def test_the_official_splits_are_the_tables(self, root: Path) -> None:
        corpus = Corpus.open(root)
        for split in SPLITS:
            expected = [clip for clip in CLIPS if clip.split == split]
            clips = corpus.clips(split)
            assert [c.name for c in clips] == [e.name for e in expected]
            assert [" ".join(c.glosses) for c in clips] == [e.orth for e in expected]
            assert [(c.signer, c.translation) for c in clips] == [
                (e.signer, e.translation) for e in expected
            ]
            assert {c.split for c in clips} == {split}

    def test_frames_lie_at_split_and_name_whatever_the_video_column_says(self, root: Path) -> None:
        for clip, expected in zip(Corpus.open(root).all_clips(), CLIPS, strict=True):
            frames = clip.frames()
            assert clip.path == root / "features" / FRAMES / expected.split / expected.name
            assert clip.num_frames == len(frames) == expected.num_frames
            assert [f.name for f in frames] == [
                f"images{n:04d}.png" for n in range(1, expected.num_frames + 1)
            ]
            assert np.array_equal(read_image(frames[-1]), picture(expected.num_frames))

    def test_a_stray_profile_is_no_frame(self, root: Path) -> None:
        clip = named(Corpus.open(root), 5)
        assert len(list(clip.path.iterdir())) == 3
        assert clip.num_frames == 2

    def test_size_and_rate_are_the_releases(self, root: Path) -> None:
        clip = named(Corpus.open(root), 0)
        assert (clip.fps, clip.width, clip.height) == (25.0, 210, 260)
        assert UNDISTORTED_SIZE == (210, 300)
        assert not clip.is_video

    def test_ten_thousand_frames_stay_in_order(self, tmp_path: Path) -> None:
        (tmp_path / "images10000.png").touch()
        listing = list_frames(tmp_path)
        assert listing.numbers == {10_000}
        whole = replace(listing, numbers=frozenset(range(1, 10_001)))
        assert [f.name for f in whole.paths()[-2:]] == ["images9999.png", "images10000.png"]

    def test_a_frame_may_be_a_link_but_not_a_folder(self, root: Path) -> None:
        clip = named(Corpus.open(root), 0)
        (clip.path / "images0004.png").symlink_to(clip.path / "images0001.png")
        assert clip.num_frames == 4
        (clip.path / "images0005.png").mkdir()
        with pytest.raises(CorpusError, match=r"holds 'images0005.png', which is no frame"):
            clip.frames()

    def test_a_gap_names_the_first_missing_frame(self, root: Path) -> None:
        clip = named(Corpus.open(root), 3)
        (clip.path / "images0002.png").unlink()
        (clip.path / "images0003.png").unlink()
        with pytest.raises(CorpusError, match=r"lacks images0002.png, but has images0005.png"):
            clip.frames()

    @pytest.mark.parametrize(
        "name", ["images0000.png", "images00001.png", "image1.png", "a.PNG", "cover.jpg", "b.webp"]
    )
    def test_a_picture_that_is_no_frame_is_refused(self, root: Path, name: str) -> None:
        clip = named(Corpus.open(root), 0)
        (clip.path / name).touch()
        with pytest.raises(CorpusError, match=re.escape(f"holds {name!r}, which is no frame")):
            clip.frames()

    def test_hidden_files_are_no_frames(self, root: Path) -> None:
        clip = named(Corpus.open(root), 0)
        (clip.path / "._images0001.png").touch()
        assert clip.num_frames == 3

    def test_no_frames_and_no_folder_are_told_apart(self, root: Path) -> None:
        clip = named(Corpus.open(root), 0)
        for frame in clip.frames():
            frame.unlink()
        with pytest.raises(CorpusError, match="holds no frames"):
            clip.frames()
        clip.path.rmdir()
        with pytest.raises(CorpusError, match="cannot be listed"):
            clip.frames()

    def test_a_name_cannot_leave_the_corpus(self, root: Path, tmp_path: Path) -> None:
        write_frames(tmp_path / "outside", 2)
        path = Corpus.open(root).table("dev")
        path.write_text(path.read_text() + CLIPS[4].row.replace(CLIPS[4].name, "../../outside"))
        with pytest.raises(CorpusError, match=r"line 4 has '../../outside', which cannot be"):
            Corpus.open(root).clips("dev")

    def test_complex_glosses_go_by_name_and_only_train_has_them(self, root: Path) -> None:
        corpus = Corpus.open(root)
        glosses = corpus.complex_glosses("train")
        assert list(glosses) == [clip.name for clip in corpus.clips("train")]
        assert glosses[CLIPS[0].name] == ("__ON__", "loc-MORGEN", "neg-REGEN", "NORD", "__OFF__")
        with pytest.raises(CorpusError, match="dev-complex-annotation"):
            corpus.complex_glosses("dev")

    def test_a_name_in_two_splits_is_refused(self, root: Path) -> None:
        write_table(root, "test", CLIPS[0].row)
        with pytest.raises(CorpusError, match=f"has '{CLIPS[0].name}' in train and in test"):
            Corpus.open(root).all_clips()


class TestLeaveSignersOut:
    def test_no_signer_is_in_two_splits_and_no_clip_is_lost(self, root: Path) -> None:
        corpus = Corpus.open(root)
        splits = corpus.leave_signers_out(["Signer03"], ["Signer02"])
        assert {c.signer for c in splits.train} == {"Signer01"}
        assert {c.signer for c in splits.dev} == {"Signer02"}
        assert {c.signer for c in splits.test} == {"Signer03"}
        assert {*splits.train, *splits.dev, *splits.test} == set(corpus.all_clips())
        assert all(clip.num_frames for clip in splits.test)

    def test_the_order_of_signers_changes_nothing(self, root: Path) -> None:
        write_table(root, "dev", CLIPS[4].row.replace("Signer01", "Signer04"))
        corpus = Corpus.open(root)
        splits = corpus.leave_signers_out({"Signer03", "Signer04"}, {"Signer02"})
        assert splits == corpus.leave_signers_out(("Signer04", "Signer03"), ["Signer02"])

    @pytest.mark.parametrize(
        ("test", "dev", "fault"),
        [
            (["Signer09"], ["Signer01"], "has no signer 'Signer09'"),
            (["Signer01"], ["signer02"], "has no signer 'signer02'"),
            (["Signer01"], ["Signer01"], "is asked for 'Signer01' in both test and dev"),
            ([], ["Signer01"], "leaves test without a clip"),
            (["Signer01"], [], "leaves dev without a clip"),
            (["Signer01", "Signer02"], ["Signer03"], "leaves train without a clip"),
        ],
    )
    def test_an_impossible_split_is_told(
        self, root: Path, test: list[str], dev: list[str], fault: str
    ) -> None:
        with pytest.raises(CorpusError, match=f"{fault}.*Signer01|{fault}; name it in one"):
            Corpus.open(root).leave_signers_out(test, dev)


class TestKeypoints:
    def test_they_lie_beside_the_corpus_by_layout_and_split(self, root: Path) -> None:
        clip = named(Corpus.open(root), 4)
        expected = root / "keypoints" / "holistic543" / "dev" / f"{clip.name}.npz"
        assert Corpus.open(root).keypoints_path(clip) == expected

    def test_they_may_lie_elsewhere(self, root: Path, tmp_path: Path) -> None:
        corpus = Corpus.open(root, cache=tmp_path / "cache", layout="holistic553")
        clip = named(corpus, 4)
        expected = tmp_path / "cache" / "holistic553" / "dev" / f"{clip.name}.npz"
        assert corpus.keypoints_path(clip) == expected

    def test_cached_keypoints_are_read_back(self, root: Path) -> None:
        corpus = Corpus.open(root)
        clip = named(corpus, 1)
        sequence = random_sequence("holistic543", clip.num_frames, seed=3)
        write_poses(sequence, corpus.keypoints_path(clip))
        assert np.array_equal(corpus.keypoints(clip).keypoints, sequence.keypoints)

    def test_missing_ones_tell_the_command_that_makes_them(
        self, root: Path, tmp_path: Path
    ) -> None:
        corpus = Corpus.open(root, cache=tmp_path / "my cache", layout="holistic553")
        command = f"run signgen corpus extract {root} --split dev --cache '{tmp_path}/my cache'"
        with pytest.raises(CorpusError, match=re.escape(f"{command} --refine-face")):
            corpus.keypoints(named(corpus, 4))

    @pytest.mark.parametrize(("layout", "extra"), [("holistic543", 1), ("holistic553", 0)])
    def test_those_of_another_clip_or_layout_are_refused(
        self, root: Path, layout: str, extra: int
    ) -> None:
        corpus = Corpus.open(root)
        clip = named(corpus, 4)
        write_poses(random_sequence(layout, clip.num_frames + extra), corpus.keypoints_path(clip))
        fault = f"has {clip.num_frames + extra} frames of {layout}, the clip needs 3 of holistic543"
        with pytest.raises(CorpusError, match=rf"{fault}; run .* --split dev --overwrite"):
            corpus.keypoints(clip)

    def test_damaged_ones_are_an_error_of_the_pose_file(self, root: Path) -> None:
        corpus = Corpus.open(root)
        path = corpus.keypoints_path(named(corpus, 4))
        path.parent.mkdir(parents=True)
        path.write_bytes(b"PK\x03\x04 torn")
        with pytest.raises(PoseFileError):
            corpus.keypoints(named(corpus, 4))

    def test_jobs_are_the_clips_that_lack_them(self, root: Path) -> None:
        corpus = Corpus.open(root)
        clips = corpus.clips("train")
        expected = [(clip.path, corpus.keypoints_path(clip)) for clip in clips]
        assert corpus.extraction_jobs("train") == expected
        write_poses(random_sequence("holistic543"), corpus.keypoints_path(clips[1]))
        assert corpus.cached_names("train") == {clips[1].name}
        assert corpus.extraction_jobs("train") == [expected[0], *expected[2:]]
        assert corpus.extraction_jobs("train")[:2] == [expected[0], expected[2]]
        assert corpus.extraction_jobs("train", overwrite=True) == expected
