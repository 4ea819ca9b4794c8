"""``signgen evaluate`` as a user runs it: the table, the report, what fails and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from pose_sequences.files import write_poses
from pose_sequences.images import write_png
from pose_sequences.video.mp4 import write_mp4
from signgen.cli import main
from tests.signer import signing
from tests.signgen.evaluation.pairs_on_disk import corpus
from tests.signgen.training.toy_corpus import draw_signer

SIZE = 256
NUM_FRAMES = 5


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two generated clips, the true ones, and their poses."""
    root = tmp_path_factory.mktemp("clips")
    poses = signing().frames(20, 20 + NUM_FRAMES)
    (root / "poses").mkdir()
    for folder in ("made", "true"):
        (root / folder).mkdir()
    for number, name in enumerate(("a", "b")):
        frames = draw_signer(poses, number)
        write_mp4(root / "true" / f"{name}.mp4", frames, 25)
        write_mp4(root / "made" / f"{name}.mp4", frames[..., ::-1], 25)
        write_poses(poses, root / "poses" / f"{name}.npz")
    return root


def evaluate(*args: str | Path | int) -> Result:
    """Run ``signgen evaluate`` in this process."""
    return CliRunner().invoke(main, ["evaluate", *map(str, args)])


def test_a_folder_gives_one_table_and_one_report_and_a_second_run_does_nothing_anew(
    clips: Path, tmp_path: Path
) -> None:
    args = (clips / "made", clips / "true", "--poses", clips / "poses", "--no-detection")
    kept = ("--cache", tmp_path / "cache", "--report", tmp_path / "r.json", "--per-frame")
    result = evaluate(*args, *kept, "--seams", "2")
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    headings = [line for line in result.stdout.splitlines() if line.isupper()]
    assert headings == ["BOTH HANDS", "FACE", "TIME", "WHOLE FRAME"]
    assert "generated: clips 2, frames 10, failed 0" in result.stdout
    assert "no weights" in result.stdout
    report = json.loads((tmp_path / "r.json").read_text())
    (system,) = report["systems"]
    assert [clip["name"] for clip in system["clips"]] == ["a", "b"]
    psnr = [clip["figures"]["frame/psnr"] for clip in system["clips"]]
    assert all(len(figure["frames"]) == NUM_FRAMES for figure in psnr)
    mean = np.mean([figure["value"] for figure in psnr])
    assert system["figures"]["frame/psnr"]["value"] == pytest.approx(mean, rel=1e-5)
    metrics = {metric["key"]: metric for metric in report["metrics"]}
    assert "floor:" in metrics["time/seam"]["signature"]
    assert max(map(len, result.stdout.partition("\n\n")[0].splitlines())) <= 100
    assert report["settings"]["seams"] == [2]
    assert report["versions"]["signgen"]

    figures = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache/figures").iterdir()}
    assert len(figures) == 2
    again = evaluate(*args, *kept[:2], "--seams", "2", "--json")
    answer = json.loads(again.stdout)
    assert (answer["clips"], answer["failed"], answer["report"]) == (2, 0, None)
    assert answer["figures"]["frame/psnr"] == pytest.approx(mean, rel=1e-5)
    assert answer["figures"]["frame/lpips"] is None
    assert answer["settings"] == {key: metric["signature"] for key, metric in metrics.items()}
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "cache/figures").iterdir()} == figures


def test_a_clip_that_does_not_fit_is_told_and_the_others_are_measured(
    clips: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "a.mp4").symlink_to(clips / "made" / "a.mp4")
    write_mp4(folder / "b.mp4", np.zeros((3, SIZE, SIZE, 3), np.uint8), 25)
    write_mp4(folder / "c.mp4", np.zeros((3, SIZE, SIZE, 3), np.uint8), 25)
    result = evaluate(
        *(folder, clips / "true", "--no-detection", "--cache", tmp_path / "cache", "--json")
    )
    assert result.exit_code == 1
    assert json.loads(result.stdout)["clips"] == 1
    lines = result.stderr.splitlines()
    assert lines == [
        f"failed: {folder / 'c.mp4'}: has no partner of its name in {clips / 'true'}; "
        "rename it, or take it out of the folder",
        f"failed: {folder / 'b.mp4'}: has 3 frames, {clips / 'true' / 'b.mp4'} has 5; "
        "generate it from all frames of the reference, and no more",
        "Error: clips failed: 2",
    ]


def test_where_all_clips_fail_there_is_no_table(tmp_path: Path) -> None:
    write_mp4(tmp_path / "a.mp4", np.zeros((3, 32, 32, 3), np.uint8), 25)
    write_mp4(tmp_path / "b.mp4", np.zeros((3, 64, 64, 3), np.uint8), 25)
    result = evaluate(
        *(tmp_path / "a.mp4", tmp_path / "b.mp4", "--no-detection"),
        *("--cache", tmp_path / "cache"),
    )
    assert (result.exit_code, result.stdout) == (1, "")
    assert "is 32x32" in result.stderr
    assert "--resize" in result.stderr
    assert not list((tmp_path / "cache").rglob("*.json"))


