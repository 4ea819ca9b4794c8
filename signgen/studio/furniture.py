"""Things that stand in rooms, as the soft shapes that an unfocused camera makes of them.

Places and sizes are in picture heights from the picture's middle, x to the right and y down.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from signgen.studio.complexion import Colour, linear

_WOODS = ((92, 62, 40), (150, 110, 72), (196, 164, 124), (60, 44, 36), (222, 214, 202))
_BOOKS = (
    *((150, 44, 40), (36, 64, 110), (210, 196, 160), (44, 92, 70), (196, 140, 50), (70, 60, 92)),
    *((228, 226, 220), (40, 40, 46), (120, 86, 64), (96, 140, 156)),
)
_LEAVES = ((44, 92, 46), (70, 120, 60), (34, 66, 44), (104, 138, 78))
_POTS = ((170, 96, 66), (220, 216, 208), (64, 66, 72), (120, 128, 136))
_CLOTHS = ((150, 152, 156), (92, 104, 124), (176, 148, 120), (122, 62, 58), (226, 220, 208))
_SKIES = ((214, 230, 246), (244, 246, 248), (176, 206, 238), (250, 244, 232))
_GLOW = (255, 232, 190)


@dataclass(frozen=True)
class Patch:
    """A soft shape; box, blob (an ellipse) or glow (light that fades from its middle).

    x, y: its middle; width, height; colour: linear; soft: how wide its edge is; share: how much of
    what is behind it covers, 0 to 1.
    """

    kind: Literal["box", "blob", "glow"]
    x: float
    y: float
    width: float
    height: float
    colour: Colour
    soft: float
    share: float = 1.0


def tint(
    rng: np.random.Generator, palette: Sequence[tuple[int, int, int]], spread: float
) -> Colour:
    """Return one of the sRGB colours, each channel ``spread`` steps off at most, as linear."""
    chosen = np.array(palette[rng.integers(len(palette))], np.float64)
    lighter = rng.uniform(-spread, spread) + rng.uniform(-spread, spread, 3) / 3
    return linear(tuple(np.clip(chosen + lighter, 2, 253).tolist()))


def shelf(rng: np.random.Generator, soft: float) -> Iterator[Patch]:
    """Yield a shelf with books."""
    wood = tint(rng, _WOODS, 12)
    wide, tall = float(rng.uniform(0.35, 0.8)), float(rng.uniform(0.5, 1.1))
    x = _aside(rng)
    y = float(rng.uniform(-0.25, 0.15))
    yield Patch("box", x, y, wide, tall, wood, soft)
    boards = int(rng.integers(2, 5))
    room = tall / boards
    inside = wide - 0.04
    dark = _dimmed(wood, 0.35)
    for board in range(boards):
        middle = y - tall / 2 + (board + 0.5) * room
        yield Patch("box", x, middle, inside, room - 0.025, dark, soft)
        left, end = x - inside / 2, x + inside / 2 - 0.03
        while left < end:
            thick = float(rng.uniform(0.012, 0.045))
            high = float(rng.uniform(0.55, 0.9)) * room
            foot = middle + room / 2 - 0.015
            if rng.random() < 0.85:
                book = tint(rng, _BOOKS, 16)
                yield Patch("box", left + thick / 2, foot - high / 2, thick, high, book, soft)
            left += thick + 0.003


def door(rng: np.random.Generator, soft: float) -> Iterator[Patch]:
    """Yield a door, open or shut."""
    x, wide = _aside(rng), float(rng.uniform(0.35, 0.5))
    leaf = tint(rng, _WOODS, 14)
    yield Patch("box", x, 0.25, wide + 0.06, 1.5, _dimmed(leaf, 0.7), soft)
    yield Patch("box", x, 0.26, wide, 1.5, leaf, soft)
    if rng.random() < 0.4:  # into a dark hall
        yield Patch("box", x, 0.26, wide * 0.8, 1.5, _dimmed(leaf, 0.12), soft)
        return
    for y in (-0.2, 0.25):
        yield Patch("box", x, y, wide * 0.62, 0.36, _dimmed(leaf, 0.82), soft)
    handle = (0.6, 0.55, 0.45)
    yield Patch("blob", x + 0.42 * wide, 0.08, 0.03, 0.02, handle, soft / 2)


def painting(rng: np.random.Generator, soft: float) -> Iterator[Patch]:
    """Yield a picture in a frame."""
    x, y = _aside(rng), float(rng.uniform(-0.4, 0.0))
    wide, tall = (float(side) for side in rng.uniform(0.15, 0.4, 2))
    yield Patch("box", x, y, wide, tall, tint(rng, _WOODS, 20), soft)
    yield Patch("box", x, y, wide - 0.03, tall - 0.03, linear((232, 228, 220)), soft)
    for _ in range(3):
        across, down = rng.uniform(-0.25, 0.25, 2)
        size = [float(share) for share in rng.uniform(0.25, 0.5, 2)]
        place = x + float(across) * wide, y + float(down) * tall
        shape = size[0] * wide, size[1] * tall
        yield Patch("blob", *place, *shape, tint(rng, _BOOKS, 20), soft)


def plant(rng: np.random.Generator, soft: float) -> Iterator[Patch]:
    """Yield a plant in a pot."""
    x, foot = _aside(rng), float(rng.uniform(0.1, 0.5))
    size = float(rng.uniform(0.15, 0.4))
    yield Patch("box", x, foot + 0.08, 0.45 * size, 0.16, tint(rng, _POTS, 14), soft)
    for _ in range(int(rng.integers(10, 18))):
        away, about = size * float(rng.uniform(0.1, 0.6)), float(rng.uniform(-1.4, 1.4))
        wide, tall = (float(side) for side in rng.uniform(0.12, 0.4, 2) * size)
        place = x + away * float(np.sin(about)), foot - 0.4 * size - away * float(np.cos(about))
        yield Patch("blob", *place, wide, tall, tint(rng, _LEAVES, 18), soft)


def lamp(rng: np.random.Generator, soft: float) -> Iterator[Patch]:
    """Yield a lamp and its light on the wall."""
    x, y = _aside(rng), float(rng.uniform(-0.4, 0.1))
    size = float(rng.uniform(0.1, 0.2))
    bright = linear(_GLOW)
    yield Patch("glow", x, y, 6 * size, 6 * size, bright, soft, float(rng.uniform(0.2, 0.5)))
    yield Patch("box", x, y + 0.5, 0.015, 1.0, (0.05, 0.05, 0.05), soft)
    yield Patch("box", x, y, size, 0.8 * size, bright, soft)


def sofa(rng: np.random.Generator, soft: float) -> Iterator[Patch]:
    """Yield what one sees of a sofa or a chair behind a signer."""
    x, wide = float(rng.uniform(-0.4, 0.4)), float(rng.uniform(0.8, 1.6))
    cloth = tint(rng, _CLOTHS, 16)
    back = float(rng.uniform(0.12, 0.32))
    yield Patch("box", x, back + 0.4, wide, 0.8, cloth, 2 * soft)
    yield Patch("box", x, back + 0.65, wide * 0.94, 0.6, _dimmed(cloth, 0.75), 2 * soft)
    if rng.random() < 0.6:
        pillow = tint(rng, _BOOKS, 20)
        yield Patch("blob", x + wide * 0.35, back + 0.12, 0.24, 0.22, pillow, 2 * soft)


def curtains(rng: np.random.Generator, soft: float, x: float | None = None) -> Iterator[Patch]:
    """Yield cloth that hangs in folds; x: its middle."""
    x = _aside(rng) if x is None else x
    cloth, wide = tint(rng, _CLOTHS, 16), float(rng.uniform(0.2, 0.5))
    yield Patch("box", x, 0.0, wide, 1.6, cloth, soft)
    folds = int(wide / float(rng.uniform(0.035, 0.07)))
    for fold in range(folds):
        middle = x - wide / 2 + (fold + 0.5) * wide / folds
        thin = 0.5 * wide / folds
        yield Patch("box", middle, 0.0, thin, 1.6, _dimmed(cloth, 0.72), max(soft, thin / 2), 0.8)


def window(rng: np.random.Generator, soft: float) -> Iterator[Patch]:
    """Yield a window with daylight, mostly with something green before it, some with curtains."""
    x, y = float(rng.uniform(-0.6, 0.6)), float(rng.uniform(-0.3, -0.05))
    wide, tall = float(rng.uniform(0.4, 1.1)), float(rng.uniform(0.5, 0.9))
    sky, frame = tint(rng, _SKIES, 6), tint(rng, ((236, 234, 230), (90, 70, 56)), 10)
    yield Patch("glow", x, y, 2.2 * wide, 2.2 * tall, sky, soft, float(rng.uniform(0.1, 0.4)))
    yield Patch("box", x, y, wide + 0.07, tall + 0.07, frame, soft)
    yield Patch("box", x, y, wide, tall, sky, soft)
    if rng.random() < 0.7:
        yield from _garden(rng, (x, y, wide, tall), 3 * soft)
    for bar in range(1, int(rng.integers(1, 4))):
        across = x - wide / 2 + bar * wide / 3
        yield Patch("box", across, y, 0.02, tall, frame, soft)
    yield Patch("box", x, y + tall / 2 + 0.03, wide + 0.16, 0.045, frame, soft)
    if rng.random() < 0.5:
        for side in (-1, 1):
            yield from curtains(rng, soft, x + side * (wide / 2 + 0.08))


def _garden(
    rng: np.random.Generator, place: tuple[float, float, float, float], soft: float
) -> Iterator[Patch]:
    """Yield green within a window, far out of focus."""
    x, y, wide, tall = place
    for _ in range(int(rng.integers(4, 10))):
        size = float(rng.uniform(0.12, 0.3)) * min(wide, tall)
        across = x + float(rng.uniform(-0.5, 0.5)) * (wide - 2 * size)
        down = y + tall / 2 - size * float(rng.uniform(0.4, 1.0))
        green = _dimmed(tint(rng, _LEAVES, 20), 1.8)
        yield Patch("blob", across, down, 2 * size, size, green, soft, 0.8)


def _aside(rng: np.random.Generator) -> float:
    # the middle is behind the signer
    return float(rng.choice((-1.0, 1.0)) * rng.uniform(0.18, 0.75))


def _dimmed(colour: Colour, factor: float) -> Colour:
    red, green, blue = (min(channel * factor, 1.0) for channel in colour)
    return red, green, blue
