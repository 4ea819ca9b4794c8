"""``signgen poses retarget`` as a user runs it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pose_sequences.files import read_poses, write_poses
from pose_sequences.images import read_image
from signgen.cli import main
from signgen.examples import names
from tests.pose_sequences.bodies import built, seen_from, without
from tests.signer import signing


def run(*args: str | Path) -> Result:
    """Run ``signgen poses retarget`` in this process."""
    return CliRunner().invoke(main, ["poses", "retarget", *map(str, args)])


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    """A file of a broad signer in a frame of its own."""
    broad = seen_from(built(signing(12), shoulders=1.3), 2, (0, 0), (600, 400))
    write_poses(broad, tmp_path / "me.npz")
    return tmp_path / "me.npz"


def test_a_name_that_is_no_example_is_told_of_signers_and_poses(tmp_path: Path) -> None:
    result = run("example:hello", "--to", "example:nobody", "-o", tmp_path / "out.npz")
    assert result.exit_code == 2
    assert "no example is called 'nobody'; there are " in result.stderr
    there = result.stderr.partition("there are ")[2].replace(",", " ").split()
    assert {*names("signer"), *names("poses")} == set(there)


def test_the_file_is_written_in_the_references_frame(tmp_path: Path, reference: Path) -> None:
    result = run("example:hello", "--to", reference, "-o", tmp_path / "out.npz")
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{tmp_path / 'out.npz'}\n"
    written = read_poses(tmp_path / "out.npz")
    assert (written.width, written.height, written.num_frames) == (600, 400, 100)


def test_json_tells_scales_and_touches(tmp_path: Path, reference: Path) -> None:
    picture = tmp_path / "fit.png"
    result = run(
        *("example:hello", "--to", reference, "-o", tmp_path / "out.pose"),
        *("--report-picture", picture, "--json"),
    )
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    assert answer["output"] == str(tmp_path / "out.pose")
    assert answer["scales"]["shoulders"] == pytest.approx(2.6, abs=0.2)
    assert answer["touches"]["torso"]["kept"] <= answer["touches"]["torso"]["found"]
    assert read_image(picture).shape[2] == 3


def test_what_the_reference_hides_is_said(tmp_path: Path) -> None:
    hidden = without(signing(12), "left_hand", "right_hand")
    write_poses(hidden, tmp_path / "hidden.npz")
    result = run("example:hello", "--to", tmp_path / "hidden.npz", "-o", tmp_path / "out.npz")
    assert "hidden.npz: hand: not seen in the reference" in result.stderr


@pytest.mark.parametrize("at_fault", ["source", "reference"])
def test_nobody_in_a_file_is_one_line_that_names_it(
    tmp_path: Path, reference: Path, at_fault: str
) -> None:
    nobody = tmp_path / "nobody.npz"
    write_poses(without(signing(12), "body", "face"), nobody)
    files = (nobody, reference) if at_fault == "source" else (reference, nobody)
    result = run(files[0], "--to", files[1], "-o", tmp_path / "out.npz")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {nobody}: shows neither both shoulders nor a face")
    assert not (tmp_path / "out.npz").exists()


def test_nothing_is_replaced_unasked(tmp_path: Path, reference: Path) -> None:
    picture = tmp_path / "fit.png"
    picture.write_bytes(b"mine")
    order = ("example:hello", "--to", reference, "-o", tmp_path / "out.npz")
    result = run(*order, "--report-picture", picture)
    assert result.exit_code == 1
    assert "pass --overwrite" in result.stderr
    assert picture.read_bytes() == b"mine"
    assert not (tmp_path / "out.npz").exists()
    assert run(*order, "--report-picture", picture, "--overwrite").exit_code == 0


def test_a_picture_is_looked_at_by_the_detector(tmp_path: Path) -> None:
    (tmp_path / "me.png").write_bytes(b"no picture")
    result = run("example:hello", "--to", tmp_path / "me.png", "-o", tmp_path / "out.npz")
    assert result.exit_code == 1
    assert "me.png" in result.stderr


def test_a_report_picture_is_a_png(tmp_path: Path, reference: Path) -> None:
    order = ("example:hello", "--to", reference, "-o", tmp_path / "out.npz")
    assert run(*order, "--report-picture", tmp_path / "fit.jpg").exit_code == 2
