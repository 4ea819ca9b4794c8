"""The shooting: frames are made, put back into the picture's shape, and written as they come."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pose_sequences.errors import OutputError, ToolError
from pose_sequences.join import webvtt
from pose_sequences.outputs import fresh_file
from signgen.rendering.film import open_film
from signgen.rendering.marks import comment
from signgen.rendering.report import report, to_text
from signgen.rendering.script import Script
from signgen.rendering.viewers import Viewers, open_viewers
from signgen.shortage import Shrinking, is_shortage
from signgen.stopwatch import Stopwatch

Advance = Callable[[int], object]


@dataclass(frozen=True, kw_only=True)
class Shot:
    """How a shooting went.

    script: as it was shot, with smaller windows where memory was short; start_up: from the job's
    beginning until the shooting's, in seconds; first_frame, seconds: from there until the first and
    until the last frame was written; fault: how the detector failed, where it did.
    """

    script: Script
    num_frames: int
    start_up: float
    first_frame: float
    seconds: float
    fault: str | None = None

    @property
    def frames_per_second(self) -> float:
        """How fast it was."""
        return self.num_frames / max(self.seconds, 1e-9)


def shoot(
    script: Script,
    advance: Advance = lambda _: None,
    *,
    watch: Stopwatch | None = None,
    look: Advance = lambda _: None,
) -> Shot:
    """Render a script into its files; they appear whole, at the end, or none of them does.

    advance, look: told of each frame that is written, and of each that the detector has looked at;
    watch: what the stages are timed with, from the job's beginning. Raises OutputError where a file
    cannot be written and ToolError where the device lacks memory.
    """
    watch, shrinking = watch or Stopwatch(), Shrinking(script.windows, script.take)
    while True:
        written, before = _Counted(advance), watch.stages
        try:
            return _shoot(script, written, watch, look)
        except _ShortError as short:
            script = _with_less(script, shrinking, short.error)
            watch.give_up(before)
            advance(-written.count)


class _ShortError(Exception):
    """Memory was short while frames were made; error: how it showed."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


class _Counted:
    """Counts the frames that somebody else is told of."""

    def __init__(self, advance: Advance) -> None:
        self.count, self._advance = 0, advance

    def __call__(self, frames: int) -> None:
        self.count += frames
        self._advance(frames)


def _with_less(script: Script, shrinking: Shrinking, error: BaseException) -> Script:
    """Return the script with smaller windows; raises ToolError where none are left to try."""
    try:
        shrinking.shrink(error)
    except (RuntimeError, MemoryError):
        raise ToolError(
            "the device has not enough memory; give a smaller --batch or --window, or --device cpu"
        ) from error
    pipeline, windows = script.model.pipeline, shrinking.windows
    return replace(
        script,
        windows=windows,
        take=pipeline.plan(len(script.poses), script.steps, windows),
    )


def _shoot(script: Script, advance: Advance, watch: Stopwatch, look: Advance) -> Shot:
    """Render a script into its files with the windows that it has."""
    began, first = watch.seconds, 0.0
    # what is opened last is named first, and all is written before anything is named
    with ExitStack() as opened:
        beside = _reserve(script, opened)
        viewers = opened.enter_context(open_viewers(script))
        film = opened.enter_context(
            open_film(
                script.request.output,
                viewers.size,
                script.poses.fps,
                comment=comment(script),
                overwrite=script.request.overwrite,
            )
        )
        try:
            for frame in watch.timed("frames", _frames(script)):
                with watch.stage("looking"):
                    shown = viewers.show(frame)
                with watch.stage("encoder"):
                    film.write(shown)
                first = first or watch.seconds - began
                advance(1)
        except (RuntimeError, MemoryError) as error:
            if not is_shortage(error):
                raise
            raise _ShortError(error) from error
        with watch.stage("encoder"):
            film.finish()
        shot = Shot(
            script=script,
            num_frames=script.num_frames,
            start_up=began,
            first_frame=first,
            seconds=watch.seconds - began,
        )
        return replace(shot, fault=_fill(script, beside, viewers, shot, watch, look))


def _reserve(script: Script, opened: ExitStack) -> dict[Path, Path]:
    """Return where to write each file beside the film until all are whole."""
    request = script.request
    paths = filter(None, (request.report, request.sheet, request.captions))
    return {
        path: opened.enter_context(fresh_file(path, overwrite=request.overwrite)) for path in paths
    }


def _fill(
    script: Script,
    beside: dict[Path, Path],
    viewers: Viewers,
    shot: Shot,
    watch: Stopwatch,
    look: Advance,
) -> str | None:
    """Write what goes beside the film; return how the detector failed, where it did."""
    request = script.request

    def write(path: Path, writer: Callable[[Path], object]) -> None:
        try:
            writer(beside[path])
        except OSError as error:
            fault = f"cannot be written ({error.strerror or error})"
            raise OutputError(path, fault, "check the folder and the disk") from error

    if request.sheet:
        write(request.sheet, viewers.sheet.save)
    if request.captions:
        text = webvtt(script.poses.frames(script.take.start, script.take.stop))
        write(request.captions, lambda path: path.write_text(text, encoding="utf-8", newline="\n"))
    if not request.report:
        return None
    found = viewers.findings(look, watch)
    words = to_text(report(script, shot, found, watch))
    write(request.report, lambda path: path.write_text(words, encoding="utf-8"))
    return found.fault


def _frames(script: Script) -> Iterator[NDArray[np.uint8]]:
    """Return the frames (H, W, 3) in their final shape."""
    frames = script.model.pipeline.stream(
        script.signer.picture,
        script.signer.keypoints,
        script.poses,
        generator=torch.Generator().manual_seed(script.request.seed),
        steps=script.steps,
        windows=script.windows,
    )
    return map(script.framing.undo, frames)
