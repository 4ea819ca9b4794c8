"""``signgen poses mirror`` as a user runs it."""

import json
from pathlib import Path

import numpy as np
from click.testing import CliRunner

from pose_sequences.files import read_poses
from signgen.cli import main
from signgen.examples import resolve


def test_mirror_twice_is_the_example(tmp_path: Path) -> None:
    once, twice = tmp_path / "once.npz", tmp_path / "twice.npz"
    for source, target in (("example:hello", once), (once, twice)):
        words = ["poses", "mirror", str(source), "-o", str(target), "--json"]
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 0, result.output
        answer = json.loads(result.stdout)
        assert answer == {"output": str(target), "frames": 100, "handedness": ""}
    original = read_poses(resolve("example:hello"))
    assert np.abs(read_poses(once).keypoints - original.keypoints).max() > 10
    np.testing.assert_allclose(read_poses(twice).keypoints, original.keypoints, atol=1e-4)


def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    target = tmp_path / "a.npz"
    target.write_bytes(b"mine")
    result = CliRunner().invoke(main, ["poses", "mirror", "example:hello", "-o", str(target)])
    assert result.exit_code == 1
    assert "exists already; pass --overwrite" in result.stderr
    assert target.read_bytes() == b"mine"
