"""How far a detector's points lie from the true ones: parameters of one part, and draws from them.

An error has a size and a shape over the part's points. Both follow what is seen in the frame, last
from frame to frame, and are in part a clip's own.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import gamma, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from signgen.studio.detector_sight import Sight

LEVELS = np.linspace(-2.75, 2.75, 23)

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ErrorModel:
    """Of a part of K points; errors are told in the part's unit.

    mean (X, K*3): the mean shape, by the columns of Sight.turns; size (F,): logarithm of the size,
    by those of Sight.troubles; size_levels (L,): what comes on top at LEVELS of a normal wave, in
    which waves of size_memory (2,) have size_shares (2,); size_range (2,): of the logarithm;
    growth (K,): the power of the size by which each point grows; uneven (G,), uneven_memory (1,):
    deviation and memory of the logarithm of how much farther off each of Sight.groups is; patterns
    (D, K*3): what is added to the mean shape, one standard deviation each; memory (D,): of them, 1
    for what a clip keeps; tail (1,): the power of normal noise that they are drawn from; rest
    (K*3,), rest_memory (1,): deviation and memory of what the patterns leave.
    """

    mean: Floats
    size: Floats
    size_levels: Floats
    size_shares: Floats
    size_memory: Floats
    size_range: Floats
    growth: Floats
    uneven: Floats
    uneven_memory: Floats
    patterns: Floats
    memory: Floats
    tail: Floats
    rest: Floats
    rest_memory: Floats

    def drawn(self, sight: Sight, rng: np.random.Generator) -> Floats:
        """Return errors (T, K, 3) in pixels: x, y, depth."""
        num_frames = len(sight.turns)
        size = self._size(sight, rng)
        shape = sight.turns @ self.mean + self._pattern(num_frames, rng)
        errors = shape * grown(size, self.growth) * self._unevenness(sight, rng)
        errors *= (size / flat_size(errors))[:, None]
        errors = sight.unit * errors.reshape(num_frames, -1, 3)
        return errors * np.array([-1.0 if sight.mirrored else 1.0, 1.0, 1.0])

    def _size(self, sight: Sight, rng: np.random.Generator) -> Floats:
        waves = remembered(self.size_memory, len(sight.troubles), rng)  # (T, 2)
        levels = np.interp(waves @ np.sqrt(self.size_shares), LEVELS, self.size_levels)
        return np.exp(np.clip(sight.troubles @ self.size + levels, *self.size_range))

    def _unevenness(self, sight: Sight, rng: np.random.Generator) -> Floats:
        """Return how many times as far off the points are (T, K*3)."""
        num_groups = int(sight.groups.max()) + 1
        memory = np.broadcast_to(self.uneven_memory, num_groups)
        waves = remembered(memory, len(sight.turns), rng)  # (T, G)
        return np.exp(self.uneven * waves)[:, sight.groups].repeat(3, axis=1)

    def _pattern(self, num_frames: int, rng: np.random.Generator) -> Floats:
        """Return (T, K*3), of about unit size."""
        tail = float(self.tail[0])
        pattern = stretched(remembered(self.memory, num_frames, rng), tail) @ self.patterns
        rest_memory = np.broadcast_to(self.rest_memory, self.rest.shape)
        return pattern + stretched(remembered(rest_memory, num_frames, rng), tail) * self.rest


def grown(size: Floats, growth: Floats) -> Floats:
    """Return how large the points of a pattern are (T, K*3), in frames of that size (T,)."""
    return (size[:, None] ** growth).repeat(3, axis=1)


def stretched(noise: Floats, tail: float) -> Floats:
    """Return normal noise to the power of ``tail``, its signs kept, of unit deviation."""
    deviation = sqrt(2**tail * gamma(tail + 0.5) / sqrt(pi))
    return np.sign(noise) * np.abs(noise) ** tail / deviation


def flat_size(errors: Floats) -> Floats:
    """Return the root mean square (T,) over the points of errors (T, K*3) in the picture."""
    flat = errors.reshape(len(errors), -1, 3)[..., :2]
    return np.sqrt((flat**2).sum(2).mean(1))


def remembered(memory: Floats, num_frames: int, rng: np.random.Generator) -> Floats:
    """Return unit noise (T, D), of which each frame keeps the share ``memory`` (D,) of the last."""
    noise = rng.standard_normal((num_frames, len(memory)))
    fresh = np.sqrt(1 - memory**2)
    noise[1:] *= fresh
    for last, frame in pairwise(noise):
        frame += memory * last
    return noise


@dataclass(frozen=True, kw_only=True)
class TrustModel:
    """How sure a detector is of each of K joints, in log-odds.

    mean (X + F - 1, K): by the columns of Sight.turns and of Sight.troubles; spread, memory (K,):
    of what these do not tell.
    """

    mean: Floats
    spread: Floats
    memory: Floats

    def drawn(self, sight: Sight, rng: np.random.Generator) -> Floats:
        """Return confidence (T, K)."""
        columns = trust_columns(sight)
        noise = remembered(self.memory, len(columns), rng) * self.spread
        return 1 / (1 + np.exp(-(columns @ self.mean + noise)))


def trust_columns(sight: Sight) -> Floats:
    """Return all that is known of a part (T, X + F - 1)."""
    return np.concatenate([sight.turns, sight.troubles[:, 1:]], 1)
