"""Verdicts: shares that add up over clips, forced choices of two, and who was taken for whom."""

import json
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from pose_sequences.layout import layout
from pose_sequences.sequence import PoseSequence, Segment
from signgen.evaluation.figures import combine
from signgen.evaluation.recognition.judge import Accuracy
from signgen.evaluation.recognition.lexicon import MinimalPair, lexicon, minimal_pairs
from signgen.evaluation.recognition.picture import confusion_svg, judgement, recognition_json
from signgen.evaluation.recognition.verdicts import Jury
from signgen.studio.gloss import name
from tests.signgen.evaluation.recognition.reader import LABELS, Mute, Reader
from tests.signgen.evaluation.recognition.toy_judge import judge

RED_GREEN = MinimalPair(first="RED", second="GREEN", parameter="path")
GREEN_BLUE = MinimalPair(first="GREEN", second="BLUE", parameter="mouth")


def clip(signs: Sequence[str], said: Sequence[float]) -> PoseSequence:
    """Return a clip of two frames a sign, in which a Reader reads what is said."""
    points = np.zeros((2 * len(signs), len(layout("holistic543").points), 3), np.float32)
    points[:, 0] = [(10 * number, 1, 0) for number in said for _ in range(2)]
    return PoseSequence(
        keypoints=points,
        confidence=points.any(axis=2).astype(np.float32),
        fps=25,
        width=64,
        height=64,
        layout="holistic543",
        segments=tuple(Segment(sign, 2 * n, 2 * n + 2) for n, sign in enumerate(signs)),
    )


def heard() -> tuple[Jury, dict[str, float]]:
    """Return a jury that heard two clips, and the figures of both."""
    jury = Jury(Reader(), "reader", pairs=(RED_GREEN, GREEN_BLUE))
    signs = ("RED", "GREEN", "BLUE", "BLUE")
    figures = jury.hear(
        clip(signs, (0,) * 4), clip(signs, (0, 0.2, 2, 0)), clip(signs, (0, 1, 2, 1))
    )
    signs = ("GREEN",)
    figures += jury.hear(clip(signs, (0,)), clip(signs, (1,)), clip(signs, (1,)))
    return jury, {key: figure.value for key, figure in combine(figures).items()}


def test_shares_are_over_all_signs_of_all_clips() -> None:
    jury, values = heard()
    assert values["sign/recognised"] == pytest.approx(100 * 3 / 5)
    assert values["sign/recognised_reference"] == pytest.approx(100 * 4 / 5)
    assert values["sign/recognised_same"] == pytest.approx(100 * 3 / 5)
    keys = {metric.key for metric in jury.metrics()}
    assert keys == set(values)


def test_a_forced_choice_asks_for_the_two_of_a_pair_alone() -> None:
    jury, values = heard()
    # RED right, GREEN taken for RED, GREEN right
    assert values["sign/told_by_movement"] == pytest.approx(100 * 2 / 3)
    # GREEN (0.2: nearer to GREEN than BLUE), BLUE, BLUE taken for RED but GREEN is nearer: wrong
    assert values["sign/told_by_non_manual"] == pytest.approx(100 * 3 / 4)
    assert values["sign/told_by_movement_reference"] == 100
    assert np.isnan(values["sign/told_by_handshape"])
    movement, mouth = jury.contrasts()
    assert (movement.chosen, movement.chosen_reference) == ((2, 3), (3, 3))
    assert (mouth.chosen, mouth.chosen_reference) == ((3, 4), (3, 4))


def test_the_confusion_counts_every_sign_once() -> None:
    jury, _ = heard()
    confusion = jury.confusion()
    np.testing.assert_array_equal(confusion.generated, [[1, 0, 0], [1, 1, 0], [1, 0, 1]])
    np.testing.assert_array_equal(confusion.reference, [[1, 0, 0], [0, 2, 0], [0, 1, 1]])
    words = json.loads(json.dumps(recognition_json(jury)))
    assert sum(cell["times"] for cell in words["confusion"]["generated"]) == 5
    assert words["contrasts"]["movement"] == {"right": 2, "asked": 3}
    shown = judgement(jury)
    assert shown.signs == LABELS
    assert "3 of 5" in shown.statements[0]


def test_the_picture_is_whole_and_escaped() -> None:
    jury = Jury(Reader(), "reader", labels=())
    jury.labels = ("<b>&RED", *LABELS[1:])
    jury.hear(clip(("<b>&RED", "BLUE"), (0, 0)), clip(("RED", "BLUE"), (0, 0)), None)
    texts: list[str] = []
    parser = HTMLParser()
    parser.handle_data = texts.append  # type: ignore[method-assign]
    picture = confusion_svg(jury.confusion())
    parser.feed(picture)
    assert "<b>&RED: 1 of 1 taken for <b>&RED" in texts
    assert "BLUE: 1 of 1 taken for <b>&RED" in texts
    assert picture.count("<rect") == 3
    assert "GREEN" not in picture


def test_signs_it_does_not_know_are_left_out_and_no_sign_is_no_number() -> None:
    jury = Jury(Reader(), "reader")
    (first, *_) = jury.hear(clip(("GREY",), (0,)), clip(("GREY",), (0,)), None)
    assert (first.weight, "are left out" in first.note) == (0, True)
    (first, *_) = jury.hear(clip(("GREY", "RED"), (0, 0)), clip(("GREY", "RED"), (0, 0)), None)
    assert (first.weight, "are left out" in first.note) == (1, True)
    whole = replace(clip(("RED",), (0,)), segments=(), gloss="GREEN")
    (first, *_) = jury.hear(whole, clip(("RED",), (1,)), None)
    assert first.value == 100


def test_scores_that_do_not_fit_the_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="1 scores for 3 labels"):
        Jury(Mute(), "mute").hear(clip(("RED",), (0,)), clip(("RED",), (0,)), None)


def test_figures_of_a_judge_that_means_nothing_say_so() -> None:
    poor = replace(judge(), exam=Accuracy(1, 2, "filmed"))
    jury = Jury.of_judge(poor)
    sign = judge().labels()[0]
    figures = jury.hear(clip((sign,), (1,)), clip((sign,), (1,)), None)
    assert all("mean nothing" in figure.note for figure in figures)
    assert "exam:50.0 % of 2" in jury.metrics()[0].signature
    assert {pair.contrast for pair in jury.pairs} == {"handshape", "orientation"}


def test_every_sign_of_the_lexicon_is_in_a_minimal_pair_and_each_contrast_in_six() -> None:
    glosses = lexicon()
    pairs = minimal_pairs(glosses)
    assert len({name(gloss) for gloss in glosses}) == 48
    assert {word for pair in pairs for word in (pair.first, pair.second)} == set(map(name, glosses))
    contrasts = [pair.contrast for pair in pairs]
    assert min(contrasts.count(contrast) for contrast in set(contrasts)) >= 6
    assert len(set(contrasts)) == 5
