"""An evaluation from the pairs to the figures of all: detection, measuring, what failed.

Clips are worked on by child processes, whose results lie in a folder: what is there is not done
again. What the figures look like in the end is said by report.py and table.py.
"""

import json
import os
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from hashlib import sha256
from pathlib import Path

from pose_sequences.errors import InputError, OutputError, PoseSequencesError
from pose_sequences.extract import ClipProgress
from pose_sequences.extract.answers import understand
from pose_sequences.extract.crew import Lost, run_tasks
from pose_sequences.outputs import sweep_temporaries
from signgen.evaluation.clip_task import ClipTask
from signgen.evaluation.detections import content_hash, detect
from signgen.evaluation.footage import open_pair
from signgen.evaluation.measures import metrics_of, network_files
from signgen.evaluation.pairs import ClipPair
from signgen.evaluation.pools import pool_file
from signgen.evaluation.results import ClipFigures, read_figures
from signgen.evaluation.settings import Evaluation

STALL_SECONDS = 300.0
CACHE = Path("signgen", "evaluation")  # in the user's folder of caches
_CHILD = "signgen.evaluation.clip_task"


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """Where and with how many processes the work is done.

    cache: the folder that keeps detections and figures; workers: processes, a core each.
    Raises ValueError for less than one worker.
    """

    cache: Path
    workers: int = 1
    stall_seconds: float = STALL_SECONDS

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError(f"{self.workers} workers cannot do anything; give at least 1")


def default_cache() -> Path:
    """Return the folder that keeps detections and figures where nobody names another."""
    caches = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(caches) if caches else Path.home() / ".cache") / CACHE


@dataclass(frozen=True)
class ClipOutcome:
    """A pair that was measured: its figures, the file of its moments, if it has any, and those of
    what the detector found, None where it did not look.
    """

    pair: ClipPair
    clip: ClipFigures
    moments: Path
    seen: Path | None = None
    seen_reference: Path | None = None


@dataclass(frozen=True)
class ClipFailure:
    """A pair that could not be measured, and why, in one line."""

    pair: ClipPair
    error: str


@dataclass(frozen=True)
class Frames:
    """A sign of life: frames that were looked at since the last one, by detector or measures."""

    count: int


Event = Frames | ClipOutcome | ClipFailure


@dataclass
class _Work:
    """A pair on its way: the hashes of its files, and what the detector found."""

    pair: ClipPair
    hashes: dict[Path, str] = field(default_factory=dict)
    seen: dict[Path, Path] = field(default_factory=dict)
    error: str = ""

    @property
    def clips(self) -> list[Path]:
        return [clip for clip in (self.pair.generated, self.pair.reference) if clip is not None]


def evaluate_pairs(
    pairs: Sequence[ClipPair], evaluation: Evaluation, workplace: Workplace
) -> Generator[Event, None, None]:
    """Measure pairs of clips; yield signs of life, and what became of each pair once.

    A pair that cannot be used, that crashes its worker or keeps it for ``stall_seconds`` without a
    frame, fails alone. The number of workers changes no figure. Closing the generator ends the
    workers and leaves nothing half-written. Raises ToolError where this machine lacks what all
    clips need.
    """
    # what is wrong with networks or folder is told before the work takes its time
    _networks(evaluation)
    results = _results(workplace.cache)
    works = [_prepare(pair, evaluation) for pair in pairs]
    if evaluation.detection:
        yield from _detected([work for work in works if not work.error], workplace)
    sweep_temporaries(results)
    todo: list[tuple[_Work, ClipTask]] = []
    for work in works:
        task = None if work.error else _task(work, evaluation, results)
        if task is None:
            yield ClipFailure(work.pair, work.error)
        elif task.target.exists():
            yield _read(work, task.target)
        else:
            todo.append((work, task))
    yield from _measured(todo, workplace)


