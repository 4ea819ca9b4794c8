"""``signgen studio perform`` as a user runs it."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import av
import pytest
from click.testing import CliRunner, Result

from pose_sequences.files import read_poses, write_poses
from pose_sequences.images import read_image
from pose_sequences.sequence import PoseSequence, mark_missing
from signgen import examples
from signgen.cli import main

FRAMES = 3


@cache
def hello() -> PoseSequence:
    return read_poses(examples.resolve("example:hello")).frames(20, 20 + FRAMES)


@pytest.fixture
def poses(tmp_path: Path) -> Path:
    path = tmp_path / "hello.npz"
    write_poses(replace(hello(), fps=29.97), path)
    return path


def run(*args: str | Path | int) -> Result:
    return CliRunner().invoke(main, ["studio", "perform", *map(str, args)])


def test_a_frame_for_each_pose_at_the_same_rate_and_the_same_bytes_twice(
    poses: Path, tmp_path: Path
) -> None:
    videos = [tmp_path / name for name in ("one.mp4", "two.mp4")]
    for video in videos:
        result = run("--poses", poses, "--signer", 5, "-o", video, "--size", "64x48", "--json")
        assert result.exit_code == 0, result.stderr
        told = json.loads(result.stdout)
        assert (told["output"], told["signer"]) == (str(video), 5)
        assert (told["width"], told["height"], told["frames"]) == (64, 48, FRAMES)
        assert sum(told["left_hand"]["counts"].values()) == FRAMES
        assert "left hand: " in result.stderr
    with av.open(str(videos[0])) as container:
        (stream,) = container.streams.video
        frames = list(container.decode(stream))
        assert float(stream.average_rate) == pytest.approx(29.97, abs=1e-3)
        assert "synthetic signer, seed 5" in container.metadata["comment"]
    assert [(frame.width, frame.height) for frame in frames] == [(64, 48)] * FRAMES
    assert videos[0].read_bytes() == videos[1].read_bytes()


def test_a_sheet_shows_the_poses_above_the_signer(poses: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    args = ("--poses", poses, "--signer", 5, "-o", sheet, "--size", "64x64")
    result = run(*args)
    assert (result.exit_code, result.stdout) == (0, f"{sheet}\n")
    picture = read_image(sheet)
    assert picture.shape[1] % FRAMES == 0
    above, below = picture[: len(picture) // 2], picture[len(picture) // 2 :]
    assert (above == 0).mean() > 0.5 > (below == 0).mean()
    again = run(*args)
    assert (again.exit_code, again.stdout) == (1, "")
    assert again.stderr == f"Error: {sheet}: exists already; pass --overwrite to replace it\n"


def test_what_cannot_be_performed_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    confidence = hello().confidence.copy()
    confidence[:, hello().points.find(("body.left_shoulder",))] = 0
    keypoints, confidence = mark_missing(hello().keypoints, confidence)
    path, video = tmp_path / "bodiless.npz", tmp_path / "out.mp4"
    write_poses(replace(hello(), keypoints=keypoints, confidence=confidence), path)
    result = run("--poses", path, "--signer", 1, "-o", video, "--size", "64x48")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"Error: {path}: shows both shoulders in no frame; give one of a signer with a body\n"
    )
    missing = run("--poses", tmp_path / "none.npz", "--signer", 1, "-o", video)
    assert missing.exit_code == 1
    assert missing.stderr.startswith(f"Error: {tmp_path / 'none.npz'}: ")
    assert not video.exists()


def test_hands_that_are_missing_can_be_refused(tmp_path: Path) -> None:
    confidence = hello().confidence.copy()
    confidence[1, hello().points.part("left_hand")] = 0
    keypoints, confidence = mark_missing(hello().keypoints, confidence)
    path = tmp_path / "gap.npz"
    write_poses(replace(hello(), keypoints=keypoints, confidence=confidence), path)
    args = ("--poses", path, "--signer", 1, "-o", tmp_path / "out.mp4")
    result = run(*args, "--missing-hands", "fail")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {path}: hands are missing: left hand in frames 1")


@pytest.mark.parametrize(
    "args",
    [
        ("--signer", 1, "-o", "out.mp4"),
        ("--poses", "a.npz", "-o", "out.mp4"),
        ("--poses", "a.npz", "--signer", "me.png", "-o", "out.mp4"),
        ("--poses", "a.npz", "--signer", 1, "-o", "out.gif"),
        ("--poses", "a.npz", "--signer", 1, "-o", "out.mp4", "--size", "63x48"),
        ("--poses", "a.npz", "--signer", 1, "-o", "out.mp4", "--size", "4096x4096"),
    ],
)
def test_wrong_usage_is_code_2(args: tuple[str | int, ...]) -> None:
    assert run(*args).exit_code == 2
