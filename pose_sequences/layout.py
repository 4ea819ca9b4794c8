"""Named landmark layouts: which point stands in which row, and how one layout becomes another.

A point's name says its part and its place (``left_hand.index_tip``, ``face.61``) and means the same
in every layout that has it; rows are looked up by name, never guessed from a count. Sides are the
signer's.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pose_sequences import face_mesh

Part = Literal["body", "face", "left_hand", "right_hand"]
PARTS: tuple[Part, ...] = ("body", "face", "left_hand", "right_hand")

FINGERS = ("thumb", "index", "middle", "ring", "pinky")
HAND_POINTS = (
    "wrist",
    *(f"thumb_{joint}" for joint in ("cmc", "mcp", "ip", "tip")),
    *(f"{finger}_{joint}" for finger in FINGERS[1:] for joint in ("mcp", "pip", "dip", "tip")),
)

_MEDIAPIPE_BODY = (
    "nose",
    *("left_eye_inner", "left_eye", "left_eye_outer"),
    *("right_eye_inner", "right_eye", "right_eye_outer"),
    *("left_ear", "right_ear", "mouth_left", "mouth_right"),
    *("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"),
    *("left_pinky", "right_pinky", "left_index", "right_index", "left_thumb", "right_thumb"),
    *("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"),
    *("left_heel", "right_heel", "left_foot_index", "right_foot_index"),
)
_REDUCED_BODY = (*_MEDIAPIPE_BODY[11:17], *_MEDIAPIPE_BODY[23:25])
_COCO_BODY = (
    *("nose", "left_eye", "right_eye", "left_ear", "right_ear"),
    *("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"),
    *("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"),
)
_FEET = (
    *("left_big_toe", "left_small_toe", "left_heel"),
    *("right_big_toe", "right_small_toe", "right_heel"),
)
_OPENPOSE_ARMS = (
    *("nose", "neck", "right_shoulder", "right_elbow", "right_wrist"),
    *("left_shoulder", "left_elbow", "left_wrist"),
)
_OPENPOSE_LEGS = (
    *("right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle"),
    *("right_eye", "left_eye", "right_ear", "left_ear"),
)


def _named(part: str, points: tuple[str | int, ...] | range) -> tuple[str, ...]:
    return tuple(f"{part}.{point}" for point in points)


_HANDS = (*_named("left_hand", HAND_POINTS), *_named("right_hand", HAND_POINTS))


@dataclass(frozen=True)
class Layout:
    """The rows of a keypoint array, by name.

    name: what pose files call it; points: one name a row.
    """

    name: str
    points: tuple[str, ...]

    @cached_property
    def rows(self) -> dict[str, int]:
        """The row of each point."""
        return {point: row for row, point in enumerate(self.points)}

    def part(self, part: Part) -> NDArray[np.intp]:
        """Return the rows of a part, in the layout's order; empty if it has none."""
        prefixes = ("face.", "face68.") if part == "face" else (f"{part}.",)
        return np.array([r for r, p in enumerate(self.points) if p.startswith(prefixes)], np.intp)

    def find(self, points: tuple[str, ...]) -> NDArray[np.intp]:
        """Return the rows of the named points; raises KeyError naming those the layout lacks."""
        lacking = [point for point in points if point not in self.rows]
        if lacking:
            raise KeyError(f"layout {self.name} has no {', '.join(lacking)}")
        return np.array([self.rows[point] for point in points], np.intp)

    def limbs(self, part: Part) -> NDArray[np.intp]:
        """Return a part's limbs as pairs of rows (L, 2): those with both ends in the layout."""
        pairs = [(self.rows.get(a, -1), self.rows.get(b, -1)) for a, b in LIMBS[part]]
        return np.array([p for p in pairs if min(p) >= 0], np.intp).reshape(-1, 2)

    @cached_property
    def mirrored(self) -> NDArray[np.intp]:
        """For each row, the row of its mirror image: ``points[mirrored]`` swaps the sides."""
        return self.find(tuple(mirrored_name(point) for point in self.points))


