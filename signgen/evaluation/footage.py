"""The frames of a pair, chunk by chunk: opened, found to belong together, and brought to one size.

Nothing is resized, cut or filled up unasked: a pair that does not fit is refused in one line.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pose_sequences.errors import PoseFileError, VideoError
from pose_sequences.sequence import PoseSequence
from pose_sequences.video import open_frames
from pose_sequences.video.info import VideoInfo
from signgen.evaluation.figures import Chunk
from signgen.evaluation.pairs import ClipPair
from signgen.evaluation.regions import find_regions, no_regions

FRAMES_AT_ONCE = 16
_SAME_RATE = 0.01


@dataclass(frozen=True, kw_only=True)
class Footage:
    """What a pair holds: num_frames and size (width, height) are those of the figures to come.

    note: what is to be known of the pair, "" for nothing.
    """

    num_frames: int
    size: tuple[int, int]
    own_size: tuple[int, int]
    fps: float
    note: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class OpenPair:
    """A pair whose frames come when they are asked for, of each clip one by one."""

    footage: Footage
    sources: tuple[Iterator[NDArray[np.uint8]], ...]


def open_pair(pair: ClipPair, *, resize: bool) -> OpenPair:
    """Look at both clips of a pair, decoding nothing yet.

    resize: whether the generated clip may be brought to the reference's size. Raises VideoError
    unless they have as many frames, and one size.
    """
    info, frames = open_frames(pair.generated)
    if pair.reference is None:
        return OpenPair(footage=_footage(info, info), sources=(frames,))
    other, true_frames = open_frames(pair.reference)
    if other.num_frames != info.num_frames:
        raise VideoError(
            pair.generated,
            f"has {info.num_frames} frames, {pair.reference} has {other.num_frames}",
            "generate it from all frames of the reference, and no more",
        )
    if _size(info) != _size(other) and not resize:
        raise VideoError(
            pair.generated,
            f"is {info.width}x{info.height}, {pair.reference} is {other.width}x{other.height}",
            "pass --resize to bring it to that size, which the signatures then say",
        )
    # a folder of frames has no rate of its own
    note = "" if pair.generated.is_dir() or pair.reference.is_dir() else _rates(info, other)
    return OpenPair(footage=_footage(info, other, note), sources=(frames, true_frames))


def check_poses(path: Path, poses: PoseSequence, footage: Footage) -> None:
    """Raise PoseFileError unless there is a pose for each frame."""
    if poses.num_frames != footage.num_frames:
        raise PoseFileError(
            path,
            f"has {poses.num_frames} poses for a clip of {footage.num_frames} frames",
            "give the poses that the clip was generated from",
        )


def read_chunks(opened: OpenPair, poses: PoseSequence | None) -> Iterator[Chunk]:
    """Yield all frames of a pair, FRAMES_AT_ONCE at a time, in constant memory.

    poses: of the frames, to find hands and face by; None where they are not known. Raises
    VideoError where a clip is damaged.
    """
    footage, sources = opened.footage, opened.sources
    found = no_regions(footage.num_frames)
    if poses is not None:
        found = find_regions(poses, footage.size)
    for first in range(0, footage.num_frames, FRAMES_AT_ONCE):
        stop = min(first + FRAMES_AT_ONCE, footage.num_frames)
        pictures = [np.stack(list(islice(source, stop - first))) for source in sources]
        yield Chunk(
            first=first,
            generated=_resized(pictures[0], footage),
            reference=pictures[1] if len(pictures) == 2 else None,
            regions=found.frames(first, stop),
        )
    for source in sources:
        next(source, None)  # the reader's proof that its file was whole comes after the last frame


def _resized(frames: NDArray[np.uint8], footage: Footage) -> NDArray[np.uint8]:
    if footage.size == footage.own_size:
        return frames
    from PIL import Image

    return np.stack(
        [
            np.asarray(Image.fromarray(frame).resize(footage.size, Image.Resampling.BICUBIC))
            for frame in frames
        ]
    )


def _footage(own: VideoInfo, other: VideoInfo, note: str = "") -> Footage:
    return Footage(
        num_frames=own.num_frames,
        size=_size(other),
        own_size=_size(own),
        fps=float(own.fps),
        note=note,
    )


def _rates(own: VideoInfo, other: VideoInfo) -> str:
    if abs(own.fps / other.fps - 1) < _SAME_RATE:
        return ""
    return (
        f"plays at {float(own.fps):g} frames a second and its reference at {float(other.fps):g}: "
        "compared frame by frame"
    )


def _size(info: VideoInfo) -> tuple[int, int]:
    return info.width, info.height
