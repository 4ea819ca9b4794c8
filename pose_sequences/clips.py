"""Which clips a folder holds: videos, and folders of frames, however deep.

What a clip shows is read by the package video; here only names count.
"""

import logging
from pathlib import Path

from pose_sequences.errors import VideoError
from pose_sequences.video.folder import SUFFIXES as PICTURES

VIDEOS = (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".ts", ".mts", ".mpg", ".mpeg")

logger = logging.getLogger(__name__)


def find_clips(folder: Path) -> list[Path]:
    """List the clips of a folder, in the order of their names; linked folders are not followed.

    A folder with pictures and without clips is a clip itself, so the answer may be the folder
    alone. Pictures beside clips belong to nobody and are left out, which the log says.
    Raises VideoError if there is no clip.
    """
    found = _clips(folder)
    if not found:
        raise VideoError(
            folder, "holds no video and no folder of frames", f"put {', '.join(VIDEOS)} there"
        )
    return found


def _clips(folder: Path) -> list[Path]:
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
        folders = {entry for entry in entries if entry.is_dir()}
    except OSError as error:
        raise VideoError(
            folder, f"cannot be listed ({error.strerror})", "check the permissions"
        ) from error
    found: list[Path] = []
    for entry in entries:
        if entry in folders:
            found += [] if entry.is_symlink() else _clips(entry)
        elif entry.suffix.lower() in VIDEOS:
            found.append(entry)
    num_pictures = sum(entry.suffix.lower() in PICTURES for entry in entries)
    if num_pictures and not found:
        return [folder]
    if num_pictures:
        logger.warning("%s: left out, since clips are there: %d pictures", folder, num_pictures)
    return found