def _chain(part: str, *chains: tuple[str | int, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((f"{part}.{a}", f"{part}.{b}") for chain in chains for a, b in pairwise(chain))


_FINGER_CHAINS = tuple(("wrist", *HAND_POINTS[1 + 4 * f : 5 + 4 * f]) for f in range(len(FINGERS)))
_FACE_CHAINS = (
    *(face_mesh.OVAL, face_mesh.OUTER_LIPS, face_mesh.INNER_LIPS),
    *(face_mesh.RIGHT_EYE, face_mesh.LEFT_EYE),
    *(face_mesh.RIGHT_BROW_LOWER, face_mesh.RIGHT_BROW_UPPER),
    *(face_mesh.LEFT_BROW_LOWER, face_mesh.LEFT_BROW_UPPER),
)
_FACE68_CHAINS = (
    *(tuple(range(17)), tuple(range(17, 22)), tuple(range(22, 27))),
    *(tuple(range(27, 31)), tuple(range(31, 36))),
    *((*range(36, 42), 36), (*range(42, 48), 42), (*range(48, 60), 48), (*range(60, 68), 60)),
)
LIMBS: dict[Part, tuple[tuple[str, str], ...]] = {
    "body": _chain(
        "body",
        ("left_shoulder", "right_shoulder"),
        ("left_shoulder", "left_elbow", "left_wrist"),
        ("right_shoulder", "right_elbow", "right_wrist"),
        ("left_shoulder", "left_hip", "right_hip", "right_shoulder"),
        ("left_hip", "left_knee", "left_ankle"),
        ("right_hip", "right_knee", "right_ankle"),
    ),
    "face": (*_chain("face", *_FACE_CHAINS), *_chain("face68", *_FACE68_CHAINS)),
    "left_hand": _chain("left_hand", *_FINGER_CHAINS),
    "right_hand": _chain("right_hand", *_FINGER_CHAINS),
}


def _layouts() -> dict[str, Layout]:
    body = _named("body", _MEDIAPIPE_BODY)
    mesh = _named("face", range(face_mesh.NUM_POINTS))
    contours = _named("face", face_mesh.CONTOUR_POINTS)
    face68 = _named("face68", range(68))
    coco = _named("body", (*_COCO_BODY, *_FEET))
    drawn = _named("body", (*_OPENPOSE_ARMS, *_OPENPOSE_LEGS, *_FEET))
    body25 = _named("body", (*_OPENPOSE_ARMS, "mid_hip", *_OPENPOSE_LEGS, *_FEET))
    hand = len(HAND_POINTS)
    tables = {
        "holistic543": (*body, *mesh, *_HANDS),
        "holistic553": (*body, *_named("face", range(face_mesh.NUM_POINTS_WITH_IRIS)), *_HANDS),
        "kaggle543": (*mesh, *_HANDS[:hand], *body, *_HANDS[hand:]),
        "reduced178": (*_named("body", _REDUCED_BODY), *contours, *_HANDS),
        "reduced203": (*body, *contours, *_HANDS),
        "wholebody133": (*coco, *face68, *_HANDS),
        "dwpose134": (*drawn, *face68, *_HANDS),
        "openpose137": (*body25, *_named("face68", range(70)), *_HANDS),
    }
    return {name: Layout(name, points) for name, points in tables.items()}


LAYOUTS = _layouts()


def layout(name: str) -> Layout:
    """Return the layout of that name; raises ValueError listing the names there are."""
    if name not in LAYOUTS:
        raise ValueError(f"no layout is called {name!r}; there are {', '.join(LAYOUTS)}")
    return LAYOUTS[name]


def mirrored_name(point: str) -> str:
    """Return the name of a point's mirror image: the other side's, or its own on the midline."""
    part, place = point.split(".")
    if part == "face":
        return f"face.{face_mesh.MIRRORED[int(place)]}"
    if part == "face68":
        return f"face68.{face_mesh.MIRRORED_70[int(place)]}"
    return point.replace("left", "\0").replace("right", "left").replace("\0", "right")


# Where a layout lacks a point, these stand in for it: (points whose mean it is, is that exact).
_STAND_INS: dict[str, tuple[tuple[str, ...], bool]] = {
    "body.neck": (("body.left_shoulder", "body.right_shoulder"), True),
    "body.mid_hip": (("body.left_hip", "body.right_hip"), True),
    **{
        f"face68.{i}": ((f"face.{j}",), i >= 68)
        for i, j in enumerate((*face_mesh.NEAREST_TO_68, *face_mesh.PUPILS))
    },
    **{
        f"face.{j}": ((f"face68.{i}",), i >= 68)
        for i, j in enumerate((*face_mesh.NEAREST_TO_68, *face_mesh.PUPILS))
    },
    **{
        f"body.{side}_{place}": ((source.format(side=side),), False)
        for side in ("left", "right")
        for place, source in {
            "big_toe": "body.{side}_foot_index",
            "foot_index": "body.{side}_big_toe",
            "pinky": "{side}_hand.pinky_mcp",
            "index": "{side}_hand.index_mcp",
            "thumb": "{side}_hand.thumb_mcp",
        }.items()
    },
    "body.right_eye_outer": (("face68.36",), False),
    "body.right_eye_inner": (("face68.39",), False),
    "body.left_eye_inner": (("face68.42",), False),
    "body.left_eye_outer": (("face68.45",), False),
    "body.mouth_right": (("face68.48",), False),
    "body.mouth_left": (("face68.54",), False),
}


@dataclass(frozen=True)
class Conversion:
    """How each row of a target layout is made from a source layout.

    sources (K, 2): the two source rows whose mean it is (twice the same for a plain copy, -1 for
    none); absent, approximate: names of target points with no source, and with a neighbour's;
    dropped: names of source points that the target has no row for.
    """

    sources: NDArray[np.intp]
    absent: tuple[str, ...]
    approximate: tuple[str, ...]
    dropped: tuple[str, ...]


@cache
def conversion(source: str, target: str) -> Conversion:
    """Return the table from one named layout to another."""
    have, want = layout(source), layout(target)
    sources = np.full((len(want.points), 2), -1, np.intp)
    approximate: list[str] = []
    for row, point in enumerate(want.points):
        names, exact = ((point,), True) if point in have.rows else _STAND_INS.get(point, ((), True))
        if names and all(name in have.rows for name in names):
            sources[row] = have.rows[names[0]], have.rows[names[-1]]
            approximate += [] if exact else [point]
    sources.flags.writeable = False
    used = {have.points[row] for row in sources[sources >= 0]}
    return Conversion(
        sources,
        absent=tuple(p for p, s in zip(want.points, sources, strict=True) if s[0] < 0),
        approximate=tuple(approximate),
        dropped=tuple(p for p in have.points if p not in used),
    )
