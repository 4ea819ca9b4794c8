"""What the component and point names of ``.pose`` files mean, and how ours are written there.

Three families: MediaPipe Holistic, OpenPose and COCO-WholeBody. Names, limbs and colours are those
that the pose-format tools write, except that the face mesh is drawn by its contours alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from pose_sequences import face_mesh
from pose_sequences.files.dot_pose_header import Component
from pose_sequences.layout import HAND_POINTS, PARTS, Layout, Part, layout

# MediaPipe's world landmarks are metres around the hips, not points of the picture.
WORLD = "POSE_WORLD_LANDMARKS"

_Chains = tuple[tuple[int, ...], ...]
_Colours = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Family:
    """One way to name points.

    layouts: those it can hold, smallest first; components: the name of each part's component;
    spell: our name of a point -> its name inside the component; chains: limbs of each part, by the
    place of a point in the part of the largest layout; colours: RGB of each part.
    """

    layouts: tuple[str, ...]
    components: dict[Part, str]
    spell: Callable[[str], str]
    chains: dict[Part, _Chains]
    colours: dict[Part, _Colours]

    def component(self, name: str, part: Part, form: str) -> Component:
        """Return a part of the layout of that name; form: the points' format, such as XYZC."""
        points = _points(layout(name), part)
        place = {point: i for i, point in enumerate(points)}
        every = _points(layout(self.layouts[-1]), part)
        pairs = ((every[a], every[b]) for chain in self.chains[part] for a, b in pairwise(chain))
        limbs = tuple((place[a], place[b]) for a, b in pairs if a in place and b in place)
        spelled = tuple(self.spell(point) for point in points)
        return Component(self.components[part], form, spelled, limbs, self.colours[part])

    def meanings(self) -> dict[tuple[str, str], str]:
        """Return our name of a point for each pair of component and point name."""
        return {
            (self.components[part], self.spell(point)): point
            for part in PARTS
            for point in _points(layout(self.layouts[-1]), part)
        }


@cache
def meanings() -> dict[tuple[str, str], tuple[str, Family]]:
    """Return our name of a point, and its family, for every component and point name in use."""
    known = {pair: (point, f) for f in FAMILIES for pair, point in f.meanings().items()}
    for (component, spelled), (point, family) in list(known.items()):
        if family is WHOLEBODY:
            # Some exporters add the count to the component, others repeat the side in the point.
            known[f"{component}_133", spelled] = point, family
            known[component, spelled.replace("hand", component.lower())] = point, family
    return known


def family_of(name: str) -> Family:
    """Return the family that can hold the layout of that name."""
    return next(family for family in FAMILIES if name in family.layouts)


def _points(rows: Layout, part: Part) -> list[str]:
    return [rows.points[row] for row in rows.part(part)]


def _mediapipe(point: str) -> str:
    part, place = point.split(".")
    finger, _, joint = place.partition("_")
    if part.endswith("hand") and finger in ("index", "middle", "ring"):
        return f"{finger}_finger_{joint}".upper()
    return place.upper()


_OPENPOSE_HAND = (
    "BASE",
    *("T_STT", "T_BCMC", "T_MCP", "T_IP"),
    *(f"{finger}_{joint}" for finger in "IMRP" for joint in ("CMC", "MCP", "PIP", "DIP")),
)
# Where each region of the face ends.
_OPENPOSE_FACE = {"FB": 17, "FEB": 27, "FN": 36, "FE": 48, "FLO": 60, "FLI": 68, "FP": 70}
_SIDES = {"left": "L", "right": "R"}


def _openpose(point: str) -> str:
    part, place = point.split(".")
    if part.endswith("hand"):
        return _OPENPOSE_HAND[HAND_POINTS.index(place)]
    if part == "face68":
        region = next(name for name, stop in _OPENPOSE_FACE.items() if int(place) < stop)
        return f"{region}_{place}"
    return "".join(_SIDES.get(word, word.title()) for word in place.split("_"))


def _wholebody(point: str) -> str:
    part, place = point.split(".")
    if part.endswith("hand"):
        return f"hand_{HAND_POINTS.index(place)}"
    return f"face-{place}" if part == "face68" else place


