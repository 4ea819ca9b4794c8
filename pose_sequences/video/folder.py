"""A folder of pictures read as a video: natural order, one size, no time stamps.

RWTH-PHOENIX-Weather keeps its clips so. A picture by itself is images.py.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pose_sequences.errors import ImageError, VideoError
from pose_sequences.images import read_image
from pose_sequences.video.clock import FrameClock, even_clock
from pose_sequences.video.info import VideoInfo

logger = logging.getLogger(__name__)

_NUMBER = re.compile(r"(\d{1,18})$")

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def frame_files(folder: Path) -> list[Path]:
    """List a folder's pictures, ``frame2.png`` before ``frame10.png``; hidden files are no frames.

    Raises VideoError if there is none or the folder cannot be listed.
    """
    try:
        entries = [entry for entry in folder.iterdir() if entry.suffix.lower() in SUFFIXES]
    except OSError as error:
        raise VideoError(
            folder, f"cannot be listed ({error.strerror})", "check the permissions"
        ) from error
    files = sorted((e for e in entries if not e.name.startswith(".")), key=_natural)
    if not files:
        raise VideoError(
            folder, "is a folder without pictures", f"put frames there as {', '.join(SUFFIXES)}"
        )
    return files


def folder_info(folder: Path, fps: Fraction) -> tuple[VideoInfo, FrameClock]:
    """Describe a folder of frames; the size is that of the first one."""
    files = frame_files(folder)
    _warn_of_gaps(folder, files)
    height, width, _ = _read(folder, files[0]).shape
    clock = even_clock(len(files), fps)
    codec = files[0].suffix.lower().lstrip(".")
    return VideoInfo(width, height, fps, len(files), clock.duration, codec), clock


def _warn_of_gaps(folder: Path, files: list[Path]) -> None:
    numbers = [int(match[1]) for file in files if (match := _NUMBER.search(file.stem))]
    lacking = max(numbers, default=0) - min(numbers, default=0) + 1 - len(numbers)
    if len(numbers) == len(files) and lacking > 0:
        logger.warning(
            "%s: %d frames are missing between %s and %s; the others are read one after another",
            *(folder, lacking, files[0].name, files[-1].name),
        )


def folder_frames(
    folder: Path, indices: Iterable[int], size: tuple[int, int]
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the pictures of these indices; each must be of ``size`` (width, height)."""
    files = frame_files(folder)
    shown: tuple[int, npt.NDArray[np.uint8]] | None = None
    for index in indices:
        if shown is None or shown[0] != index:
            shown = index, _sized(folder, files, index, size)
        yield shown[1].copy()


def _sized(
    folder: Path, files: list[Path], index: int, size: tuple[int, int]
) -> npt.NDArray[np.uint8]:
    if index >= len(files):
        raise VideoError(folder, "lost pictures while it was read", "read it when it is at rest")
    picture = _read(folder, files[index])
    height, width, _ = picture.shape
    if (width, height) != size:
        raise VideoError(
            folder,
            f"{files[index].name} is {width}x{height}, the frames before it {size[0]}x{size[1]}",
            "give every frame one size",
        )
    return picture


def _read(folder: Path, file: Path) -> npt.NDArray[np.uint8]:
    try:
        return read_image(file)
    except ImageError as error:
        raise VideoError(folder, f"{file.name} {error.fault}", error.remedy) from error


def _natural(file: Path) -> tuple[list[tuple[int, str]], str]:
    pieces = re.findall(r"[0-9]+|[^0-9]+", file.name.casefold())
    return [(int(p), "") if p.isdecimal() else (-1, p) for p in pieces], file.name
