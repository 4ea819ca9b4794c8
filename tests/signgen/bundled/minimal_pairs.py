"""Minimal pairs of invented signs, and for each a small judge of its own.

It learns from excerpts that studio signers sign, seen as a model of the detector sees them: never
from pictures, and never from what a generator made.
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from signgen.evaluation.recognition.exam import FIRST_SIGNER
from signgen.evaluation.recognition.judge import Judge
from signgen.evaluation.recognition.lexicon import Contrast
from signgen.evaluation.recognition.rehearsal import FPS, Bare
from signgen.evaluation.recognition.training import JudgeTraining, Signs, fit_judge, signs_of
from signgen.studio.clip import Take, dress_signer, rehearse
from signgen.studio.factory import SignerFactory
from signgen.studio.gloss import Gloss, minimal_pair, random_gloss
from signgen.studio.motion import Performance

SIZE = (256, 256)
TRAINING = JudgeTraining(signers=16, held_out=4, steps=8)
# how many hands there are is no movement, and a face says nothing of hands
_PARAMETERS: dict[Contrast, tuple[str, ...]] = {
    "handshape": ("handshape",),
    "orientation": ("orientation",),
    "location": ("location",),
    "movement": ("path", "local"),
}
TOLD = tuple(_PARAMETERS)
MEMBERS = ("a", "b")


@dataclass(frozen=True)
class Pair:
    """Two signs that differ in one parameter; number: of the pair among all of its seed."""

    number: int
    contrast: Contrast
    glosses: tuple[Gloss, Gloss]

    @property
    def label(self) -> str:
        """What the pair's files are called."""
        return f"pair{self.number + 1:04d}"

    @property
    def parameter(self) -> str:
        """What the signs differ in."""
        return next(word for word in vars(self.glosses[0]) if len(set(self.words(word))) > 1)

    def words(self, parameter: str) -> tuple[str, str]:
        """Return what the two signs have for a parameter."""
        first, second = (getattr(gloss, parameter) for gloss in self.glosses)
        return first, second


def draw_pairs(count: int, seen: frozenset[Gloss], seed: int) -> list[Pair]:
    """Return pairs, in turn of each contrast of TOLD; seen: signs that are in none.

    More pairs of one seed begin with the same as fewer.
    """
    return [_draw(number, seen, seed) for number in range(count)]


def _draw(number: int, seen: frozenset[Gloss], seed: int) -> Pair:
    rng = np.random.default_rng([seed, number, *b"minimal pair"])
    contrast = TOLD[number % len(TOLD)]
    while True:
        first = random_gloss(rng)
        second = minimal_pair(first, str(rng.choice(_PARAMETERS[contrast])), rng)
        if seen.isdisjoint((first, second)):
            return Pair(number, contrast, (first, second))


def exam_takes(pair: Pair, person: int, seed: int) -> tuple[Take, Take]:
    """Return the two signs by one person whom no judge and no model learned from."""
    rng = np.random.default_rng([seed, pair.number, person, *b"pair exam"])
    signer = FIRST_SIGNER + int(rng.integers(FIRST_SIGNER))
    first, second = (_take(signer, gloss, rng) for gloss in pair.glosses)
    return first, second


def excerpt(performance: Performance, num_frames: int) -> Performance:
    """Return the last frames of the only sign: stroke and hold, and before them what there is."""
    ((word, start, stop),) = performance.segments
    start = max(start, stop - num_frames)
    part = performance.pose.chunk(start, stop)
    return replace(performance, pose=part, segments=((word, 0, stop - start),))


def learn(pair: Pair, training: JudgeTraining, num_frames: int) -> Judge:
    """Return the judge of a pair's excerpts; training: also says of whom it knows how it did."""
    people = range(training.signers + training.held_out)
    signs = [_signs(pair, person, training, num_frames) for person in people]
    return fit_judge(pair.glosses, training, signs)


def _signs(pair: Pair, person: int, training: JudgeTraining, num_frames: int) -> Signs:
    chance = np.random.default_rng([training.seed, person, *b"pair judge"])
    signer = int(chance.integers(FIRST_SIGNER))  # the same people sign every pair
    rng = np.random.default_rng([training.seed, pair.number, person, *b"pair judge"])
    bare = _bare(signer)
    takes = []
    for gloss in pair.glosses:
        performance, camera = rehearse(bare.figure, _take(signer, gloss, rng), FPS)
        takes.append(bare.rehearsed(excerpt(performance, num_frames), camera))
    return signs_of(pair.glosses, takes, training, rng)


def _take(signer: int, gloss: Gloss, rng: np.random.Generator) -> Take:
    return Take(signer=signer, glosses=(gloss,), seed=int(rng.integers(2**31)), size=SIZE)


@cache
def _bare(signer: int) -> Bare:
    return Bare.of(dress_signer(_factory(), signer))


@cache
def _factory() -> SignerFactory:
    return SignerFactory.load()
