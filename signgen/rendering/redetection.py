"""A look of the detector at the film that was made, held against the poses that drove it.

MediaPipe looks in a process of its own. A hand that it does not find has no error, and is counted.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pose_sequences.errors import ToolError
from pose_sequences.extract import ClipJob, ClipProgress, extract_clips
from pose_sequences.extract.holistic import INSTALL
from pose_sequences.files.npz import read_npz
from pose_sequences.sequence import PoseSequence
from pose_sequences.video.mp4 import Mp4Writer
from signgen.evaluation.detections import DETECTOR
from signgen.evaluation.figures import Figure
from signgen.evaluation.poses import HEADLINES, measure_poses

PARTS = ("left_hand", "right_hand", "face")
_MORE = tuple(
    f"{part}/{measure}_vs_driving"
    for part in PARTS
    for measure in ("missing", "extra", "seen", "pck_0.2", "error", "error_px")
)
_DIGITS = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Redetection:
    """What was found again: per_frame (T), and figures of the clip, by name."""

    per_frame: tuple[dict[str, Any], ...]
    figures: dict[str, float | None]

    def as_json(self) -> dict[str, Any]:
        """Return the figures of the clip as plain values for JSON."""
        return {"detector": DETECTOR.signature, "against": "driving poses", **self.figures}


def check_detector() -> None:
    """Raise ToolError where this machine lacks the detector, before the work is done."""
    if find_spec("mediapipe") is None:
        raise ToolError(f"--redetect needs MediaPipe, which is not installed; {INSTALL}")


class Copy:
    """A film for the detector, without mark or panels, in a folder that is gone afterwards.

    writing: what closes the film and gives it its name.
    """

    def __init__(self, path: Path, film: Mp4Writer, writing: ExitStack) -> None:
        self._path, self._film, self._writing = path, film, writing

    def write(self, frame: NDArray[np.uint8]) -> None:
        """Take the next frame."""
        self._film.write(frame)

    def look(self, driving: PoseSequence, advance: Callable[[int], object]) -> Redetection:
        """Return what the detector finds in the frames; driving: their poses, in their shape.

        advance: told of each frame that was looked at. Raises InputError where the detector fails
        on the film, ToolError where this machine lacks it.
        """
        self._writing.close()
        target = self._path.with_name("found.npz")
        jobs = [ClipJob(self._path, target)]
        with closing(extract_clips(jobs, DETECTOR.extraction())) as events:
            for event in events:
                if isinstance(event, ClipProgress):
                    advance(1)
                elif event.error is not None:
                    raise event.error
        return compare(driving, read_npz(target))


@contextmanager
def open_copy(size: tuple[int, int], fps: float) -> Iterator[Copy]:
    """Give a copy of ``size`` (width, height)."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as writing:
        path = Path(folder) / "film.mp4"
        yield Copy(path, writing.enter_context(Mp4Writer(path, *size, fps)), writing)


def compare(driving: PoseSequence, found: PoseSequence) -> Redetection:
    """Return how what was found in a film differs from the poses that drove it."""
    figures = {figure.key: figure for figure in measure_poses(driving, found, None)}
    return Redetection(
        per_frame=tuple(_frame(figures, at) for at in range(len(driving))),
        figures={
            key.removesuffix("_vs_driving"): _number(figures[key].value)
            for key in (*HEADLINES, *_MORE)
            if key.endswith("_vs_driving")
        },
    )


def _frame(figures: dict[str, Figure], at: int) -> dict[str, Any]:
    """Return of each part whether it was found, null where nobody asked for it, and how far off."""
    words: dict[str, Any] = {}
    for part in PARTS:
        missing = _of_frame(figures[f"{part}/missing_vs_driving"], at)
        words[f"{part}_found"] = None if missing is None else missing == 0
        words[f"{part}_error_px"] = _of_frame(figures[f"{part}/error_px_vs_driving"], at)
    return words


def _of_frame(figure: Figure, at: int) -> float | None:
    return None if figure.frames is None else _number(float(figure.frames[at]))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(value, _DIGITS)
