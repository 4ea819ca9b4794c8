"""What a judge is examined on: studio clips of signers and takes that it has never seen, filmed,
and looked at by MediaPipe as every evaluated clip is.

The folder is a studio's, with a clip and its exact keypoints each, so that a generator can be given
the same signs to render.
"""

from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pose_sequences.errors import InputError, PoseSequencesError
from pose_sequences.extract import ClipProgress
from pose_sequences.extract.answers import understand
from pose_sequences.extract.crew import Lost, run_tasks
from pose_sequences.files import read_poses
from pose_sequences.sequence import PoseSequence
from signgen.evaluation.detections import DETECTOR, content_hash, detect
from signgen.evaluation.recognition.judge import Accuracy, Judge
from signgen.evaluation.recognition.verdicts import Jury
from signgen.studio.clip import Take
from signgen.studio.corpus_task import FilmTask, Place
from signgen.studio.gloss import Gloss

FIRST_SIGNER = 1_000_000_000  # from here on signers are examined, below they are learned from
SIGNS_A_CLIP = 4
SIZE = (256, 256)
_CHILD = "signgen.studio.corpus_task"
_CLIPS, _SPLIT, _LAYOUT = "clips", "test", "holistic553"
_STALL_SECONDS = 600.0


@dataclass(frozen=True, kw_only=True)
class Exam:
    """rounds: how often each sign is asked for; seed: of signers, order and takes."""

    glosses: tuple[Gloss, ...]
    rounds: int = 5
    seed: int = 0

    def takes(self) -> list[Take]:
        """Return what is filmed: sentences of SIGNS_A_CLIP signs, each of another signer."""
        rng = np.random.default_rng([self.seed, *b"exam"])
        order = [row for _ in range(self.rounds) for row in rng.permutation(len(self.glosses))]
        return [
            Take(
                signer=FIRST_SIGNER + int(rng.integers(FIRST_SIGNER)),
                glosses=tuple(self.glosses[row] for row in order[first : first + SIGNS_A_CLIP]),
                seed=int(rng.integers(2**31)),
                size=SIZE,
            )
            for first in range(0, len(order), SIGNS_A_CLIP)
        ]


@dataclass(frozen=True)
class Question:
    """A filmed clip: its exact poses, which say what was signed when, and what MediaPipe found."""

    exact: PoseSequence
    seen: PoseSequence


def film_exam(folder: Path, exam: Exam, *, workers: int) -> Generator[int, None, None]:
    """Film the clips that are not there yet; yield signs of life.

    Raises InputError for a clip that cannot be filmed.
    """
    place = Place(str(folder), _CLIPS, video=True)
    names = [_name(number) for number in range(len(exam.takes()))]
    tasks = [
        FilmTask(place=place, split=_SPLIT, name=name, take=take).to_text()
        for name, take in zip(names, exam.takes(), strict=True)
        if not place.holds(_SPLIT, name)
    ]
    with closing(
        run_tasks(_CHILD, tasks, workers=workers, stall_seconds=_STALL_SECONDS)
    ) as answers:
        for answer in answers:
            if isinstance(answer, Lost):
                raise InputError(folder, f"lost a clip ({answer.reason})", "run it again")
            error = understand(answer.text).error
            if error:
                raise InputError(folder, error, "check the folder")
            yield 1


def read_exam(
    folder: Path, exam: Exam, cache: Path, *, workers: int
) -> Generator[Question | int, None, None]:
    """Let MediaPipe look at the filmed clips; yield the frames seen, then each question in turn.

    cache: keeps what was found. Raises PoseSequencesError where a clip cannot be looked at.
    """
    place = Place(str(folder), _CLIPS, video=True)
    names = [_name(number) for number in range(len(exam.takes()))]
    clips = [place.clip(_SPLIT, name) for name in names]
    found: dict[Path, Path] = {}
    jobs = [(clip, content_hash(clip)) for clip in clips]
    with closing(detect(jobs, cache, workers=workers)) as events:
        for event in events:
            if isinstance(event, ClipProgress):
                yield 1
            elif event.poses is None:
                raise event.error or PoseSequencesError(f"{event.clip}: nothing was found")
            else:
                found[event.clip] = event.poses
    for name, clip in zip(names, clips, strict=True):
        exact = read_poses(place.keypoints(_LAYOUT, _SPLIT, name))
        yield Question(exact, read_poses(found[clip]))


def sit(judge: Judge, questions: Iterable[Question]) -> tuple[Judge, Jury]:
    """Return the judge with its accuracy in the exam, and all that it said there."""
    jury = Jury.of_judge(judge)
    for question in questions:
        jury.hear(question.exact, question.seen, None)
    counts = jury.confusion().generated
    accuracy = Accuracy(
        int(np.trace(counts)), int(counts.sum()), f"filmed studio signers, {DETECTOR.signature}"
    )
    return replace(judge, exam=accuracy), jury


def _name(number: int) -> str:
    return f"exam{number + 1:04d}"
