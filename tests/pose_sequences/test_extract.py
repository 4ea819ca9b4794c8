import os
import re
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from skimage.data import astronaut

from pose_sequences.errors import VideoError
from pose_sequences.extract import (
    ClipJob,
    ClipProgress,
    ClipResult,
    Extraction,
    extract_clips,
    extract_poses,
)
from pose_sequences.files import read_poses
from pose_sequences.images import write_png
from pose_sequences.layout import PARTS, Part, layout
from pose_sequences.outputs import fresh_file
from pose_sequences.video.mp4 import write_mp4
from tests.pose_sequences.frames import HEIGHT, WIDTH, moving_frames, run_ffmpeg

STUDIO = Path(__file__).parents[3] / "shared" / "reference" / "studio_look_512.jpg"
SIDE = 192
ODD = os.fsdecode(b"-o\xff\n\xc3\xb6.png")


@dataclass(frozen=True)
class Extracted:
    """What one run over the clips gave."""

    targets: dict[str, Path]
    progress: list[ClipProgress]
    results: dict[str, ClipResult]


def run(
    sources: Sequence[Path],
    folder: Path,
    options: Extraction = Extraction(),  # noqa: B008 - frozen
    workers: int = 1,
) -> Extracted:
    jobs = [ClipJob(source, folder / f"{source.name}.npz") for source in sources]
    events = list(extract_clips(jobs, options, workers=workers))
    results = [event for event in events if isinstance(event, ClipResult)]
    assert len(results) == len(jobs)
    return Extracted(
        {job.source.name: job.target for job in jobs},
        [event for event in events if isinstance(event, ClipProgress)],
        {result.job.source.name: result for result in results},
    )


