"""What the judges of minimal pairs said: of each pair, of each contrast, and as a report.

Only pairs that a judge splits on filmed signs say anything of a model; the others are listed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pose_sequences.sequence import PoseSequence
from signgen.evaluation.recognition.judge import Judge
from signgen.studio.gloss import name
from tests.signgen.bundled.minimal_pairs import MEMBERS, TOLD, Pair

_MORE_THAN = 50.0  # %; margins of different clips cannot be added up, one outweighs all
SPLIT = 97.0  # % of the filmed signs, from which on a judge splits its pair
_HEAD = ("contrast", "pairs", "split", "renders named %", "pairs named", "of them flawless")


@dataclass(frozen=True)
class Answer:
    """What a judge says of one clip.

    person: who signs; member: which of the two signs it is; scores: log-probabilities of both.
    """

    person: int
    member: int
    scores: tuple[float, float]

    @property
    def is_right(self) -> bool:
        """Whether the clip's own sign is the likelier one."""
        return self.scores[self.member] > self.scores[1 - self.member]


def answer(judge: Judge, person: int, member: int, seen: PoseSequence) -> Answer:
    """Return what a judge of two signs says of what a detector saw in an excerpt."""
    first, second = judge.predict(seen, 0, len(seen))
    return Answer(person, member, (first, second))


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One pair: what its judge said of filmed signs, and of renders, () where none were asked for.

    held_out: % of signs that it told without pictures, of people it did not learn from.
    """

    pair: Pair
    held_out: float
    truth: tuple[Answer, ...]
    renders: tuple[Answer, ...] = ()

    @property
    def is_split(self) -> bool:
        """Whether the filmed signs are told apart."""
        return percent(self.truth) >= SPLIT

    @property
    def is_named(self) -> bool:
        """Whether each of the two signs is named rightly in more than half of its renders."""
        own = ([each for each in self.renders if each.member == k] for k in range(len(MEMBERS)))
        return all(percent(answers) > _MORE_THAN for answers in own)

    @property
    def is_flawless(self) -> bool:
        """Whether each render by itself is named rightly."""
        return bool(self.renders) and all(each.is_right for each in self.renders)

    def line(self) -> str:
        """Return the pair and how it was told, in a line."""
        first, second = self.pair.words(self.pair.parameter)
        told = f"filmed {_share(self.truth)}"
        if self.renders:
            told += f", rendered {_share(self.renders)}"
        elif not self.is_split:
            told += ", not split"
        return f"{self.pair.label} {self.pair.contrast}: {first} or {second}: {told}"

    def as_json(self) -> dict[str, Any]:
        """Return all of it as plain values for JSON."""
        return {
            "pair": self.pair.label,
            "contrast": self.pair.contrast,
            "parameter": self.pair.parameter,
            "words": list(self.pair.words(self.pair.parameter)),
            "glosses": [name(gloss) for gloss in self.pair.glosses],
            "held_out": round(self.held_out, 1),
            "split": self.is_split,
            "named": self.is_named if self.renders else None,
            "flawless": self.is_flawless if self.renders else None,
            "filmed": [asdict(each) | {"right": each.is_right} for each in self.truth],
            "rendered": [asdict(each) | {"right": each.is_right} for each in self.renders],
        }


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Counts of pairs; renders, right: of the split ones' renders, and of those named rightly."""

    pairs: int
    split: int
    named: int
    flawless: int
    renders: int
    right: int

    @classmethod
    def of(cls, verdicts: Sequence[Verdict]) -> "Tally":
        """Count verdicts."""
        split = [verdict for verdict in verdicts if verdict.is_split]
        renders = [each for verdict in split for each in verdict.renders]
        return cls(
            pairs=len(verdicts),
            split=len(split),
            named=sum(verdict.is_named for verdict in split),
            flawless=sum(verdict.is_flawless for verdict in split),
            renders=len(renders),
            right=sum(each.is_right for each in renders),
        )


def tallies(verdicts: Sequence[Verdict]) -> dict[str, Tally]:
    """Return the tally of each contrast, and of all."""
    parts = {told: [each for each in verdicts if each.pair.contrast == told] for told in TOLD}
    return {part: Tally.of(own) for part, own in (parts | {"all": list(verdicts)}).items()}


def table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield the lines of a table, a row a contrast, and then the pairs that are not as they should.

    A pair is listed where the filmed signs were not split, or a render was named wrongly.
    """
    yield f"| {' | '.join(_HEAD)} |"
    yield "|" + "---|" * len(_HEAD)
    for part, tally in tallies(verdicts).items():
        renders = f"{100 * tally.right / tally.renders:.1f}" if tally.renders else "-"
        cells = (part, tally.pairs, tally.split, renders, tally.named, tally.flawless)
        yield f"| {' | '.join(map(str, cells))} |"
    faults = {
        "not split": [each for each in verdicts if not each.is_split],
        "split, a render misnamed": [
            each for each in verdicts if each.is_split and each.renders and not each.is_flawless
        ],
    }
    for title, those in faults.items():
        if those:
            yield f"{title}:"
            yield from (f"  {each.line()}" for each in those)


def percent(answers: Sequence[Answer]) -> float:
    """Return the share of answers that are right, 0 without one."""
    return 100 * sum(each.is_right for each in answers) / len(answers) if answers else 0.0


def _share(answers: Sequence[Answer]) -> str:
    return f"{sum(each.is_right for each in answers)} of {len(answers)}"
