"""Recognition beside the other measures: what a jury and somebody's predictions add to a system.

Poses are read from the files that the evaluation's detector left; nothing is detected anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pose_sequences.errors import InputError, PathError
from pose_sequences.files import read_poses
from pose_sequences.phoenix import Corpus
from pose_sequences.phoenix.clip import Split
from signgen.evaluation.figures import Figure, Metric
from signgen.evaluation.pairs import ClipPair
from signgen.evaluation.recognition.picture import recognition_json
from signgen.evaluation.recognition.sentences import (
    BLEU_SETTINGS,
    WER_SETTINGS,
    NgramCounts,
    align,
    bleu,
    count_ngrams,
)
from signgen.evaluation.recognition.verdicts import Jury
from signgen.evaluation.results import ClipFigures
from signgen.evaluation.runner import ClipOutcome

Words = Mapping[str, Mapping[str, str]]  # of a clip's name: its "gloss" and "text"

_COUNTS = ("substitutions", "deletions", "insertions")
SENTENCE_METRICS = (
    Metric(
        key="sign/wer",
        title="Word error rate of the glosses",
        unit="%",
        better="lower",
        ideal=None,
        signature=f"{WER_SETTINGS}|predictions:given",
    ),
    *(
        Metric(
            key=f"sign/wer_{kind}",
            title=f"of that, {kind}",
            unit="%",
            better="lower",
            ideal=None,
            signature=f"{WER_SETTINGS}|predictions:given",
        )
        for kind in _COUNTS
    ),
    Metric(
        key="sign/bleu",
        title="BLEU-4 of the text",
        unit="",
        better="higher",
        ideal=None,
        signature=f"{BLEU_SETTINGS}|predictions:given",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Sentences:
    """What was said of the clips, and what is true of them, by name."""

    said: Words
    true: Words


@dataclass(frozen=True, kw_only=True)
class Recognition:
    """What looks at the signs of one system's clips: a jury, somebody's sentences, both or none."""

    jury: Jury | None = None
    sentences: Sentences | None = None

    def metrics(self) -> tuple[Metric, ...]:
        """Return the rows that there may be figures for."""
        jury = () if self.jury is None else self.jury.metrics()
        return (*jury, *(() if self.sentences is None else SENTENCE_METRICS))

    def added(self, outcome: ClipOutcome) -> ClipFigures:
        """Return a clip's figures with those of its signs.

        Raises InputError where its poses cannot be used.
        """
        figures = list(outcome.clip.figures)
        if self.jury is not None:
            figures += _verdict(outcome, self.jury)
        if self.sentences is not None:
            figures += _errors(outcome.clip.name, self.sentences)
        return replace(outcome.clip, figures=tuple(figures))

    def of_set(self, names: Sequence[str]) -> list[Figure]:
        """Return the figures of clips that are no means over them."""
        return [] if self.sentences is None else _bleu(names, self.sentences)

    def as_json(self) -> dict[str, Any] | None:
        """Return what the jury said, None without one."""
        return None if self.jury is None else recognition_json(self.jury)

    def of_baseline(self) -> "Recognition":
        """Return the same for a baseline: nobody's sentences are about its clips."""
        jury = self.jury
        return Recognition(jury=None if jury is None else replace(jury, verdicts=[]))


def _verdict(outcome: ClipOutcome, jury: Jury) -> list[Figure]:
    if outcome.seen is None or outcome.pair.poses is None:
        note = "nobody says which signs are shown; give the poses that drove the clip"
        return [Figure.unmeasured(metric.key, note) for metric in jury.metrics()]
    reference = outcome.seen_reference
    try:
        return jury.hear(
            read_poses(outcome.pair.poses),
            read_poses(outcome.seen),
            None if reference is None else read_poses(reference),
        )
    except PathError:
        raise
    except ValueError as error:
        raise InputError(
            outcome.pair.generated, str(error), "check the recogniser and the poses"
        ) from error


def _errors(name: str, sentences: Sentences) -> list[Figure]:
    """Return the word error rate of what was said of a clip, and of what it consists."""
    truth = sentences.true.get(name, {}).get("gloss", "").split()
    said = sentences.said.get(name, {}).get("gloss")
    if said is None or not truth:
        note = "no glosses were said of it" if truth else "nobody says which glosses are shown"
        keys = ("sign/wer", *(f"sign/wer_{kind}" for kind in _COUNTS))
        return [Figure.unmeasured(key, note) for key in keys]
    found = align(truth, said.split())
    shares = {"sign/wer": found.errors} | {f"sign/wer_{k}": getattr(found, k) for k in _COUNTS}
    return [
        # weighed by its words, a mean over clips is the errors of all over the words of all
        Figure(key=key, value=100 * errors / found.length, weight=found.length)
        for key, errors in shares.items()
    ]


def _bleu(names: Sequence[str], sentences: Sentences) -> list[Figure]:
    """Return BLEU over the clips of which both texts are known; none where there is no text."""
    counts, asked = NgramCounts(), 0
    for name in names:
        truth, said = (
            words.get(name, {}).get("text", "") for words in (sentences.true, sentences.said)
        )
        if truth and "text" in sentences.said.get(name, {}):
            counts += count_ngrams(truth, said)
            asked += 1
    if not asked:
        return []
    return [Figure(key="sign/bleu", value=bleu(counts), weight=asked)]


def true_words(pairs: Sequence[ClipPair]) -> Words:
    """Return the glosses of clips as the poses that drove them tell them."""
    glosses = {}
    for pair in pairs:
        gloss = "" if pair.poses is None else read_poses(pair.poses).gloss
        if gloss:
            glosses[pair.name] = {"gloss": gloss}
    return glosses


def corpus_words(corpus: Corpus, split: Split) -> Words:
    """Return the glosses and the text of a split's clips, as its table tells them."""
    return {
        clip.name: {"gloss": " ".join(clip.glosses), "text": clip.translation}
        for clip in corpus.clips(split)
    }
