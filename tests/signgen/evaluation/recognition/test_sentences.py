"""Word error rate and BLEU: closed forms, and agreement with naive second implementations."""

import math
import random
from functools import cache

import pytest

from signgen.evaluation.recognition.sentences import (
    Alignment,
    NgramCounts,
    align,
    bleu,
    count_ngrams,
    tokenised,
)

pytestmark = pytest.mark.light
WORDS = ("HAUS", "REGEN", "MORGEN")


def naive_errors(truth: tuple[str, ...], said: tuple[str, ...]) -> int:
    @cache
    def errors(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        change = errors(i - 1, j - 1) + (truth[i - 1] != said[j - 1])
        return min(change, errors(i - 1, j) + 1, errors(i, j - 1) + 1)

    return errors(len(truth), len(said))


def naive_bleu(pairs: list[tuple[list[str], list[str]]]) -> float:
    product, zeros = 1.0, 0
    for n in (1, 2, 3, 4):
        right = total = 0
        for truth, said in pairs:
            left = [tuple(truth[k : k + n]) for k in range(len(truth) - n + 1)]
            for gram in (tuple(said[k : k + n]) for k in range(len(said) - n + 1)):
                total += 1
                if gram in left:
                    left.remove(gram)
                    right += 1
        if not total:
            return 0.0
        if not right:
            zeros += 1
        product *= (right or 0.5**zeros) / total
        if n == 1 and not right:
            return 0.0
    said_length, true_length = (sum(len(pair[k]) for pair in pairs) for k in (1, 0))
    return 100 * min(1, math.exp(1 - true_length / said_length)) * product**0.25


def test_each_kind_of_error_is_counted_as_what_it_is() -> None:
    truth = ["MORGEN", "REGEN", "NORD", "WIND"]
    assert align(truth, truth) == Alignment(hits=4)
    assert align(truth, ["MORGEN", "SONNE", "NORD", "WIND"]) == Alignment(hits=3, substitutions=1)
    assert align(truth, ["MORGEN", "NORD", "WIND"]) == Alignment(hits=3, deletions=1)
    assert align(truth, ["ABER", *truth]) == Alignment(hits=4, insertions=1)
    assert align(truth, []).rate == 100
    assert align(["REGEN"], ["REGEN", "REGEN", "REGEN"]).rate == 200
    assert math.isnan(align([], ["REGEN"]).rate)


def test_the_fewest_errors_are_those_of_a_naive_search_and_the_counts_add_up() -> None:
    rng = random.Random(0)
    for _ in range(200):
        truth, said = (tuple(rng.choices(WORDS, k=rng.randint(0, 7))) for _ in range(2))
        found = align(truth, said)
        assert found.errors == naive_errors(truth, said)
        assert found.length == len(truth)
        assert found.hits + found.substitutions + found.insertions == len(said)


def test_bleu_of_a_corpus_is_that_of_a_naive_count() -> None:
    rng = random.Random(1)
    values = []
    for _ in range(60):
        pairs = [
            tuple(rng.choices(("a", "b", "c"), k=rng.randint(1, 9)) for _ in range(2))
            for _ in range(rng.randint(1, 3))
        ]
        counts = NgramCounts()
        for truth, said in pairs:
            counts += count_ngrams(" ".join(truth), " ".join(said))
        values.append(bleu(counts))
        assert values[-1] == pytest.approx(naive_bleu(pairs))  # type: ignore[arg-type]
    assert min(values) == 0 < max(values)


def test_bleu_has_its_closed_forms() -> None:
    truth = "am tag regnet es im norden"
    assert bleu(count_ngrams(truth, truth)) == pytest.approx(100)
    assert bleu(count_ngrams(truth, "morgen scheint die sonne überall")) == 0
    assert bleu(count_ngrams(truth, "")) == 0
    # five of six words in order: every n-gram is right, only the length is short
    short = bleu(count_ngrams(truth, "am tag regnet es im"))
    assert short == pytest.approx(100 * math.exp(1 - 6 / 5))


def test_tokens_are_those_of_mteval_13a() -> None:
    assert tokenised("Hallo, Welt.") == ["Hallo", ",", "Welt", "."]
    assert " ".join(tokenised("Es sind 1,5 Grad; 3.000 m.")) == "Es sind 1,5 Grad ; 3.000 m ."
    assert " ".join(tokenised("5-7 &quot;Grad&quot; (kühl)")) == '5 - 7 " Grad " ( kühl )'
    assert tokenised("Nord-Ost") == ["Nord-Ost"]
