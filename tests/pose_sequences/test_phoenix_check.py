import json
from pathlib import Path

import pytest

from pose_sequences.errors import CorpusError
from pose_sequences.files import write_poses
from pose_sequences.phoenix import Corpus
from pose_sequences.phoenix.check import PUBLISHED, Report, check
from tests.pose_sequences.sequences import random_sequence
from tests.pose_sequences.tiny_phoenix import (
    CLIPS,
    FRAMES,
    HEADER,
    STRAY,
    write_corpus,
    write_frames,
    write_table,
)

pytestmark = pytest.mark.light


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus", prefix="tiny")


def folder(root: Path, index: int) -> Path:
    return root / "features" / FRAMES / CLIPS[index].split / CLIPS[index].name


def only_problem(root: Path, *, decode: bool = False) -> str:
    (problem,) = check(root, decode=decode).problems
    assert "\n" not in problem
    return problem


def assert_sound(report: Report) -> None:
    assert report.problems == ()


def test_a_sound_corpus_has_no_problem_and_its_counts(root: Path) -> None:
    report = check(root)
    assert_sound(report)
    assert {split: (c.clips, c.frames) for split, c in report.splits.items()} == {
        "train": (4, 15),
        "dev": (2, 5),
        "test": (2, 7),
    }
    assert report.splits["train"].signers == {"Signer01": 2, "Signer02": 1, "Signer03": 1}
    assert report.splits["dev"].keypoints == {"holistic543": 0, "holistic553": 0}
    assert (report.root, report.width, report.height) == (root, 210, 260)


def test_the_stray_profile_is_noted_and_nothing_else(root: Path) -> None:
    assert check(root).notes == (f"{folder(root, 5) / STRAY}: is no frame and is ignored",)


def test_decoding_every_frame_finds_a_sound_corpus_sound(root: Path) -> None:
    assert check(root, decode=True) == check(root)


def test_the_report_is_plain_json(root: Path) -> None:
    report = check(root).as_json()
    assert json.loads(json.dumps(report)) == report
    assert list(report) == ["root", "width", "height", "splits", "problems", "notes"]
    assert report["splits"]["test"] == {
        "clips": 2,
        "frames": 7,
        "signers": {"Signer01": 1, "Signer03": 1},
        "keypoints": {"holistic543": 0, "holistic553": 0},
    }


def test_progress_counts_the_clips(root: Path) -> None:
    steps: list[int] = []
    check(root, advance=steps.append)
    assert steps == [1] * len(CLIPS)


def test_a_corpus_that_claims_to_be_the_release_is_compared_with_it(tmp_path: Path) -> None:
    report = check(write_corpus(tmp_path / "PHOENIX-2014-T").parent)
    assert_sound(report)
    clips, frames = PUBLISHED["dev"]
    assert f"dev has 2 clips and 5 frames, in the release {clips} and {frames}" in report.notes
    assert len(report.notes) == 4


def test_cached_keypoints_are_counted_by_layout_where_a_clip_has_them(
    root: Path, tmp_path: Path
) -> None:
    for layout, name in (("holistic543", CLIPS[4].name), ("holistic543", "other")):
        target = tmp_path / "cache" / layout / "dev" / f"{name}.npz"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    report = check(root, cache=tmp_path / "cache")
    assert report.splits["dev"].keypoints == {"holistic543": 1, "holistic553": 0}
    assert check(root).splits["dev"].keypoints["holistic543"] == 0


def test_no_corpus_is_an_error_and_no_report(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="holds no corpus"):
        check(tmp_path)


