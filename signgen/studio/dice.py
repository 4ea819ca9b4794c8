"""Named draws from one seeded generator."""

from collections.abc import Sequence
from typing import TypeVar

import torch

T = TypeVar("T")


class Dice:
    """Numbers and choices, the same for the same seed; each draw moves on to the next."""

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)

    def between(self, low: float, high: float) -> float:
        """Return a number from ``low`` to ``high``."""
        return low + (high - low) * float(torch.rand((), generator=self._generator))

    def one_of(self, choices: Sequence[T]) -> T:
        """Return one of the choices, each as likely as any other."""
        return choices[int(torch.randint(len(choices), (), generator=self._generator))]

    def happens(self, chance: float) -> bool:
        """Return true with that chance."""
        return self.between(0, 1) < chance
