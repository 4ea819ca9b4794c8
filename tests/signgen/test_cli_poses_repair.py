"""``signgen poses repair`` as a user runs it: the file, the report, the picture, the refusals."""

import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from click.testing import CliRunner, Result

from pose_sequences.files import read_poses, write_poses
from pose_sequences.images import read_image
from pose_sequences.repair.gaps import Policy
from pose_sequences.repair.smoothing import Method
from pose_sequences.sequence import mark_missing
from signgen.cli import main, poses_repair
from tests.signer import signing


def run(*args: str | Path) -> Result:
    """Run ``signgen poses repair`` in this process."""
    return CliRunner().invoke(main, ["poses", "repair", *map(str, args)])


@pytest.fixture
def gapped(tmp_path: Path) -> Path:
    """A clip of 40 frames whose left hand is missing in 10 to 13 and from 30 on."""
    signer = signing(40, name="reduced203")
    confidence = signer.confidence.copy()
    for frames in (slice(10, 14), slice(30, 40)):
        confidence[frames, signer.points.part("left_hand")] = 0
    keypoints, confidence = mark_missing(signer.keypoints, confidence)
    path = tmp_path / "gapped.npz"
    write_poses(replace(signer, keypoints=keypoints, confidence=confidence), path)
    return path


def test_the_file_the_report_and_the_picture_agree(gapped: Path) -> None:
    output, picture = gapped.with_name("out.npz"), gapped.with_name("out.png")
    result = run(gapped, "-o", output, "--report-picture", picture, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["output"], told["report_picture"]) == (str(output), str(picture))
    runs = [["measured", 0, 10], ["filled", 10, 14], ["measured", 14, 30], ["hidden", 30, 40]]
    assert told["left_hand"]["runs"] == runs
    assert told["right_hand"]["counts"] == {"measured": 40}
    assert "left hand: measured 26, filled 4, hidden 10" in result.stderr
    repaired = read_poses(output)
    assert np.array_equal(repaired.seen("left_hand"), np.arange(40) < 30)
    assert (repaired.num_frames, repaired.fps, repaired.segments) == (
        *(40, 25.0),
        read_poses(gapped).segments,
    )
    assert read_image(picture).std() > 10


def test_without_json_only_the_path_is_written_to_stdout(gapped: Path) -> None:
    output = gapped.with_name("out.pose")
    result = run(gapped, "-o", output)
    assert result.stdout == f"{output}\n"


@pytest.mark.parametrize(("policy", "seen"), [("hold", 40), ("hide", 26)])
def test_the_policy_is_the_one_asked_for(gapped: Path, policy: str, seen: int) -> None:
    output = gapped.with_name("out.npz")
    assert run(gapped, "-o", output, "--missing-hands", policy).exit_code == 0
    assert read_poses(output).seen("left_hand").sum() == seen


def test_fail_names_file_and_gaps_in_one_line_and_writes_nothing(gapped: Path) -> None:
    output = gapped.with_name("out.npz")
    result = run(gapped, "-o", output, "--missing-hands", "fail")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "gapped.npz: hands are missing: left hand in frames 10 to 13, 30 to 39" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not output.exists()


def test_a_repair_of_nothing_changes_nothing(gapped: Path) -> None:
    output = gapped.with_name("out.npz")
    switched_off = ("--smooth", "none", "--keep-swaps", "--keep-spikes", "--keep-bones")
    run(gapped, "-o", output, *switched_off, "--missing-hands", "hide")
    assert np.array_equal(read_poses(output).keypoints, read_poses(gapped).keypoints)


def test_what_is_there_is_replaced_only_when_told_to(gapped: Path) -> None:
    output = gapped.with_name("out.npz")
    output.write_bytes(b"mine")
    result = run(gapped, "-o", output)
    assert result.exit_code == 1
    assert "--overwrite" in result.stderr
    assert output.read_bytes() == b"mine"
    assert run(gapped, "-o", output, "--overwrite").exit_code == 0


@pytest.mark.parametrize(
    "args", [("--missing-hands", "guess"), ("--max-gap", "-1"), ("--report-picture", "a.gif")]
)
def test_a_repair_that_makes_no_sense_is_wrong_usage(gapped: Path, args: tuple[str, ...]) -> None:
    result = run(gapped, "-o", gapped.with_name("out.npz"), *args)
    assert (result.exit_code, result.stdout) == (2, "")


def test_the_choices_offered_are_the_choices_there_are() -> None:
    assert get_args(Policy) == poses_repair.POLICIES
    assert set(get_args(Method)) == set(poses_repair.METHODS)
