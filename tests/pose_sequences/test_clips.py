"""Every clip below a folder is found once, and what is left out is said."""

from pathlib import Path

import pytest

from pose_sequences.clips import find_clips
from pose_sequences.errors import VideoError

pytestmark = pytest.mark.light


def lay(folder: Path, *names: str) -> Path:
    """Make empty files: only names count."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def found(folder: Path) -> list[str]:
    return [clip.relative_to(folder).as_posix() for clip in find_clips(folder)]


def test_videos_and_frame_folders_are_found_however_deep(tmp_path: Path) -> None:
    lay(tmp_path, "b.MP4", "a/deep/c.webm", "a/frames/1.png", "notes.txt", ".hidden.mp4")
    assert found(tmp_path) == ["a/deep/c.webm", "a/frames", "b.MP4"]


def test_pictures_beside_videos_below_do_not_hide_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lay(tmp_path, "cover.png", "back.jpg", "a/h.mp4", "b/1.png")
    assert found(tmp_path) == ["a/h.mp4", "b"]
    assert f"{tmp_path}: left out, since clips are there: 2 pictures" in caplog.text


def test_pictures_beside_a_video_are_left_out_aloud(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert found(lay(tmp_path, "cover.png", "h.mp4")) == ["h.mp4"]
    assert "1 picture" in caplog.text


def test_a_folder_of_frames_with_other_files_is_one_clip(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lay(tmp_path, "1.png", "2.png", "times.csv", "camera.json", "notes/readme.txt", ".git/x.mp4")
    assert find_clips(tmp_path) == [tmp_path]
    assert caplog.text == ""


def test_a_video_whose_content_is_elsewhere_is_a_clip_and_not_forgotten(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").symlink_to(tmp_path / "objects" / "SHA256E-1")
    assert found(tmp_path) == ["a.mp4"]


def test_linked_folders_are_not_followed(tmp_path: Path) -> None:
    lay(tmp_path, "a/h.mp4")
    (tmp_path / "a" / "round").symlink_to(tmp_path)
    assert found(tmp_path) == ["a/h.mp4"]


def test_a_folder_without_clips_is_refused(tmp_path: Path) -> None:
    lay(tmp_path, "a/notes.txt")
    with pytest.raises(VideoError, match="holds no video and no folder of frames"):
        find_clips(tmp_path)
    with pytest.raises(VideoError, match="cannot be listed"):
        find_clips(tmp_path / "nowhere")
