"""What a wide studio has behind its signers: walls, rooms, windows, chromakey, television.

A room is a description from a seed, a wall and soft shapes before it; scenery.py paints it, and
furniture.py knows the shapes of things.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from signgen.studio.complexion import Colour, linear
from signgen.studio.furniture import (
    Patch,
    curtains,
    door,
    lamp,
    painting,
    plant,
    shelf,
    sofa,
    tint,
    window,
)

_WALLS = (
    *((226, 222, 214), (205, 200, 192), (188, 196, 204), (214, 203, 180), (176, 186, 170)),
    *((150, 160, 172), (196, 176, 168), (120, 128, 124), (96, 110, 130), (84, 74, 70)),
    *((236, 236, 234), (142, 104, 88), (64, 70, 84), (168, 146, 112)),
)
_STAGES = (
    *((24, 40, 92), (30, 66, 128), (18, 22, 40), (70, 84, 104), (104, 112, 122), (16, 52, 60)),
    *((52, 28, 74), (148, 158, 170), (92, 26, 34), (8, 10, 14)),
)
_GREEN, _BLUE = (52, 168, 74), (30, 78, 178)
_BARS = ((18, 34, 88), (140, 18, 28), (236, 236, 240), (20, 20, 24), (206, 160, 40))


@dataclass(frozen=True)
class Strip:
    """A sharp rectangle over all, shares of the picture's width and height; colour: linear."""

    left: float
    top: float
    right: float
    bottom: float
    colour: Colour


@dataclass(frozen=True)
class Room:
    """top, bottom: linear colours of the wall; pool: where light falls on it, picture heights from
    the middle; falloff: how much darker it is a picture height away, 0 to 1; uneven: how mottled it
    is, 0 to 1; vignette: how much darker the corners are; patches: what is before it, from the back
    to the front; bar: what a broadcaster lays over the lower edge; seed: of the mottling.
    """

    name: str
    top: Colour
    bottom: Colour
    pool: tuple[float, float]
    falloff: float
    uneven: float
    vignette: float
    patches: tuple[Patch, ...] = ()
    bar: tuple[Strip, ...] = ()
    seed: int = 0


def draw_room(rng: np.random.Generator) -> Room:
    """Draw what stands behind a signer."""
    names = tuple(_DRAWN)
    shares = np.array([share for share, _ in _DRAWN.values()])
    name = names[rng.choice(len(names), p=shares / shares.sum())]
    return _DRAWN[name][1](rng)


def _wall(rng: np.random.Generator) -> Room:
    """A bare wall on which the light falls off."""
    colour = tint(rng, _WALLS, 14)
    lower = float(rng.uniform(0.55, 1.05))
    return Room(
        name="wall",
        top=colour,
        bottom=_times(colour, lower),
        pool=(float(rng.uniform(-0.9, 0.9)), float(rng.uniform(-0.7, 0.3))),
        falloff=float(rng.uniform(0.0, 0.65)),
        uneven=float(rng.uniform(0.0, 0.10)),
        vignette=float(rng.uniform(0.0, 0.25)),
        seed=int(rng.integers(2**31)),
    )


def _furnished(rng: np.random.Generator) -> Room:
    """A room that is out of focus, more or less."""
    soft = float(rng.uniform(0.006, 0.035))
    things = [shelf, door, painting, plant, lamp, sofa, curtains, painting, shelf]
    chosen = rng.permutation(len(things))[: int(rng.integers(2, 6))]
    patches = [patch for row in sorted(chosen) for patch in things[row](rng, soft)]
    return _with(_wall(rng), "room", tuple(patches))


def _windowed(rng: np.random.Generator) -> Room:
    """A wall with a window and the day behind it."""
    soft = float(rng.uniform(0.006, 0.025))
    patches = list(window(rng, soft))
    for thing in (plant, lamp, painting):
        if rng.random() < 0.35:
            patches += thing(rng, soft)
    return _with(_wall(rng), "window", tuple(patches))


def _chromakey(rng: np.random.Generator) -> Room:
    """Cloth to be keyed out, nearly evenly lit."""
    colour = tint(rng, (_GREEN, _GREEN, _BLUE), 18)
    return Room(
        name="chromakey",
        top=colour,
        bottom=_times(colour, float(rng.uniform(0.8, 1.05))),
        pool=(float(rng.uniform(-0.5, 0.5)), float(rng.uniform(-0.5, 0.2))),
        falloff=float(rng.uniform(0.0, 0.3)),
        uneven=float(rng.uniform(0.0, 0.08)),
        vignette=float(rng.uniform(0.0, 0.15)),
        seed=int(rng.integers(2**31)),
    )


def _televised(rng: np.random.Generator) -> Room:
    """A television studio: a lit backdrop, panels of light, and mostly a bar below."""
    colour = tint(rng, _STAGES, 10)
    soft = float(rng.uniform(0.008, 0.05))
    patches = []
    for _ in range(int(rng.integers(0, 5))):
        bright = _times(colour, float(rng.uniform(1.3, 2.6)))
        kind: Literal["box", "glow"] = "box" if rng.random() < 0.6 else "glow"
        across, down = float(rng.uniform(-0.8, 0.8)), float(rng.uniform(-0.5, 0.4))
        size = float(rng.uniform(0.08, 0.5)), float(rng.uniform(0.3, 1.4))
        share = float(rng.uniform(0.3, 0.9))
        patches.append(Patch(kind, across, down, *size, bright, soft, share))
    return Room(
        name="television",
        top=_times(colour, float(rng.uniform(0.7, 1.2))),
        bottom=_times(colour, float(rng.uniform(0.7, 1.8))),
        pool=(0.0, float(rng.uniform(-0.3, 0.3))),
        falloff=float(rng.uniform(0.1, 0.6)),
        uneven=0.0,
        vignette=float(rng.uniform(0.0, 0.4)),
        patches=tuple(patches),
        bar=_bar(rng) if rng.random() < 0.7 else (),
        seed=int(rng.integers(2**31)),
    )


def _bar(rng: np.random.Generator) -> tuple[Strip, ...]:
    """Return a bar with an accent and what looks like a line of writing from afar."""
    top = 1 - float(rng.uniform(0.08, 0.15))
    low, high = top + 0.2 * (1 - top), 1 - 0.25 * (1 - top)
    colour = linear(_BARS[rng.integers(len(_BARS))])
    ink = linear((20, 20, 24) if sum(colour) > 1 else (240, 240, 240))
    accent = linear(_BARS[rng.integers(len(_BARS))])
    strips = [Strip(0, top, 1, 1, colour), Strip(0, top, 1, top + 0.012, accent)]
    left = float(rng.uniform(0.04, 0.2))
    while left < 0.85:
        right = left + float(rng.uniform(0.02, 0.12))
        strips.append(Strip(left, low + 0.02, min(right, 0.95), high, ink))
        left = right + 0.015
    return tuple(strips)


def _with(room: Room, name: str, patches: tuple[Patch, ...]) -> Room:
    return Room(**{**vars(room), "name": name, "patches": patches})


def _times(colour: Colour, factor: float) -> Colour:
    red, green, blue = (min(channel * factor, 1.0) for channel in colour)
    return red, green, blue


# how often, and what draws it
_DRAWN: dict[str, tuple[float, Callable[[np.random.Generator], Room]]] = {
    "wall": (0.27, _wall),
    "room": (0.33, _furnished),
    "window": (0.14, _windowed),
    "chromakey": (0.10, _chromakey),
    "television": (0.16, _televised),
}
ROOMS = tuple(_DRAWN)
