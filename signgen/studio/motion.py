"""Performances: a signer signs glosses, as a pose over time and the segments of the signs.

The same signs come out a little different from every signer and every time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

import numpy as np
import torch
from torch import Tensor

from signgen.studio.bearing import Span, face, trunk_and_head
from signgen.studio.comfort import (
    comfortable,
    forearm_bone,
    joint_angles,
    limited,
    solids,
    turned_by,
)
from signgen.studio.factory import Signer
from signgen.studio.figure import Pose
from signgen.studio.gloss import Gloss, name
from signgen.studio.habits import Habits
from signgen.studio.kinematics import Carrier, bend_fingers, move_bone, rotation_about
from signgen.studio.limbs import FOREARM_SHARE, Reach, reach
from signgen.studio.locations import CHEST_BONE, HEAD_BONE, BodyMap
from signgen.studio.stance import Hand, Stance
from signgen.studio.track import Visit, eased, follow, transition_time, unwound

_STROKE_SPEED = 0.42  # metres a second along a path, on average
_STROKE = (0.34, 1.3)  # seconds that a stroke takes, at least and at most
_HOLD = (0.04, 0.18)  # seconds that a hand stays after its stroke
_RESTING = (0.25, 0.6)  # seconds of rest before and after
_PLACE_NOISE, _TURN_NOISE, _BEND_NOISE = 0.010, 0.05, 0.035  # metres and radians


@dataclass(frozen=True)
class Performance:
    """pose: T frames; fps; segments: (name, start, stop) of each gloss in turn, in frames, stop
    excluded: from where the hands set out for it to where they set out for the next or for rest.
    """

    pose: Pose
    segments: tuple[tuple[str, int, int], ...]
    fps: float


def perform(
    signer: Signer,
    glosses: Sequence[Gloss],
    *,
    fps: float,
    rng: np.random.Generator,
    rest: bool = True,
) -> Performance:
    """Return the signer signing glosses one after the other.

    rest: whether the hands rest before and after. Raises ValueError without a gloss.
    """
    if not glosses:
        raise ValueError("there is no gloss to perform; give at least one")
    habits, body = Habits.of(signer), BodyMap.of(signer)
    strong = Hand.of(signer, body, habits.strong, habits)
    weak = Hand.of(signer, body, "R" if habits.strong == "L" else "L", habits)
    stances = _stances(strong, weak, glosses, rng)
    score = _schedule(strong, weak, stances, rng, rest=rest)
    num_frames = ceil(score.length * fps)
    times, frame_rows = _moments(score, num_frames, fps)
    spans = [Span(g, v.arrive, v.leave) for g, v in zip(glosses, score.signs, strict=True)]
    rotations = trunk_and_head(signer, habits, spans, times, rng)
    skeleton, heads = signer.anatomy.skeleton, signer.heads
    carriers = {b: move_bone(skeleton, heads, rotations, b) for b in (CHEST_BONE, HEAD_BONE)}
    for hand, visits in ((strong, score.strong), (weak, score.weak)):
        rotations = _move_hand(hand, rotations, carriers, visits, times)
    actions = face(signer, habits, spans, times, rng)
    pose = Pose(rotations[frame_rows], actions[frame_rows], torch.zeros(num_frames, 3))
    frames = [ceil(bound * fps) for bound in score.bounds]
    names = [name(gloss) for gloss in glosses]
    segments = tuple((n, *ends) for n, ends in zip(names, pairwise(frames), strict=True))
    return Performance(pose, segments, fps)


@dataclass(frozen=True)
class _Score:
    # bounds: where each sign begins and the last one ends; signs: of the strong hand
    strong: list[Visit]
    weak: list[Visit]
    signs: list[Visit]
    bounds: list[float]
    length: float


@dataclass(frozen=True)
class _Stances:
    # one a sign; None where the weak hand has no part
    strong: list[Stance]
    weak: list[Stance | None]
    rest: tuple[Stance, Stance]


def _stances(
    strong: Hand, weak: Hand, glosses: Sequence[Gloss], rng: np.random.Generator
) -> _Stances:
    leading, following = [], []
    for gloss in glosses:
        first, second = _pair(strong, weak, gloss)
        leading.append(_varied(first, rng))
        following.append(None if second is None else _varied(second, rng))
    leading = comfortable(strong, [*leading, strong.resting()])
    acting = iter(comfortable(weak, [*[s for s in following if s is not None], weak.resting()]))
    placed = [None if s is None else next(acting) for s in following]
    return _Stances(leading[:-1], placed, (leading[-1], next(acting)))


def _pair(strong: Hand, weak: Hand, gloss: Gloss) -> tuple[Stance, Stance | None]:
    if gloss.hands == "one":
        return strong.acting(gloss), None
    if gloss.hands.startswith("on_"):
        base = weak.base(gloss)
        return strong.on(base, gloss), base
    alternating = gloss.hands == "alternating"
    return (
        strong.beside_other(gloss, backwards=False),
        weak.beside_other(gloss, backwards=alternating),
    )


def _varied(stance: Stance, rng: np.random.Generator) -> Stance:
    def noise(*shape: int) -> Tensor:
        return torch.from_numpy(rng.standard_normal(shape).astype(np.float32))

    axis = noise(3)
    angle = _TURN_NOISE * noise()
    return replace(
        stance,
        place=stance.place + _PLACE_NOISE * noise(3) * (0.3 if stance.touching else 1.0),
        turn=rotation_about(axis / axis.norm(), angle) @ stance.turn,
        bends=stance.bends + _BEND_NOISE * noise(5, 3),
        scale=stance.scale * float(rng.uniform(0.85, 1.15)),
    )


def _schedule(
    strong: Hand, weak: Hand, stances: _Stances, rng: np.random.Generator, *, rest: bool
) -> _Score:
    tempo = strong.habits.tempo * float(rng.uniform(0.92, 1.08))
    now = float(rng.uniform(*_RESTING)) if rest else 0.0
    leading = [Visit(stances.rest[0], -1.0, -0.5, now)] if rest else []
    following = [Visit(stances.rest[1], -1.0, -0.5, now)]
    signs, bounds = [], []
    for first, second in zip(stances.strong, stances.weak, strict=True):
        bounds.append(now)
        hurry = 0.0
        if leading:
            hurry = transition_time(leading[-1].stance, first, strong.axes)
        if second is not None:
            hurry = max(hurry, transition_time(following[-1].stance, second, weak.axes))
        arrive = now + tempo * hurry
        done = arrive + tempo * _stroke_time(first)
        leave = done + float(rng.uniform(*_HOLD))
        leading.append(Visit(first, arrive, done, leave))
        following = _with_weak(following, second, weak, stances.rest[1], leading[-1])
        signs.append(leading[-1])
        now = leave
    bounds.append(now)
    if rest:
        leading = _retreated(strong, leading, stances.rest[0], now)
        following = _retreated(weak, following, stances.rest[1], now)
        now = max(leading[-1].arrive, following[-1].arrive) + float(rng.uniform(*_RESTING))
    return _Score(leading, following, signs, bounds, now)


def _retreated(hand: Hand, visits: list[Visit], rest: Stance, now: float) -> list[Visit]:
    """Return the visits with a last one, to rest."""
    last = replace(visits[-1], leave=now)
    arrive = now + hand.habits.tempo * transition_time(last.stance, rest, hand.axes)
    return [*visits[:-1], last, Visit(rest, arrive, arrive + 0.5, arrive + 1.0)]


def _with_weak(
    visits: list[Visit], stance: Stance | None, weak: Hand, rest: Stance, strong: Visit
) -> list[Visit]:
    """Return the weak hand's visits after one more sign of the strong hand."""
    last = visits[-1]
    if stance is not None:
        return [*visits, replace(strong, stance=stance)]
    arrive = last.leave + weak.habits.tempo * transition_time(last.stance, rest, weak.axes)
    if last.stance is rest or arrive > strong.leave:
        # it rests already, or lingers for want of time
        return [*visits[:-1], replace(last, leave=strong.leave)]
    return [*visits, Visit(rest, arrive, arrive + 0.5, strong.leave)]


