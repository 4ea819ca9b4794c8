"""The exam: every sign as often as any other, by signers whom nobody learned from."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from signgen.cli.judge import train_judge
from signgen.evaluation.recognition.exam import FIRST_SIGNER, Exam, Question, sit
from signgen.evaluation.recognition.judge import Judge
from signgen.evaluation.recognition.lexicon import lexicon
from signgen.evaluation.recognition.rehearsal import rehearse_takes
from signgen.evaluation.recognition.training import JudgeTraining, training_takes
from signgen.studio.detector import Detection
from signgen.studio.gloss import name
from tests.signgen.evaluation.recognition.toy_judge import glosses, judge
from tests.signgen.studio.people import factory


def test_every_sign_is_asked_for_as_often_by_signers_of_their_own() -> None:
    exam = Exam(glosses=lexicon(), rounds=3, seed=5)
    takes = exam.takes()
    asked = [name(gloss) for take in takes for gloss in take.glosses]
    assert {asked.count(word) for word in map(name, lexicon())} == {3}
    assert len({take.signer for take in takes}) == len(takes)
    assert takes == Exam(glosses=lexicon(), rounds=3, seed=5).takes()
    learned = training_takes(lexicon(), 0, np.random.default_rng(JudgeTraining().seed))
    assert max(take.signer for take in learned) < FIRST_SIGNER <= min(t.signer for t in takes)


def test_a_judge_that_sat_the_exam_knows_how_it_did() -> None:
    takes = Exam(glosses=glosses(), rounds=2, seed=1).takes()
    rehearsed = [rehearse_takes(factory(), [take])[0] for take in takes]
    rng = np.random.default_rng(0)
    questions = [Question(each.poses, each.seen(rng, Detection())) for each in rehearsed]
    examined, jury = sit(judge(), questions)
    assert examined.exam is not None
    counts = jury.confusion().generated
    assert (examined.exam.right, examined.exam.asked) == (np.trace(counts), 8)
    assert "mediapipe" in examined.exam.how
    assert f"of {examined.exam.asked}" in examined.signature


@pytest.mark.slow
def test_the_judge_tells_95_percent_of_filmed_signs_as_mediapipe_sees_them(tmp_path: Path) -> None:
    out, film = tmp_path / "judge", tmp_path / "exam"
    options = [str(out), "--exam", str(film), "--seed", "1", "-j", "2", "--json"]
    result = CliRunner().invoke(train_judge, options)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    answer = json.loads(result.stdout)
    assert answer["exam"] >= 95
    assert answer["held_out"] >= 95
    assert Judge.load(out).means_something
