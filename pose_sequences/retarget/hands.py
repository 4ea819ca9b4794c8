"""The way of each hand: scaled as a whole and shifted, so that it reaches what it reached.

A hand never turns and its fingers never move in it. Its shift is the least-squares answer, over the
whole clip, to where its points belong (warp.py), to what its tips touch (touches.py), and to
steadiness in time; when two hands touch, both give way alike.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pose_sequences.retarget.arms import place_elbows
from pose_sequences.retarget.landmarks import SIDES, TIPS, Array, Landmarks, Side, filled, length
from pose_sequences.retarget.touches import (
    OTHER,
    TOUCHED,
    TOUCHING,
    Surfaces,
    Touches,
    find_touches,
    place_on_bones,
    surfaces_of,
)
from pose_sequences.retarget.warp import Warp
from pose_sequences.retarget.wishes import Wishes, side_factor

# What one frame's wish weighs, those of a hand's own points being 1 together.
_WRIST, _WITHIN_REACH = 0.2, 4.0
# Most of what is before the torso does not touch it, so the torso gives way to the others.
_TOUCH_WEIGHTS = {"face": 120.0, "torso": 2.0, "hand": 60.0, "arm": 20.0}
_FIRMER = {"face": 4.0, "torso": 2.0, "hand": 4.0, "arm": 4.0}  # each time a touch was lost
_FADED = 0.12  # shoulder widths from where nothing is touched; nearer, a wish fades in
_ROUNDS = 6
_SPREAD = 2  # frames to either side of a lost touch that become firmer with it

Firmness = dict[tuple[Side, str], Array]  # for each touch (T, 5), how much more it weighs


@dataclass(frozen=True)
class Motion:
    """How hands and wrists move: a point p of a side becomes ``scale * p + shift[side]`` (T, 2)."""

    scale: float
    shift: dict[Side, Array]

    def moved(self, points: Array, side: Side) -> Array:
        """Move points (T, N, 2) of a side's hand."""
        return self.scale * points + self.shift[side][:, None]


@dataclass(frozen=True)
class Scene:
    """What a hand's way depends on, for the source.

    surfaces, touches: what the source touches; wrists: (T, 2) a side, NaN where missing; longest:
    of upper arm and forearm in the result, in pixels.
    """

    marks: Landmarks
    warp: Warp
    surfaces: Surfaces
    touches: Touches
    wrists: dict[Side, Array]
    longest: tuple[float, float]


def scene_of(marks: Landmarks, warp: Warp, longest: tuple[float, float]) -> Scene:
    """Return what the hands' ways depend on."""
    surfaces = surfaces_of(marks)
    wrists = {}
    for side in SIDES:
        body = marks.mean(f"body.{side}_wrist")
        wrists[side] = np.where(np.isnan(body), surfaces.hands[side][:, 0], body)
    return Scene(marks, warp, surfaces, find_touches(surfaces, warp.unit), wrists, longest)


def place_hands(scene: Scene) -> Motion:
    """Return the motion of both hands.

    Solved a few times over: touches that were lost are held firmer each time.
    """
    free = {side: _free_shift(scene, side) for side in SIDES}
    motion = Motion(scene.warp.scales.hand, free)
    result = moved_surfaces(scene, motion)
    touches = scene.touches
    firmness: Firmness = {key: np.ones(touches[key].distance.shape) for key in touches}
    for _ in range(_ROUNDS):
        wishes = Wishes(scene.warp.num_frames)
        for side in SIDES:
            _wish_for_place(wishes, scene, side)
            _wish_for_reach(wishes, scene, side, result.arms[side][:, 1])
            _wish_for_touches(wishes, scene, side, result, firmness)
        motion = Motion(motion.scale, wishes.answer(free))
        result = moved_surfaces(scene, motion)
        after = find_touches(result, scene.warp.unit * scene.warp.scales.shoulders)
        for key, touch in touches.items():
            firmness[key] *= np.where(_spread(touch.found & ~after[key].found), _FIRMER[key[1]], 1)
    return motion


