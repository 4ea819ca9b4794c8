"""Clips that are one MP4 each, as the studio writes them."""

import shutil
from pathlib import Path

import pytest

from pose_sequences.errors import CorpusError, VideoError
from pose_sequences.phoenix import Corpus
from pose_sequences.phoenix.check import check
from pose_sequences.video.mp4 import write_mp4
from tests.pose_sequences.tiny_phoenix import CLIPS, FRAMES, picture, write_corpus


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_corpus(tmp_path, prefix="studio")
    shutil.rmtree(folder(tmp_path))
    write_mp4(video(tmp_path), [picture(number) for number in range(1, 7)], 25)
    return tmp_path


def folder(root: Path) -> Path:
    return root / "features" / FRAMES / "train" / CLIPS[0].name


def video(root: Path) -> Path:
    return folder(root).with_name(f"{CLIPS[0].name}.mp4")


def test_a_clip_may_be_one_mp4_beside_folders(root: Path) -> None:
    first, second, *_ = Corpus.open(root).clips("train")
    assert (first.is_video, second.is_video) == (True, False)
    assert first.path == video(root)
    assert first.num_frames == 6


def test_a_video_has_no_frame_files(root: Path) -> None:
    with pytest.raises(CorpusError, match="is a video and has no frame files"):
        Corpus.open(root).clips("train")[0].frames()


def test_a_folder_wins_over_the_video_beside_it(root: Path) -> None:
    folder(root).mkdir()
    assert Corpus.open(root).clips("train")[0].path == folder(root)


def test_keypoints_and_jobs_go_by_the_clips_name(root: Path) -> None:
    corpus = Corpus.open(root)
    source, target = corpus.extraction_jobs("train")[0]
    assert source == video(root)
    assert target == root / "keypoints" / "holistic543" / "train" / f"{CLIPS[0].name}.npz"


@pytest.mark.parametrize("decode", [False, True])
def test_a_check_counts_its_frames(root: Path, decode: bool) -> None:
    report = check(root, decode=decode)
    assert report.problems == ()
    assert len(report.notes) == 1
    assert report.splits["train"].frames == 6 + 4 + 3 + 5


def test_a_check_tells_size_rate_and_damage(root: Path) -> None:
    write_mp4(video(root), [picture(n, (64, 48)) for n in range(4)], 25, overwrite=True)
    assert f"{video(root)}: is 64x48 in a corpus of 210x260" in check(root).problems[0]
    write_mp4(video(root), [picture(n) for n in range(4)], 29.97, overwrite=True)
    assert f"{video(root)}: has 29.97 fps, a corpus 25" in check(root).notes
    video(root).write_bytes(video(root).read_bytes()[:700])
    (problem,) = check(root).problems
    assert problem.startswith(f"{video(root)}: ")
    with pytest.raises(VideoError):
        _ = Corpus.open(root).clips("train")[0].num_frames
