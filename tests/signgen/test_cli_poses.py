"""``signgen poses`` as a user runs it: what comes out, what is said, what stands on the disk."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from pose_sequences.draw import STYLES
from pose_sequences.files import Declared, read_poses, write_poses
from pose_sequences.images import read_image
from pose_sequences.video import probe
from pose_sequences.video.mp4 import write_mp4
from signgen.cli import main, poses_draw
from tests.signer import signing


def run(*args: str | Path) -> Result:
    """Run ``signgen poses`` in this process."""
    return CliRunner().invoke(main, ["poses", *map(str, args)])


def succeed(*args: str | Path) -> dict[str, Any]:
    """Run with --json and return the object, which must be all that is on stdout."""
    result = run(*args, "--json")
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_inspect_tells_the_bundled_example() -> None:
    facts = succeed("inspect", "example:hello")
    assert facts["layout"] == "reduced203"
    assert (facts["frames"], facts["fps"]) == (100, 25.0)
    assert (facts["width"], facts["height"]) == (256, 256)
    assert facts["left_hand"] == facts["right_hand"] == 1.0
    assert [gloss for gloss, _, _ in facts["segments"]][:2] == ["HELLO", "WORLD"]


def test_inspect_tells_the_gaps_of_a_hand(tmp_path: Path) -> None:
    signer = signing(20, name="reduced203")
    hand = signer.points.part("left_hand")
    keypoints = signer.keypoints.copy()
    keypoints[4:9][:, hand] = np.nan
    confidence = np.ones(keypoints.shape[:2], np.float32)
    with (tmp_path / "gap.npz").open("wb") as file:
        np.savez(
            file,
            keypoints=keypoints,
            confidence=confidence,
            fps=25.0,
            width=256,
            height=256,
            layout="reduced203",
            coords="pixel",
        )
    facts = succeed("inspect", tmp_path / "gap.npz")
    assert facts["left_hand"] == 0.75
    assert facts["left_hand_gaps"] == [[4, 9]]
    assert "1 gaps, the longest of 5 frames" in run("inspect", tmp_path / "gap.npz").stdout


@pytest.mark.parametrize("target", ["a.npz", "a.pose", "a.parquet", "a"])
def test_convert_writes_what_can_be_read_back(tmp_path: Path, target: str) -> None:
    answer = succeed("convert", "example:hello", tmp_path / target)
    assert answer["output"] == str(tmp_path / target)
    declared = (
        Declared(fps=25.0, width=256, height=256) if target in ("a", "a.parquet") else Declared()
    )
    assert read_poses(tmp_path / target, declared).num_frames == 100


def test_convert_says_what_another_layout_loses(tmp_path: Path) -> None:
    result = run(
        "convert", "example:hello", tmp_path / "a.npz", "--to-layout", "openpose137", "--to-fps", 50
    )
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(tmp_path / "a.npz")
    assert "stand for a neighbouring point" in result.stderr
    assert "are left out" in result.stderr
    converted = read_poses(tmp_path / "a.npz")
    assert (converted.layout, converted.fps, converted.num_frames) == ("openpose137", 50.0, 200)


def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    target = tmp_path / "a.npz"
    target.write_bytes(b"mine")
    result = run("convert", "example:hello", target)
    assert result.exit_code == 1
    assert "exists already; pass --overwrite" in result.stderr
    assert target.read_bytes() == b"mine"
    assert run("convert", "example:hello", target, "--overwrite").exit_code == 0
    assert read_poses(target).num_frames == 100


def test_what_a_file_does_not_say_is_asked_for_by_name(tmp_path: Path) -> None:
    write_poses(signing(3, name="openpose137"), tmp_path / "frames")
    result = run("inspect", tmp_path / "frames")
    assert result.exit_code == 1
    assert "--fps" in result.stderr
    answer = succeed("inspect", tmp_path / "frames", "--fps", "12.5", "--size", "256x256")
    assert (answer["fps"], answer["frames"]) == (12.5, 3)


def test_draw_makes_a_film_with_a_frame_for_each_frame(tmp_path: Path) -> None:
    source, film = tmp_path / "a.npz", tmp_path / "a.mp4"
    write_poses(signing(7), source)
    assert succeed("draw", source, "-o", film) == {"output": str(film), "frames": 7}
    info = probe(film)
    assert (info.num_frames, info.fps) == (7, 25)


def test_draw_makes_bare_maps_of_the_size_asked_for(tmp_path: Path) -> None:
    source, film = tmp_path / "a.npz", tmp_path / "a.mp4"
    write_poses(signing(3), source)
    succeed("draw", source, "-o", film, "--map-size", "64x96", "--style", "cfld-18")
    info = probe(film)
    assert (info.width, info.height, info.num_frames) == (64, 96, 3)


def test_draw_makes_a_contact_sheet(tmp_path: Path) -> None:
    sheet = tmp_path / "a.png"
    succeed("draw", "example:hello", "-o", sheet)
    assert read_image(sheet).std() > 10


@pytest.mark.parametrize(
    "args", [("-o", "a.gif"), ("-o", "a.png", "--map-size", "64x64"), ("--style", "stick")]
)
def test_a_drawing_that_makes_no_sense_is_wrong_usage(args: tuple[str, ...]) -> None:
    result = run("draw", "example:hello", "-o", "a.mp4", *args)
    assert result.exit_code == 2
    assert result.stdout == ""


def test_the_styles_offered_are_the_styles_there_are() -> None:
    assert tuple(STYLES) == poses_draw.STYLES


def grey_clip(path: Path, num_frames: int) -> Path:
    """Write a clip that shows nobody."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_mp4(path, iter(np.full((num_frames, 64, 64, 3), 128, np.uint8)), 25)
    return path


def test_extract_keeps_frames_and_folders_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    for name, num_frames in (("one.mp4", 3), ("deep/two.mp4", 2)):
        grey_clip(tmp_path / "clips" / name, num_frames)
    (tmp_path / "clips" / "broken.mp4").write_bytes(b"no video")
    result = run("extract", tmp_path / "clips", "-o", tmp_path / "poses", "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert (answer["extracted"], answer["kept"], answer["failed"]) == (2, 0, 1)
    assert answer["seen"] == {"body": 0, "face": 0, "left_hand": 0, "right_hand": 0}
    assert "broken.mp4" in answer["errors"][0]
    assert "failed: " in result.stderr
    assert read_poses(tmp_path / "poses/one.npz").num_frames == 3
    assert read_poses(tmp_path / "poses/deep/two.npz").num_frames == 2
    (tmp_path / "clips" / "broken.mp4").unlink()
    again = succeed("extract", tmp_path / "clips", "-o", tmp_path / "poses")
    assert (again["extracted"], again["kept"], again["failed"]) == (0, 2, 0)


def test_extract_refuses_two_clips_for_one_file(tmp_path: Path) -> None:
    result = run("extract", "a.mp4", "b.mp4", "-o", tmp_path / "poses.npz")
    assert result.exit_code == 2
    assert "name a folder" in result.stderr


def test_extract_of_one_clip_that_fails_writes_no_result(tmp_path: Path) -> None:
    result = run("extract", tmp_path / "nobody.mp4", "-o", tmp_path / "poses.npz")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "nobody.mp4" in result.stderr
    assert not list(tmp_path.iterdir())
