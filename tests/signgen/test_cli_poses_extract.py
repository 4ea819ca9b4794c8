"""``signgen poses extract`` as a user runs it: which files appear, their names, what is said."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from pose_sequences.files import read_poses
from pose_sequences.images import write_png
from pose_sequences.video.mp4 import write_mp4
from signgen.cli import main


def extract(*args: str | Path) -> Result:
    """Run ``signgen poses extract`` in this process."""
    return CliRunner().invoke(main, ["poses", "extract", *map(str, args)])


def succeed(*args: str | Path) -> dict[str, Any]:
    """Run with --json and return the object, which must be all that is on stdout."""
    result = extract(*args, "--json")
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def grey_clip(path: Path, num_frames: int = 2) -> Path:
    """Write a clip that shows nobody."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_mp4(path, iter(np.full((num_frames, 64, 64, 3), 128, np.uint8)), 25)
    return path


def grey_frames(folder: Path) -> Path:
    """Write a folder of one frame that shows nobody."""
    write_png(folder / "1.png", np.full((64, 64, 3), 128, np.uint8), overwrite=False)
    return folder


def files_below(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_frames_and_folders_are_kept_and_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    for name, num_frames in (("one.mp4", 3), ("deep/two.mp4", 2)):
        grey_clip(tmp_path / "clips" / name, num_frames)
    (tmp_path / "clips" / "broken.mp4").write_bytes(b"no video")
    result = extract(tmp_path / "clips", "-o", tmp_path / "poses", "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert (answer["extracted"], answer["kept"], answer["failed"]) == (2, 0, 1)
    assert answer["seen"] == {"body": 0, "face": 0, "left_hand": 0, "right_hand": 0}
    assert "broken.mp4" in answer["errors"][0]
    assert "failed: " in result.stderr
    assert read_poses(tmp_path / "poses/one.npz").num_frames == 3
    assert read_poses(tmp_path / "poses/deep/two.npz").num_frames == 2
    (tmp_path / "clips" / "broken.mp4").unlink()
    again = succeed(tmp_path / "clips", "-o", tmp_path / "poses")
    assert (again["extracted"], again["kept"], again["failed"]) == (0, 2, 0)


def test_other_settings_for_what_is_kept_are_said(tmp_path: Path) -> None:
    clip = grey_clip(tmp_path / "one.mp4")
    succeed(clip, "-o", tmp_path / "poses")
    result = extract(clip, "-o", tmp_path / "poses", "--refine-face")
    assert result.exit_code == 0
    assert "holistic543, not holistic553; pass --overwrite" in result.stderr


def test_names_of_folders_are_kept_whole_and_those_of_files_lose_their_suffix(
    tmp_path: Path,
) -> None:
    for name in ("2020.01.02", "2020.01.03"):
        grey_frames(tmp_path / "days" / name)
    grey_clip(tmp_path / "a.b.mp4")
    succeed(tmp_path / "days", tmp_path / "a.b.mp4", "-o", tmp_path / "poses", "--fps", "25")
    alone = tmp_path / "days" / "2020.01.02"
    succeed(alone, "-o", tmp_path / "single", "--fps", "25")
    assert files_below(tmp_path / "poses") == ["2020.01.02.npz", "2020.01.03.npz", "a.b.npz"]
    assert files_below(tmp_path / "single") == ["2020.01.02.npz"]


def test_a_link_gives_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grey_clip(tmp_path / "objects" / "SHA256E-0123")
    (tmp_path / "me.mp4").symlink_to(tmp_path / "objects" / "SHA256E-0123")
    succeed(tmp_path / "me.mp4", "-o", tmp_path / "poses")
    here = grey_frames(tmp_path / "hello") / "deeper"
    here.mkdir()
    monkeypatch.chdir(here)
    succeed("..", "-o", tmp_path / "poses", "--fps", "25")
    assert files_below(tmp_path / "poses") == ["hello.npz", "me.npz"]


@pytest.mark.parametrize("name", ["me.pose", "me.PARQUET", "me.json", "me.npy"])
def test_another_format_as_output_is_wrong_usage(tmp_path: Path, name: str) -> None:
    result = extract(tmp_path / "me.mp4", "-o", tmp_path / name)
    assert result.exit_code == 2
    assert ".npz" in result.stderr
    assert "signgen poses convert" in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_suffix_in_capitals_names_one_file_and_a_rate_below_one_is_a_rate(tmp_path: Path) -> None:
    succeed(grey_clip(tmp_path / "a.mp4"), "-o", tmp_path / "ME.NPZ", "--fps", "0.5")
    assert (read_poses(tmp_path / "ME.NPZ").num_frames, read_poses(tmp_path / "ME.NPZ").fps) == (
        1,
        0.5,
    )


def test_two_clips_for_one_file_are_refused(tmp_path: Path) -> None:
    result = extract("a.mp4", "b.mp4", "-o", tmp_path / "poses.npz")
    assert result.exit_code == 2
    assert "name a folder" in result.stderr


@pytest.mark.parametrize("output", ["poses.npz", "poses", "poses/of/me"])
def test_where_all_clips_fail_there_is_no_result(tmp_path: Path, output: str) -> None:
    result = extract(tmp_path / "nobody.mp4", "-o", tmp_path / output, "--json")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "nobody.mp4" in result.stderr
    assert not list(tmp_path.iterdir())
