"""A judge of four signs and the people it learned from, made once a process."""

from functools import cache

from signgen.evaluation.recognition.judge import Judge
from signgen.evaluation.recognition.lexicon import lexicon
from signgen.evaluation.recognition.training import JudgeTraining, Signs, fit_judge, sign_all
from signgen.studio.gloss import Gloss
from tests.signgen.studio.people import factory

TRAINING = JudgeTraining(signers=4, held_out=2, strengths=(0.0, 1.0), steps=6)


def glosses() -> tuple[Gloss, ...]:
    """Return two signs of the lexicon and a minimal pair of each: handshape, orientation."""
    signs = lexicon()
    return signs[4], signs[5], signs[8], signs[9]


@cache
def people() -> tuple[Signs, ...]:
    """Return the signs of all people of the training."""
    return tuple(sign_all(glosses(), TRAINING, factory()))


@cache
def judge() -> Judge:
    """Return the judge."""
    return fit_judge(glosses(), TRAINING, people())
