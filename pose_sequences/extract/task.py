"""One clip on its way through the detector, inside a child process of extract.py.

``python -m pose_sequences.extract`` serves a crew with it; frames, keypoints and the file stay
in the child, only words about them come back.
"""

import json
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
    PoseSequencesError,
    ToolError,
    VideoError,
    single_line,
)
from pose_sequences.extract import holistic
from pose_sequences.files.archive import MAX_BYTES
from pose_sequences.files.npz import write_npz
from pose_sequences.images import read_image
from pose_sequences.inputs import open_input
from pose_sequences.layout import layout
from pose_sequences.sequence import Floats, PoseSequence, mark_missing
from pose_sequences.video import open_frames

_ERRORS = {kind.__name__: kind for kind in (InputError, ImageError, VideoError, OutputError)}


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


@dataclass(frozen=True)
class FramesDone:
    """How far a clip has come: ``done`` of ``total`` frames."""

    done: int
    total: int


@dataclass(frozen=True)
class Written:
    """A clip whose keypoints stand at the target, and what was not seen in it."""

    coverage: Coverage


@dataclass(frozen=True)
class Failed:
    """A clip that could not be extracted."""

    error: PoseSequencesError


def understand(text: str) -> FramesDone | Written | Failed:
    """Return what a child said."""
    said = json.loads(text)
    if "done" in said:
        return FramesDone(**said)
    if "missing" in said:
        runs = {part: tuple((a, b) for a, b in gaps) for part, gaps in said["missing"].items()}
        return Written(Coverage(said["num_frames"], runs))
    if said["error"] == ToolError.__name__:
        return Failed(ToolError(said["message"]))
    return Failed(_ERRORS[said["error"]](said["path"], said["fault"], said["remedy"]))


def work(text: str) -> Iterator[str]:
    """Do a task given as text; yield what ``understand`` reads: progress, then how it ended."""
    task = Task(**json.loads(text))
    try:
        yield from _extract(task)
    except ToolError as error:
        yield json.dumps({"error": ToolError.__name__, "message": str(error)})
    except (InputError, OutputError) as error:
        words = {"path": str(error.path), "fault": error.fault, "remedy": error.remedy}
        yield json.dumps({"error": type(error).__name__, **words})


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
            yield json.dumps(asdict(FramesDone(len(keypoints), clip.num_frames)))
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
    yield json.dumps(asdict(coverage(sequence)))


def _check_length(source: Path, num_frames: int, num_points: int) -> None:
    most = MAX_BYTES // (num_points * 16)  # three coordinates and a confidence, of four bytes each
    if num_frames >= most:
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
