"""Weighted wishes for the shifts of two hands, and the steady answer that suits them best."""

import numpy as np

from pose_sequences.retarget.landmarks import SIDES, Array, Side

_STEADY = 4.0  # against a weight of 1 for where a hand belongs
_EASE = 1e-3  # so that a hand that is nowhere has an answer too


class Wishes:
    """Linear wishes for the shifts (2 sides, xy) of T frames, gathered as normal equations."""

    def __init__(self, num_frames: int) -> None:
        self._matrix = np.zeros((num_frames, 2, 2))
        self._right = np.zeros((num_frames, 2, 2))

    def add(self, sides: Array, target: Array, weight: Array) -> None:
        """Wish that the shifts, times a factor for each side, sum to a target.

        sides: (T, N, 2) or less, the factors; target: (T, N, 2), where NaN wishes for nothing;
        weight: (T, N) or less.
        """
        there = np.isfinite(target).all(axis=-1)
        weight = np.where(there, weight, 0)
        target = np.where(there[..., None], target, 0)
        sides = np.where(there[..., None], sides, 0)
        self._matrix += np.einsum("tn,tni,tnj->tij", weight, sides, sides)
        self._right += np.einsum("tn,tni,tnd->tid", weight, sides, target)

    def answer(self, free: dict[Side, Array]) -> dict[Side, Array]:
        """Return the shift (T, 2) of each side that best fits all wishes.

        free: where the hands would go without touches; only what departs from it has to be steady.
        """
        base = np.stack([free[side] for side in SIDES], axis=1)  # (T, sides, xy)
        right = self._right - self._matrix @ base
        departure = _steady_solution(self._matrix + _EASE * np.eye(2), right)
        return {side: base[:, i] + departure[:, i] for i, side in enumerate(SIDES)}


def side_factor(side: Side) -> Array:
    """Return the factors that speak of one side alone."""
    return np.array([float(side == other) for other in SIDES])


def _steady_solution(matrix: Array, right: Array) -> Array:
    """Solve matrix x + _STEADY (differences of x in time) = right, (T, 2, 2) each.

    The blocks form a tridiagonal system: one sweep forwards eliminates, one backwards solves.
    """
    num_frames = len(matrix)
    steps = np.full(num_frames, 2.0)
    steps[0] -= 1
    steps[-1] -= 1
    matrix = matrix + _STEADY * steps[:, None, None] * np.eye(2)
    right = right.copy()
    for t in range(1, num_frames):
        factor = _STEADY * np.linalg.inv(matrix[t - 1])
        matrix[t] -= _STEADY * factor
        right[t] += factor @ right[t - 1]
    solution = np.empty_like(right)
    following = np.zeros((2, 2))
    for t in reversed(range(num_frames)):
        solution[t] = np.linalg.solve(matrix[t], right[t] + _STEADY * following)
        following = solution[t]
    return solution
