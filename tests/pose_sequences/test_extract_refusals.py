from concurrent.futures import CancelledError
from importlib.util import find_spec
from pathlib import Path

import pytest

from pose_sequences.errors import ImageError, InputError, OutputError, ToolError, VideoError
from pose_sequences.extract import (
    ClipJob,
    ClipResult,
    Extraction,
    extract_clips,
    extract_poses,
    extracting,
)
from pose_sequences.images import write_png
from pose_sequences.outputs import fresh_file
from pose_sequences.video.mp4 import write_mp4
from tests.pose_sequences.frames import moving_frames


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "waves.mp4"
    write_mp4(path, moving_frames(2), 25)
    return path


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("missing.mp4", InputError, "cannot be opened"),
        ("text.mp4", VideoError, "text.mp4"),
        ("cut.png", ImageError, "cut.png"),
    ],
)
def test_a_bad_source_is_one_line_that_names_it(
    name: str, error: type[InputError], words: str, tmp_path: Path
) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    write_png(tmp_path / "whole.png", moving_frames(1)[0], overwrite=False)
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:200])
    source = tmp_path / name
    with pytest.raises(error, match=words) as caught:
        extract_poses(source)
    assert "\n" not in str(caught.value)
    assert str(source) in str(caught.value)


def test_what_is_begun_beside_other_work_ends_as_if_it_were_not(tmp_path: Path) -> None:
    with (
        extracting(tmp_path / "nowhere.png") as found,
        pytest.raises(InputError, match=r"nowhere\.png"),
    ):
        found()


def test_what_is_begun_beside_other_work_ends_with_it(clip: Path) -> None:
    with pytest.raises(KeyError), extracting(clip) as found:
        raise KeyError
    with pytest.raises(CancelledError):
        found()


def test_the_detector_is_mute_and_starts_from_a_notebook_too(
    clip: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    extract_poses(clip)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("package", "raises", "remedy"),
    [
        ("mediapipe", "ModuleNotFoundError(\"No module named 'mediapipe'\")", "pip install"),
        (
            "cv2",
            "ImportError('libGL.so.1: cannot open shared object file: No such file or directory')",
            "libGL.so.1, .* apt-get install -y libgl1 libglib2.0-0",
        ),
        ("cv2", "ImportError('numpy.core.multiarray failed')", "multiarray failed.*pip install"),
    ],
)
def test_what_the_machine_lacks_is_named_with_its_remedy(
    package: str,
    raises: str,
    remedy: str,
    clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").write_text(f"raise {raises}")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ToolError, match=remedy):
        extract_poses(clip)


def test_a_model_that_is_not_installed_is_never_fetched(clip: Path) -> None:
    found = find_spec("mediapipe")
    assert found is not None
    package = Path(found.origin or "").parent
    if (package / "modules" / "pose_landmark" / "pose_landmark_heavy.tflite").exists():
        pytest.skip("the model is installed")
    with pytest.raises(ToolError, match=r"run: curl -o \S+pose_landmark_heavy.tflite https://"):
        extract_poses(clip, Extraction(complexity=2))


def test_no_folder_is_made_for_results_that_never_come(tmp_path: Path) -> None:
    jobs = [ClipJob(tmp_path / "nobody.mp4", tmp_path / "deep" / "er" / "nobody.npz")]
    (result,) = (event for event in extract_clips(jobs) if isinstance(event, ClipResult))
    assert result.outcome == "failed"
    assert not list(tmp_path.iterdir())


def test_more_frames_than_a_file_holds_are_refused_before_they_are_read(tmp_path: Path) -> None:
    write_mp4(tmp_path / "a.mp4", moving_frames(75), 2)
    with pytest.raises(VideoError, match=r"has 37500 frames, more than the \d+ that a pose file"):
        extract_poses(tmp_path / "a.mp4", Extraction(fps=1000))


def test_targets_that_cannot_be_are_refused_before_any_work(tmp_path: Path) -> None:
    one, two = tmp_path / "a" / "x.mp4", tmp_path / "b" / "x.mp4"
    with pytest.raises(OutputError, match="both"):
        extract_clips([ClipJob(one, tmp_path / "x.npz"), ClipJob(two, tmp_path / "x.npz")])
    with pytest.raises(OutputError, match=r"\.npz"):
        extract_clips([ClipJob(one, tmp_path / "x.mp4")])
    with fresh_file(tmp_path / "file", overwrite=False) as file:
        file.write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be made"):
        extract_clips([ClipJob(one, tmp_path / "file" / "x.npz")])


@pytest.mark.parametrize(
    "wrong", [{"complexity": 3}, {"fps": 0.09}, {"fps": 1001.0}, {"fps": float("nan")}]
)
def test_settings_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="is possible"):
        Extraction(**wrong)
    with pytest.raises(ValueError, match="at least 1"):
        extract_clips([], workers=0)
