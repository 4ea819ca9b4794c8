"""What the generator covers: skin, contrast of hands, their size, framing, counted over pictures.

Colours are compared in CIELAB. A figure tells what is there, not whether it is enough.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from pose_sequences.layout import layout
from signgen.studio.clip import SEEN_SHARE, Shot
from signgen.studio.complexion import Colour
from signgen.studio.figure import Figure
from signgen.studio.keypoints import LAYOUT
from signgen.studio.pieces import Part
from signgen.studio.rooms import Room

# Individual typology angle, degrees, from which on a skin is of a group (Del Bino and Bernerd 2013)
SKIN_GROUPS = {
    "very light": 55.0,
    "light": 41.0,
    "intermediate": 28.0,
    "tan": 10.0,
    "brown": -30.0,
    "dark": -90.0,
}
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
NUMBERS = {
    "hand on cloth": "colour difference of a hand and the body around it",
    "hand on background": "of a hand and the background around it",
    "hand on face": "of a hand and the face around it",
    "hand size": "pixels along the longer side of its points",
    "face lightness": "L* of the face as it is exposed, 0 to 100",
    "shoulder width": "of the picture's width",
    "tilt": "degrees that the shoulders lean",
}
_HANDS: dict[Literal["left_hand", "right_hand"], Part] = {
    "left_hand": Part.LEFT_HAND,
    "right_hand": Part.RIGHT_HAND,
}
_GROUNDS = {
    "hand on cloth": Part.BODY,
    "hand on background": Part.BACKGROUND,
    "hand on face": Part.FACE,
}
_RING = 0.02  # of the picture's height that is still around a hand
_FOREARM = 0.5  # of a hand's size from the wrist within which its own forearm is around it
_FEW = 12  # pixels, of which nothing is told
_TO_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
_WHITE = (0.9505, 1.0, 1.089)  # D65


@dataclass(frozen=True)
class Measures:
    """What some pictures of one signer show: numbers by the names in NUMBERS, and words."""

    numbers: dict[str, list[float]]
    words: dict[str, str]


def measured(figure: Figure, shots: Sequence[Shot]) -> Measures:
    """Return the measures of a signer's pictures."""
    numbers: dict[str, list[float]] = {name: [] for name in NUMBERS}
    for shot in shots:
        colours = lab((shot.frames.float() / 255) ** 2.2)
        _measure_hands(shot, colours, numbers)
        _measure_framing(shot, numbers)
        for colour, parts in zip(colours, shot.parts, strict=True):
            face = colour[parts == Part.FACE]
            if len(face) >= _FEW:
                numbers["face lightness"].append(float(face[:, 0].median()))
    background = figure.look.background
    words = {
        "skin": skin_group(figure.signer.complexion.skin),
        "room": background.name if isinstance(background, Room) else "plain",
    }
    return Measures(numbers, words)


def report(measures: Sequence[Measures]) -> dict[str, Any]:
    """Return counts of words and quantiles of numbers, as they go into a file."""
    words: dict[str, dict[str, int]] = {"skin": dict.fromkeys(SKIN_GROUPS, 0), "room": {}}
    for one in measures:
        for kind, word in one.words.items():
            words[kind][word] = words[kind].get(word, 0) + 1
    numbers: dict[str, dict[str, float | None]] = {}
    for name in NUMBERS:
        values = np.array([value for one in measures for value in one.numbers[name]])
        told = np.quantile(values, QUANTILES) if len(values) else [None] * len(QUANTILES)
        numbers[name] = {"count": len(values)} | {
            f"p{100 * quantile:.0f}": None if value is None else round(float(value), 3)
            for quantile, value in zip(QUANTILES, told, strict=True)
        }
    return {"signers": len(measures), **words, "numbers": numbers}


def lines(told: dict[str, Any]) -> Iterator[str]:
    """Yield a report as a table."""
    for kind in ("skin", "room"):
        counts = (f"{word} {count}" for word, count in told[kind].items())
        yield f"{kind}: {', '.join(counts)}"
    heads = [f"p{100 * quantile:.0f}" for quantile in QUANTILES]
    yield f"{'':20}{'count':>7}" + "".join(f"{head:>8}" for head in heads)
    for name, row in told["numbers"].items():
        cells = ("-" if row[head] is None else f"{row[head]:.2f}" for head in heads)
        yield f"{name:20}{row['count']:>7}" + "".join(f"{cell:>8}" for cell in cells)
    yield from (f"{name}: {meaning}" for name, meaning in NUMBERS.items())


def skin_group(skin: Colour) -> str:
    """Return the group of a skin's linear colour by its individual typology angle."""
    lightness, _, yellow = lab(torch.tensor(skin, dtype=torch.float64)).tolist()
    angle = float(np.degrees(np.arctan2(lightness - 50, yellow)))
    return next(name for name, least in SKIN_GROUPS.items() if angle >= least)


def lab(colours: Tensor) -> Tensor:
    """Return linear colours (..., 3) in CIELAB."""
    places = colours @ colours.new_tensor(_TO_XYZ).T / colours.new_tensor(_WHITE)
    bent = torch.where(
        places > (6 / 29) ** 3, places ** (1 / 3), places * (29 / 6) ** 2 / 3 + 4 / 29
    )
    x, y, z = bent.unbind(-1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def _measure_hands(shot: Shot, colours: Tensor, numbers: dict[str, list[float]]) -> None:
    reach = max(2, round(_RING * shot.parts.shape[1]))
    for name, part in _HANDS.items():
        hands = shot.parts == part
        near = max_pool2d(hands[:, None].float(), 2 * reach + 1, 1, reach)[:, 0] > 0
        own = layout(LAYOUT).part(name)
        places = shot.keypoints.points[:, own, :2]
        spans = (places.amax(1) - places.amin(1)).amax(1)
        seen = shot.keypoints.visible[:, own].float().mean(1) >= SEEN_SHARE
        numbers["hand size"] += spans[seen].tolist()
        near &= _beyond(shot.parts.shape[1:], places[:, 0], _FOREARM * spans)
        for row in seen.nonzero()[:, 0].tolist():
            hand = colours[row][hands[row]]
            for ground, under in _GROUNDS.items():
                around = colours[row][near[row] & (shot.parts[row] == under)]
                if min(len(hand), len(around)) >= _FEW:
                    apart = hand.median(0).values - around.median(0).values
                    numbers[ground].append(float(apart.norm()))


def _beyond(size: Sequence[int], centres: Tensor, away: Tensor) -> Tensor:
    """Return which pixels (T, H, W) are farther than ``away`` (T,) from points (T, 2)."""
    down, across = (torch.arange(side, device=centres.device) + 0.5 for side in size)
    x, y = (centres[:, axis, None, None] for axis in (0, 1))
    return (across - x) ** 2 + (down[:, None] - y) ** 2 > away[:, None, None] ** 2


def _measure_framing(shot: Shot, numbers: dict[str, list[float]]) -> None:
    rows = layout(LAYOUT).find(("body.left_shoulder", "body.right_shoulder"))
    left, right = shot.keypoints.points[:, rows, :2].unbind(1)
    across = (left - right) / shot.frames.shape[2]
    numbers["shoulder width"] += across.norm(dim=1).tolist()
    numbers["tilt"] += torch.atan2(across[:, 1], across[:, 0]).rad2deg().tolist()
