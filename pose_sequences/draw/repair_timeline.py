"""What a repair did to the hands, as a picture: a bar each, coloured by where the points come from.

For people; the same facts as values are the report's own. The frames themselves are preview.py's.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pose_sequences.layout import Part
from pose_sequences.repair.report import STATES, HandReport, RepairReport, State

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]
Text = tuple[float, float, str]

COLOURS: dict[State, Colour] = {
    "measured": (75, 160, 90),
    "swapped": (170, 110, 220),
    "replaced": (240, 90, 70),
    "filled": (250, 190, 60),
    "held": (90, 160, 240),
    "hidden": (70, 70, 70),
}
GROUND, INK, CURVE = (28,) * 3, (220,) * 3, (235,) * 3
FULL_SCALE = 0.05  # shoulder widths: a curve at the top of its field
WIDTH = 1200
_LEFT, _BAR, _FIELD, _ROW, _TOP, _BOTTOM = 80, 26, 34, 78, 34, 28
_TEXT_SIZE = 13
_NAMES: dict[Part, str] = {"left_hand": "left", "right_hand": "right"}


def repair_timeline(report: RepairReport, *, width: int = WIDTH) -> Image:
    """Return a picture (H, width, 3): states along the clip, and below them what smoothing moved.

    width: in pixels, 640 or more. A column that stands for several frames shows the last of their
    states in the order of STATES, so that nothing short is lost. Raises ValueError for less width.
    """
    if width < 640:
        raise ValueError(f"a timeline {width} pixels wide was asked for; give 640 or more")
    picture = np.full((_TOP + _ROW * len(report.hands) + _BOTTOM, width, 3), GROUND, np.uint8)
    texts: list[Text] = []
    for i, (hand, entry) in enumerate(report.hands.items()):
        top = _TOP + i * _ROW
        picture[top : top + _BAR, _LEFT:] = _bar(entry, width - _LEFT)
        field = picture[top + _BAR + 2 : top + _BAR + _FIELD, _LEFT:]
        _draw_curve(field, entry.moved)
        texts += [(8, top + 5, _NAMES[hand]), (8, top + _BAR + 8, "smoothed")]
    texts += _legend(picture)
    texts += _seconds(picture, report)
    return _written(picture, texts)


def _bar(entry: HandReport, width: int) -> Image:
    """Return the colours (width, 3) of a hand's bar."""
    rank = np.array([STATES.index(state) for state in entry.states], np.float64)
    shown = _largest(rank, width).astype(np.intp)
    return np.array([COLOURS[state] for state in STATES], np.uint8)[shown]


def _largest(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return (width,) the largest value of the frames that each column stands for."""
    edges = np.linspace(0, len(values), width + 1)
    first = np.floor(edges[:-1]).astype(np.intp)
    stop = np.maximum(np.ceil(edges[1:]).astype(np.intp), first + 1)
    return np.array([values[a:b].max() for a, b in zip(first, stop, strict=True)])


def _draw_curve(field: Image, moved: Sequence[float]) -> None:
    field[-1] = COLOURS["hidden"]
    height = _largest(np.array(moved), field.shape[1]) / FULL_SCALE
    up = np.round(np.clip(height, 0, 1) * (len(field) - 1)).astype(np.intp)
    rows = np.arange(len(field))[::-1, None]
    field[(rows <= up) & (up > 0)] = CURVE


def _legend(picture: Image) -> list[Text]:
    texts: list[Text] = []
    x = _LEFT
    for state in STATES:
        picture[10:22, x : x + 12] = COLOURS[state]
        texts.append((x + 17, 8, state))
        x += 90
    return texts


def _seconds(picture: Image, report: RepairReport) -> list[Text]:
    """Mark the time below the bars, ten marks at most."""
    height, width = picture.shape[:2]
    seconds = report.num_frames / report.fps
    step = _round_up(seconds / 10)
    texts: list[Text] = []
    for i in range(int(seconds / step) + 1):
        x = _LEFT + i * step / seconds * (width - _LEFT - 1)
        picture[height - _BOTTOM : height - _BOTTOM + 5, int(x)] = INK
        if x < width - 40:
            texts.append((x, height - _BOTTOM + 7, f"{i * step:g} s"))
    return texts


def _round_up(seconds: float) -> float:
    """Return the next of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(seconds))
    return float(next(power * k for k in (1, 2, 5, 10) if power * k >= seconds))


def _written(picture: Image, texts: Sequence[Text]) -> Image:
    from PIL import Image as Pictures
    from PIL import ImageDraw, ImageFont

    canvas = Pictures.fromarray(picture)
    pen = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(_TEXT_SIZE)
    for x, y, text in texts:
        pen.text((x, y), text, fill=INK, font=font)
    return np.asarray(canvas)
