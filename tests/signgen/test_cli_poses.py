"""``signgen poses`` as a user runs it: what comes out, what is said, what stands on the disk."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from pose_sequences.files import Declared, read_poses, write_poses
from pose_sequences.images import read_image
from pose_sequences.video import probe
from signgen.cli import main
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
    assert (
        "in 75.0% of the frames, 1 gap of 5 frames" in run("inspect", tmp_path / "gap.npz").stdout
    )


def test_a_gloss_cannot_forge_a_line_of_the_table(tmp_path: Path) -> None:
    sequence = replace(signing(2), gloss="A\nlayout      forged", segments=())
    write_poses(sequence, tmp_path / "a.npz")
    lines = run("inspect", tmp_path / "a.npz").stdout.splitlines()
    assert sum(line.startswith("layout") for line in lines) == 1


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
