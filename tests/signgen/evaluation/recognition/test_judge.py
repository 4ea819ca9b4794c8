"""A small judge learns its signs, is kept as a folder, and says how far it is to be trusted."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pose_sequences.errors import InputError, OutputError
from signgen.evaluation.recognition.judge import Accuracy, Judge
from signgen.evaluation.recognition.rehearsal import rehearse_takes
from signgen.evaluation.recognition.training import JudgeTraining, fit_judge, sign_all
from signgen.studio.clip import Take
from signgen.studio.gloss import name
from tests.signgen.evaluation.recognition.toy_judge import TRAINING, glosses, judge, people
from tests.signgen.studio.people import factory

pytestmark = pytest.mark.light


def test_signs_of_people_it_never_saw_are_told() -> None:
    assert judge().held_out.asked == 2 * 4 * len(TRAINING.strengths)
    assert judge().held_out.percent >= 85
    guessing = replace(judge(), weights=np.zeros_like(judge().weights))
    others = [row for signs in people()[TRAINING.signers :] for row in signs.rows]
    assert len({int(np.argmax(row @ guessing.weights)) for row in others}) == 1


def test_predict_gives_log_probabilities_of_the_sign_in_its_frames() -> None:
    take = Take(signer=2**29 + 5, glosses=glosses()[:3], seed=4, size=(256, 256))
    (rehearsed,) = rehearse_takes(factory(), [take])
    for sign in rehearsed.poses.segments:
        scores = judge().predict(rehearsed.poses, sign.start, sign.stop)
        assert np.exp(scores).sum() == pytest.approx(1)
        assert judge().labels()[int(np.argmax(scores))] == sign.gloss


def test_the_same_seed_gives_the_same_judge_and_another_people_another() -> None:
    (first,) = next(sign_all(glosses(), TRAINING, factory())).rows[:1]
    np.testing.assert_array_equal(first, people()[0].rows[0])
    again = fit_judge(glosses(), TRAINING, people())
    assert again.signature == judge().signature
    swapped = fit_judge(glosses(), TRAINING, (*people()[1:], people()[0]))
    assert swapped.signature != judge().signature


def test_a_judge_is_kept_whole(tmp_path: Path) -> None:
    examined = replace(judge(), exam=Accuracy(191, 192, "filmed"))
    examined.save(tmp_path / "judge")
    found = Judge.load(tmp_path / "judge")
    assert found.signature == examined.signature
    assert (found.glosses, found.exam, found.held_out) == (
        examined.glosses,
        examined.exam,
        examined.held_out,
    )
    np.testing.assert_array_equal(found.weights, examined.weights)
    words = json.loads((tmp_path / "judge" / "judge.json").read_text())
    assert words["settings"]["signers"] == TRAINING.signers
    with pytest.raises(OutputError, match="exists already"):
        examined.save(tmp_path / "judge")


@pytest.mark.parametrize(
    ("part", "damage"),
    [
        ("judge.json", lambda content: content[: len(content) // 2]),
        ("judge.json", lambda content: content.replace(b"index", b"indx")),
        ("judge.json", lambda content: content.replace(b"features:1", b"features:9")),
        ("judge.json", lambda content: content.replace(b'"steps": 6', b'"steps": "6"')),
        ("judge.safetensors", lambda content: content[:-40]),
    ],
)
def test_a_damaged_judge_is_refused_in_one_line(tmp_path: Path, part: str, damage: object) -> None:
    judge().save(tmp_path / "judge")
    file = tmp_path / "judge" / part
    file.write_bytes(damage(file.read_bytes()))  # type: ignore[operator]
    with pytest.raises(InputError, match="scripts/train_judge") as caught:
        Judge.load(tmp_path / "judge")
    assert "\n" not in str(caught.value)


def test_below_95_percent_or_without_an_exam_the_verdict_says_that_it_means_nothing() -> None:
    assert "sat no exam" in judge().verdict
    poor = replace(judge(), exam=Accuracy(94, 100, "filmed"))
    assert "94.0 %" in poor.verdict
    assert "mean nothing" in poor.verdict
    good = replace(judge(), exam=Accuracy(95, 100, "filmed"))
    assert (good.verdict, good.means_something) == ("", True)
    assert "exam:95.0 % of 100" in good.signature


@pytest.mark.parametrize(
    "wrong",
    [
        *({"signers": 1}, {"held_out": 0}, {"strengths": ()}, {"steps": 1}, {"ridge": 0.0}),
        {"strengths": (5.0,)},
    ],
)
def test_a_training_out_of_range_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"give|possible"):
        JudgeTraining(**wrong)  # type: ignore[arg-type]


def test_every_person_signs_every_gloss_once_a_strength() -> None:
    for signs in people():
        counts = np.bincount(signs.labels, minlength=len(glosses()))
        assert (counts == len(TRAINING.strengths)).all()
    assert len({name(gloss) for gloss in glosses()}) == 4