def portrait(num_frames: int) -> list[npt.NDArray[np.uint8]]:
    """A moving window on a portrait: a face and shoulders, no hand in view."""
    picture = astronaut()
    return [
        np.ascontiguousarray(picture[t : t + 2 * SIDE : 2, 40 + 2 * t : 40 + 2 * (t + SIDE) : 2])
        for t in range(num_frames)
    ]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    write_mp4(folder / "long.mp4", moving_frames(40), 25)
    write_mp4(folder / "waves.mp4", moving_frames(5), 29.97)
    (folder / "broken.mp4").write_bytes((folder / "waves.mp4").read_bytes()[:-700])
    for number, frame in enumerate(moving_frames(3)):
        write_png(folder / "frames" / f"images{number}.png", frame, overwrite=False)
    write_png(folder / "picture.png", moving_frames(1)[0], overwrite=False)
    write_png(folder / ODD, moving_frames(1)[0], overwrite=False)
    return {path.name: path for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def once(sources: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Extracted:
    return run(list(sources.values()), tmp_path_factory.mktemp("once"))


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Extracted:
    folder = tmp_path_factory.mktemp("person")
    write_mp4(folder / "person.mp4", portrait(8), 25)
    write_png(folder / "person.png", portrait(1)[0], overwrite=False)
    return run([folder / "person.mp4", folder / "person.png"], folder)


def test_every_frame_becomes_a_pose_at_the_clips_own_rate(once: Extracted) -> None:
    expected = {"long.mp4": (40, 25.0), "waves.mp4": (5, 30000 / 1001), "picture.png": (1, 1.0)}
    for name, (num_frames, fps) in expected.items():
        sequence = read_poses(once.targets[name])
        assert (len(sequence), sequence.fps) == (num_frames, fps)
        assert (sequence.width, sequence.height) == (WIDTH, HEIGHT)
        assert sequence.layout == "holistic543"


def test_what_is_not_there_is_missing_and_told(once: Extracted) -> None:
    assert not read_poses(once.targets["waves.mp4"]).confidence.any()
    coverage = once.results["waves.mp4"].coverage
    assert coverage is not None
    assert coverage.missing == {part: ((0, 5),) for part in PARTS}


def test_a_person_is_seen_and_hands_out_of_view_are_not(person: Extracted) -> None:
    coverage = person.results["person.mp4"].coverage
    assert coverage is not None
    assert coverage.seen("body") == coverage.seen("face") == 8
    assert coverage.missing["left_hand"] == coverage.missing["right_hand"] == ((0, 8),)


def test_left_is_the_signers_left_and_points_are_pixels(person: Extracted) -> None:
    for target in person.targets.values():
        sequence = read_poses(target)
        rows = layout(sequence.layout).rows
        for left, right in (
            ("body.left_eye", "body.right_eye"),
            ("body.left_shoulder", "body.right_shoulder"),
            ("face.263", "face.33"),
        ):
            apart = sequence.keypoints[:, rows[left], 0] - sequence.keypoints[:, rows[right], 0]
            assert (apart > SIDE / 20).all()  # to our right, since the signer faces us
        face = sequence.part("face")[0][..., :2]
        nose = sequence.keypoints[:, rows["body.nose"], :2]
        assert (face.min(axis=1) < nose).all()
        assert (nose < face.max(axis=1)).all()


def test_a_hand_hangs_on_its_own_arm(tmp_path: Path) -> None:
    if not STUDIO.exists():
        pytest.skip("no picture of a signer with hands at hand")
    from pose_sequences.images import read_image

    write_png(tmp_path / "signer.png", read_image(STUDIO)[:400, :400], overwrite=False)
    sequence = extract_poses(tmp_path / "signer.png")
    rows = layout(sequence.layout).rows
    place = {
        point: sequence.keypoints[0, rows[point], :2]
        for side in ("left", "right")
        for point in (f"{side}_hand.wrist", f"body.{side}_wrist")
    }
    for side in ("left", "right"):
        assert np.linalg.norm(place[f"{side}_hand.wrist"] - place[f"body.{side}_wrist"]) < 40
    assert place["left_hand.wrist"][0] > 200 > place["right_hand.wrist"][0]


def test_confidence_of_face_and_hands_is_all_or_nothing(person: Extracted) -> None:
    sequence = read_poses(person.targets["person.mp4"])
    parts: tuple[Part, ...] = ("face", "left_hand", "right_hand")
    for part in parts:
        assert set(np.unique(sequence.part(part)[1])) <= {0.0, 1.0}
    assert len(np.unique(sequence.part("body")[1])) > 2


def test_the_file_names_its_clip_and_its_detector_but_no_folder(once: Extracted) -> None:
    source = read_poses(once.targets["waves.mp4"]).source
    assert source.startswith("waves.mp4 by mediapipe-")
    assert source.endswith("holistic543 complexity=1 video")
    assert "/" not in source
    assert read_poses(once.targets["picture.png"]).source.endswith("picture")
    odd = read_poses(once.targets[ODD]).source
    assert odd.startswith("-o \N{LATIN SMALL LETTER O WITH DIAERESIS}.png by")


def test_a_clip_that_cannot_be_used_fails_alone_with_its_reason(once: Extracted) -> None:
    for name, reason in (("broken.mp4", "broken.mp4"), ("frames", "--fps")):
        failed = once.results[name]
        assert failed.outcome == "failed"
        assert isinstance(failed.error, VideoError)
        assert reason in str(failed.error)
        assert not once.targets[name].exists()
    assert sum(result.outcome == "extracted" for result in once.results.values()) == 4


def test_progress_counts_every_frame_of_a_clip(once: Extracted) -> None:
    told = [(p.done, p.total) for p in once.progress if p.job.source.name == "waves.mp4"]
    assert told == [(n + 1, 5) for n in range(5)]


def test_bytes_do_not_depend_on_the_number_of_workers(
    sources: dict[str, Path], once: Extracted, tmp_path: Path
) -> None:
    names = ("long.mp4", "waves.mp4", "picture.png")
    made = run([sources[name] for name in names], tmp_path, workers=2)
    for name in names:
        assert made.targets[name].read_bytes() == once.targets[name].read_bytes()


def test_a_clip_alone_gives_the_bytes_it_gives_in_company(
    person: Extracted, tmp_path: Path
) -> None:
    company = person.targets["person.mp4"]
    made = run([company.with_name("person.mp4")], tmp_path)
    assert made.targets["person.mp4"].read_bytes() == company.read_bytes()


def test_what_is_done_is_kept_and_stale_temporaries_go(
    sources: dict[str, Path], once: Extracted
) -> None:
    target = once.targets["waves.mp4"]
    with fresh_file(target, overwrite=True) as temporary:
        name = temporary.name.replace(f"-{os.getpid()}-", f"-{_dead_pid()}-")
        temporary.write_bytes(target.read_bytes())
    stale = target.with_name(name)
    stale.write_bytes(b"half")
    before = target.stat().st_mtime_ns
    again = run([sources["waves.mp4"]], target.parent)
    assert again.results["waves.mp4"].outcome == "kept"
    assert target.stat().st_mtime_ns == before
    assert not stale.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (Extraction(refine_face=True), "has layout holistic543, not holistic553"),
        (Extraction(complexity=0), "was made by mediapipe-.* not with holistic543 complexity=0"),
        (Extraction(fps=12.5), "has 25 frames per second, not 12.5"),
    ],
)
def test_what_is_kept_of_another_kind_is_told_once(
    sources: dict[str, Path],
    once: Extracted,
    caplog: pytest.LogCaptureFixture,
    options: Extraction,
    words: str,
) -> None:
    folder = once.targets["long.mp4"].parent
    again = run([sources["long.mp4"], sources["waves.mp4"]], folder, options)
    assert {result.outcome for result in again.results.values()} == {"kept"}
    (warning,) = caplog.messages
    assert re.search(rf"long.mp4.npz: {words}.*--overwrite.*kept so: 2", warning)


