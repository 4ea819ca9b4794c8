"""Which clips a folder holds: videos, and folders of frames, however deep.

What a clip shows is read by the package video; here only names count.
"""

import logging
from pathlib import Path

from pose_sequences.errors import VideoError
from pose_sequences.folders import Wanted, find
from pose_sequences.video.folder import SUFFIXES as PICTURES

VIDEOS = (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".ts", ".mts", ".mpg", ".mpeg")

_CLIPS = Wanted(VIDEOS, tuple(PICTURES), "clips", "pictures", VideoError)

logger = logging.getLogger(__name__)


def find_clips(folder: Path) -> list[Path]:
    """List the clips of a folder, in the order of their names; linked folders are not followed.

    A folder with pictures and without clips is a clip itself, so the answer may be the folder
    alone. Pictures beside clips belong to nobody and are left out, which the log says.
    Raises VideoError if there is no clip.
    """
    found = find(folder, _CLIPS, logger)
    if not found:
        raise VideoError(
            folder, "holds no video and no folder of frames", f"put {', '.join(VIDEOS)} there"
        )
    return found
