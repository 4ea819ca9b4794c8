"""What a recogniser says of clips: accuracy, forced choices between minimal pairs, confusions.

Beside each figure of the generated clips stands that of the real ones, seen by the same detector: a
generator cannot be asked for more than what the judge reads from them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pose_sequences.sequence import PoseSequence, Segment
from signgen.evaluation.figures import Figure, Metric
from signgen.evaluation.recognition.judge import Judge
from signgen.evaluation.recognition.lexicon import CONTRASTS, MinimalPair, minimal_pairs
from signgen.evaluation.recognition.recogniser import Recogniser

_CONTRASTS = tuple(dict.fromkeys(CONTRASTS.values()))
_UNKNOWN = "signs that the recogniser does not know, or that no poses name, are left out"
_SIDES = {"": "generated clips", "_reference": "real clips: the ceiling"}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What was said of one sign.

    sign: its gloss and frames; truth: the number of its label; scores: of each label, on the
    generated clip; reference: on the real one, None where there is none.
    """

    sign: Segment
    truth: int
    scores: tuple[float, ...]
    reference: tuple[float, ...] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """A minimal pair over all clips: forced choices that were right, of generated and real clips.

    chosen, chosen_reference: (right, asked).
    """

    pair: MinimalPair
    chosen: tuple[int, int]
    chosen_reference: tuple[int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Confusion:
    """labels: L names; generated, reference (L, L): how often the sign of a row was taken for that
    of a column.
    """

    labels: tuple[str, ...]
    generated: NDArray[np.int64]
    reference: NDArray[np.int64]


@dataclass
class Jury:
    """A recogniser and what it has said so far.

    name: by which figures are signed; verdicts: a list a clip.
    """

    recogniser: Recogniser
    name: str
    pairs: tuple[MinimalPair, ...] = ()
    caution: str = ""
    labels: tuple[str, ...] = ()
    verdicts: list[list[Verdict]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.labels = tuple(self.recogniser.labels())

    @classmethod
    def of_judge(cls, judge: Judge) -> "Jury":
        """Return the studio's judge as a jury of one, with the minimal pairs of its glosses."""
        pairs = minimal_pairs(judge.glosses)
        return cls(judge, judge.signature, pairs=pairs, caution=judge.verdict)

    def hear(
        self, driving: PoseSequence, generated: PoseSequence, reference: PoseSequence | None
    ) -> list[Figure]:
        """Judge a clip and return its figures.

        driving: names the signs and their frames; generated, reference: what a detector found in
        the generated and in the real clip, frame by frame the same.
        """
        shown = signs_of(driving)
        signs = [sign for sign in shown if sign.gloss in self.labels]
        verdicts = [self._judge(sign, generated, reference) for sign in signs]
        self.verdicts.append(verdicts)
        note = _UNKNOWN if len(signs) < len(shown) or not shown else ""
        return list(self._figures(verdicts, self.caution or note))

    def metrics(self) -> tuple[Metric, ...]:
        """Return the rows that ``hear`` fills."""
        return tuple(self._metrics())

    def confusion(self) -> Confusion:
        """Return how often which sign was taken for which, over all clips."""
        counts = np.zeros((2, len(self.labels), len(self.labels)), np.int64)
        for verdict in self._all():
            for side, scores in enumerate((verdict.scores, verdict.reference)):
                if scores is not None:
                    counts[side, verdict.truth, _best(scores)] += 1
        return Confusion(labels=self.labels, generated=counts[0], reference=counts[1])

    def contrasts(self) -> list[Pair]:
        """Return the minimal pairs that were put to it, over all clips."""
        found = []
        for pair in self.pairs:
            rows = [self.labels.index(word) for word in (pair.first, pair.second)]
            asked = [verdict for verdict in self._all() if verdict.truth in rows]
            found.append(
                Pair(
                    pair=pair,
                    chosen=_count(_choices(asked, rows, reference=False)),
                    chosen_reference=_count(_choices(asked, rows, reference=True)),
                )
            )
        return found

    def _all(self) -> Iterator[Verdict]:
        return (verdict for clip in self.verdicts for verdict in clip)

    def _judge(
        self, sign: Segment, generated: PoseSequence, reference: PoseSequence | None
    ) -> Verdict:
        frames = sign.start, sign.stop
        said = None if reference is None else self._scores(reference, *frames)
        return Verdict(
            sign=sign,
            truth=self.labels.index(sign.gloss),
            scores=self._scores(generated, *frames),
            reference=said,
        )

    def _scores(self, poses: PoseSequence, start: int, stop: int) -> tuple[float, ...]:
        scores = tuple(map(float, self.recogniser.predict(poses, start, stop)))
        if len(scores) != len(self.labels) or not np.isfinite(scores).all():
            raise ValueError(
                f"{self.name} gave {len(scores)} scores for {len(self.labels)} labels, or one that "
                "is no number; give a finite score for each label"
            )
        return scores

    def _figures(self, verdicts: Sequence[Verdict], note: str) -> Iterator[Figure]:
        generated = [_best(v.scores) == v.truth for v in verdicts]
        reference = [_best(v.reference) == v.truth for v in verdicts if v.reference is not None]
        same = [_best(v.reference) == _best(v.scores) for v in verdicts if v.reference is not None]
        yield _share("sign/recognised", generated, note)
        yield _share("sign/recognised_reference", reference, note)
        yield _share("sign/recognised_same", same, note)
        for contrast in _CONTRASTS if self.pairs else ():
            for side in _SIDES:
                choices = [
                    choice
                    for pair in self.pairs
                    if pair.contrast == contrast
                    for choice in self._pair_choices(pair, verdicts, reference=bool(side))
                ]
                yield _share(f"sign/told_by_{_word(contrast)}{side}", choices, note)

    def _pair_choices(
        self, pair: MinimalPair, verdicts: Sequence[Verdict], *, reference: bool
    ) -> list[bool]:
        rows = [self.labels.index(word) for word in (pair.first, pair.second)]
        asked = [verdict for verdict in verdicts if verdict.truth in rows]
        return _choices(asked, rows, reference=reference)

    def _metrics(self) -> Iterator[Metric]:
        signature = f"{self.name}|signs:frames of the driving poses' segments"
        titles = {
            "recognised": "Signs recognised",
            "recognised_reference": "Signs recognised in the real clips: the ceiling",
            "recognised_same": "Signs taken for the same as in the real clip",
        }
        for contrast in _CONTRASTS if self.pairs else ():
            for side, clips in _SIDES.items():
                title = f"Minimal pairs told apart by {contrast}, {clips}"
                titles[f"told_by_{_word(contrast)}{side}"] = title
        for key, title in titles.items():
            kind = "forced choice of two" if key.startswith("told") else f"1 of {len(self.labels)}"
            yield Metric(
                key=f"sign/{key}",
                title=title,
                unit="%",
                better="higher",
                ideal=100.0 if key == "recognised_same" else None,
                signature=f"{signature}|{kind}",
            )


def signs_of(driving: PoseSequence) -> tuple[Segment, ...]:
    """Return the signs that poses say they show: their segments, else all of them as one gloss."""
    if driving.segments or not driving.gloss:
        return tuple(sign for sign in driving.segments if sign.start < sign.stop)
    return (Segment(driving.gloss, 0, driving.num_frames),)


def _choices(verdicts: Sequence[Verdict], rows: Sequence[int], *, reference: bool) -> list[bool]:
    """Return of signs of one pair whether the right one of the two has the higher score."""
    found = []
    for verdict in verdicts:
        scores = verdict.reference if reference else verdict.scores
        if scores is not None:
            (other,) = (row for row in rows if row != verdict.truth)
            found.append(scores[verdict.truth] > scores[other])
    return found


def _share(key: str, right: Sequence[bool], note: str) -> Figure:
    if not right:
        return Figure.unmeasured(key, note)
    return Figure(key=key, value=100 * sum(right) / len(right), weight=len(right), note=note)


def _best(scores: Sequence[float]) -> int:
    return int(np.argmax(scores))


def _count(choices: Sequence[bool]) -> tuple[int, int]:
    return sum(choices), len(choices)


def _word(contrast: str) -> str:
    return contrast.replace("-", "_")


def by_contrast(pairs: Sequence[Pair]) -> Mapping[str, tuple[int, int]]:
    """Return (right, asked) of generated clips for each contrast, the worst first."""
    sums: dict[str, list[int]] = {}
    for pair in pairs:
        counts = sums.setdefault(pair.pair.contrast, [0, 0])
        counts[0] += pair.chosen[0]
        counts[1] += pair.chosen[1]
    asked = {contrast: (right, of) for contrast, (right, of) in sums.items() if of}
    return dict(sorted(asked.items(), key=lambda item: item[1][0] / item[1][1]))
