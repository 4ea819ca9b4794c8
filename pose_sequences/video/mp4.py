"""MP4 out: frames go to x264 as they come, and the file is read back before it gets its name.

H.264, yuv420p, BT.709, the index in front: what browsers play. Nothing is resized, padded or
dropped.
"""

import contextlib
import os
import select
import subprocess
import tempfile
from collections.abc import Iterable
from fractions import Fraction
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np
import numpy.typing as npt

from pose_sequences.errors import OutputError, VideoError
from pose_sequences.limits import MAX_FPS, MIN_FPS
from pose_sequences.outputs import fresh_file
from pose_sequences.video.clock import exact_fps
from pose_sequences.video.ffmpeg import Ending, end_child, read_log, start_ffmpeg
from pose_sequences.video.file import file_info

MAX_SIDE = 4096
MAX_COMMENT = 16_384
STALL_SECONDS = 120.0  # in which the encoder takes no byte; at the end, for what it holds back

# fixed, so that the bytes cannot depend on the number of cores
_THREADS = "4"
# against "medium" at the same crf: 3.6 times as fast, 0.4 dB less, a third smaller (512x512)
_PRESET = "veryfast"
_CONVERSION = (
    "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int+bitexact,"
    "format=yuv420p,"
    "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"
)


class Mp4Writer:
    """A video being written: ``with Mp4Writer(path, 256, 256, fps) as video: video.write(frame)``.

    The file appears at the end of the block, whole and read back; if the block raises, nothing
    stays, not even after ``finish``, with which all but the name is done early. The same frames
    give the same bytes on one machine.

    path: where the file is to stand; width, height: even, at most 4096 pixels; fps: 0.1 to 1000, as
    exact_fps understands it, so 29.97 is 30000/1001; crf: 1 (best) to 51 (smallest); overwrite:
    whether an existing file may be replaced; comment: text kept in the container.
    Raises OutputError for what cannot be written, at the start wherever it is known at the start.
    """

    def __init__(
        self,
        path: str | Path,
        width: int,
        height: int,
        fps: Fraction | float,
        *,
        crf: int = 18,
        overwrite: bool = False,
        comment: str = "",
    ) -> None:
        self._path = Path(path)
        self._shape = (height, width, 3)
        self._crf, self._comment, self._overwrite = crf, comment, overwrite
        self.num_frames = 0
        self._finished = False
        self._check_request(fps)
        self._fps = exact_fps(fps)

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as resources:
            target = fresh_file(self._path, overwrite=self._overwrite)
            self._temporary = resources.enter_context(target)
            self._log = resources.enter_context(tempfile.TemporaryFile())
            self._child = start_ffmpeg(
                self._arguments(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, log=self._log
            )
            resources.callback(end_child, self._child)
            os.set_blocking(self._pipe().fileno(), False)  # else a write may wait for ever
            self._resources = resources.pop_all()
        return self

    def write(self, frame: npt.NDArray[np.uint8]) -> None:
        """Append one frame, uint8 (H, W, 3) in RGB order."""
        if frame.shape != self._shape or frame.dtype != np.uint8:
            raise OutputError(
                self._path,
                f"frame {self.num_frames} is {frame.dtype} {frame.shape}",
                f"give every frame as uint8 {self._shape}",
            )
        try:
            self._feed(np.ascontiguousarray(frame).data.cast("B"))
        except BrokenPipeError as error:
            raise self._failed() from error
        self.num_frames += 1

    def finish(self) -> None:
        """Take no more frames, and read back what was written; the file has no name yet."""
        if not self._finished:
            self._finish()
            self._finished = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            # an OSError of the block must not be taken for one of the file's: it stays outside
            with contextlib.suppress(_Abandoned), self._resources:
                raise _Abandoned
            return
        with self._resources:
            self.finish()

    def _feed(self, rest: memoryview) -> None:
        pipe = self._pipe()
        # poll, not select: select cannot watch descriptors above 1023
        ready = select.poll()
        ready.register(pipe, select.POLLOUT)
        while rest:
            if not ready.poll(STALL_SECONDS * 1000):
                raise self._stalled()
            rest = rest[pipe.write(rest) or 0 :]

    def _finish(self) -> None:
        if self.num_frames == 0:
            raise _no_frame(self._path)
        self._pipe().close()
        try:
            code = self._child.wait(STALL_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise self._stalled() from error
        if code != 0:
            raise self._failed()
        self._verify()

    def _verify(self) -> None:
        height, width, _ = self._shape
        expected = f"{self.num_frames} frames of {width}x{height}"
        try:
            info, _ = file_info(self._temporary)
        except VideoError as error:
            raise OutputError(
                self._path, f"was written and {error.fault}", "check the disk and try again"
            ) from error
        found = f"{info.num_frames} frames of {info.width}x{info.height}"
        if found != expected:
            raise OutputError(
                self._path,
                f"holds {found} after {expected} were written",
                "check the disk and try again",
            )

    def _pipe(self) -> IO[bytes]:
        assert self._child.stdin is not None
        return self._child.stdin

    def _stalled(self) -> OutputError:
        return OutputError(
            self._path,
            f"kept ffmpeg busy for {STALL_SECONDS:g} s after {self.num_frames} frames",
            "check memory and disk and try again",
        )

    def _failed(self) -> OutputError:
        code = self._child.wait()
        reason = Ending(code, read_log(self._log)).errors
        ended = f"signal {-code}" if code < 0 else f"exit code {code}"
        return OutputError(
            self._path,
            f"ffmpeg ended with {ended} after {self.num_frames} frames"
            + (f" ({reason})" if reason else ""),
            "check memory and disk and try again",
        )

    def _check_request(self, fps: Fraction | float) -> None:
        height, width, _ = self._shape
        sides = f"{width}x{height}"
        wrong = None
        if width % 2 or height % 2:
            wrong = f"cannot be {sides}: H.264 in yuv420p has no odd sides", "choose an even size"
        elif not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
            wrong = f"cannot be {sides}", f"choose 2 to {MAX_SIDE} pixels a side"
        elif not MIN_FPS <= float(fps) <= MAX_FPS:
            wrong = f"cannot have {fps} frames per second", f"choose {MIN_FPS:g} to {MAX_FPS:g}"
        elif not 1 <= self._crf <= 51:
            wrong = f"cannot have crf {self._crf}", "choose 1 (best) to 51 (smallest)"
        elif "\0" in self._comment or len(self._comment) > MAX_COMMENT:
            wrong = "cannot hold this comment", f"give at most {MAX_COMMENT} characters, no NUL"
        if wrong is not None:
            raise OutputError(self._path, *wrong)

    def _arguments(self) -> list[str]:
        height, width, _ = self._shape
        return [
            *("-v", "level+error", "-f", "rawvideo", "-pix_fmt", "rgb24"),
            *("-video_size", f"{width}x{height}", "-framerate", f"{self._fps}", "-i", "pipe:0"),
            *("-fps_mode", "passthrough", "-filter_threads", "1", "-vf", _CONVERSION),
            *("-c:v", "libx264", "-preset", _PRESET, "-crf", f"{self._crf}"),
            *("-threads", _THREADS),
            *("-map_metadata", "-1", "-metadata", f"comment={self._comment}"),
            *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart"),
            *("-f", "mp4", f"file:{self._temporary.absolute()}"),
        ]


def write_mp4(
    path: str | Path,
    frames: Iterable[npt.NDArray[np.uint8]],
    fps: Fraction | float,
    *,
    crf: int = 18,
    overwrite: bool = False,
    comment: str = "",
) -> int:
    """Write frames, uint8 (H, W, 3) and of the first one's size, and return how many they were.

    Arguments and errors are those of Mp4Writer; frames are taken one by one, as they come.
    """
    rest = iter(frames)
    first = next(rest, None)
    if first is None:
        raise _no_frame(Path(path))
    if first.ndim != 3:
        raise OutputError(path, f"frame 0 is {first.dtype} {first.shape}", "give uint8 (H, W, 3)")
    height, width, _ = first.shape
    with Mp4Writer(
        path, width, height, fps, crf=crf, overwrite=overwrite, comment=comment
    ) as video:
        for frame in chain([first], rest):
            video.write(frame)
    return video.num_frames


class _Abandoned(Exception):
    """The block of a writer raised."""


def _no_frame(path: Path) -> OutputError:
    return OutputError(path, "was given no frame", "write at least one")
