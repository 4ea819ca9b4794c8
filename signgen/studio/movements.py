"""How hands move in a sign: paths through space, as displacements over the stroke's time.

Sides are the strong hand's own: out, forward, up; metres for a middling adult.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import pi

import torch
from torch import Tensor

Path = Callable[[Tensor], Tensor]


def smooth(phase: Tensor) -> Tensor:
    """Return the way gone at each phase from 0 to 1 with least jerk (Flash and Hogan 1985)."""
    phase = phase.clamp(0, 1)
    return phase**3 * (10 - 15 * phase + 6 * phase**2)


def _line(out: float, forward: float, up: float) -> Path:
    way = torch.tensor([out, forward, up])

    def move(phase: Tensor) -> Tensor:
        return smooth(phase)[:, None] * way

    return move


def _arc(side: tuple[float, float, float], rise: tuple[float, float, float]) -> Path:
    along, bow = torch.tensor(side), torch.tensor(rise)

    def move(phase: Tensor) -> Tensor:
        angle = pi * smooth(phase)[:, None]
        return (1 - angle.cos()) / 2 * along + angle.sin() * bow

    return move


def _circle(first: tuple[float, float, float], second: tuple[float, float, float]) -> Path:
    across, along = torch.tensor(first), torch.tensor(second)

    def move(phase: Tensor) -> Tensor:
        angle = 4 * pi * smooth(phase)[:, None]  # two rounds
        return (1 - angle.cos()) * across + angle.sin() * along

    return move


def _repeat(way: tuple[float, float, float], times: int) -> Path:
    there = torch.tensor(way)

    def move(phase: Tensor) -> Tensor:
        return (1 - (2 * pi * times * phase.clamp(0, 1)).cos())[:, None] / 2 * there

    return move


def _zigzag(phase: Tensor) -> Tensor:
    gone = smooth(phase)
    swing = 0.05 * (3 * 2 * pi * gone).sin() * (pi * gone).sin()
    return torch.stack([swing, torch.zeros_like(gone), -0.20 * gone], 1)


def _hold(phase: Tensor) -> Tensor:
    return phase.new_zeros(len(phase), 3)


PATHS: dict[str, Path] = {
    "hold": _hold,
    "out": _line(0.16, 0.04, 0.0),
    "in": _line(-0.12, 0.04, 0.0),
    "up": _line(0.0, 0.03, 0.15),
    "down": _line(0.0, 0.04, -0.15),
    "away": _line(0.02, 0.16, 0.0),
    "down_out": _line(0.12, 0.05, -0.12),
    "arc_out": _arc((0.18, 0.04, 0.0), (0.0, 0.05, 0.07)),
    "arc_down": _arc((0.02, 0.10, -0.16), (0.0, 0.09, 0.0)),
    "arc_away": _arc((0.02, 0.18, -0.02), (0.0, 0.0, 0.08)),
    "circle": _circle((0.0, 0.0, -0.05), (0.05, 0.0, 0.0)),
    "circle_flat": _circle((0.0, 0.045, 0.0), (0.045, 0.0, 0.0)),
    "circle_side": _circle((0.0, 0.05, 0.0), (0.0, 0.0, 0.05)),
    "zigzag": _zigzag,
    "tap": _repeat((0.01, 0.06, 0.0), 2),
    "tap_down": _repeat((0.0, 0.03, 0.06), 2),
    "shake": _repeat((0.06, 0.02, 0.0), 3),
    "bounce": _repeat((0.0, 0.03, -0.06), 2),
}


@dataclass(frozen=True)
class Play:
    """What fingers and hand do beside shape and path, over N moments.

    bends (N, 5, 3): added; opened (N,): how far the hand has gone from its shape to the other one,
    0 to 1; twist, nod (N,): radians about the forearm, and up and down.
    """

    bends: Tensor
    opened: Tensor
    twist: Tensor
    nod: Tensor


Local = Callable[[Tensor], Play]


def _play(
    phase: Tensor,
    *,
    bends: Tensor | None = None,
    opened: Tensor | None = None,
    twist: Tensor | None = None,
    nod: Tensor | None = None,
) -> Play:
    still = torch.zeros_like(phase)
    return Play(
        phase.new_zeros(len(phase), 5, 3) if bends is None else bends,
        still if opened is None else opened,
        still if twist is None else twist,
        still if nod is None else nod,
    )


def _wave(phase: Tensor, times: float) -> Tensor:
    # begins and ends at rest
    gone = phase.clamp(0, 1)
    return (2 * pi * times * gone).sin() * (pi * gone).sin()


def _wiggle(phase: Tensor) -> Play:
    gone = phase.clamp(0, 1)[:, None]
    late = torch.tensor([0.0, 0.0, 0.22, 0.44, 0.66])
    strength = torch.tensor([0.1, 0.5, 0.5, 0.5, 0.5])
    wave = (2 * pi * (3 * gone - late)).sin() * (pi * gone).sin() * strength  # (N, 5)
    return _play(phase, bends=wave[..., None] * torch.tensor([0.9, 0.5, 0.2]))


def _crook(phase: Tensor) -> Play:
    gone = (1 - (4 * pi * phase.clamp(0, 1)).cos()) / 2
    return _play(phase, bends=gone[:, None, None] * torch.tensor([0.1, 0.7, 0.4]).expand(5, 3))


def _open_twice(phase: Tensor) -> Play:
    return _play(phase, opened=(1 - (4 * pi * phase.clamp(0, 1)).cos()) / 2)


LOCALS: dict[str, Local] = {
    "firm": _play,
    "wiggle": _wiggle,
    "crook": _crook,
    "change": lambda phase: _play(phase, opened=smooth(phase)),
    "change_twice": _open_twice,
    "twist": lambda phase: _play(phase, twist=0.45 * _wave(phase, 2)),
    "turn_over": lambda phase: _play(phase, twist=0.8 * smooth(phase)),
    "wave": lambda phase: _play(phase, nod=0.35 * _wave(phase, 2)),
}
