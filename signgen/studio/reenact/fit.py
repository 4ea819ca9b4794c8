"""Inverse kinematics: the numbers of the rig that come nearest to what was seen.

First what a clip's frames share is found on some of them, then all frames of a stretch at once; a
stretch leans on the one before and looks ahead, so that no seam shows.
"""

from collections.abc import Iterator
from math import cos, pi

import torch
from torch import Tensor

from signgen.studio.reenact.guess import Arms, first_guess, likely_shared
from signgen.studio.reenact.misfit import Shared, misfit
from signgen.studio.reenact.numbers import Numbers, table
from signgen.studio.reenact.rig import Rig
from signgen.studio.reenact.sight import Sight

STRETCH, _AHEAD, _BEHIND = 96, 12, 2  # frames fitted, looked ahead, and leant on
_SAMPLED = 24  # frames on which what is shared is found
# Steps and their size at first and at last, in _UNITS: what is shared has to be known but roughly.
_ROUGHLY, _FINELY = (90, 0.06, 0.003), (200, 0.03, 0.003)
_UNITS = table(root=0.2) + (table(root=1.0) == 0)  # metres, and radians
# What the logarithms of what is shared are likely to differ by, and how far they can.
_SHARED_UNITS, _MOST_SHARED = (0.05, 0.8, 0.05, 0.15), (0.3, 1.2, 0.2, 0.5)
_LIKELY = 20.0  # how strongly, a frame
# How strongly each number is drawn to rest, where nothing else is known, and to an even motion.
_ARM = {"swing": 1.0, "twist": 3.0, "elbow": 0.3, "forearm": 1.0, "wrist": 1.5}
_EASE = table(root=(0, 2000, 0), trunk=30, head=0.5, collar=20, bends=1, spreads=4, **_ARM)
_STEADY = table(root=400) + 5 * (table(root=1.0) == 0)
_UNSEEN = 50.0
_MOST_FPS = 60.0  # beyond it, frames count as if they were shown so fast


def fit_shared(rig: Rig, arms: Arms, sight: Sight) -> tuple[Shared, Tensor]:
    """Return what the frames share, and where the signer mostly stands (3,), in metres."""
    count = min(_SAMPLED, len(sight))
    sight = sight.rows(torch.linspace(0, len(sight) - 1, count).round().long())
    start = likely_shared(rig, arms, sight)
    units, most = torch.tensor(_SHARED_UNITS), torch.tensor(_MOST_SHARED)
    likely = torch.tensor(start.values()).log()
    logs = torch.zeros_like(units).requires_grad_()
    free = (first_guess(rig, arms, sight, start) / _UNITS).requires_grad_()
    for _ in _descent(rig, [free, logs], _ROUGHLY):
        numbers, shared = free * _UNITS, Shared(*(likely + logs * units).exp())
        loss = misfit(rig, sight, numbers, shared) + _strain(rig, sight, numbers)
        (loss + _LIKELY * count * (logs**2).sum()).backward()
        with torch.no_grad():
            logs.clamp_(-most / units, most / units)
    middle = Numbers.of((free * _UNITS).detach()).root.median(0).values
    return Shared(*(likely + logs * units).exp().tolist()), middle


def fit_frames(
    rig: Rig, arms: Arms, sight: Sight, shared: Shared, fps: float, *, stretch: int = STRETCH
) -> Iterator[Tensor]:
    """Yield the numbers (T', N) of consecutive frames, at most ``stretch`` at a time."""
    steady = _STEADY * (min(fps, _MOST_FPS) / 25) ** 4
    kept = ahead = torch.zeros(0, len(_UNITS))
    for first in range(0, len(sight), stretch):
        part = sight.rows(slice(first, first + stretch + _AHEAD))
        guess = first_guess(rig, arms, part, shared)
        guess[: len(ahead)] = ahead
        numbers = _fit(rig, part, shared, (kept, guess, steady))
        kept, ahead = numbers[:stretch][-_BEHIND:], numbers[stretch:]
        yield numbers[:stretch]


def _fit(rig: Rig, sight: Sight, shared: Shared, path: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """Return the numbers; path: those of frames before, the guess, the weights of steadiness."""
    kept, guess, steady = path
    free = (guess / _UNITS).requires_grad_()
    for _ in _descent(rig, [free], _FINELY):
        numbers = free * _UNITS
        loss = misfit(rig, sight, numbers, shared) + _strain(rig, sight, numbers)
        track = torch.cat([kept, numbers])
        if len(track) > 2:
            loss = loss + (steady * track.diff(n=2, dim=0) ** 2).sum()
        loss.backward()
    return (free * _UNITS).detach()


def _strain(rig: Rig, sight: Sight, numbers: Tensor) -> Tensor:
    """Return how far all is from rest; unseen arms are not moved for the sake of shoulders."""
    seen = torch.maximum(sight.elbows_trust, sight.hands_trust.amax(2)).clamp(max=1)  # (T, 2)
    away = (numbers - rig.at_ease) ** 2
    unseen = (1 - seen)[..., None] * Numbers.of(away).swing
    return (_EASE * away).sum() + _UNSEEN * unseen.sum()


def _descent(rig: Rig, free: list[Tensor], plan: tuple[int, float, float]) -> Iterator[int]:
    """Count the steps; one is made when the next is asked for, by the gradients that are there.

    free: numbers in _UNITS, which keep within limits, and what else is sought.
    """
    steps, first, last = plan
    optimizer = torch.optim.Adam(free, betas=(0.9, 0.95))
    for step in range(steps):
        share = 0.5 + 0.5 * cos(pi * step / steps)
        optimizer.param_groups[0]["lr"] = last + (first - last) * share
        optimizer.zero_grad()
        yield step
        optimizer.step()
        with torch.no_grad():
            free[0].clamp_(*(rig.limits / _UNITS))
