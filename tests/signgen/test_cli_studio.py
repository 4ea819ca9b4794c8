"""``signgen studio`` as a user runs it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pose_sequences.images import read_image
from signgen.cli import main
from signgen.studio.corpus import build_corpus
from signgen.studio.plan import CorpusSettings

SMALL = ("--signers", 1, "--clips", 1, "--size", "48x64", "--max-frames", 3)


def run(*args: str | Path | int) -> Result:
    return CliRunner().invoke(main, ["studio", *map(str, args)])


def test_videos_are_built_with_the_metadata_that_the_hub_reads(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    result = run("build", root, *SMALL, "--seed", 2, "--video")
    assert (result.exit_code, result.stdout) == (0, f"{root}\n")
    assert result.stderr == "filmed 1, kept 0, failed 0\n"
    (row,) = map(json.loads, (root / "metadata.jsonl").read_text().splitlines())
    assert (row["split"], row["num_frames"], row["fps"]) == ("train", 3, 25.0)
    for column in ("file_name", "pose_file"):
        assert (root / row[column]).is_file()
    assert (root / "README.md").read_text().startswith("---\nlicense: cc0-1.0\n")
    check = CliRunner().invoke(main, ["corpus", "check", str(root), "--decode", "--json"])
    assert (check.exit_code, json.loads(check.stdout)["notes"]) == (0, [])

    again = run("build", root, *SMALL, "--seed", 2, "--video", "--json")
    answer = {"output": str(root), "signers": 1, "filmed": 0, "kept": 1, "failed": 0, "errors": []}
    assert json.loads(again.stdout) == answer
    other = run("build", root, *SMALL, "--seed", 3, "--video")
    assert (other.exit_code, other.stdout) == (1, "")
    assert other.stderr == (
        f"Error: {root}: was begun with --seed 2; give the same again, or choose another folder\n"
    )
    other = run("build", root, "--signers", 1, "--clips", 2, "--size", "64x48", "--seed", 2)
    assert other.stderr == (
        f"Error: {root}: was begun with --clips 1 --size 48x64 --video --max-frames 3; "
        "give the same again, or choose another folder\n"
    )


def test_a_clip_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    build_corpus(root, CorpusSettings(signers=1, clips=1, size=(48, 64), max_frames=3))
    folder = root / "features" / "fullFrame-48x64px" / "train" / "signer001-clip00001"
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    result = run("build", root, *SMALL)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        f"failed: {folder}: holds other files, such as notes.txt, and is not replaced; "
        "choose another name",
        "filmed 0, kept 0, failed 1",
        f"Error: {root}: clips failed: 1; run it again",
    ]


def test_look_draws_each_signer_in_a_row(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    args = ("look", "--seed", 3, "--signers", 2, "--moments", 2, "--size", "48x64", "-o", sheet)
    result = run(*args)
    assert (result.exit_code, result.stdout) == (0, f"{sheet}\n")
    picture = read_image(sheet)
    assert picture.shape == (2 * 64, 2 * 48, 3)
    assert (picture[:64] != picture[64:]).any()
    assert run(*args).stderr == f"Error: {sheet}: exists already; pass --overwrite to replace it\n"


def test_a_wide_sheet_stands_in_columns_and_reports_what_it_covers(tmp_path: Path) -> None:
    sheet, report = tmp_path / "sheet.png", tmp_path / "covered.json"
    args = ("--seed", 3, "--signers", 3, "--moments", 1, "--columns", 2, "--size", "48x64")
    wide = ("--breadth", "wide", "--report", report, "-o", sheet, "--json")
    result = run("look", *args, *wide)
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "output": str(sheet),
        "signers": 3,
        "moments": 1,
        "report": str(report),
    }
    picture = read_image(sheet)
    assert picture.shape == (2 * 64, 2 * 48, 3)
    assert not picture[64:, 48:].any()  # there is no fourth
    covered = json.loads(report.read_text())
    assert (covered["seed"], covered["breadth"], covered["size"]) == (3, "wide", [48, 64])
    assert sum(covered["skin"].values()) == sum(covered["room"].values()) == 3
    assert covered["numbers"]["shoulder width"]["count"] == 3
    assert "hand size" in result.stderr
    narrow = tmp_path / "narrow.png"
    assert run("look", *args, "-o", narrow).stderr == ""
    assert (read_image(narrow) != picture).any()
    again = run("look", *args, "-o", tmp_path / "other.png", "--report", report)
    assert again.stderr == f"Error: {report}: exists already; pass --overwrite to replace it\n"


def test_a_wide_corpus_is_another_than_a_narrow_one(tmp_path: Path) -> None:
    wide, narrow = tmp_path / "wide", tmp_path / "narrow"
    assert run("build", wide, *SMALL, "--breadth", "wide").exit_code == 0
    assert run("build", narrow, *SMALL).exit_code == 0
    assert json.loads((wide / "studio.json").read_text())["breadth"] == "wide"
    frame = "features/fullFrame-48x64px/train/signer001-clip00001/images0001.png"
    assert (read_image(wide / frame) != read_image(narrow / frame)).any()
    refused = run("build", wide, *SMALL)
    assert refused.stderr.startswith(f"Error: {wide}: was begun with --breadth wide; ")
    # begun before there was the word
    settings = json.loads((narrow / "studio.json").read_text())
    del settings["breadth"]
    (narrow / "studio.json").write_text(json.dumps(settings))
    assert run("build", narrow, *SMALL).stderr == "filmed 0, kept 1, failed 0\n"


def test_signers_perform_pose_files(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    result = run("build", root, *SMALL, "--video", "--motions", "example:hello")
    assert (result.exit_code, result.stdout) == (0, f"{root}\n")
    assert result.stderr == "filmed 1, kept 0, failed 0\n"
    (row,) = map(json.loads, (root / "metadata.jsonl").read_text().splitlines())
    assert (row["motion"], row["num_frames"], row["license"]) == ("hello.npz", 3, "other")
    assert row["gloss"] == "HELLO WORLD I SHOW SIGN THREE LIKE"
    table = root / "annotations" / "manual" / "studio.train.corpus.csv"
    assert f"|{row['gloss']}|" in table.read_text()
    refused = run("build", root, *SMALL, "--video")
    assert refused.stderr.startswith(f"Error: {root}: was begun with --motions hello.npz (")


def test_a_motion_that_is_no_use_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    root, bad = tmp_path / "corpus", tmp_path / "bad.npz"
    bad.write_text("no archive")
    result = run("build", root, *SMALL, "--motions", "example:hello", "--motions", bad)
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"Error: {bad}: ")
    assert "; " in line
    assert not root.exists()


@pytest.mark.parametrize(
    "args",
    [
        ("build", "corpus", "--signers", 2),
        ("build", "corpus", "--signers", 0, "--clips", 2),
        ("build", "corpus", "--signers", 1, "--clips", 1, "--size", "big"),
        ("build", "corpus", "--signers", 1, "--clips", 1, "--split-by", "day"),
        ("build", "corpus", "--signers", 1, "--clips", 1, "--motions", "example:nobody"),
        ("look", "-o", "sheet.png"),
        ("look", "--seed", 2**63, "-o", "sheet.png"),
        ("look", "--seed", 1, "-o", "sheet.jpg"),
        ("look", "--seed", 1, "-o", "sheet.png", "--report", "report.txt"),
        ("look", "--seed", 1, "-o", "sheet.png", "--breadth", "huge"),
    ],
)
def test_wrong_usage_is_code_2(args: tuple[str | int, ...]) -> None:
    assert run(*args).exit_code == 2


def test_what_cannot_be_built_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    result = run("build", tmp_path / "corpus", "--signers", 3, "--clips", 2)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == ("Error: 2 clips are too few for 3 signers; give one each at least\n")
    assert not (tmp_path / "corpus").exists()
