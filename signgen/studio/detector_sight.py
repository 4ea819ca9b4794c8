"""What a detector's errors depend on, from a signer's exact points: sizes, turns, what is hidden.

The numbers of a frame are columns by name; how errors follow from them is fitted (detector_fit.py)
and drawn (detector.py). Right hands and arms are seen in a mirror, so that both sides are one case.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pose_sequences.layout import HAND_POINTS, Part, layout

LAYOUT = "holistic553"
SIDES = ("left", "right")
TIPS = tuple(HAND_POINTS.index(f"{f}_tip") for f in ("thumb", "index", "middle", "ring", "pinky"))

_WRIST, _INDEX, _MIDDLE, _PINKY = (
    HAND_POINTS.index(name) for name in ("wrist", "index_mcp", "middle_mcp", "pinky_mcp")
)
_KNUCKLES = tuple(tip - 3 for tip in TIPS)
_FINGERS = np.array([0, *np.arange(1, 6).repeat(4)])  # and the wrist
_EYES_AND_CHIN, _CROWN_AND_CHIN = (33, 263, 152), (10, 152)  # of the face
_NEAR_FACE = 0.9  # of the face's height, in which a hand is before it or beside it
_NEAR_HAND = 1.5  # of a palm's length
_FASTEST = 1.5  # palm lengths a frame, beyond which nothing is known
_LEAST_UNIT = 1.0  # pixels; nothing that is seen is smaller
_TYPICAL_PALM = 40.0  # pixels

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Sight:
    """One part of a signer over T frames, K points.

    rows (K,): of the layout; groups (K,): numbers from 0, the same for points that err alike; unit:
    pixels that errors are told in; mirrored: whether left and right are exchanged; turns (T, X):
    what the shape of errors follows; troubles (T, F): what their size and the misses follow; both
    with a constant first; away (T,): whether all of it is beside the picture.
    """

    rows: Rows
    groups: Rows
    unit: float
    mirrored: bool
    turns: Floats
    troubles: Floats
    away: Bools


# which points err together, and how; "arm" and "hand" stand for both sides
KINDS = ("head", "shoulders", "legs", "arm", "face", "hand")
_ARM = ("elbow", "wrist", "pinky", "index", "thumb")
_LEGS = ("hip", "knee", "ankle", "heel", "foot_index")


def kind(name: str) -> str:
    """Return what a part of ``sights`` has its parameters from."""
    return name.removeprefix("left_").removeprefix("right_")


def sights(
    places: Floats, visible: Bools, size: tuple[int, int], shutter: float
) -> dict[str, Sight]:
    """Return the parts of a signer by name: head, face, shoulders, legs, an arm and a hand a side.

    places (T, 553, 3): exact points of consecutive frames, in pixels, depths from the middle of
    each part; visible (T, 553): in the picture and not covered, as keypoints.Keypoints has it, from
    a rendered depth or from detector_cover.estimate_visible; size: width and height in pixels;
    shutter: share of a frame's time that it is open.
    """
    view = _View(places, visible, size, shutter)
    found = {"head": _head(view), "face": _face(view)}
    found |= {"shoulders": _trunk(view, ("shoulder",)), "legs": _trunk(view, _LEGS)}
    for side in SIDES:
        found[f"{side}_hand"] = _hand(view, side)
        found[f"{side}_arm"] = _arm(view, side, found[f"{side}_hand"])
    return found


@dataclass(frozen=True)
class _View:
    places: Floats
    visible: Bools
    size: tuple[int, int]
    shutter: float

    def part(self, part: Part) -> Floats:
        return self.places[:, layout(LAYOUT).part(part)]

    def joint(self, name: str) -> Floats:
        return self.places[:, layout(LAYOUT).rows[f"body.{name}"]]

    def hidden(self, rows: Rows) -> Floats:
        """Share (T,) of the points that cannot be seen."""
        return 1 - self.visible[:, rows].mean(1)

    def outside(self, rows: Rows) -> Floats:
        """Share (T,) of the points beside the picture."""
        flat = self.places[:, rows, :2]
        return 1 - ((flat >= 0) & (flat < np.array(self.size))).all(2).mean(1)

    def speed(self, rows: Rows, unit: float) -> Floats:
        """Units a frame (T,) that the middle of some points moves in the picture."""
        if len(self.places) < 2:
            return np.zeros(len(self.places))
        steps = np.gradient(self.places[:, rows, :2].mean(1), axis=0)
        return np.minimum(np.linalg.norm(steps, axis=1) / unit, _FASTEST)

    @property
    def shoulder_width(self) -> float:
        return _unit(self.joint("left_shoulder") - self.joint("right_shoulder"))

    @property
    def face_height(self) -> float:
        crown, chin = self.part("face")[:, _CROWN_AND_CHIN].swapaxes(0, 1)
        return _unit(crown - chin)


def _head(view: _View) -> Sight:
    return _of_face(view, np.arange(11), view.shoulder_width)


def _face(view: _View) -> Sight:
    return _of_face(view, layout(LAYOUT).part("face"), view.face_height)


def _of_face(view: _View, rows: Rows, unit: float) -> Sight:
    face = layout(LAYOUT).part("face")
    axes = _axes(view.places[:, face[list(_EYES_AND_CHIN)]])
    speed = view.speed(face, view.face_height)
    troubles = {
        "hidden": view.hidden(face),
        "aside": np.abs(axes["first"][:, 2]),
        "speed": speed,
        "blur": view.shutter * speed,
    }
    groups = np.zeros(len(rows), np.intp)
    away = view.outside(face) >= 1
    return Sight(rows, groups, unit, False, _columns(axes), _columns(troubles), away)


def _trunk(view: _View, joints: tuple[str, ...]) -> Sight:
    rows = layout(LAYOUT).find(tuple(f"body.{side}_{name}" for name in joints for side in SIDES))
    left, right = view.joint("left_shoulder"), view.joint("right_shoulder")
    hips = (view.joint("left_hip") + view.joint("right_hip")) / 2
    unit = view.shoulder_width
    turns = {"across": _directions(right - left)}
    for side, shoulder in zip(SIDES, (left, right), strict=True):
        for joint in ("elbow", "wrist"):
            turns[f"{side}_{joint}"] = (view.joint(f"{side}_{joint}") - shoulder) / unit
    turns["below"] = hips[:, 1] / view.size[1] - 1
    turns["build"] = np.linalg.norm(hips - (left + right) / 2, axis=1) / unit
    raised = np.stack([turns[f"{side}_wrist"][:, 1] for side in SIDES], 1)
    troubles = {"speed": view.speed(rows, unit), "raised": raised}
    groups, away = np.arange(len(rows)), view.outside(rows) >= 1
    return Sight(rows, groups, unit, False, _columns(turns), _columns(troubles), away)


def _arm(view: _View, side: str, hand: Sight) -> Sight:
    rows = layout(LAYOUT).find(tuple(f"body.{side}_{name}" for name in _ARM))
    shoulder, elbow, wrist, index = (
        view.joint(f"{side}_{name}") * _flip(side)
        for name in ("shoulder", "elbow", "wrist", "index")
    )
    upper, lower = _directions(elbow - shoulder), _directions(wrist - elbow)
    below = np.maximum(np.stack([elbow[:, 1], wrist[:, 1]], 1) / view.size[1] - 1, 0)
    turns = {
        "upper": upper,
        "lower": lower,
        "hand": _directions(index - wrist),
        "place": (wrist - shoulder) / view.shoulder_width,
        "below": below,
    }
    troubles = np.concatenate([hand.troubles, below, upper[:, 2:], lower[:, 2:]], 1)
    groups = np.zeros(len(rows), np.intp)
    unit, mirrored = view.shoulder_width, side == "right"
    return Sight(rows, groups, unit, mirrored, _columns(turns), troubles, hand.away)


def _hand(view: _View, side: str) -> Sight:
    own: Part = "left_hand" if side == "left" else "right_hand"
    rows, points = layout(LAYOUT).part(own), view.part(own) * _flip(side)
    unit = _unit(points[:, _MIDDLE] - points[:, _WRIST])
    axes = _axes(points[:, [_PINKY, _INDEX, _WRIST]])
    reach = np.linalg.norm(points[:, TIPS] - points[:, _KNUCKLES], axis=2) / unit  # (T, 5)
    facing = axes["normal"][:, 2]
    turns = {**axes, "reach": reach, "outside": view.outside(rows)}
    troubles = {
        **_cover(view, side, rows, unit),
        "facing": facing,
        "edgewise": 1 - np.abs(facing),
        "pointing": np.abs(axes["second"][:, 2]),
        "closed": 1 - reach[:, 1:].mean(1),
        "small": np.full(len(points), np.log(_TYPICAL_PALM / unit)),
        "left": np.full(len(points), float(side == "left")),
    }
    away, mirrored = view.outside(rows) >= 1, side == "right"
    return Sight(rows, _FINGERS, unit, mirrored, _columns(turns), _columns(troubles), away)


def _cover(view: _View, side: str, rows: Rows, unit: float) -> dict[str, Floats]:
    """What keeps a hand from being seen, (T,) each."""
    hidden, outside, speed = view.hidden(rows), view.outside(rows), view.speed(rows, unit)
    middle = view.places[:, rows, :2].mean(1)
    other = view.part("right_hand" if side == "left" else "left_hand")[..., :2].mean(1)
    face = view.part("face")[..., :2].mean(1)
    return {
        "hidden": hidden,
        "half_hidden": np.maximum(hidden - 0.3, 0),  # more than a hand hides of itself
        "very_hidden": np.maximum(hidden - 0.6, 0),
        "outside": outside,
        "nearly_outside": np.maximum(outside - 0.5, 0),
        "gone": (outside >= 1).astype(float),
        "speed": speed,
        "blur": view.shutter * speed,
        "beside_other": _nearness(middle - other, _NEAR_HAND * unit),
        "beside_face": _nearness(middle - face, _NEAR_FACE * view.face_height),
    }


def _nearness(away: Floats, scale: float) -> Floats:
    return np.exp(-((away / scale) ** 2).sum(1))


def _columns(named: Mapping[str, Floats]) -> Floats:
    """Return (T, 1 + ...): a constant, then the columns."""
    columns = [c if c.ndim == 2 else c[:, None] for c in named.values()]
    return np.concatenate([np.ones((len(columns[0]), 1)), *columns], 1)


def _axes(corners: Floats) -> dict[str, Floats]:
    """Return the axes (T, 3) of triangles (T, 3, 3): from the first corner to the second, upright
    to that from the third, and upright to both.
    """
    first = _directions(corners[:, 1] - corners[:, 0])
    second = (corners[:, 0] + corners[:, 1]) / 2 - corners[:, 2]
    second = _directions(second - (second * first).sum(1, keepdims=True) * first)
    return {"first": first, "second": second, "normal": np.cross(first, second)}


def _directions(vectors: Floats) -> Floats:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-6)


def _unit(vectors: Floats) -> float:
    return max(float(np.median(np.linalg.norm(vectors, axis=1))), _LEAST_UNIT)


def _flip(side: str) -> Floats:
    return np.array([-1.0 if side == "right" else 1.0, 1.0, 1.0])
