"""Whether signs that differ in one thing are still told apart after a model rendered them.

The run: pairs a few at a time, each with a judge of its own, filmed, rendered and looked at. What
stands in its folder is not made again, and the filmed signs serve every model.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pose_sequences.errors import InputError
from pose_sequences.outputs import fresh_file
from signgen.evaluation.detections import DETECTOR
from signgen.evaluation.recognition.features import SETTINGS
from signgen.evaluation.recognition.judge import Judge
from signgen.rendering.model import Model
from signgen.sampling import Steps
from signgen.stopwatch import Stopwatch
from signgen.studio.factory import SignerFactory
from tests.signgen.bundled.minimal_pairs import TRAINING, Pair, learn
from tests.signgen.bundled.pair_clips import PairClip, film_pair, look, render_clip
from tests.signgen.bundled.pair_verdicts import (
    SPLIT,
    Answer,
    Verdict,
    answer,
    tallies,
)

_AT_ONCE = 4  # pairs: each look starts a detector anew
_SETTINGS = "settings.json"


@dataclass(frozen=True, kw_only=True)
class PairExam:
    """takes: of each sign, by a signer each; num_frames: of a take at most; seed: of everything."""

    takes: int
    num_frames: int
    seed: int

    def as_json(self) -> dict[str, Any]:
        """Return what decides how the filmed signs and the judges of a folder come out."""
        judges = {**asdict(TRAINING), "strengths": list(TRAINING.strengths), "features": SETTINGS}
        return {"num_frames": self.num_frames, "seed": self.seed, "judges": judges}


@dataclass(frozen=True, kw_only=True, eq=False)
class Rendering:
    """What renders: the model, and by which steps."""

    model: Model
    steps: Steps

    @property
    def label(self) -> str:
        """The name of a folder that holds nothing of another model."""
        return f"{self.model.weights[:12]}-{self.steps.num_steps}-{self.steps.guidance.first:g}"

    def as_json(self) -> dict[str, Any]:
        """Return who rendered and how."""
        return {
            "model": self.model.name,
            "weights": self.model.weights,
            "steps": self.steps.num_steps,
            "guidance_scale": self.steps.guidance.first,
        }


class PairRun:
    """An exam in a folder; rendering: None for filmed signs alone; workers: who look."""

    def __init__(
        self, folder: Path, exam: PairExam, rendering: Rendering | None, *, workers: int
    ) -> None:
        _pin(folder, exam)
        self._folder, self._exam, self._rendering = folder, exam, rendering
        self._workers = workers
        self._factory = SignerFactory.load()
        self.stopwatch = Stopwatch()

    def verdicts(self, pairs: Sequence[Pair]) -> Iterator[Verdict]:
        """Yield the verdict on each pair in turn, a few of them at a time."""
        for first in range(0, len(pairs), _AT_ONCE):
            yield from self._judged(pairs[first : first + _AT_ONCE])

    def _judged(self, pairs: Sequence[Pair]) -> Iterator[Verdict]:
        judges = {pair: self._judge(pair) for pair in pairs}
        clips = [clip for pair in pairs for clip in self._filmed(pair)]
        truth = self._heard(judges, {clip: clip.video for clip in clips})
        filmed = [
            Verdict(pair=pair, held_out=judge.held_out.percent, truth=truth[pair])
            for pair, judge in judges.items()
        ]
        split = {verdict.pair for verdict in filmed if verdict.is_split}
        made = self._rendered([clip for clip in clips if clip.pair in split])
        renders = self._heard(judges, made)
        for verdict in filmed:
            yield Verdict(
                pair=verdict.pair,
                held_out=verdict.held_out,
                truth=verdict.truth,
                renders=renders[verdict.pair],
            )

    def _judge(self, pair: Pair) -> Judge:
        kept = self._place(pair) / "judge"
        if not kept.exists():
            with self.stopwatch.stage("learn"):
                learn(pair, TRAINING, self._exam.num_frames).save(kept)
        return Judge.load(kept)

    def _filmed(self, pair: Pair) -> list[PairClip]:
        with self.stopwatch.stage("film"):
            return film_pair(
                self._factory,
                pair,
                self._place(pair),
                takes=self._exam.takes,
                num_frames=self._exam.num_frames,
                seed=self._exam.seed,
            )

    def _rendered(self, clips: Sequence[PairClip]) -> dict[PairClip, Path]:
        made: dict[PairClip, Path] = {}
        if self._rendering is None:
            return made
        home = self._folder / "renders" / self._rendering.label
        for clip in clips:
            made[clip] = home / clip.pair.label / clip.video.name
            with self.stopwatch.stage("render"):
                pipeline = self._rendering.model.pipeline
                render_clip(pipeline, self._rendering.steps, clip, made[clip])
        return made

    def _heard(
        self, judges: dict[Pair, Judge], videos: dict[PairClip, Path]
    ) -> dict[Pair, tuple[Answer, ...]]:
        with self.stopwatch.stage("look"):
            seen = look(videos.values(), self._folder, workers=self._workers)
        said: dict[Pair, tuple[Answer, ...]] = dict.fromkeys(judges, ())
        for clip, video in videos.items():
            heard = answer(judges[clip.pair], clip.person, clip.member, seen[video])
            said[clip.pair] = (*said[clip.pair], heard)
        return said

    def _place(self, pair: Pair) -> Path:
        return self._folder / "pairs" / pair.label


def write_report(
    path: Path, exam: PairExam, rendering: Rendering | None, verdicts: Sequence[Verdict]
) -> None:
    """Write all verdicts, and what they rest on, as JSON."""
    words = {
        **exam.as_json(),
        "takes": exam.takes,
        "detector": DETECTOR.signature,
        "split_from_percent": SPLIT,
        "rendering": None if rendering is None else rendering.as_json(),
        "contrasts": {part: asdict(tally) for part, tally in tallies(verdicts).items()},
        "pairs": [verdict.as_json() for verdict in verdicts],
    }
    with fresh_file(path, overwrite=True) as temporary:
        temporary.write_text(json.dumps(words, indent=1) + "\n", encoding="utf-8")


def _pin(folder: Path, exam: PairExam) -> None:
    """Keep what a folder's files come from; raises InputError where it is something else."""
    words = json.dumps(exam.as_json(), indent=1)
    kept = folder / _SETTINGS
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        kept.write_text(words, encoding="utf-8")
    elif kept.read_text(encoding="utf-8") != words:
        raise InputError(folder, "was made with other settings", "give another folder")
