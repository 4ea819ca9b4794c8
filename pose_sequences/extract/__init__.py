"""Videos, frame folders and pictures become keypoints by MediaPipe Holistic, in child processes.

The door: what is asked for. What came of it is clip.py, the detector holistic.py, the way of one
clip task.py, the care for the children crew.py, what an earlier run left kept.py.
"""

import logging
import os
import tempfile
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from pose_sequences.errors import InputError, OutputError
from pose_sequences.extract.clip import ClipJob, ClipProgress, ClipResult
from pose_sequences.extract.crew import Lost, Note, run_tasks
from pose_sequences.extract.holistic import HolisticModel
from pose_sequences.extract.kept import difference
from pose_sequences.extract.task import Task, understand
from pose_sequences.files.npz import read_npz
from pose_sequences.limits import MAX_FPS, MIN_FPS
from pose_sequences.outputs import sweep_temporaries
from pose_sequences.sequence import PoseSequence

__all__ = [
    "ClipJob",
    "ClipProgress",
    "ClipResult",
    "Extraction",
    "extract_clips",
    "extract_poses",
    "extracting",
]

STALL_SECONDS = 120.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """How keypoints are found.

    refine_face: holistic553, with irises, instead of holistic543; complexity: of the body model,
    0 to 2; fps: the rate of a folder of frames, or one to resample a video to (a picture has 1).
    Raises ValueError if they are out of range.
    """

    refine_face: bool = False
    complexity: int = 1
    fps: float | None = None

    def __post_init__(self) -> None:
        if self.complexity not in (0, 1, 2):
            raise ValueError(f"complexity is {self.complexity}; 0, 1 or 2 is possible")
        if self.fps is not None and not MIN_FPS <= self.fps <= MAX_FPS:
            raise ValueError(f"fps is {self.fps}; {MIN_FPS:g} to {MAX_FPS:g} is possible")


_DEFAULTS = Extraction()


def extract_poses(source: str | Path, options: Extraction = _DEFAULTS) -> PoseSequence:
    """Find the keypoints of one video, frame folder or picture.

    Raises InputError if it cannot be used, ToolError if this machine lacks what is needed.
    """
    return _extracted(source, options, lambda: True)


def _extracted(source: str | Path, options: Extraction, wanted: Callable[[], bool]) -> PoseSequence:
    with tempfile.TemporaryDirectory() as folder:
        job = ClipJob(Path(source), Path(folder) / "poses.npz")
        with closing(extract_clips([job], options, wanted=wanted)) as events:
            for event in events:
                if isinstance(event, ClipResult) and event.error is not None:
                    raise event.error
        if not wanted():
            raise CancelledError
        return read_npz(job.target)


@contextmanager
def extracting(
    source: str | Path, options: Extraction = _DEFAULTS
) -> Iterator[Callable[[], PoseSequence]]:
    """Begin what extract_poses does, and give what waits for its end: it returns or raises as that.

    Meanwhile there is time for something else; leaving the block ends what is not done.
    """
    left = Event()
    with ThreadPoolExecutor(1) as beside:
        try:
            yield beside.submit(_extracted, source, options, lambda: not left.is_set()).result
        finally:
            left.set()


def extract_clips(
    jobs: Sequence[ClipJob],
    options: Extraction = _DEFAULTS,
    *,
    workers: int = 1,
    overwrite: bool = False,
    stall_seconds: float = STALL_SECONDS,
    wanted: Callable[[], bool] = lambda: True,
) -> Generator[ClipProgress | ClipResult, None, None]:
    """Find the keypoints of many clips; yield progress, and one result for each clip.

    Targets appear whole or not at all; one that exists is kept, unless ``overwrite``, so that a run
    that was stopped can be started again. A clip that cannot be used, that crashes its worker, or
    that keeps it for ``stall_seconds`` without a frame, fails alone. A worker takes one core; where
    there is a single clip to do, it takes what MediaPipe likes. Their number changes no byte of the
    files. Closing the generator ends the workers and leaves nothing half-written; so does
    ``wanted``, asked twice a second in the generator's own thread, once it says no.

    Raises ValueError for less than one worker and OutputError for a target that cannot be, both at
    once; ToolError when a worker finds that this machine lacks what is needed.
    """
    if workers < 1:
        raise ValueError(f"{workers} workers cannot do anything; give at least 1")
    _check_targets(jobs)
    for folder in {job.target.parent for job in jobs}:
        _check_place(folder)
    return _events(jobs, options, workers, overwrite, stall_seconds, wanted)


