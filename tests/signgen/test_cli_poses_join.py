"""``signgen poses join`` as a user runs it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pose_sequences.files import read_poses, write_poses
from signgen.cli import main
from tests.pose_sequences.signs import recorded


@pytest.fixture(scope="module")
def lexicon(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("signs")
    for gloss, name in (("HELLO", "reduced203"), ("WORLD", "holistic553"), ("I", "reduced203")):
        write_poses(recorded(gloss, name=name), folder / f"{gloss}.npz")
    return folder


def join(lexicon: Path, *args: object) -> Result:
    """Run ``signgen poses join`` in this process."""
    words = ["poses", "join", *map(str, args), "--lexicon", str(lexicon)]
    return CliRunner().invoke(main, words)


def test_a_sentence_and_its_captions_agree(tmp_path: Path, lexicon: Path) -> None:
    output, captions = tmp_path / "a.npz", tmp_path / "a.vtt"
    result = join(
        *(lexicon, "hello", "world", "-o", output, "--webvtt", captions, "--to-fps", 50, "--json")
    )
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    sentence = read_poses(output)
    assert answer["segments"] == [[s.gloss, s.start, s.stop] for s in sentence.segments]
    assert (answer["frames"], answer["fps"]) == (len(sentence), sentence.fps) == (len(sentence), 50)
    assert (answer["output"], answer["webvtt"]) == (str(output), str(captions))
    assert [sign["gloss"] for sign in answer["signs"]] == ["HELLO", "WORLD"]
    assert answer["signs"][0]["transition"] > 0
    for _, start, stop in answer["segments"]:
        assert f"{start / 50:06.3f} --> 00:00:{stop / 50:06.3f}" in captions.read_text()


def test_what_is_cut_and_changed_is_said(tmp_path: Path, lexicon: Path) -> None:
    result = join(lexicon, "HELLO", "WORLD", "-o", tmp_path / "a.npz")
    assert result.stdout.strip() == str(tmp_path / "a.npz")
    assert "HELLO: frames " in result.stderr
    assert "to the next sign" in result.stderr
    assert "holistic553 becomes reduced203" in result.stderr


def test_hold_and_rest_make_it_longer(tmp_path: Path, lexicon: Path) -> None:
    lengths = []
    for options in ((), ("--hold", "1"), ("--hold", "1", "--rest")):
        result = join(lexicon, "HELLO", "I", "-o", tmp_path / "a.npz", "--overwrite", *options)
        assert result.exit_code == 0, result.output
        lengths.append(len(read_poses(tmp_path / "a.npz")))
    assert lengths == sorted(set(lengths))


def test_unknown_signs_are_one_line_and_nothing_is_written(tmp_path: Path, lexicon: Path) -> None:
    result = join(
        *(lexicon, "HELO", "ZEBRA", "-o", tmp_path / "a.npz", "--webvtt", tmp_path / "a.vtt")
    )
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "no sign for HELO, ZEBRA; the nearest there are: HELLO" in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("taken", ["a.npz", "a.vtt"])
def test_both_results_are_written_or_none(tmp_path: Path, lexicon: Path, taken: str) -> None:
    (tmp_path / taken).write_bytes(b"mine")
    result = join(lexicon, "HELLO", "-o", tmp_path / "a.npz", "--webvtt", tmp_path / "a.vtt")
    assert result.exit_code == 1
    assert "exists already; pass --overwrite" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_bytes() == b"mine"


@pytest.mark.parametrize("args", [("--hold", "-1"), ("--to-layout", "mine"), ("--to-fps", "0")])
def test_options_that_cannot_be_are_wrong_usage(lexicon: Path, args: tuple[str, ...]) -> None:
    assert join(lexicon, "HELLO", "-o", "a.npz", *args).exit_code == 2
    assert join(lexicon, "-o", "a.npz").exit_code == 2
