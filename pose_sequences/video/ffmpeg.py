"""ffmpeg as a child process: where it is, how it starts, and the cage it reads untrusted files in.

The one module that knows imageio-ffmpeg. What the child's output means is known by its callers.
"""

import os
import re
import resource
import select
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO, Self

from pose_sequences.errors import ToolError, VideoError, single_line

# decoders by ffmpeg's names; the formats of phones, cameras and browsers, and nothing exotic
DECODERS = (
    *("h264", "hevc", "vp8", "vp9", "libdav1d", "av1"),
    *("mpeg4", "h263", "mjpeg", "mpeg1video", "mpeg2video"),
)
MAX_STREAMS = 32

_BUFFER = 1 << 20
_LOG_BYTES = 1 << 20
_UNWANTED = ("FFREPORT", "AV_LOG_FORCE_COLOR")  # they make ffmpeg write files and colour its log
_WRONG = re.compile(r"\[(?:error|fatal|panic)\]")
_ORIGIN = re.compile(r"(?:\[[^\]]* @ 0x[0-9a-f]+\] )*\[(?:error|fatal|panic)\] ")


@dataclass(frozen=True, kw_only=True)
class Guard:
    """Bounds of one child: a healthy file never comes near them."""

    memory_bytes: int = 2 << 30
    cpu_seconds: int = 120
    stall_seconds: float = 30.0  # without one byte from the child while somebody waits for it


@dataclass(frozen=True)
class Ending:
    """How a child ended: exit code (negative: the signal) and log, each line with its level."""

    code: int
    log: str

    @property
    def errors(self) -> str:
        """The last of what went wrong, as one line."""
        wrong = [_ORIGIN.sub("", line) for line in self.log.splitlines() if _WRONG.search(line)]
        return single_line(" / ".join(wrong[-2:]), 300)


@lru_cache(maxsize=1)
def ffmpeg_path() -> str:
    """Return the ffmpeg executable; ToolError with the remedy if this machine has none."""
    remedy = "run: pip install --force-reinstall imageio-ffmpeg"
    try:
        import imageio_ffmpeg
    except ImportError as error:
        raise ToolError(f"imageio-ffmpeg is not installed; {remedy}") from error
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise ToolError(f"imageio-ffmpeg has no ffmpeg for this machine; {remedy}") from error


def start_ffmpeg(
    arguments: Sequence[str],
    *,
    stdin: IO[bytes] | int,
    stdout: IO[bytes] | int,
    log: IO[bytes] | int,
) -> subprocess.Popen[bytes]:
    """Start ffmpeg, mute and without a terminal, in a process group of its own.

    A group of its own keeps an interrupt at the keyboard from ending the child before its owner has
    decided what becomes of the file. The log goes to a file, so that a full pipe never stops the
    child.
    """
    command = [ffmpeg_path(), "-hide_banner", "-nostdin", "-nostats", *arguments]
    environment = {key: value for key, value in os.environ.items() if key not in _UNWANTED}
    try:
        return subprocess.Popen(
            command,
            stdin=stdin,
            stdout=stdout,
            stderr=log,
            env=environment,
            process_group=0,
            bufsize=0,  # closing a pipe must not try to flush into a dead child
            pipesize=_BUFFER,
        )
    except OSError as error:
        raise ToolError(
            f"ffmpeg at {command[0]} does not start ({error.strerror}); "
            "set IMAGEIO_FFMPEG_EXE to one that does"
        ) from error