def _stroke_time(stance: Stance) -> float:
    along = stance.moved(torch.linspace(0, 1, 33))
    length = float(along.diff(dim=0).norm(dim=1).sum())
    return min(max(length / _STROKE_SPEED, _STROKE[0]), _STROKE[1])


def _moments(score: _Score, num_frames: int, fps: float) -> tuple[Tensor, Tensor]:
    """Return the moments of all frames and of all comings and goings, and the frames' rows."""
    visits = [*score.strong, *score.weak]
    knots = torch.tensor([[visit.arrive, visit.leave] for visit in visits]).flatten()
    times = torch.cat([torch.arange(num_frames) / fps, knots.clamp(0, score.length)])
    times, order = times.sort(stable=True)
    return times, order.argsort()[:num_frames]


def _move_hand(
    hand: Hand,
    rotations: Tensor,
    carriers: dict[str, Carrier],
    visits: list[Visit],
    times: Tensor,
) -> Tensor:
    goal = follow(visits, hand.axes, times)
    chest, head = (carriers[bone].carried(goal.place) for bone in (CHEST_BONE, HEAD_BONE))
    place = chest.lerp(head, goal.by_head)
    wrist = place - (goal.turn @ goal.contact[..., None])[..., 0]
    for solid in solids(hand.body, hand.out):
        wrist = solid.cleared(wrist, carriers[solid.bone])
    skeleton, heads = hand.signer.anatomy.skeleton, hand.signer.heads
    posed = reach(skeleton, heads, rotations, hand.side, Reach(wrist, goal.swivel[:, 0], goal.turn))
    _turn_wrist(hand, posed, visits, times)
    return bend_fingers(posed, hand.axes, goal.bends, goal.spreads)


def _turn_wrist(hand: Hand, posed: Tensor, visits: list[Visit], times: Tensor) -> None:
    """Keep wrist and forearm within limits, and between stances go the way that joints can go."""
    rows = hand.signer.anatomy.skeleton.rows
    wrist, forearm = rows[f"wrist.{hand.side}"], rows[f"lowerarm02.{hand.side}"]
    angles = joint_angles(posed[:, forearm] @ posed[:, wrist], hand)
    angles[:, 0] = unwound(angles[:, 0], visits, times)
    angles = eased(limited(angles), visits, times)
    bone = forearm_bone(hand).expand(len(times), 3)
    posed[:, forearm] = rotation_about(bone, FOREARM_SHARE * angles[:, 0])
    posed[:, wrist] = posed[:, forearm].mT @ turned_by(angles, hand)
