"""What ``signgen render`` writes for people: panels, label, captions, report; and what it finds."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pose_sequences.files import write_poses
from pose_sequences.images import read_image, write_png
from pose_sequences.sequence import PoseSequence, Segment
from pose_sequences.video.mp4 import write_mp4
from signgen import bundled, examples
from signgen.cli import main
from tests.signer import signing
from tests.signgen.render_place import Place, decoded
from tests.signgen.training.tiny import SIZE

PART = ("--start", "0.2", "--end", "0.6")


def test_panels_stand_side_by_side_in_a_clip_of_as_many_frames(
    place: Place, tmp_path: Path
) -> None:
    poses = replace(signing(20), fps=29.97)
    side = "--side-by-side"
    for name, more in (("plain", ()), ("three", (side,)), ("part", (side, *PART))):
        result = place.run(poses, "-o", tmp_path / f"{name}.mp4", *more)
        assert result.exit_code == 0, result.stderr
    (rate, plain, _), (same_rate, three, _), (_, part, _) = (
        decoded(tmp_path / f"{name}.mp4") for name in ("plain", "three", "part")
    )
    assert rate == same_rate
    assert three.shape == (20, SIZE, 3 * SIZE, 3)
    picture, drawn, result_frames = np.split(three.astype(int), 3, axis=2)
    assert np.abs(result_frames - plain).mean() < 3
    shown = Image.fromarray(read_image(place.root / "me.png")).resize((SIZE, SIZE))
    assert np.abs(picture - np.asarray(shown).astype(int)).mean() < 4
    assert np.median(drawn) < 8  # thin lines on black
    assert drawn.max() > 150
    apart = [np.abs(three[at : at + len(part)].astype(int) - part).mean() for at in range(9)]
    assert len(part) == 12
    assert np.argmin(apart) == 6


def test_a_label_is_put_where_it_is_asked_for_and_nowhere_else(
    place: Place, tmp_path: Path
) -> None:
    for name, more in (("plain", ()), ("marked", ("--label", "--contact-sheet"))):
        words = (*more, tmp_path / "s.png") if more else ()
        assert place.run(signing(3), "-o", tmp_path / f"{name}.mp4", *words).exit_code == 0
    plain, marked = (decoded(tmp_path / f"{name}.mp4")[1] for name in ("plain", "marked"))
    changed = np.abs(marked.astype(int) - plain).max(axis=(0, 3)) > 40
    rows = np.nonzero(changed)[0]
    assert changed.mean() > 0.05
    assert rows.max() < SIZE / 3
    assert marked[:, :12, :50].max() > 180  # letters on a dark ground
    small = place.run(signing(3), "-o", tmp_path / "small.mp4", "--label", "--size", "32x32")
    assert small.exit_code == 1
    assert "has frames of 32x32, too small for a label; choose a larger --size" in small.stderr


def test_captions_begin_with_the_part_that_is_rendered(place: Place, tmp_path: Path) -> None:
    poses = replace(signing(20), segments=(Segment("A<B", 0, 8), Segment("C", 10, 20)))
    words = ("-o", tmp_path / "a.mp4", "--webvtt", tmp_path / "a.vtt")
    result = place.run(poses, *words, *PART, "--json")
    assert json.loads(result.stdout)["webvtt"] == str(tmp_path / "a.vtt")
    assert (tmp_path / "a.vtt").read_text() == (
        "WEBVTT\n\n1\n00:00:00.000 --> 00:00:00.120\nA&lt;B\n\n"
        "2\n00:00:00.200 --> 00:00:00.400\nC\n"
    )
    bare = replace(poses, segments=())
    refused = place.run(bare, "-o", tmp_path / "b.mp4", "--webvtt", tmp_path / "b.vtt")
    assert refused.exit_code == 1
    assert "has no gloss segments to write captions of; leave out --webvtt" in refused.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"a.mp4", "a.vtt"}


def test_the_report_says_what_is_steady_and_what_was_found_again(
    place: Place, tmp_path: Path
) -> None:
    poses = signing(20)
    words = ("-o", tmp_path / "a.mp4", "--report", tmp_path / "r.json", "--redetect")
    result = place.run(poses, *words, "--start", "0.4", "--end", "0.56", "--size", "128x128")
    assert result.exit_code == 0, result.stderr
    report = json.loads((tmp_path / "r.json").read_text())
    assert len(report["per_frame"]) == report["frames"] == 4
    assert report["per_frame"][0]["flicker"] is None
    assert all(frame["flicker"] >= 0 for frame in report["per_frame"][1:])
    # an untrained network draws no hands, and none are hidden by leaving them out
    assert [frame["left_hand_found"] for frame in report["per_frame"]] == [False] * 4
    assert report["redetection"]["left_hand/missing"] == 100
    assert report["redetection"]["detector"].startswith("mediapipe-")
    assert report["steadiness"]["still_flicker"] >= 0
    assert {"imports", "poses", "signer", "model", "frames", "encoder", "detector"} <= set(
        report["timing"]["stages"]
    )
    assert "mediapipe" in report["versions"]
    assert {path.name for path in tmp_path.iterdir()} == {"a.mp4", "r.json"}


def test_redetect_wants_a_report(place: Place, tmp_path: Path) -> None:
    result = place.run(signing(1), "-o", tmp_path / "a.mp4", "--redetect")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--redetect goes with --report" in result.stderr


def test_panels_that_no_video_can_hold_are_refused_before_the_model_is_read(
    place: Place, tmp_path: Path
) -> None:
    words = ("--side-by-side", "--size", "1536x1024", "--model", tmp_path / "nowhere")
    result = place.run(signing(1), "-o", tmp_path / "a.mp4", *words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "cannot be 4608x1024: the sides of a video are even, at most 4096" in result.stderr


def test_another_window_is_another_render_and_the_report_says_which(
    place: Place, tmp_path: Path
) -> None:
    said = []
    for window in (8, 5):
        words = ("--window", window, "--report", tmp_path / f"{window}.json")
        assert place.run(signing(20), "-o", tmp_path / f"{window}.mp4", *words).exit_code == 0
        said.append(json.loads((tmp_path / f"{window}.json").read_text())["windows"])
    assert [windows["size"] for windows in said] == [8, 5]
    assert said[0]["seams"] != said[1]["seams"]


def test_bundled_signers_poses_and_model_need_no_path(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(examples, "FOLDER", tmp_path / "examples")
    monkeypatch.setattr(bundled, "FOLDER", tmp_path / "bundled")
    (tmp_path / "examples").mkdir()
    shutil.copy(place.root / "me.png", tmp_path / "examples" / "ann.png")
    shutil.copy(place.root / "me.npz", tmp_path / "examples" / "ann.keypoints.npz")
    write_poses(signing(2), tmp_path / "examples" / "hi.npz", overwrite=False)
    words = ["render", "--signer", "example:ann", "--poses", "example:hi", "--steps", "1"]
    without = CliRunner().invoke(main, words)
    assert without.exit_code == 2
    assert "train one with signgen train all --config mini" in without.stderr

    shutil.copytree(place.root / "model" / "pipeline", tmp_path / "bundled" / "mini")
    for more in ([], ["--model", "mini", "--overwrite"]):
        result = CliRunner().invoke(main, [*words, *more])
        assert (result.exit_code, result.stdout) == (0, "hi.mp4\n"), result.stderr
        assert json.loads(decoded(tmp_path / "hi.mp4")[2])["model"] == "mini"

    shutil.copytree(place.root / "model" / "pipeline", tmp_path / "mini" / "pipeline")
    weights = tmp_path / "bundled" / "mini" / "unet" / "diffusion_pytorch_model.safetensors"
    assert weights.is_file()
    weights.unlink()  # what is not opened need not be whole
    result = CliRunner().invoke(main, [*words, "--model", "mini", "--overwrite"])
    assert result.exit_code == 0, result.stderr
    assert "mini: the folder here is taken, not the bundled model" in result.stderr
    assert json.loads(decoded(tmp_path / "hi.mp4")[2])["model"] == "mini"

    for option, name, there in (
        ("--signer", "hi", "no example of signers is called 'hi'; there are ann"),
        ("--poses", "ann", "no example of poses is called 'ann'; there are hi"),
    ):
        refused = CliRunner().invoke(main, [*words, option, f"example:{name}"])
        assert refused.exit_code == 2
        assert there in refused.stderr


def without_hands(poses: PoseSequence) -> PoseSequence:
    confidence = poses.confidence.copy()
    for hand in ("left_hand", "right_hand"):
        confidence[:, poses.points.part(hand)] = 0  # type: ignore[arg-type]
    points = np.where(confidence[..., None] > 0, poses.keypoints, np.float32(0))
    return replace(poses, keypoints=points, confidence=confidence)


def test_poses_without_hands_are_rendered_and_said_to_be_so(place: Place, tmp_path: Path) -> None:
    words = ("-o", tmp_path / "a.mp4", "--report", tmp_path / "r.json")
    result = place.run(without_hands(signing(3)), *words)
    assert result.exit_code == 0, result.stderr
    report = json.loads((tmp_path / "r.json").read_text())
    hands = {frame[hand] for frame in report["per_frame"] for hand in ("left_hand", "right_hand")}
    assert hands == {"hidden"}


def test_a_picture_without_a_person_is_refused(place: Place, tmp_path: Path) -> None:
    write_png(tmp_path / "wall.png", np.full((64, 64, 3), 90, np.uint8), overwrite=False)
    fixed = place.words(signing(1), "--signer", tmp_path / "wall.png", "-o", tmp_path / "a.mp4")
    at = fixed.index("--signer-keypoints")
    result = CliRunner().invoke(main, fixed[:at] + fixed[at + 2 :])
    assert result.exit_code == 1
    assert "wall.png: shows neither both shoulders nor a face" in result.stderr
    assert "give a picture of one person, or --signer-keypoints" in result.stderr
    assert not (tmp_path / "a.mp4").exists()


def test_a_video_is_no_picture_and_is_not_looked_through(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video, looked = tmp_path / "me.mp4", tmp_path / "looked"
    write_mp4(video, np.full((2, 64, 64, 3), 90, np.uint8), 25)
    (tmp_path / "mediapipe").mkdir()
    text = f"from pathlib import Path\nPath({str(looked)!r}).touch()\nraise ImportError"
    (tmp_path / "mediapipe" / "__init__.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    fixed = place.words(signing(1), "--signer", video, "-o", tmp_path / "a.mp4")
    at = fixed.index("--signer-keypoints")
    result = CliRunner().invoke(main, fixed[:at] + fixed[at + 2 :])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "me.mp4: is no intact PNG, JPEG or WebP picture" in result.stderr
    assert not looked.exists()


SHAPES = {"tiny": (9, 9), "portrait": (120, 256), "landscape": (256, 90)}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_picture_of_any_shape_gives_frames_of_that_shape(
    place: Place, tmp_path: Path, shape: str
) -> None:
    width, height = SHAPES[shape]
    picture = Image.open(place.root / "me.png").resize((width, height))
    picture.save(tmp_path / "me.png")
    own = signing(1)
    scale = np.float32((width / 256, height / 256, 1))
    moved = replace(own, keypoints=own.keypoints * scale, width=width, height=height)
    write_poses(moved, tmp_path / "me.npz", overwrite=False)
    who = ("--signer", tmp_path / "me.png", "--signer-keypoints", tmp_path / "me.npz")
    result = place.run(signing(2), *who, "-o", tmp_path / "a.mp4")
    assert result.exit_code == 0, result.stderr
    across, down = decoded(tmp_path / "a.mp4")[1].shape[2:0:-1]
    assert max(across, down) == SIZE
    assert abs(across / down - width / height) < 0.12


@pytest.mark.parametrize("mode", ["L", "RGBA", "P"])
def test_how_a_picture_is_stored_changes_nothing(place: Place, tmp_path: Path, mode: str) -> None:
    plain = Image.open(place.root / "me.png").convert("L").convert(mode)
    plain.save(tmp_path / "other.png")
    plain.convert("RGB").save(tmp_path / "rgb.png")
    for name in ("other", "rgb"):
        words = ("--signer", tmp_path / f"{name}.png", "-o", tmp_path / f"{name}.mp4")
        assert place.run(signing(1), *words).exit_code == 0
    assert (tmp_path / "other.mp4").read_bytes() == (tmp_path / "rgb.mp4").read_bytes()