def _finger_colours() -> _Colours:
    # Grey wrist, then a hue a finger that grows paler to the tip; the little finger is orange.
    fingers = ((192, 0, 0), (0, 0, 192), (0, 192, 0), (0, 192, 192))
    paler = (tuple(min(v + 35 * i, 255) for v in hue) for hue in fingers for i in range(4))
    orange = ((255, 128, 0), (255, 178, 102), (255, 153, 51), (255, 128, 0))
    return ((232, 232, 232), *((r, g, b) for r, g, b in paler), *orange)


_FROM_WRIST = ((0, 1, 2, 3, 4), *((0, *range(i, i + 4)) for i in (5, 9, 13, 17)))
_PALM = (
    *((0, 1, 2, 3, 4), (0, 5, 6, 7, 8), (5, 9, 10, 11, 12), (9, 13, 14, 15, 16)),
    *((13, 17, 18, 19, 20), (0, 17)),
)
_IRISES = tuple((*iris[1:], iris[1]) for iris in (face_mesh.RIGHT_IRIS, face_mesh.LEFT_IRIS))

MEDIAPIPE = Family(
    ("reduced178", "reduced203", "holistic543", "holistic553"),
    {
        "body": "POSE_LANDMARKS",
        "face": "FACE_LANDMARKS",
        "left_hand": "LEFT_HAND_LANDMARKS",
        "right_hand": "RIGHT_HAND_LANDMARKS",
    },
    _mediapipe,
    {
        "body": (
            *((8, 6, 5, 4, 0, 1, 2, 3, 7), (9, 10), (11, 12), (11, 23, 24, 12)),
            *((11, 13, 15, 17, 19, 15, 21), (12, 14, 16, 18, 20, 16, 22)),
            *((23, 25, 27, 29, 31, 27), (24, 26, 28, 30, 32, 28)),
        ),
        "face": (
            *(face_mesh.OVAL, face_mesh.OUTER_LIPS, face_mesh.INNER_LIPS),
            *(face_mesh.RIGHT_EYE, face_mesh.RIGHT_BROW_LOWER, face_mesh.RIGHT_BROW_UPPER),
            *(face_mesh.LEFT_EYE, face_mesh.LEFT_BROW_LOWER, face_mesh.LEFT_BROW_UPPER),
            *_IRISES,
        ),
        "left_hand": _PALM,
        "right_hand": _PALM,
    },
    {
        "body": ((255, 0, 0),),
        "face": ((128, 0, 0),),
        "left_hand": _finger_colours(),
        "right_hand": _finger_colours(),
    },
)
OPENPOSE = Family(
    ("openpose137",),
    {
        "body": "pose_keypoints_2d",
        "face": "face_keypoints_2d",
        "left_hand": "hand_left_keypoints_2d",
        "right_hand": "hand_right_keypoints_2d",
    },
    _openpose,
    {
        "body": (
            *((1, 2, 3, 4), (1, 5, 6, 7), (1, 8), (1, 0), (0, 15), (0, 16), (0, 17), (0, 18)),
            *((8, 9, 10, 11, 24), (11, 22, 23), (8, 12, 13, 14, 21), (14, 19, 20)),
        ),
        "face": (
            *(tuple(range(17)), tuple(range(17, 22)), tuple(range(22, 27))),
            *(tuple(range(27, 36)), (30, 33), (*range(36, 42), 36), (*range(42, 48), 42)),
            *((*range(48, 60), 48), (*range(60, 68), 60)),
        ),
        "left_hand": _FROM_WRIST,
        "right_hand": _FROM_WRIST,
    },
    MEDIAPIPE.colours,
)
WHOLEBODY = Family(
    ("wholebody133",),
    {"body": "BODY", "face": "FACE", "left_hand": "LEFT_HAND", "right_hand": "RIGHT_HAND"},
    _wholebody,
    {
        "body": (
            *((15, 13, 11), (16, 14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7, 9)),
            *((6, 8, 10), (1, 2), (1, 0, 2), (1, 3, 5), (2, 4, 6)),
            *((15, 17), (15, 18), (15, 19), (16, 20), (16, 21), (16, 22)),
        ),
        "face": tuple(tuple(range(*e)) for e in pairwise((0, 17, 22, 27, 31, 36, 42, 48, 68))),
        "left_hand": _FROM_WRIST,
        "right_hand": _FROM_WRIST,
    },
    {
        "body": ((0, 255, 0),),
        "face": ((255, 255, 255),),
        "left_hand": ((0, 255, 0),),
        "right_hand": ((255, 128, 0),),
    },
)
FAMILIES = (MEDIAPIPE, OPENPOSE, WHOLEBODY)
