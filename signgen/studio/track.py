"""What one hand does over time: stances in turn, with least-jerk transitions between them.

A track is sampled at any moments; it knows neither frames nor the rest of the body.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from math import pi

import torch
from torch import Tensor

from signgen.studio.kinematics import HandAxes, rotation_about, turning_vectors
from signgen.studio.movements import smooth
from signgen.studio.stance import Stance

PEAK = 1.9  # of least-jerk speed over mean speed
FASTEST = 1.7  # metres a second at a transition's peak
_TURNING = 9.0  # radians a second at a transition's peak
_BOW = 0.14  # of a transition's length that it bows to the front
_SHORTEST = 0.20  # seconds


@dataclass(frozen=True)
class Visit:
    """A stance and its times in seconds: the hand arrives, moves until ``done``, then leaves."""

    stance: Stance
    arrive: float
    done: float
    leave: float


@dataclass(frozen=True)
class Goal:
    """What a hand is to do at T moments; place, contact (T, 3), turn (T, 3, 3), bends (T, 5, 3),
    spreads (T, 5), by_head and swivel (T, 1); see Stance.
    """

    place: Tensor
    by_head: Tensor
    contact: Tensor
    turn: Tensor
    bends: Tensor
    spreads: Tensor
    swivel: Tensor

    @property
    def wrist(self) -> Tensor:
        """Where the wrist is (T, 3)."""
        return self.place - (self.turn @ self.contact[..., None])[..., 0]


def follow(visits: Sequence[Visit], axes: HandAxes, times: Tensor) -> Goal:
    """Return the goal at each moment (T,) of visits in turn."""
    now = _standing(visits[0], axes, times)
    for before, after in pairwise(visits):
        gone = smooth((times - before.leave) / (after.arrive - before.leave))
        now = _between(now, _standing(after, axes, times), gone)
    return now


def eased(values: Tensor, visits: Sequence[Visit], times: Tensor) -> Tensor:
    """Return values (T, C) that between visits go straight from one visit's to the next.

    times (T,): the visits' own moments of leaving and arriving are among them.
    """
    eased = values.clone()
    for before, after in pairwise(visits):
        first, last = (int(torch.searchsorted(times, t)) for t in (before.leave, after.arrive))
        gone = smooth((times[first:last] - times[first]) / (times[last] - times[first]))
        eased[first:last] = torch.lerp(values[first], values[last], gone[:, None])
    return eased


def unwound(angles: Tensor, visits: Sequence[Visit], times: Tensor) -> Tensor:
    """Return angles (T,) that within a visit do not jump by a whole turn."""
    unwound = angles.clone()
    for visit in visits:
        first, last = (int(torch.searchsorted(times, t)) for t in (visit.arrive, visit.leave))
        start = angles[min(first, len(angles) - 1)]
        away = (angles[first : last + 1] - start + pi).remainder(2 * pi) - pi
        unwound[first : last + 1] = start + away
    return unwound


def transition_time(before: Stance, after: Stance, axes: HandAxes) -> float:
    """Return the seconds that a hand takes from the end of one stance to the next, unhurried."""
    start = _at(before, axes, torch.ones(1))
    end = _at(after, axes, torch.zeros(1))
    way = float((end.wrist - start.wrist).norm()) * (1 + _BOW)
    turned = float(_turning(start.turn.mT @ end.turn)[1].abs())
    # the short way round may be none that joints can go
    turned = max(turned, float((after.joints - before.joints).norm()))
    return max(_SHORTEST, PEAK * way / FASTEST, PEAK * turned / _TURNING)


def _standing(visit: Visit, axes: HandAxes, times: Tensor) -> Goal:
    return _at(visit.stance, axes, (times - visit.arrive) / (visit.done - visit.arrive))


def _at(stance: Stance, axes: HandAxes, phase: Tensor) -> Goal:
    num_frames = len(phase)
    play = stance.play(phase)
    opened = play.opened[:, None]
    sideways = torch.linalg.cross(axes.palm, axes.fingers).expand(num_frames, 3)
    about = rotation_about(axes.fingers.expand(num_frames, 3), play.twist)
    return Goal(
        place=stance.place + stance.moved(phase),
        by_head=torch.full((num_frames, 1), float(stance.by_head)),
        contact=stance.contact.expand(num_frames, 3),
        turn=stance.turn @ about @ rotation_about(sideways, play.nod),
        bends=stance.bends.lerp(stance.other_bends, opened[..., None]) + play.bends,
        spreads=stance.spreads.lerp(stance.other_spreads, opened),
        swivel=torch.full((num_frames, 1), stance.swivel),
    )


def _between(before: Goal, after: Goal, gone: Tensor) -> Goal:
    axis, angle = _turning(before.turn.mT @ after.turn)
    blended = {
        field.name: _lerp(getattr(before, field.name), getattr(after, field.name), gone)
        for field in fields(Goal)
        if field.name != "turn"
    }
    # hands go round the body, not through it
    bow = 16 * (gone * (1 - gone)) ** 2 * _BOW * (after.place - before.place).norm(dim=1)
    blended["place"] = blended["place"] - bow[:, None] * torch.tensor([0.0, 1.0, 0.0])
    return Goal(turn=before.turn @ rotation_about(axis, gone * angle), **blended)


def _lerp(before: Tensor, after: Tensor, gone: Tensor) -> Tensor:
    return before.lerp(after, gone.reshape(-1, *[1] * (before.ndim - 1)))


def _turning(turns: Tensor) -> tuple[Tensor, Tensor]:
    """Return the axes (N, 3) and angles (N,) of turns (N, 3, 3), half turns included."""
    # the axis is what a turn leaves alone, so the first eigenvector of its symmetric part
    axis = torch.linalg.eigh(turns + turns.mT).eigenvectors[..., 2]
    cosine = turns.diagonal(dim1=1, dim2=2).sum(1) - 1
    return axis, torch.atan2((turning_vectors(turns) * axis).sum(1), cosine)
