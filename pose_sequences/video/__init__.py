"""Video in: what it is, its frames one after another, and clips of our own corpora by index.

Files come from anybody, so ffmpeg reads them in a guarded child (ffmpeg.py) and a file that does
not hold what it states is refused rather than shown in part. Writing is mp4.py.
"""

import logging
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from pose_sequences.errors import VideoError
from pose_sequences.inputs import is_folder, open_input
from pose_sequences.video.clock import FrameClock, exact_fps
from pose_sequences.video.file import file_frames, file_info, find_demuxer
from pose_sequences.video.folder import folder_frames, folder_info
from pose_sequences.video.info import VideoInfo, VideoLimits, check_limits

if TYPE_CHECKING:
    from decord import VideoReader

FOLDER_FPS = Fraction(25)  # of RWTH-PHOENIX-Weather; a folder of frames does not tell its own

_LIMITS = VideoLimits()

logger = logging.getLogger(__name__)


class FrameOptions(TypedDict, total=False):
    """The options of open_frames, for those who pass them on."""

    fps: Fraction | float | None
    start_frame: int
    max_frames: int | None
    folder_fps: Fraction | float
    limits: VideoLimits


def probe(
    path: str | Path, *, folder_fps: Fraction | float = FOLDER_FPS, limits: VideoLimits = _LIMITS
) -> VideoInfo:
    """Tell what a video or a folder of frames is, from every packet's time stamp, decoding nothing.

    path: MP4, MOV, WebM, MKV, AVI or MPEG-TS file, or a folder of PNG, JPEG or WebP frames.
    folder_fps: the rate of a folder, which has none of its own.
    Raises VideoError if it is none of these, cut short, or beyond ``limits``.
    """
    return _probe(Path(path), folder_fps, limits)[0]


def open_frames(
    path: str | Path,
    *,
    fps: Fraction | float | None = None,
    start_frame: int = 0,
    max_frames: int | None = None,
    folder_fps: Fraction | float = FOLDER_FPS,
    limits: VideoLimits = _LIMITS,
) -> tuple[VideoInfo, Iterator[npt.NDArray[np.uint8]]]:
    """Probe once and return what will come, and the frames, uint8 (H, W, 3), in constant memory.

    fps: resample to this rate: ``round(duration * fps)`` frames, each showing the source frame that
    is on screen at the middle of its interval (the nearest one, where the source is even); None
    gives each source frame once, also where they are unevenly spaced, of which the log warns.
    start_frame, max_frames: a part of the frames, counted after resampling.
    The returned VideoInfo has the rate, count and duration of what is delivered.

    Raises VideoError at once as ``probe``, and while frames are read if the file is damaged. When
    all frames of a file are read, their count is compared with the container's; a reader that stops
    earlier has no such proof. Closing the iterator ends the child.
    """
    path = Path(path)
    info, clock = _probe(path, folder_fps, limits)
    rate = clock.fps if fps is None else _rate(fps, limits)
    shown = clock.shown_at(rate)
    indices = _part(path, shown, start_frame, max_frames)
    to_the_end = start_frame + len(indices) == len(shown)
    if fps is None and not clock.even:
        logger.warning(
            "%s: frames are unevenly spaced and come one by one at their mean rate, %.3f; "
            "give a rate to keep their times",
            path,
            float(rate),
        )
    delivered = replace(info, fps=rate, num_frames=len(indices), duration=len(indices) / rate)
    if is_folder(path, VideoError):
        return delivered, folder_frames(path, indices.tolist(), (info.width, info.height))
    return delivered, _pick(file_frames(path, info), indices, to_the_end=to_the_end)