def _results(cache: Path) -> Path:
    """Return the folder of figures, which is made; raises OutputError where it cannot be used."""
    folder = cache / "figures"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fault = f"cannot be made ({error.strerror})"
        raise OutputError(folder, fault, "name another folder by --cache") from error
    if not os.access(folder, os.W_OK):
        raise OutputError(folder, "cannot be written to", "name another folder by --cache")
    return folder


def _prepare(pair: ClipPair, evaluation: Evaluation) -> _Work:
    """Hash the files of a pair, and find out what cannot work before detection takes its time."""
    work = _Work(pair)
    try:
        if evaluation.detection:
            open_pair(pair, resize=evaluation.resize)
        files = [*work.clips, *([pair.poses] if pair.poses else [])]
        work.hashes = {path: content_hash(path) for path in files}
    except InputError as error:
        work.error = str(error)
    return work


def _detected(works: Sequence[_Work], workplace: Workplace) -> Generator[Frames, None, None]:
    """Let the detector look at all clips of the works, which then know what it found."""
    clips = {clip: work.hashes[clip] for work in works for clip in work.clips}
    faults: dict[Path, PoseSequencesError] = {}
    found: dict[Path, Path] = {}
    with closing(detect(list(clips.items()), workplace.cache, workers=workplace.workers)) as events:
        for event in events:
            if isinstance(event, ClipProgress):
                yield Frames(1)
            elif event.error is not None:
                faults[event.clip] = event.error
            elif event.poses is not None:
                found[event.clip] = event.poses
    for work in works:
        work.seen = {clip: found[clip] for clip in work.clips if clip in found}
        work.error = next((str(faults[clip]) for clip in work.clips if clip in faults), "")


def _task(work: _Work, evaluation: Evaluation, results: Path) -> ClipTask:
    pair = work.pair
    seen, seen_reference = _sightings(work)
    return ClipTask(
        pair=pair,
        evaluation=evaluation,
        target=results / f"{_key(work, evaluation)}.json",
        seen=seen,
        seen_reference=seen_reference,
    )


def _sightings(work: _Work) -> tuple[Path | None, Path | None]:
    pair = work.pair
    reference = None if pair.reference is None else work.seen.get(pair.reference)
    return work.seen.get(pair.generated), reference


def _key(work: _Work, evaluation: Evaluation) -> str:
    """Return what a clip's figures depend on, as a file name."""
    pair = work.pair
    words = {
        "files": [
            None if path is None else work.hashes[path]
            for path in (pair.generated, pair.reference, pair.poses)
        ],
        "seen": [path.parent.name for path in work.seen.values()],
        "settings": evaluation.as_json(),
        "networks": _networks(evaluation),
        "metrics": [asdict(metric) for metric in metrics_of(evaluation)],
    }
    return sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()[:32]


@cache
def _networks(evaluation: Evaluation) -> list[str]:
    """Return the hashes of the trained networks that look at the frames."""
    return [content_hash(path) for path in network_files(evaluation)]


def _measured(
    todo: Sequence[tuple[_Work, ClipTask]], workplace: Workplace
) -> Generator[Event, None, None]:
    answers = run_tasks(
        _CHILD,
        [task.to_text() for _, task in todo],
        workers=workplace.workers,
        stall_seconds=workplace.stall_seconds,
    )
    with closing(answers):
        for answer in answers:
            work, task = todo[answer.task]
            if isinstance(answer, Lost):
                reason = f"{work.pair.generated}: was given up ({answer.reason}); check the clip"
                yield ClipFailure(work.pair, reason)
                continue
            said = understand(answer.text)
            if not said.done:
                yield Frames(1)
            elif said.error:
                yield ClipFailure(work.pair, said.error)
            else:
                yield _read(work, task.target)


def _read(work: _Work, target: Path) -> ClipOutcome | ClipFailure:
    try:
        # by what it holds alone a file is found: it may have been a clip of another name
        figures = replace(read_figures(target), name=work.pair.name)
        return ClipOutcome(work.pair, figures, pool_file(target), *_sightings(work))
    except InputError as error:
        return ClipFailure(work.pair, str(error))
