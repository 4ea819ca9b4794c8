"""A signer's way of signing: which hand is strong, how fast, how large; drawn from their seed.

What changes from one performance to the next is drawn where it is used, not here.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from signgen.studio.factory import Signer

Resting = Literal["lap", "sides", "clasped"]
_STREAM = 7041  # apart from whatever else is drawn from a signer's seed


@dataclass(frozen=True)
class Habits:
    """strong: the side of the hand that leads; tempo: duration over the middling; size: of paths;
    swivel: how far the elbows stand out, radians; slack: how far handshapes fall short, 0 to 1;
    mouthing, nodding: how strongly face and head act; resting: where the hands rest; blinks: a
    second; sway: how far body and head drift, radians.
    """

    strong: Literal["L", "R"]
    tempo: float
    size: float
    swivel: float
    slack: float
    mouthing: float
    nodding: float
    resting: Resting
    blinks: float
    sway: float

    @classmethod
    def of(cls, signer: Signer) -> "Habits":
        """Return the habits of a signer, the same each time."""
        rng = np.random.default_rng([_STREAM, signer.seed])
        resting: tuple[Resting, ...] = ("lap", "sides", "clasped")
        return cls(
            strong="L" if rng.random() < 0.12 else "R",
            tempo=float(rng.uniform(0.85, 1.25)),
            size=float(rng.uniform(0.8, 1.2)),
            swivel=float(rng.uniform(0.15, 0.45)),
            slack=float(rng.uniform(0.0, 0.12)),
            mouthing=float(rng.uniform(0.6, 1.0)),
            nodding=float(rng.uniform(0.6, 1.2)),
            resting=resting[rng.integers(len(resting))],
            blinks=float(rng.uniform(0.15, 0.45)),
            sway=float(rng.uniform(0.006, 0.02)),
        )