def test_a_report_that_stands_there_is_refused_before_the_work(clips: Path, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("mine")
    result = evaluate(clips / "made", clips / "true", "--report", tmp_path / "r.json")
    assert result.exit_code == 1
    assert "exists already; pass --overwrite" in result.stderr
    assert (tmp_path / "r.json").read_text() == "mine"


@pytest.mark.parametrize(
    "args",
    [
        ("made.mp4",),
        ("made.mp4", "--poses", "poses.npz", "--baseline", "reencoded"),
        ("made.mp4", "--split", "test"),
        ("made", "corpus", "--split", "test", "--poses", "poses"),
        ("made.mp4", "true.mp4", "--seams", "every"),
        ("made.mp4", "true.mp4", "--baseline", "perfect"),
        ("made.mp4", "true.mp4", "-j", 0),
        ("made", "--poses", "poses", "--protocol", "cfld-256"),
        ("made", "true", "--protocol", "cfld-256", "--baseline", "reencoded"),
        ("made", "true", "--protocol", "cfld-256", "-j", 2),
        ("made", "corpus", "--protocol", "fpdm-phoenix", "--poses", "poses"),
        ("made", "corpus", "--protocol", "fpdm-phoenix", "--judge", "judge"),
        ("made", "--protocol", "studio", "--poses", "poses"),
        ("made", "true", "--training", "train"),
        ("made", "true", "--per-frame"),
    ],
)
def test_wrong_usage_is_code_2(args: tuple[str | int, ...]) -> None:
    assert evaluate(*args).exit_code == 2


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--overlap", 8, "--window", 8), "cannot overlap"),
        (("--baseline", "nearest-frame"), "--split"),
        (("--baseline", "autoencoder"), "--model"),
    ],
)
def test_settings_that_cannot_be_are_one_line(
    clips: Path, tmp_path: Path, args: tuple[str | int, ...], words: str
) -> None:
    result = evaluate(
        *(clips / "nobody.mp4", clips / "true" / "a.mp4", "--no-detection", *args),
        *("--cache", tmp_path / "cache"),
    )
    assert result.exit_code == 1
    assert words in result.stderr.splitlines()[-1]


def test_folders_of_pictures_are_measured_by_the_protocols_of_papers(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("made", "targets"):
        picture = rng.integers(0, 255, (256, 176, 3)).astype(np.uint8)
        write_png(tmp_path / name / "one.png", picture, overwrite=False)
    args = (tmp_path / "made", tmp_path / "targets", "--protocol", "cfld-256")
    result = evaluate(*args)
    assert result.exit_code == 0, result.output
    assert "generated: pictures 1, protocol cfld-256\n" in result.stdout
    figures = json.loads(evaluate(*args, "--json").stdout)["figures"]
    assert 0 < figures["frame/psnr"] < 20
    assert figures["frame/fid_train"] is None
    lone = evaluate(tmp_path / "targets", tmp_path, "--protocol", "cfld-256")
    assert (lone.exit_code, lone.stdout) == (1, "")


def test_the_protocols_offered_are_those_there_are() -> None:
    from signgen.cli import evaluate as command
    from signgen.evaluation.baselines import ABOUT
    from signgen.evaluation.corpus_protocols import CORPUS_PROTOCOLS
    from signgen.evaluation.protocols import PROTOCOLS

    options = {option.name: option for option in command.evaluate.params}
    assert list(options["protocol"].type.choices) == [*PROTOCOLS, *CORPUS_PROTOCOLS]
    assert list(options["baselines"].type.choices) == list(ABOUT)


def test_a_protocol_of_a_corpus_wants_its_whole_split_and_signs_every_number(
    tmp_path: Path,
) -> None:
    root, made = corpus(tmp_path)
    (made / "stranger").rename(tmp_path / "aside")
    kept = ("--cache", tmp_path / "cache", "--json", "--split", "train")
    result = evaluate(made, root, "--protocol", "fpdm-phoenix", *kept)
    assert result.exit_code == 1
    clips = len(list((root / "features").rglob("train/*")))
    assert f"{made}: lacks {clips - 1} of the {clips} clips of train, such as " in result.stderr
    answer = json.loads(result.stdout)
    assert (answer["clips"], answer["failed"]) == (1, 1)
    words = f"|protocol:fpdm-phoenix,source:first frame of the clip,all frames of train,{clips} "
    assert all(words in signature for signature in answer["settings"].values())
    assert {"frame/ssim", "frame/ssim_51", "frame/fid_torchvision"} <= answer["settings"].keys()
    other = evaluate(made, root, "--protocol", "studio", *kept)
    assert other.exit_code == 1
    assert "studio.json: cannot be opened" in other.stderr


def test_what_a_baseline_or_a_network_lacks_is_told_before_the_work(
    clips: Path, tmp_path: Path
) -> None:
    args = (clips / "made", clips / "true", "--no-detection", "--cache", tmp_path / "cache")
    for more in (("--baseline", "autoencoder"), ("--model", tmp_path / "nothing")):
        result = evaluate(*args, *more)
        assert (result.exit_code, result.stdout) == (1, "")
        assert len(result.stderr.splitlines()) == 1
        assert not (tmp_path / "cache").exists()


@pytest.mark.slow
def test_detection_is_done_once_and_the_poses_are_measured_against_both(
    clips: Path, tmp_path: Path
) -> None:
    args = (
        *(clips / "made" / "a.mp4", clips / "true" / "a.mp4", "--poses", clips / "poses/a.npz"),
        *("--cache", tmp_path / "cache", "--json"),
    )
    first = evaluate(*args)
    assert first.exit_code == 0, first.output
    keys = json.loads(first.stdout)["figures"]
    assert any(key.endswith("_vs_driving") for key in keys)
    assert any(key.endswith("_vs_reference") for key in keys)
    seen = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.npz")}
    assert len(seen) == 2
    assert evaluate(*args, "--window", 2).exit_code == 0
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "cache").rglob("*.npz")} == seen
