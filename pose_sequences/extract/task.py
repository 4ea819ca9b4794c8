"""One clip on its way through the detector, inside a child process of the package.

``python -m pose_sequences.extract`` serves a crew with it; frames, keypoints and the file stay
in the child, only words about them come back.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pose_sequences.coverage import Coverage, coverage
from pose_sequences.errors import (
    ImageError,
    InputError,
    OutputError,
    PathError,
    ToolError,
    VideoError,
    single_line,
)
from pose_sequences.extract import holistic
from pose_sequences.extract.clip import ClipJob, ClipProgress, ClipResult
from pose_sequences.files.archive import MAX_BYTES
from pose_sequences.files.npz import write_npz
from pose_sequences.images import read_image
from pose_sequences.inputs import open_input
from pose_sequences.layout import layout
from pose_sequences.limits import MAX_FRAMES
from pose_sequences.sequence import Floats, PoseSequence, mark_missing
from pose_sequences.video import open_frames

_ERRORS = {kind.__name__: kind for kind in (InputError, ImageError, VideoError, OutputError)}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Task:
    """One clip to extract.

    source, target: paths; overwrite: replace the target; fps: as in extract.Extraction;
    refine_face, complexity: of the detector; single_thread: keep it to one core.
    """

    source: str
    target: str
    overwrite: bool
    fps: float | None
    refine_face: bool
    complexity: int
    single_thread: bool

    def to_text(self) -> str:
        """Return the task as the child reads it."""
        return json.dumps(asdict(self))


def understand(text: str, job: ClipJob) -> ClipProgress | ClipResult | None:
    """Return what a child said of a clip; a warning of its libraries goes to the log.

    Raises ToolError if that is what the child ended with.
    """
    said = json.loads(text)
    match said.pop("kind"):
        case "progress":
            return ClipProgress(job, **said)
        case "warning":
            logger.warning("%s", said["message"])
            return None
        case "written":
            runs = {part: tuple((a, b) for a, b in gaps) for part, gaps in said["missing"].items()}
            return ClipResult(job, "extracted", Coverage(said["num_frames"], runs))
        case ToolError.__name__:
            raise ToolError(said["message"])
        case kind:
            return ClipResult(job, "failed", error=_ERRORS[kind](**said))


def work(text: str) -> Iterator[str]:
    """Do a task given as text; yield what ``understand`` reads: progress, then how it ended."""
    warnings = _Warnings(logging.WARNING)
    package = logging.getLogger("pose_sequences")
    package.addHandler(warnings)
    try:
        for said in _answers(Task(**json.loads(text))):
            yield from warnings.taken()
            yield said
    finally:
        package.removeHandler(warnings)


def _answers(task: Task) -> Iterator[str]:
    try:
        yield from _extract(task)
    except ToolError as error:
        yield _say(ToolError.__name__, message=str(error))
    except PathError as error:
        words = {"path": str(error.path), "fault": error.fault, "remedy": error.remedy}
        yield _say(type(error).__name__, **words)


def _say(kind: str, **words: object) -> str:
    return json.dumps({"kind": kind, **words})


class _Warnings(logging.Handler):
    """The child's standard error is read by nobody while all goes well; these go to the parent."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self._messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._messages.append(record.getMessage())

    def taken(self) -> Iterator[str]:
        """Yield what has come since the last time."""
        while self._messages:
            yield _say("warning", message=self._messages.pop(0))


def _extract(task: Task) -> Iterator[str]:
    source = Path(task.source)
    clip = _open(source, task.fps)
    model = holistic.HolisticModel(
        refine_face=task.refine_face, complexity=task.complexity, tracks=not clip.is_picture
    )
    _check_length(source, clip.num_frames, len(layout(model.layout).points))
    keypoints: list[Floats] = []
    confidence: list[Floats] = []
    with holistic.Holistic(model, single_thread=task.single_thread) as detector:
        for frame in clip.frames:
            points, trust = detector.detect(frame)
            keypoints.append(points)
            confidence.append(trust)
            yield _say("progress", done=len(keypoints), total=clip.num_frames)
    clean, trusted = mark_missing(np.stack(keypoints), np.stack(confidence))
    sequence = PoseSequence(
        keypoints=clean,
        confidence=trusted,
        fps=clip.fps,
        width=clip.width,
        height=clip.height,
        layout=model.layout,
        source=single_line(f"{source.absolute().name} by {holistic.describe(model)}"),
    )
    write_npz(sequence, Path(task.target), overwrite=task.overwrite)
    yield _say("written", **asdict(coverage(sequence)))


def _check_length(source: Path, num_frames: int, num_points: int) -> None:
    # three coordinates and a confidence of four bytes each; 1 % is left for all that stands beside
    most = min(MAX_FRAMES, MAX_BYTES * 99 // 100 // (num_points * 16))
    if num_frames > most:
        raise VideoError(
            source,
            f"has {num_frames} frames, more than the {most} that a pose file holds",
            "cut it into shorter clips",
        )


@dataclass(frozen=True)
class _Clip:
    frames: Iterator[NDArray[np.uint8]]
    num_frames: int
    width: int
    height: int
    fps: float
    is_picture: bool = False


def _open(source: Path, fps: float | None) -> _Clip:
    if source.is_dir():
        if fps is None:
            raise VideoError(
                source, "is a folder of frames, which has no frame rate", "pass its rate by --fps"
            )
        info, frames = open_frames(source, folder_fps=Fraction(fps))
        return _Clip(frames, info.num_frames, info.width, info.height, fps)
    if _is_picture(source):
        picture = read_image(source)
        height, width, _ = picture.shape
        return _Clip(iter([picture]), 1, width, height, 1.0, is_picture=True)
    info, frames = open_frames(source, fps=fps)
    return _Clip(frames, info.num_frames, info.width, info.height, float(info.fps))


def _is_picture(source: Path) -> bool:
    with open_input(source, InputError) as file:
        try:
            head = file.read(12)
        except OSError as error:
            raise InputError(
                source, f"cannot be read ({error.strerror})", "check the disk"
            ) from error
    return head.startswith((b"\x89PNG", b"\xff\xd8\xff")) or head[8:] == b"WEBP"
