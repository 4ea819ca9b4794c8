"""One pair of clips from the frames to the file of its figures, inside a child of the evaluation.

``python -m signgen.evaluation.clip_task`` serves a crew with it; only words about a clip come back.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pose_sequences.errors import InputError, PathError, PoseSequencesError, single_line
from pose_sequences.extract.answers import answers
from pose_sequences.extract.crew import serve
from pose_sequences.files import read_poses
from pose_sequences.sequence import PoseSequence
from signgen.evaluation.figures import Figure
from signgen.evaluation.footage import check_poses, open_pair, read_chunks
from signgen.evaluation.measures import measures_of
from signgen.evaluation.pairs import ClipPair
from signgen.evaluation.pools import pool_file, write_moments
from signgen.evaluation.results import ClipFigures, write_figures
from signgen.evaluation.settings import Evaluation


@dataclass(frozen=True, kw_only=True)
class ClipTask:
    """One pair to measure.

    pair: its clips; seen, seen_reference: the files of what the detector found in them, None where
    it did not look; target: the file of figures to write.
    """

    pair: ClipPair
    evaluation: Evaluation
    target: Path
    seen: Path | None = None
    seen_reference: Path | None = None

    def to_text(self) -> str:
        """Return the task as the child reads it."""
        words = asdict(self) | {"evaluation": self.evaluation.as_json()}
        return json.dumps(words, default=str)

    @classmethod
    def from_text(cls, text: str) -> "ClipTask":
        """Return the task that a text holds."""
        words = json.loads(text)
        pair = words["pair"]
        return cls(
            pair=ClipPair(
                name=pair["name"],
                generated=Path(pair["generated"]),
                reference=_path(pair["reference"]),
                poses=_path(pair["poses"]),
                signer=pair["signer"],
            ),
            evaluation=Evaluation.from_json(words["evaluation"]),
            target=Path(words["target"]),
            seen=_path(words["seen"]),
            seen_reference=_path(words["seen_reference"]),
        )


def work(text: str) -> Iterator[str]:
    """Do a task given as text; yield what ``understand`` reads."""
    return answers(measure(ClipTask.from_text(text)), PoseSequencesError)


def measure(task: ClipTask) -> Iterator[int]:
    """Measure a pair and write its figures, yielding the number of frames seen since the last time.

    Raises PathError where one of the files cannot be used.
    """
    with _warnings() as notes:
        opened = open_pair(task.pair, resize=task.evaluation.resize)
        footage = opened.footage
        driving = _driving(task)
        if driving is not None:
            check_poses(task.pair.poses or task.pair.generated, driving, footage)
        measures = measures_of(task.evaluation, footage.num_frames)
        for chunk in read_chunks(opened, driving):
            for each in measures.all:
                each.add(chunk)
            yield len(chunk)
        figures = measures.figures()
        figures += _pose_figures(task, driving)
    clip = ClipFigures(
        name=task.pair.name,
        num_frames=footage.num_frames,
        figures=tuple(figures),
        notes=(*notes, *filter(None, [footage.note, _whose_poses(task, driving)])),
    )
    # the figures last: where they are, the moments are, too
    write_moments(pool_file(task.target), measures.of_sets)
    write_figures(task.target, clip)


def _driving(task: ClipTask) -> PoseSequence | None:
    """Return the poses by which hands and face are found: the given ones, else the true clip's."""
    path = task.pair.poses or task.seen_reference
    return None if path is None else read_poses(path)


def _whose_poses(task: ClipTask, driving: PoseSequence | None) -> str:
    if driving is None or task.pair.poses is not None:
        return ""
    return "no poses were given: hands and face are cut out by those detected in the real clip"


def _pose_figures(task: ClipTask, driving: PoseSequence | None) -> list[Figure]:
    if task.seen is None or driving is None:
        return []
    from signgen.evaluation.poses import measure_poses

    reference = None if task.seen_reference is None else read_poses(task.seen_reference)
    try:
        figures = measure_poses(driving, read_poses(task.seen), reference)
    except PathError:
        raise
    except ValueError as error:
        raise InputError(
            task.pair.generated, str(error), "give the poses that it was generated from"
        ) from error
    if task.pair.poses is not None:
        return figures
    # what was detected in the true clip drove nothing
    return [figure for figure in figures if not figure.key.endswith("_vs_driving")]


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """Collect what the readers warn of: a child's standard error is read by nobody."""
    notes = _Notes(logging.WARNING)
    package = logging.getLogger("pose_sequences")
    package.addHandler(notes)
    try:
        yield notes.messages
    finally:
        package.removeHandler(notes)


class _Notes(logging.Handler):
    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = single_line(record.getMessage())
        if message not in self.messages:
            self.messages.append(message)


def _path(word: str | None) -> Path | None:
    return None if word is None else Path(word)


def _main() -> None:
    import torch

    # one core a worker
    torch.set_num_threads(1)
    serve(work)


if __name__ == "__main__":
    _main()
