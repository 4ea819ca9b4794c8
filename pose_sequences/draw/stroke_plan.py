"""Which strokes the `signgen` style draws of each landmark layout, in which width and colour.

Tables alone: where the points of a frame lie, and what stands in front of what, is the business of
signgen_style.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pose_sequences import face_mesh
from pose_sequences.layout import FINGERS, HAND_POINTS, layout

# Radii in shoulder widths. In a half-body picture a shoulder width is about a third of the frame's,
# and neighbouring knuckles are 0.05 of it apart: room for a finger's stroke and two rims.
BODY_RADIUS = 0.020
PALM_RADIUS = 0.013
FINGER_RADIUS = 0.0115
JOINT_RADIUS = 0.0135
TIP_RADIUS = 0.0165
WRIST_RADIUS = 0.024
FACE_RADIUS = 0.006
BROW_RADIUS = 0.008
IRIS_RADIUS = 0.013
HALO = 0.010

LEFT_COLOUR, RIGHT_COLOUR = (60, 120, 255), (255, 70, 70)  # arms and wrists; the signer's sides
TRUNK_COLOUR = (130, 130, 130)
LEG_SHARE = 0.6  # legs are dimmer than arms
# From the thumb on; hues (after Okabe and Ito, brightened) that stay apart for colour-blind eyes.
FINGER_COLOURS = ((255, 96, 32), (250, 230, 50), (0, 205, 130), (60, 180, 255), (255, 90, 210))
BONE_SHARES = (0.72, 0.86, 1.0)  # from the knuckle out: a bent finger shows by its order of shades
JOINT_WHITE, TIP_WHITE = 0.3, 0.65  # how far joints and tips go towards white
EDGE_COLOUR = (150, 150, 150)  # of the palm, until its facing is known

# Painter's groups. Of the arms and of the hands, the nearer one comes later.
TRUNK, HEAD, FACE, LEFT_ARM, RIGHT_ARM, LEFT_HAND, RIGHT_HAND = range(7)

NECK = "body.neck"  # in every layout the middle of the shoulders
_CHINS = ("face.152", "face68.8")
_SIDES = (("left", LEFT_COLOUR), ("right", RIGHT_COLOUR))


@dataclass(frozen=True)
class Plan:
    """P strokes of a layout, before a frame puts them in order of depth.

    start, end (P,): rows of its points, row K being the neck; radius, halo (P,): in shoulder
    widths; colour (P, 3); group (P,): painter's group; layer (P,): strokes of one number join; palm
    (P,): whether the palm's facing gives the colour; over (P, 2): the bones of a hand that a joint
    is painted after, for all else itself; chin: the row of the face's lowest point.
    """

    start: NDArray[np.intp]
    end: NDArray[np.intp]
    radius: NDArray[np.float32]
    halo: NDArray[np.float32]
    colour: NDArray[np.float32]
    group: NDArray[np.int64]
    layer: NDArray[np.int64]
    palm: NDArray[np.bool_]
    over: NDArray[np.intp]
    chin: int


@dataclass(frozen=True)
class _Stroke:
    start: str
    end: str
    radius: float
    colour: tuple[float, ...]
    group: int
    halo: float = 0.0
    palm: bool = False
    layer: str = ""  # empty: a layer of its own


@dataclass(frozen=True)
class _Feature:
    """A part of the face: chains in the mesh and in the 68 points, a single point being a disc."""

    mesh: tuple[Sequence[int], ...]
    points68: tuple[Sequence[int], ...]
    radius: float
    colour: tuple[int, int, int]


_OUTLINE = _Feature((face_mesh.OVAL,), (range(17),), FACE_RADIUS, (105, 105, 120))
_NOSE = _Feature(
    (face_mesh.NOSE_RIDGE, face_mesh.NOSE_BASE),
    (range(27, 31), range(31, 36)),
    FACE_RADIUS,
    (120, 110, 90),
)
_EYES = _Feature(
    (face_mesh.RIGHT_EYE, face_mesh.LEFT_EYE),
    ((*range(36, 42), 36), (*range(42, 48), 42)),
    FACE_RADIUS,
    (60, 200, 220),
)
_IRISES = _Feature(
    (face_mesh.RIGHT_IRIS[:1], face_mesh.LEFT_IRIS[:1]),
    ((68,), (69,)),
    IRIS_RADIUS,
    (255, 255, 255),
)
_BROWS = _Feature(
    (
        *(face_mesh.RIGHT_BROW_LOWER, face_mesh.RIGHT_BROW_UPPER),
        *(face_mesh.LEFT_BROW_LOWER, face_mesh.LEFT_BROW_UPPER),
    ),
    (range(17, 22), range(22, 27)),
    BROW_RADIUS,
    (255, 170, 40),
)
_OUTER_LIPS = _Feature((face_mesh.OUTER_LIPS,), ((*range(48, 60), 48),), FACE_RADIUS, (190, 40, 70))
_INNER_LIPS = _Feature(
    (face_mesh.INNER_LIPS,), ((*range(60, 68), 60),), FACE_RADIUS, (255, 190, 200)
)
_FEATURES = (_OUTLINE, _NOSE, _EYES, _IRISES, _BROWS, _OUTER_LIPS, _INNER_LIPS)


@cache
def plan(name: str) -> Plan:
    """Return the strokes of the layout of that name: those with both ends in it."""
    rows = layout(name).rows | {NECK: len(layout(name).points)}
    strokes = [s for s in _all_strokes() if s.start in rows and s.end in rows]
    layers = [s.layer or str(i) for i, s in enumerate(strokes)]
    return Plan(
        start=np.array([rows[s.start] for s in strokes], np.intp),
        end=np.array([rows[s.end] for s in strokes], np.intp),
        radius=np.array([s.radius for s in strokes], np.float32),
        halo=np.array([s.halo for s in strokes], np.float32),
        colour=np.array([s.colour for s in strokes], np.float32),
        group=np.array([s.group for s in strokes], np.int64),
        layer=np.array([layers.index(layer) for layer in layers], np.int64),
        palm=np.array([s.palm for s in strokes], np.bool_),
        over=np.array([_bones_at(s, i, strokes) for i, s in enumerate(strokes)], np.intp),
        chin=next(rows[chin] for chin in _CHINS if chin in rows),
    )


def _bones_at(stroke: _Stroke, index: int, strokes: list[_Stroke]) -> tuple[int, int]:
    """Return the first and the last bone that meet at the joint of a hand, or the bone itself."""
    if stroke.start != stroke.end or stroke.group < LEFT_HAND:
        return index, index
    bones = [
        i for i, s in enumerate(strokes) if s.start != s.end and stroke.start in (s.start, s.end)
    ]
    return bones[0], bones[-1]


def _all_strokes() -> Iterator[_Stroke]:
    yield from _trunk()
    yield from _head()
    for i, feature in enumerate(_FEATURES):
        yield from _feature(feature, f"face {i}")
    for (side, colour), group in zip(_SIDES, (LEFT_ARM, RIGHT_ARM), strict=True):
        for a, b in pairwise(f"body.{side}_{joint}" for joint in ("shoulder", "elbow", "wrist")):
            yield _Stroke(a, b, BODY_RADIUS, colour, group, HALO)
    for (side, colour), group in zip(_SIDES, (LEFT_HAND, RIGHT_HAND), strict=True):
        yield from _palm(f"{side}_hand", colour, group)
        for finger in range(len(FINGERS)):
            yield from _finger(f"{side}_hand", finger, group)


def _trunk() -> Iterator[_Stroke]:
    for side, colour in _SIDES:
        dim = tuple(LEG_SHARE * c for c in colour)
        for a, b in pairwise(f"body.{side}_{joint}" for joint in ("hip", "knee", "ankle")):
            yield _Stroke(a, b, BODY_RADIUS, dim, TRUNK)
    edges = [(f"body.left_{joint}", f"body.right_{joint}") for joint in ("hip", "shoulder")]
    edges += [(f"body.{side}_shoulder", f"body.{side}_hip") for side, _ in _SIDES]
    edges += [(NECK, chin) for chin in _CHINS]
    for a, b in edges:
        yield _Stroke(a, b, BODY_RADIUS, TRUNK_COLOUR, TRUNK, layer="trunk")


def _head() -> Iterator[_Stroke]:
    """The head by the body's own points, which stand in where no face was found."""
    yield _Stroke(NECK, "body.nose", BODY_RADIUS, TRUNK_COLOUR, HEAD)
    for side, colour in _SIDES:
        for a, b in pairwise(("body.nose", f"body.{side}_eye", f"body.{side}_ear")):
            yield _Stroke(a, b, BODY_RADIUS, colour, HEAD)