def test_what_is_kept_and_was_asked_for_is_kept_without_a_word(
    sources: dict[str, Path], once: Extracted, caplog: pytest.LogCaptureFixture
) -> None:
    run([sources["waves.mp4"]], once.targets["waves.mp4"].parent, Extraction(fps=29.97))
    run([sources["picture.png"]], once.targets["picture.png"].parent, Extraction(fps=50))
    assert caplog.messages == []


def test_what_is_kept_and_cannot_be_read_is_told(
    sources: dict[str, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "waves.mp4.npz").write_bytes(b"mine")
    run([sources["waves.mp4"]], tmp_path)
    assert "waves.mp4.npz: is no .npz archive" in caplog.text
    assert (tmp_path / "waves.mp4.npz").read_bytes() == b"mine"


def test_a_killed_worker_loses_only_its_clip(sources: dict[str, Path], tmp_path: Path) -> None:
    names = ("long.mp4", "waves.mp4")
    jobs = [ClipJob(sources[name], tmp_path / f"{name}.npz") for name in names]
    events = extract_clips(jobs)
    next(events)
    (worker,) = _children()
    os.kill(worker, signal.SIGKILL)
    first, second = (event for event in events if isinstance(event, ClipResult))
    assert (first.job, first.outcome) == (jobs[0], "failed")
    assert "SIGKILL" in str(first.error)
    assert (second.job, second.outcome) == (jobs[1], "extracted")
    assert [path.name for path in tmp_path.iterdir()] == ["waves.mp4.npz"]


def test_a_run_that_is_given_up_leaves_nothing(sources: dict[str, Path], tmp_path: Path) -> None:
    events = extract_clips([ClipJob(sources["long.mp4"], tmp_path / "a.npz")])
    next(events)
    events.close()
    assert _children() == []
    assert list(tmp_path.iterdir()) == []


def test_a_rate_resamples_a_video_and_is_taken_by_a_folder(
    sources: dict[str, Path], tmp_path: Path
) -> None:
    made = run([sources["long.mp4"], sources["frames"]], tmp_path, Extraction(fps=12.5))
    for name, num_frames in (("long.mp4", 20), ("frames", 3)):
        sequence = read_poses(made.targets[name])
        assert (sequence.fps, sequence.num_frames) == (12.5, num_frames)


@pytest.mark.parametrize("fps", [0.1, 300.0])
def test_any_rate_that_a_file_can_have_is_a_rate_to_extract_at(
    sources: dict[str, Path], fps: float
) -> None:
    sequence = extract_poses(sources["waves.mp4"], Extraction(fps=fps))
    assert sequence.fps == fps
    assert sequence.num_frames == max(1, round(5 * 1001 / 30000 * fps))


def test_a_warning_of_a_child_is_heard(
    sources: dict[str, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    uneven = tmp_path / "uneven.mp4"
    drop = ("-vf", "select=not(eq(n\\,2))", "-fps_mode", "vfr")
    run_ffmpeg("-i", f"file:{sources['waves.mp4']}", *drop, f"file:{uneven}")
    extract_poses(uneven)
    assert f"{uneven}: frames are unevenly spaced" in caplog.text


def test_irises_are_found_when_asked(person: Extracted) -> None:
    picture = person.targets["person.png"].with_name("person.png")
    sequence = extract_poses(picture, Extraction(refine_face=True))
    rows = layout("holistic553").rows
    assert sequence.layout == "holistic553"
    for iris, inner, outer in ((468, 133, 33), (473, 362, 263)):
        x = sequence.keypoints[0, [rows[f"face.{p}"] for p in (iris, inner, outer)], 0]
        assert min(x[1:]) < x[0] < max(x[1:])


def _children() -> list[int]:
    return [int(pid) for pid in Path("/proc/thread-self/children").read_text().split()]


def _dead_pid() -> int:
    with subprocess.Popen(["true"]) as child:
        return child.pid
