"""Which reader reads a path: by its first bytes where they tell, else by its name."""

import logging
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from pose_sequences.errors import OutputError, PoseFileError
from pose_sequences.files import Declared, read_poses, write_poses
from tests.pose_sequences.sequences import random_sequence

pytestmark = pytest.mark.light

FRAME = Declared(fps=25, width=210, height=260)


@pytest.mark.parametrize("name", ["clip.npz", "clip.pose", "CLIP.NPZ", "folder"])
def test_what_is_written_is_read_by_the_same_name(name: str, tmp_path: Path) -> None:
    sequence = random_sequence("openpose137", 4)
    write_poses(sequence, tmp_path / name)
    back = read_poses(str(tmp_path / name), FRAME)
    assert back.layout == "openpose137"
    assert (back.num_frames, back.fps, back.width, back.height) == (4, 25, 210, 260)
    # .pose and OpenPose hold as many digits as their formats have
    assert np.allclose(back.keypoints[..., :2], sequence.keypoints[..., :2], atol=1e-3)


def test_parquet_is_read_and_written_where_pyarrow_is_there(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", exc_type=ImportError)
    write_poses(random_sequence("kaggle543"), tmp_path / "clip.parquet")
    assert read_poses(tmp_path / "clip.parquet").layout == "kaggle543"


def test_a_single_frame_of_json_is_a_clip(tmp_path: Path) -> None:
    write_poses(random_sequence("openpose137", 1), tmp_path / "folder")
    (frame,) = (tmp_path / "folder").iterdir()
    assert read_poses(frame, FRAME).num_frames == 1


def test_the_first_bytes_say_more_than_the_name(tmp_path: Path) -> None:
    sequence = random_sequence("holistic543", 2)
    write_poses(sequence, tmp_path / "clip.npz")
    for name in ("clip.pose", "clip.dat", "clip"):
        shutil.copy(tmp_path / "clip.npz", tmp_path / name)
        assert np.array_equal(read_poses(tmp_path / name).keypoints, sequence.keypoints)
    np.save(tmp_path / "plain.npy", np.ones((2, 133, 3)))
    (tmp_path / "plain.npy").rename(tmp_path / "plain.npz")
    assert read_poses(tmp_path / "plain.npz", FRAME).layout == "wholebody133"


def test_an_existing_result_is_not_replaced_unasked(tmp_path: Path) -> None:
    sequence = random_sequence("openpose137", 2)
    for name in ("clip.npz", "clip.pose", "folder"):
        write_poses(sequence, tmp_path / name)
        with pytest.raises(OutputError, match="--overwrite"):
            write_poses(sequence, tmp_path / name)
        write_poses(sequence, tmp_path / name, overwrite=True)


@pytest.mark.parametrize("name", ["clip.txt", "clip.npz", "clip.json", "clip.pose", "clip"])
def test_text_is_refused_under_every_name(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("these are not the poses you are looking for")
    with pytest.raises(PoseFileError, match=name):
        read_poses(tmp_path / name)


def test_an_unknown_kind_is_told_what_is_read(tmp_path: Path) -> None:
    (tmp_path / "clip.bvh").write_bytes(b"HIERARCHY")
    with pytest.raises(PoseFileError, match=r"OpenPose JSON, \.npz, \.npy, \.pose, \.parquet"):
        read_poses(tmp_path / "clip.bvh")


def test_pickles_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "clip.pkl").write_bytes(pickle.dumps({"keypoints": [1, 2, 3]}))
    with pytest.raises(PoseFileError, match=r"runs code.*npz"):
        read_poses(tmp_path / "clip.pkl")


def test_what_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npz")
    for name in ("none.npz", "pipe.npz", "x" * 300 + ".npz", "a\0b.npz", "none/none.npz"):
        with pytest.raises(PoseFileError):
            read_poses(tmp_path / name, FRAME)


def test_an_unknown_name_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"\.npz, \.pose or \.parquet"):
        write_poses(random_sequence("openpose137"), tmp_path / "clip.json")
    assert not any(tmp_path.iterdir())


def test_a_sequence_survives_a_journey_through_the_formats(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sequence = random_sequence("kaggle543", 5, fps=29.97)
    with caplog.at_level(logging.INFO):
        write_poses(sequence, tmp_path / "a.pose")
        write_poses(read_poses(tmp_path / "a.pose"), tmp_path / "b.npz")
    back = read_poses(tmp_path / "b.npz").converted("kaggle543")
    assert np.allclose(back.keypoints, sequence.keypoints, atol=1e-3)
    assert back.fps == pytest.approx(29.97)
