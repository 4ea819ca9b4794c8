"""``signgen render`` as a user runs it: what comes out, what is said, what stands on the disk."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pose_sequences.files import write_poses
from pose_sequences.images import read_image, write_png
from signgen.training.stages import write_pipeline
from tests.signer import signing
from tests.signgen.render_place import Place, decoded
from tests.signgen.training.tiny import SIZE, tiny_pipeline

RATES = {22.392: Fraction(2799, 125), 23.976: Fraction(24000, 1001), 29.97: Fraction(30000, 1001)}
WINDOW = 8  # of the tiny pipeline


CLIPS = [(22.392, 1), (23.976, 2), (25.0, 15), (29.97, 16), (50.0, 17), (22.392, 75)]
LONG = [pytest.param(25.0, count, marks=pytest.mark.slow) for count in (475, 1500)]


@pytest.mark.parametrize(("fps", "count"), [*CLIPS, *LONG])
def test_there_is_a_frame_for_every_pose_at_its_rate(
    place: Place, tmp_path: Path, fps: float, count: int
) -> None:
    output = tmp_path / "clip.mp4"
    result = place.run(replace(signing(count), fps=fps), "-o", output)
    assert (result.exit_code, result.stdout) == (0, f"{output}\n"), result.stderr
    rate, frames, _ = decoded(output)
    assert frames.shape == (count, SIZE, SIZE, 3)
    assert rate == RATES.get(fps, Fraction(fps))


def test_the_same_seed_gives_the_same_file_and_its_report_says_what_made_it(
    place: Place, tmp_path: Path
) -> None:
    poses = signing(20)
    gone = np.array(poses.confidence)
    gone[8:, poses.points.part("left_hand")] = 0
    points = np.where(gone[..., None] > 0, poses.keypoints, np.float32(0))
    poses = replace(poses, keypoints=points, confidence=gone)
    extra = ("--report", tmp_path / "r.json", "--contact-sheet", tmp_path / "s.png", "--json")
    first = place.run(poses, "-o", tmp_path / "a.mp4", "--seed", 5, *extra)
    answer = json.loads(first.stdout)
    assert {"frames": 20, "fps": 25.0, "window": WINDOW, "seed": 5}.items() <= answer.items()
    place.run(poses, "-o", tmp_path / "b.mp4", "--seed", 5)
    place.run(poses, "-o", tmp_path / "c.mp4", "--seed", 6)
    same, again, other = ((tmp_path / f"{name}.mp4").read_bytes() for name in "abc")
    assert same == again
    assert same != other

    report = json.loads((tmp_path / "r.json").read_text())
    comment = json.loads(decoded(tmp_path / "a.mp4")[2])
    assert comment == {key: report[key] for key in comment}
    assert (comment["synthetic"], comment["tool"], comment["model"]) == (True, "signgen", "model")
    hands = [frame["left_hand"] for frame in report["per_frame"]]
    assert (hands[0], hands[-1], len(hands)) == ("measured", "hidden", 20)
    assert {frame["right_hand"] for frame in report["per_frame"]} == {"measured"}
    seams = report["windows"]["seams"]
    assert seams == answer["seams"]
    assert seams
    assert all(0 < seam < 20 for seam in seams)
    assert report["timing"]["first_frame_seconds"] < report["timing"]["seconds"]
    assert read_image(tmp_path / "s.png").shape == (3 * SIZE, 4 * SIZE, 3)


def test_the_weights_have_a_name_of_their_own(place: Place, tmp_path: Path) -> None:
    write_pipeline(tiny_pipeline(seed=1), tmp_path / "other", 1024)
    said = []
    for number, model in enumerate((place.root / "model", tmp_path / "other")):
        output = tmp_path / f"{number}.mp4"
        assert place.run(signing(1), "-o", output, "--model", model).exit_code == 0
        said.append(json.loads(decoded(output)[2])["weights_sha256"])
    assert said[0] != said[1]


def test_points_that_no_network_sees_change_nothing(place: Place, tmp_path: Path) -> None:
    for layout in ("holistic553", "kaggle543", "reduced203"):
        place.run(signing(6).converted(layout), "-o", tmp_path / f"{layout}.mp4")
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1
    assert len(list(tmp_path.iterdir())) == 3


def test_a_part_of_a_clip_joins_the_rest(place: Place, tmp_path: Path) -> None:
    poses = signing(40)
    for name, more in (("whole", []), ("part", ["--start", "0.4", "--end", "0.8"])):
        assert place.run(poses, "-o", tmp_path / f"{name}.mp4", *more).exit_code == 0
    whole, part = (decoded(tmp_path / f"{name}.mp4")[1] for name in ("whole", "part"))
    assert len(part) == 10
    apart = [np.abs(whole[at : at + 10].astype(int) - part).mean() for at in range(31)]
    assert np.argmin(apart) == 10  # not 0: compression differs by what came before


def test_a_single_pose_can_be_a_picture_that_says_what_made_it(
    place: Place, tmp_path: Path
) -> None:
    result = place.run(signing(40), "-o", tmp_path / "f.png", "--start", "1", "--end", "1.04")
    assert result.exit_code == 0, result.stderr
    with Image.open(tmp_path / "f.png") as picture:
        assert picture.size == (SIZE, SIZE)
        assert json.loads(picture.info["Comment"])["synthetic"] is True


def test_a_wide_picture_gives_a_wide_clip_and_scaling_is_announced(
    place: Place, tmp_path: Path
) -> None:
    poses = signing(3)
    wide = np.pad(read_image(place.root / "me.png"), ((0, 0), (64, 64), (0, 0)), mode="edge")
    write_png(tmp_path / "wide.png", wide, overwrite=False)
    shifted = poses.keypoints + np.float32((64, 0, 0)) * (poses.confidence > 0)[..., None]
    own = replace(poses, keypoints=shifted, width=384).frames(0, 1)
    write_poses(own, tmp_path / "wide.npz", overwrite=False)
    who = ("--signer", tmp_path / "wide.png", "--signer-keypoints", tmp_path / "wide.npz")
    plain = place.run(poses, *who, "-o", tmp_path / "a.mp4")
    assert decoded(tmp_path / "a.mp4")[1].shape == (3, 44, 64, 3), plain.stderr
    large = place.run(poses, *who, "-o", tmp_path / "b.mp4", "--size", "192x128", "--no-align")
    assert decoded(tmp_path / "b.mp4")[1].shape == (3, 128, 192, 3)
    assert "scaled to 192x128 by Lanczos" in large.stderr
    wrong = place.run(poses, *who[:2], "-o", tmp_path / "c.mp4")
    assert "has frames of 256x256, the picture 384x256; give the keypoints" in wrong.stderr


def blank(root: Path) -> list[str]:
    write_png(root / "blank.png", np.full((64, 64, 3), 90, np.uint8), overwrite=True)
    nobody = signing(1)
    keypoints, confidence = (np.zeros_like(a) for a in (nobody.keypoints, nobody.confidence))
    path = root / "nobody.npz"
    write_poses(replace(nobody, keypoints=keypoints, confidence=confidence), path, overwrite=True)
    return ["--signer-keypoints", str(path)]


def stood(root: Path) -> list[str]:
    (root / "clip.mp4").write_bytes(b"mine")
    return []


REFUSALS: list[tuple[list[str] | Callable[[Path], list[str]], int, str]] = [
    (["--model", "nowhere"], 1, "nowhere: does not exist; train one with signgen train all"),
    (["--size", "63x64"], 1, "cannot be 63x64: the sides of a video are even"),
    (["--start", "9"], 1, "lasts 0.8 s and has no frame from 9 s; choose another --start"),
    (["--window", "9"], 1, "a window has 9 frames, but the adapter looks along 8"),
    (["--overlap", "4"], 1, "windows overlap by 4 frames"),
    (["-o", "clip.avi"], 1, "clip.avi: is no .mp4; end the name in .mp4"),
    (["-o", "clip.png"], 1, "clip.png: is a picture, but there are 20 frames"),
    (["--report", "clip.mp4"], 2, "two of the outputs have the same name"),
    (["--steps", "0"], 2, "--steps"),
    (blank, 1, "nobody.npz: shows neither both shoulders nor a face"),
    (stood, 1, "clip.mp4: exists already; pass --overwrite to replace it"),
]


@pytest.mark.parametrize(("more", "code", "said"), REFUSALS)
def test_what_cannot_be_is_one_clear_line_and_no_file(
    place: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    more: list[str] | Callable[[Path], list[str]],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    words = more(tmp_path) if callable(more) else more
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    output = () if "-o" in words else ("-o", "clip.mp4")
    result = place.run(signing(20), *words, *output)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr
    assert len([line for line in result.stderr.splitlines() if line.startswith("Error: ")]) == 1
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_model_that_the_hub_cannot_give_is_one_clear_line(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    result = place.run(signing(1), "--model", "nobody/nothing", "-o", tmp_path / "clip.mp4")
    assert (result.exit_code, result.stdout) == (1, "")
    (said,) = result.stderr.splitlines()
    assert said.startswith("Error: nobody/nothing: is no folder here, and cannot be had")
    assert said.endswith("with HF_HUB_OFFLINE=1 only the cache is searched")
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_memory_does_not_know_how_long_the_clip_is(place: Place, tmp_path: Path) -> None:
    peaks = []
    for count in (75, 1500):
        script = (
            "import resource, sys\n"
            "from signgen.cli import main\n"
            "main(sys.argv[1:], standalone_mode=False)\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)\n"
        )
        extra = ("--side-by-side", "--label", "--report", tmp_path / f"{count}.json")
        words = place.words(signing(count), "-o", tmp_path / f"{count}.mp4", *extra)
        done = subprocess.run(
            [sys.executable, "-c", script, *words], capture_output=True, text=True, check=True
        )
        peaks.append(int(done.stderr.splitlines()[-1]))
    assert peaks[1] <= 1.1 * peaks[0], peaks