class TestProblems:
    def test_a_missing_table(self, root: Path) -> None:
        Corpus.open(root).table("dev").unlink()
        assert "holds none where one table *.dev.corpus.csv is needed" in only_problem(root)
        assert check(root).notes == ()

    def test_other_columns(self, root: Path) -> None:
        table = Corpus.open(root).table("dev")
        table.write_text(table.read_text().replace(HEADER, f"{HEADER}|hand"))
        assert f"has the columns '{HEADER}|hand'" in only_problem(root)

    def test_faulty_rows_do_not_hide_the_good_ones(self, root: Path) -> None:
        rows = ("a|b", CLIPS[4].row, CLIPS[4].row, CLIPS[5].row)
        write_table(root, "dev", *rows, prefix="tiny")
        report = check(root)
        assert ["line 2 has 2 fields" in p or "line 4 repeats" in p for p in report.problems] == [
            *(True, True)
        ]
        assert report.splits["dev"].clips == 2

    def test_a_name_in_two_splits(self, root: Path) -> None:
        write_table(root, "dev", CLIPS[4].row, CLIPS[5].row, CLIPS[0].row, prefix="tiny")
        write_frames(root / "features" / FRAMES / "dev" / CLIPS[0].name, 1)
        assert f"has '{CLIPS[0].name}' in train and in dev" in only_problem(root)

    def test_a_missing_folder_of_a_clip(self, root: Path) -> None:
        folder(root, 0).rename(root / "elsewhere")
        assert only_problem(root).startswith(f"{folder(root, 0)}: is not there; ")

    def test_a_missing_folder_of_a_split_is_one_problem(self, root: Path) -> None:
        folder(root, 0).parent.rename(root / "elsewhere")
        assert only_problem(root).startswith(f"{folder(root, 0).parent}: cannot be listed")

    def test_an_empty_folder(self, root: Path) -> None:
        for frame in folder(root, 0).iterdir():
            frame.unlink()
        assert only_problem(root).startswith(f"{folder(root, 0)}: holds no frames; ")

    def test_a_gap(self, root: Path) -> None:
        (folder(root, 3) / "images0004.png").unlink()
        report = check(root)
        assert "lacks images0004.png, but has images0005.png" in report.problems[0]
        assert report.splits["train"].frames == 10

    def test_a_clip_that_is_a_file(self, root: Path) -> None:
        folder(root, 0).rename(root / "elsewhere")
        folder(root, 0).touch()
        assert only_problem(root).startswith(f"{folder(root, 0)}: cannot be listed")

    def test_a_first_frame_of_another_size(self, root: Path) -> None:
        folder(root, 0).rename(root / "elsewhere")
        write_frames(folder(root, 0), 3, size=(64, 48))
        first = folder(root, 0) / "images0001.png"
        assert only_problem(root).startswith(f"{first}: is 64x48 in a corpus of 210x260; ")

    @pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
    def test_a_first_frame_that_is_no_png(self, root: Path, content: bytes) -> None:
        (folder(root, 0) / "images0001.png").write_bytes(content)
        assert "images0001.png: does not begin like a PNG" in only_problem(root)

    def test_later_frames_are_looked_at_only_when_decoding(self, root: Path) -> None:
        other = root / "other"
        write_frames(other, 1, size=(64, 48))
        (other / "images0001.png").rename(folder(root, 0) / "images0003.png")
        torn = folder(root, 1) / "images0002.png"
        torn.write_bytes(torn.read_bytes()[:200])
        assert_sound(check(root))
        size, damage = check(root, decode=True).problems
        assert "images0003.png: is 64x48" in size
        assert str(torn) in damage

    def test_a_clip_that_is_both_a_folder_and_a_video(self, root: Path) -> None:
        video = folder(root, 0).with_name(f"{CLIPS[0].name}.mp4")
        video.touch()
        assert f"stands beside {video.name}" in only_problem(root)

    def test_a_cache_that_is_no_folder(self, root: Path) -> None:
        (root / "keypoints" / "holistic543").mkdir(parents=True)
        (root / "keypoints" / "holistic543" / "dev").touch()
        assert "holistic543/dev: cannot be listed" in only_problem(root)

    def test_keypoints_of_another_number_of_frames(self, root: Path) -> None:
        corpus = Corpus.open(root)
        clip = corpus.clips("train")[0]
        poses = random_sequence("holistic543", clip.num_frames - 1)
        write_poses(poses, corpus.keypoints_path(clip))
        assert check(root).problems == ()
        assert "signgen corpus extract" in only_problem(root, decode=True)

    def test_all_of_them_are_found_in_one_pass(self, root: Path) -> None:
        Corpus.open(root).table("test").unlink()
        folder(root, 0).rename(root / "elsewhere")
        (folder(root, 3) / "images0004.png").unlink()
        (folder(root, 4) / "images0001.png").write_bytes(b"")
        assert len(check(root).problems) == 4


class TestNotes:
    def test_clips_and_files_of_no_table(self, root: Path) -> None:
        write_frames(root / "features" / FRAMES / "dev" / "unlisted", 1)
        (root / "features" / FRAMES / "dev" / "notes.txt").touch()
        report = check(root)
        assert_sound(report)
        assert [n.split("/")[-1] for n in report.notes[:2]] == [
            "notes.txt: is no clip of the table",
            "unlisted: is no clip of the table",
        ]

    def test_a_name_of_several_lines_stays_one_note(self, root: Path) -> None:
        (root / "features" / FRAMES / "dev" / "two\nlines\x1b[2J").touch()
        assert check(root).notes[0].endswith("dev/two lines [2J: is no clip of the table")

    def test_rows_that_name_a_part_of_a_video(self, root: Path) -> None:
        table = Corpus.open(root).table("dev")
        table.write_text(table.read_text().replace("|-1|-1|", "|0|2|", 1))
        report = check(root)
        assert_sound(report)
        assert "1 rows have a start or end other than -1, the first in line 2" in report.notes[0]