def read_frames(
    path: str | Path, **options: Unpack[FrameOptions]
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the frames of a video or folder, uint8 (H, W, 3); options as open_frames."""
    return open_frames(path, **options)[1]


def _probe(
    path: Path, folder_fps: Fraction | float, limits: VideoLimits
) -> tuple[VideoInfo, FrameClock]:
    if is_folder(path, VideoError):
        info, clock = folder_info(path, _rate(folder_fps, limits))
    else:
        info, clock = file_info(path)
    check_limits(path, info, limits)
    return info, clock


def _rate(fps: Fraction | float, limits: VideoLimits) -> Fraction:
    if not limits.min_fps <= float(fps) <= limits.max_fps:
        raise ValueError(f"fps is {fps}; give {limits.min_fps:g} to {limits.max_fps:g}")
    return exact_fps(fps)


def _part(
    path: Path, shown: npt.NDArray[np.int64], start_frame: int, max_frames: int | None
) -> npt.NDArray[np.int64]:
    if start_frame < 0 or (max_frames is not None and max_frames < 1):
        raise ValueError(
            f"start_frame is {start_frame} and max_frames {max_frames}; "
            "give at least 0 and at least 1"
        )
    if start_frame >= len(shown):
        raise VideoError(
            path, f"has {len(shown)} frames, none at {start_frame}", "start at an earlier frame"
        )
    return shown[start_frame : None if max_frames is None else start_frame + max_frames]


def _pick(
    frames: Generator[npt.NDArray[np.uint8], None, None],
    indices: npt.NDArray[np.int64],
    *,
    to_the_end: bool,
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the frames of these indices, which ascend and may repeat; the first use is no copy."""
    times = Counter(indices.tolist())
    last = int(indices[-1])
    with closing(frames):
        for index, frame in enumerate(frames):
            for repeat in range(times[index]):
                yield frame.copy() if repeat else frame
            if index == last and not to_the_end:
                return


class ClipReader:
    """Random access into a clip **of our own making**: a corpus that mp4.py or the studio wrote.

    decord decodes inside this process, by a library older than years of security fixes, and hides
    damage: never give it a file from elsewhere, for which there is read_frames. Without decord, as
    on ARM, the guarded ffmpeg decodes the clip up to the last index asked for, which the log says.
    A reader cannot be pickled: open one in each worker.

    path: an MP4 of ours. Raises VideoError if it cannot be opened.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        with open_input(self._path, VideoError) as file:
            find_demuxer(self._path, file)
        self._decord = _open_decord(self._path)
        self.num_frames: int = (
            probe(self._path).num_frames if self._decord is None else len(self._decord)
        )

    def __len__(self) -> int:
        return self.num_frames

    def read(self, indices: Sequence[int]) -> npt.NDArray[np.uint8]:
        """Return the frames of these indices, in this order: (len(indices), H, W, 3)."""
        outside = [int(i) for i in indices if not 0 <= i < self.num_frames]
        if outside or len(indices) == 0:
            raise VideoError(
                self._path,
                f"has {self.num_frames} frames and was asked for {outside or 'none'}",
                f"give indices from 0 to {self.num_frames - 1}",
            )
        if self._decord is None:
            return self._read_in_order(indices)
        from decord._ffi.base import DECORDError

        try:
            return np.asarray(self._decord.get_batch(list(indices)).asnumpy(), np.uint8)
        except (RuntimeError, DECORDError) as error:
            raise _undecodable(self._path, error) from error

    def _read_in_order(self, indices: Sequence[int]) -> npt.NDArray[np.uint8]:
        wanted = set(indices)
        frames = read_frames(self._path, max_frames=max(wanted) + 1)
        kept = {index: frame for index, frame in enumerate(frames) if index in wanted}
        return np.stack([kept[index] for index in indices])


def read_clip(path: str | Path, indices: Sequence[int]) -> npt.NDArray[np.uint8]:
    """Return frames of one clip of our own making, as ClipReader does: (len(indices), H, W, 3)."""
    return ClipReader(path).read(indices)


def _open_decord(path: Path) -> "VideoReader | None":
    try:
        import decord
        from decord._ffi.base import DECORDError
    except ImportError:
        logger.info("%s: decord is not installed, clips are read from their beginning", path)
        return None
    try:
        return decord.VideoReader(str(path.resolve()), num_threads=1)
    except (RuntimeError, DECORDError) as error:
        raise _undecodable(path, error) from error


def _undecodable(path: Path, error: Exception) -> VideoError:
    return VideoError(path, f"cannot be read by decord ({error})", "write the clip anew")
