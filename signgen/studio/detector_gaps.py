"""When a detector loses a hand or a face and finds it again: parameters, and draws from them.

The chance of it follows what is seen in the frame, whether it was found in the frame before, and
for how long that has been so: what is lost in view stays lost.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signgen.studio.detector_sight import Sight

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LONGEST_MEMORY = 12  # frames, beyond which it does not matter how long something has lasted


@dataclass(frozen=True, kw_only=True)
class GapModel:
    """Of one kind of part: log-odds of a miss, by the columns of Sight.troubles (F,).

    start: with nothing known of the frame before; lose, keep (F + 1,): after a frame in which the
    part was found, or missed; the last is for the logarithm of how long that has lasted in view.
    """

    start: Floats
    lose: Floats
    keep: Floats

    def drawn(self, sight: Sight, rng: np.random.Generator, odds: float = 1.0) -> Bools:
        """Return which frames (T,) miss the part; odds: how many times MediaPipe's a miss has."""
        troubles = sight.troubles
        chance = rng.random(len(troubles))
        limit = np.log(chance / (1 - chance)) - np.log(odds)  # a miss is where log-odds exceed it
        after_found = troubles @ self.lose[:-1]
        after_missed = troubles @ self.keep[:-1]
        missed = np.zeros(len(troubles), np.bool_)
        missed[0] = troubles[0] @ self.start > limit[0]
        lasted = 1
        for t in range(1, len(missed)):
            before = missed[t - 1]
            rest, slope = (after_missed, self.keep[-1]) if before else (after_found, self.lose[-1])
            missed[t] = rest[t] + slope * np.log(lasted) > limit[t]
            lasted = longer(lasted, changed=bool(missed[t] != before), away=bool(sight.away[t]))
        return missed


def longer(lasted: int, *, changed: bool, away: bool) -> int:
    """Return for how long things have been as in the frame after one for which it is ``lasted``.

    changed: between the two; away: nothing is in the picture, which counts for nothing.
    """
    return 1 if changed or away else min(lasted + 1, LONGEST_MEMORY)


def runs(marked: Bools) -> list[tuple[int, int]]:
    """Return the runs of marked frames (T,) as (start, stop), stop excluded."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
