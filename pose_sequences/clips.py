"""Which clips a folder holds: videos, and folders of frames, however deep.

What a clip shows is read by video.py; here only names count.
"""

from collections.abc import Iterator
from pathlib import Path

from pose_sequences.errors import VideoError
from pose_sequences.video.folder import SUFFIXES as PICTURES

VIDEOS = (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".ts", ".mts", ".mpg", ".mpeg")


def is_frame_folder(folder: Path) -> bool:
    """Return whether the folder itself is a clip: it holds pictures and no video."""
    kinds = {entry.suffix.lower() for entry in _visible(folder)}
    return bool(kinds & set(PICTURES)) and not kinds & set(VIDEOS)


def find_clips(folder: Path) -> list[Path]:
    """List the clips below a folder, in the order of their names; links are not followed.

    Pictures beside videos belong to nobody and are left out. Raises VideoError if there is no clip.
    """
    found = list(_walk(folder))
    if not found:
        raise VideoError(
            folder, "holds no video and no folder of frames", f"put {', '.join(VIDEOS)} there"
        )
    return found


def _walk(folder: Path) -> Iterator[Path]:
    try:
        entries = _visible(folder)
        whole = is_frame_folder(folder)
    except OSError as error:
        raise VideoError(
            folder, f"cannot be listed ({error.strerror})", "check the permissions"
        ) from error
    if whole:
        yield folder
        return
    for entry in entries:
        if entry.suffix.lower() in VIDEOS and entry.is_file():
            yield entry
        elif entry.is_dir() and not entry.is_symlink():
            yield from _walk(entry)


def _visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
