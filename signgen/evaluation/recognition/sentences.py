"""Sentences against sentences: word error rate with its counts, and BLEU-4 of a corpus.

Both are sums over a corpus before they are a ratio: a corpus's is not the mean over its clips.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

ORDER = 4
WER_SETTINGS = "wer|tokens:whitespace|weights:1,1,1|over:corpus"
BLEU_SETTINGS = (
    "bleu-4|nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|over:corpus|as sacrebleu's default"
)

# mteval-v13a, as sacrebleu's tokenizer of that name
_ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))
_SPLITS = (
    (re.compile(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])"), r" \1 "),
    (re.compile(r"([^0-9])([\.,])"), r"\1 \2 "),
    (re.compile(r"([\.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)


@dataclass(frozen=True)
class Alignment:
    """How one sentence becomes another with fewest changes: what was right, and each kind of error;
    the length of the true one is hits + substitutions + deletions.
    """

    hits: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    @property
    def errors(self) -> int:
        """The number of changes."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def length(self) -> int:
        """The number of words of the true sentence."""
        return self.hits + self.substitutions + self.deletions

    @property
    def rate(self) -> float:
        """The word error rate in %, nan for a sentence without words; may be above 100."""
        return 100 * self.errors / self.length if self.length else math.nan

    def __add__(self, other: "Alignment") -> "Alignment":
        return Alignment(
            self.hits + other.hits,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )


def align(truth: Sequence[str], said: Sequence[str]) -> Alignment:
    """Return the alignment with fewest errors; of several, that with most words right."""
    # cost and counts of the best way from the beginnings to each place, a row a true word
    row = [Alignment(insertions=n) for n in range(len(said) + 1)]
    for number, word in enumerate(truth, 1):
        above, row = row, [Alignment(deletions=number)]
        for column, other in enumerate(said, 1):
            here = Alignment(hits=1) if word == other else Alignment(substitutions=1)
            ways = (
                above[column - 1] + here,
                above[column] + Alignment(deletions=1),
                row[column - 1] + Alignment(insertions=1),
            )
            row.append(min(ways, key=lambda way: (way.errors, -way.hits)))
    return row[-1]


@dataclass(frozen=True)
class NgramCounts:
    """What BLEU rests on, of one sentence or of many: lengths, and the n-grams said and right."""

    said_length: int = 0
    true_length: int = 0
    right: tuple[int, ...] = (0,) * ORDER
    said: tuple[int, ...] = (0,) * ORDER

    def __add__(self, other: "NgramCounts") -> "NgramCounts":
        return NgramCounts(
            self.said_length + other.said_length,
            self.true_length + other.true_length,
            tuple(a + b for a, b in zip(self.right, other.right, strict=True)),
            tuple(a + b for a, b in zip(self.said, other.said, strict=True)),
        )


def count_ngrams(truth: str, said: str) -> NgramCounts:
    """Return the counts of one sentence, tokenised as mteval-v13a does."""
    true_words, words = tokenised(truth), tokenised(said)
    right, total = [], []
    for order in range(1, ORDER + 1):
        own, wanted = _ngrams(words, order), _ngrams(true_words, order)
        right.append((own & wanted).total())
        total.append(own.total())
    return NgramCounts(len(words), len(true_words), tuple(right), tuple(total))


def bleu(counts: NgramCounts) -> float:
    """Return BLEU-4 (0 to 100) of a corpus from its counts (Papineni et al. 2002).

    An order without a right n-gram counts as half of one, the next such as a quarter (NIST's
    smoothing, sacrebleu's ``exp``); nothing said, or nothing right at all, is 0.
    """
    if not any(counts.right) or not all(counts.said):
        return 0.0
    logs, halved = 0.0, 1.0
    for right, said in zip(counts.right, counts.said, strict=True):
        if not right:
            halved *= 2
        logs += math.log(right / said if right else 1 / (halved * said))
    brevity = min(0.0, 1 - counts.true_length / counts.said_length)
    return 100 * math.exp(brevity + logs / ORDER)


def tokenised(line: str) -> list[str]:
    """Return the tokens of mteval-v13a, which keeps upper and lower case."""
    line = line.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, sign in _ENTITIES:
        line = line.replace(entity, sign)
    line = f" {line} "
    for pattern, apart in _SPLITS:
        line = pattern.sub(apart, line)
    return line.split()


def _ngrams(words: list[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[k : k + order]) for k in range(len(words) - order + 1))
