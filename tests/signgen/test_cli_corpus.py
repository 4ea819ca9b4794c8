"""``signgen corpus`` as a user runs it."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pose_sequences.phoenix import Corpus
from pose_sequences.video.mp4 import write_mp4
from signgen.cli import main
from tests.pose_sequences.tiny_phoenix import CLIPS, FRAMES, picture, write_corpus


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus", prefix="tiny")


def run(*args: str | Path | int, quiet: bool = False) -> Result:
    switches = ["-q"] if quiet else []
    return CliRunner().invoke(main, [*switches, "corpus", *map(str, args)])


def clip_folder(root: Path, index: int) -> Path:
    return root / "features" / FRAMES / CLIPS[index].split / CLIPS[index].name


class TestCheck:
    def test_a_sound_corpus_is_told_by_split(self, root: Path) -> None:
        result = run("check", root)
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.splitlines()[:2] == [
            f"{root}: 210x260",
            "train: clips 4 (Signer01 2, Signer02 1, Signer03 1), frames 15, "
            "clips with keypoints holistic543 0, holistic553 0",
        ]

    def test_json_is_one_object_with_the_same_counts(self, root: Path) -> None:
        result = run("check", root, "--json")
        report = json.loads(result.stdout)
        assert report["problems"] == []
        assert {split: counts["frames"] for split, counts in report["splits"].items()} == {
            **{"train": 15, "dev": 5, "test": 7}
        }

    def test_problems_are_listed_and_end_in_one_line_and_code_1(self, root: Path) -> None:
        (clip_folder(root, 3) / "images0002.png").unlink()
        result = run("check", root)
        assert result.exit_code == 1
        assert "problem: " in result.stdout
        assert "lacks images0002.png" in result.stdout
        assert result.stderr == f"Error: {root}: problems: 1\n"

    def test_json_of_a_corpus_with_problems_is_whole(self, root: Path) -> None:
        (clip_folder(root, 3) / "images0002.png").unlink()
        result = run("check", root, "--json")
        assert result.exit_code == 1
        assert len(json.loads(result.stdout)["problems"]) == 1

    def test_decode_finds_a_torn_frame_in_the_middle(self, root: Path) -> None:
        torn = clip_folder(root, 3) / "images0002.png"
        torn.write_bytes(torn.read_bytes()[:100])
        assert run("check", root).exit_code == 0
        result = run("check", root, "--decode")
        assert result.exit_code == 1
        assert f"problem: {torn}" in result.stdout

    def test_a_long_list_is_cut_and_says_so(self, root: Path) -> None:
        for number in range(30):
            (root / "features" / FRAMES / "dev" / f"stray{number}").mkdir()
        lines = run("check", root).stdout.splitlines()
        assert lines[-1] == "… and 11 more notes; --json writes all"
        assert len(json.loads(run("check", root, "--json").stdout)["notes"]) == 31

    def test_no_corpus_is_one_line(self, tmp_path: Path) -> None:
        result = run("check", tmp_path)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith(f"Error: {tmp_path}: holds no corpus: ")
        assert len(result.stderr.splitlines()) == 1

    def test_a_root_is_needed(self) -> None:
        assert run("check").exit_code == 2


class TestExtract:
    def test_keypoints_stand_beside_the_corpus_a_pose_for_each_frame(self, root: Path) -> None:
        result = run("extract", root, "--split", "dev")
        assert (result.exit_code, result.stdout) == (0, f"{root}/keypoints/holistic543\n")
        assert result.stderr.startswith("extracted 2, failed 0; 5 frames, seen in: body 0%")
        assert result.stderr.endswith("kept 0, left 0\n")
        corpus = Corpus.open(root)
        for clip in corpus.clips("dev"):
            sequence = corpus.keypoints(clip)
            assert (sequence.num_frames, sequence.fps) == (clip.num_frames, 25.0)
            assert (sequence.width, sequence.height) == (210, 260)

    def test_a_second_run_goes_on_where_the_first_stopped(self, root: Path) -> None:
        first = run("extract", root, "--split", "all", "--limit", 1, "--json")
        answer = json.loads(first.stdout)
        assert answer["keypoints"] == f"{root}/keypoints/holistic543"
        counts = {"extracted": 1, "kept": 0, "failed": 0, "left": 7, "errors": []}
        assert {key: answer[key] for key in counts} == counts
        target = Corpus.open(root).keypoints_path(Corpus.open(root).clips("train")[0])
        before = target.stat().st_mtime_ns
        second = run("extract", root, "--split", "train", "--limit", 1, "--json")
        assert json.loads(second.stdout)["kept"] == 1
        assert target.stat().st_mtime_ns == before
        assert run("extract", root, "--split", "train", "--limit", 1, "--overwrite").exit_code == 0
        assert target.stat().st_mtime_ns > before

    def test_irises_and_another_cache_have_a_place_of_their_own(
        self, root: Path, tmp_path: Path
    ) -> None:
        args = ("--split", "test", "--limit", 1, "--refine-face", "--cache", tmp_path / "cache")
        result = run("extract", root, *args, quiet=True)
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout == f"{tmp_path}/cache/holistic553\n"
        corpus = Corpus.open(root, cache=tmp_path / "cache", layout="holistic553")
        assert corpus.keypoints(corpus.clips("test")[0]).layout == "holistic553"
        assert not (root / "keypoints").exists()

    def test_a_clip_that_fails_is_told_and_the_others_are_done(self, root: Path) -> None:
        torn = clip_folder(root, 4) / "images0002.png"
        torn.write_bytes(torn.read_bytes()[:100])
        result = run("extract", root, "--split", "dev", "-j", 2)
        assert result.exit_code == 1
        assert result.stderr.splitlines()[0].startswith(f"failed: {clip_folder(root, 4)}: ")
        (summary,) = result.stderr.splitlines()[1:]
        assert summary.startswith("extracted 1, failed 1;")
        assert summary.endswith("kept 0, left 0")
        assert Corpus.open(root).cached_names("dev") == {CLIPS[5].name}

    def test_a_clip_that_lacks_a_frame_is_told_and_gets_no_keypoints(self, root: Path) -> None:
        (clip_folder(root, 4) / "images0002.png").unlink()
        result = run("extract", root, "--split", "dev")
        assert result.exit_code == 1
        assert "lacks images0002.png" in result.stderr
        assert Corpus.open(root).cached_names("dev") == {CLIPS[5].name}

    def test_a_video_keeps_its_own_rate(self, root: Path) -> None:
        shutil.rmtree(clip_folder(root, 4))
        video = clip_folder(root, 4).with_name(f"{CLIPS[4].name}.mp4")
        write_mp4(video, [picture(number) for number in range(3)], 29.97)
        assert run("extract", root, "--split", "dev").exit_code == 0
        corpus = Corpus.open(root)
        sequence = corpus.keypoints(corpus.clips("dev")[0])
        assert (sequence.num_frames, round(sequence.fps, 2)) == (3, 29.97)

    @pytest.mark.parametrize(
        "args",
        [(), ("--split", "val"), ("--split", "dev", "-j", 0), ("--split", "dev", "--limit", 0)],
    )
    def test_wrong_usage_is_code_2(self, root: Path, args: tuple[str, ...]) -> None:
        assert run("extract", root, *args).exit_code == 2

    def test_no_corpus_is_one_line(self, tmp_path: Path) -> None:
        result = run("extract", tmp_path, "--split", "dev")
        assert (result.exit_code, result.stdout) == (1, "")
        assert len(result.stderr.splitlines()) == 1