class GuardedFfmpeg:
    """One ffmpeg that reads one untrusted file: ``with GuardedFfmpeg(…) as child: child.read(n)``.

    The file is the child's standard input and is opened by the name ``file:/dev/stdin``: no name
    given by a user ever reaches ffmpeg. Demuxer and decoders come from allow-lists, protocols are
    files and pipes, LCEVC layers are left alone (their decoder has open holes).

    Limits are set on the running child with prlimit: ``preexec_fn`` may deadlock in a program with
    threads, and the moment in which the child runs without limits is harmless, because each of them
    binds on what it uses later.

    path, source: the file, by name for messages and opened for the child; demuxer: from
    containers.sniff; output: ffmpeg's arguments after ``-i``, ending in ``pipe:1``.
    Raises ToolError when the child cannot be started or bounded and VideoError when it stalls;
    whatever happens, leaving the block ends the child.
    """

    def __init__(
        self, path: Path, source: BinaryIO, demuxer: str, output: Sequence[str], guard: Guard
    ) -> None:
        self._path = path
        self._guard = guard
        with ExitStack() as resources:
            self._log = resources.enter_context(tempfile.TemporaryFile())
            self._child = start_ffmpeg(
                [*_input(demuxer), *output], stdin=source, stdout=subprocess.PIPE, log=self._log
            )
            resources.callback(end_child, self._child)
            _limit(self._child.pid, guard)
            self._resources = resources.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._resources.close()

    def read(self, size: int) -> bytearray:
        """Return the next ``size`` bytes, fewer only at the end of the child's output."""
        buffer = bytearray(size)
        view, filled = memoryview(buffer), 0
        pipe = self._pipe().fileno()
        while filled < size:
            self._await(pipe)
            count = os.readv(pipe, [view[filled:]])
            if count == 0:
                break
            filled += count
        view.release()
        del buffer[filled:]
        return buffer

    def read_to_end(self, limit: int) -> bytearray | None:
        """Return all that the child puts out, or None if that is more than ``limit`` bytes."""
        content = bytearray()
        while chunk := self.read(_BUFFER):
            content += chunk
            if len(content) > limit:
                return None
        return content

    def finish(self) -> Ending:
        """Wait for the child, whose output has been read to its end, and tell how it ended."""
        try:
            code = self._child.wait(self._guard.stall_seconds)
        except subprocess.TimeoutExpired as error:
            raise self._stalled() from error
        return Ending(code, read_log(self._log))

    def _await(self, pipe: int) -> None:
        # poll, not select: select cannot watch descriptors above 1023
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        if not poll.poll(self._guard.stall_seconds * 1000):
            raise self._stalled()

    def _stalled(self) -> VideoError:
        return VideoError(
            self._path,
            f"kept ffmpeg busy for {self._guard.stall_seconds:g} s without a result",
            "convert it to MP4 (H.264) first",
        )

    def _pipe(self) -> IO[bytes]:
        assert self._child.stdout is not None
        return self._child.stdout


def end_child(child: subprocess.Popen[bytes]) -> None:
    """Kill the child's whole process group if it still runs, close its pipes and collect it."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
    for pipe in (child.stdin, child.stdout):
        if pipe is not None and not pipe.closed:
            pipe.close()
    child.wait()


def read_log(log: IO[bytes]) -> str:
    """Return what a child has logged, from its beginning."""
    log.seek(0)
    return log.read(_LOG_BYTES).decode(errors="replace")


def _input(demuxer: str) -> list[str]:
    safe = [
        *("-v", "level+info", "-xerror", "-max_streams", f"{MAX_STREAMS}", "-threads", "1"),
        *("-protocol_whitelist", "file,pipe", "-codec_whitelist", ",".join(DECODERS)),
    ]
    if _knows_lcevc():
        safe += ["-export_side_data", "enhancements"]
    return [*safe, "-f", demuxer, "-i", "file:/dev/stdin"]


@lru_cache(maxsize=1)
def _knows_lcevc() -> bool:
    nothing = subprocess.DEVNULL
    with start_ffmpeg(["-h", "full"], stdin=nothing, stdout=subprocess.PIPE, log=nothing) as child:
        assert child.stdout is not None
        return b" enhancements " in child.stdout.read()


def _limit(pid: int, guard: Guard) -> None:
    limits = {
        resource.RLIMIT_AS: guard.memory_bytes,
        resource.RLIMIT_CPU: guard.cpu_seconds,
        resource.RLIMIT_FSIZE: _LOG_BYTES,  # the log is all it may write
        resource.RLIMIT_CORE: 0,
    }
    try:
        for kind, value in limits.items():
            _, hard = resource.prlimit(pid, kind)
            bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.prlimit(pid, kind, (bound, bound))
    except ProcessLookupError:  # a child that has ended needs no limits
        return
    except OSError as error:
        raise ToolError(
            f"this machine lets nobody bound what ffmpeg uses ({error.strerror}); "
            "allow the system call prlimit64, which some containers forbid"
        ) from error