def _check_targets(jobs: Sequence[ClipJob]) -> None:
    sources: dict[Path, Path] = {}
    for job in jobs:
        if job.target.suffix.lower() != ".npz":
            raise OutputError(job.target, "is no name for keypoints", "end it in .npz")
        if job.target in sources:
            raise OutputError(
                job.target,
                f"would hold both {sources[job.target]} and {job.source}",
                "give the clips different names, or extract them to different folders",
            )
        sources[job.target] = job.source


def _check_place(folder: Path) -> None:
    """Find out before hours of work that their results have no place; nothing is made yet."""
    try:
        standing = next(place for place in (folder, *folder.parents) if place.exists())
    except OSError as error:
        raise OutputError(
            folder, f"cannot be made ({error.strerror})", "choose another folder"
        ) from error
    if not standing.is_dir():
        raise OutputError(
            folder, f"cannot be made ({standing} is no folder)", "choose another folder"
        )
    if not os.access(standing, os.W_OK | os.X_OK):
        raise OutputError(standing, "cannot be written to", "check its permissions")


def _events(
    jobs: Sequence[ClipJob],
    options: Extraction,
    workers: int,
    overwrite: bool,
    stall_seconds: float,
    wanted: Callable[[], bool],
) -> Generator[ClipProgress | ClipResult, None, None]:
    folders = {job.target.parent for job in jobs}
    _sweep(folders)
    there = {job.target for job in jobs if job.target.exists() and not overwrite}
    yield from _kept([job for job in jobs if job.target in there], options)
    todo = [job for job in jobs if job.target not in there]
    tasks = [_task(job, options, overwrite, alone=len(todo) == 1).to_text() for job in todo]
    answers = run_tasks(
        __name__, tasks, workers=workers, stall_seconds=stall_seconds, wanted=wanted
    )
    try:
        for answer in answers:
            event = _event(todo[answer.task], answer)
            if event is not None:
                yield event
    finally:
        answers.close()
        _sweep(folders)


def _kept(jobs: Sequence[ClipJob], options: Extraction) -> Iterator[ClipResult]:
    """Yield the results of clips that are kept, and warn once if some are not as asked for now."""
    model = HolisticModel(refine_face=options.refine_face, complexity=options.complexity)
    others: list[tuple[Path, str]] = []
    for job in jobs:
        words = difference(job.target, model, options.fps)
        others += [(job.target, words)] if words else []
        yield ClipResult(job, "kept")
    if others:
        logger.warning(
            "%s: %s; pass --overwrite to extract it anew (kept so: %d)", *others[0], len(others)
        )


def _task(job: ClipJob, options: Extraction, overwrite: bool, *, alone: bool) -> Task:
    return Task(
        source=str(job.source),
        target=str(job.target),
        overwrite=overwrite,
        fps=options.fps,
        refine_face=options.refine_face,
        complexity=options.complexity,
        single_thread=not alone,
    )


def _event(job: ClipJob, answer: Note | Lost) -> ClipProgress | ClipResult | None:
    if isinstance(answer, Note):
        return understand(answer.text, job)
    error = InputError(
        job.source,
        f"was given up ({answer.reason})",
        "check the clip; if memory is short, use fewer workers",
    )
    return ClipResult(job, "failed", error=error)


def _sweep(folders: Collection[Path]) -> None:
    for folder in folders:
        sweep_temporaries(folder)