def moved_surfaces(scene: Scene, motion: Motion) -> Surfaces:
    """Return what can be touched in the result, if the hands move so."""
    wrists = {side: motion.moved(scene.wrists[side][:, None], side)[:, 0] for side in SIDES}
    elbows = place_elbows(scene.marks, scene.warp, wrists, scene.longest)
    return Surfaces(
        face=scene.warp.on_head(scene.surfaces.face),
        torso=scene.warp.on_torso(scene.surfaces.torso),
        hands={side: motion.moved(scene.surfaces.hands[side], side) for side in SIDES},
        arms={side: np.stack((elbows[side], wrists[side]), axis=1) for side in SIDES},
    )


def _free_shift(scene: Scene, side: Side) -> Array:
    """Return the shift (T, 2) that takes the wrist, or the neck if there is none, to its place."""
    wrist = filled(scene.wrists[side])
    wrist = np.where(np.isnan(wrist), scene.warp.neck[0], wrist)
    place = scene.warp.place(wrist[:, None], side)[:, 0]
    return np.asarray(place - scene.warp.scales.hand * wrist, np.float64)


def _wish_for_place(wishes: Wishes, scene: Scene, side: Side) -> None:
    scale, hand = scene.warp.scales.hand, scene.surfaces.hands[side]
    wrist = scene.wrists[side][:, None]
    for points, weight in ((wrist, _WRIST), (hand, 1 / hand.shape[1])):
        target = scene.warp.place(points, side) - scale * points
        wishes.add(side_factor(side), target, np.array(weight))


def _wish_for_reach(wishes: Wishes, scene: Scene, side: Side, wrist: Array) -> None:
    """Draw a wrist (T, 2) of the result that the arm cannot reach back to where it can."""
    shoulder = scene.warp.on_torso(scene.warp.shoulders[side][:, None])[:, 0]
    away = wrist - shoulder
    beyond = np.maximum(length(away) / sum(scene.longest), 1)[:, None]
    reached = shoulder + away / beyond
    target = reached - scene.warp.scales.hand * scene.wrists[side]
    weight = _WITHIN_REACH * (beyond > 1)
    wishes.add(side_factor(side), target[:, None], weight)


def _wish_for_touches(
    wishes: Wishes, scene: Scene, side: Side, result: Surfaces, firmness: Firmness
) -> None:
    """Wish that tips of a side be where they were, on what ``result`` says of the other arm."""
    scale, other = scene.warp.scales.hand, OTHER[side]
    hand = scene.surfaces.hands[side]
    tips = hand[:, TIPS]
    own, others = side_factor(side), side_factor(other)
    gap = min(scale, scene.warp.scales.shoulders)
    for name in TOUCHED:
        touch = scene.touches[side, name]
        weight = _TOUCH_WEIGHTS[name] * _grip(touch.distance) * _extension(hand)
        weight = np.nan_to_num(weight * firmness[side, name])
        if name == "face":
            wishes.add(own, scene.warp.on_head(tips) - scale * tips, weight)
        elif name == "torso":
            wishes.add(own, scene.warp.on_torso(tips) - scale * tips, weight)
        elif name == "hand":
            place = place_on_bones(scene.surfaces, other, name, touch)
            # one scale for both hands: only the space between them may shrink with the body
            wishes.add(own - others, (gap - scale) * (tips - place), weight)
        else:
            place = place_on_bones(scene.surfaces, other, name, touch)
            elbow, share = result.arms[other][:, :1], touch.share[..., None]
            wrist = scale * scene.wrists[other][:, None]
            target = (1 - share) * elbow + share * wrist + gap * (tips - place) - scale * tips
            wishes.add(own - share * others, target, weight)


def _grip(distance: Array) -> Array:
    """Return how surely a tip touches: 1 up to TOUCHING, falling smoothly to 0 at _FADED."""
    nearness = np.clip((_FADED - distance) / (_FADED - TOUCHING), 0, 1)
    return nearness * nearness * (3 - 2 * nearness)


def _extension(hand: Array) -> Array:
    """Return how far each tip (T, 5) is stretched out: who touches does it with these."""
    away = length(hand[:, TIPS] - hand[:, :1])
    farthest = np.fmax.reduce(away, axis=1, keepdims=True)
    return np.asarray((away / np.maximum(farthest, 1e-9)) ** 2, np.float64)


def _spread(lost: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return ``lost`` (T, 5) with the frames just before and after."""
    padded = np.pad(lost, ((_SPREAD, _SPREAD), (0, 0)))
    shifted = [padded[i : i + len(lost)] for i in range(2 * _SPREAD + 1)]
    return np.asarray(np.any(shifted, axis=0))