def _feature(feature: _Feature, layer: str) -> Iterator[_Stroke]:
    for part, chains in (("face", feature.mesh), ("face68", feature.points68)):
        for chain in chains:
            for a, b in pairwise(chain) if len(chain) > 1 else ((chain[0], chain[0]),):
                ends = f"{part}.{a}", f"{part}.{b}"
                yield _Stroke(*ends, feature.radius, feature.colour, FACE, layer=layer)


def _palm(hand: str, colour: tuple[int, ...], group: int) -> Iterator[_Stroke]:
    wrist = f"{hand}.wrist"
    bases = [f"{hand}.{HAND_POINTS[1 + 4 * finger]}" for finger in range(len(FINGERS))]
    for a, b in (*((wrist, base) for base in bases), *pairwise(bases)):
        yield _Stroke(a, b, PALM_RADIUS, EDGE_COLOUR, group, HALO, palm=True)
    yield _Stroke(wrist, wrist, WRIST_RADIUS, colour, group)


def _finger(hand: str, finger: int, group: int) -> Iterator[_Stroke]:
    joints = [f"{hand}.{point}" for point in HAND_POINTS[1 + 4 * finger : 5 + 4 * finger]]
    colour = FINGER_COLOURS[finger]
    for share, (a, b) in zip(BONE_SHARES, pairwise(joints), strict=True):
        yield _Stroke(a, b, FINGER_RADIUS, tuple(share * c for c in colour), group, HALO)
    for joint in joints[:-1]:
        yield _Stroke(joint, joint, JOINT_RADIUS, _paler(colour, JOINT_WHITE), group)
    yield _Stroke(joints[-1], joints[-1], TIP_RADIUS, _paler(colour, TIP_WHITE), group)


def _paler(colour: tuple[int, ...], white: float) -> tuple[float, ...]:
    return tuple(c + white * (255 - c) for c in colour)
