"""Pictures of a pose sequence for people: a contact sheet, and frames for a film.

Both show below the maps in which frames of the whole sequence each hand was seen. What goes into a
network is drawn by the styles alone.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pose_sequences.draw import MIN_SIDE, draw
from pose_sequences.draw.stroke_plan import LEFT_COLOUR, RIGHT_COLOUR
from pose_sequences.layout import Part
from pose_sequences.sequence import PoseSequence

Image = NDArray[np.uint8]
Text = tuple[int, int, str, tuple[int, int, int]]  # x, y, what, colour

PREVIEW_WIDTH, PREVIEW_HEIGHT = 1024, 512
STRIP_HEIGHT = 28
GROUND, GAP_COLOUR, MARK_COLOUR, TEXT_COLOUR = (40,) * 3, (70,) * 3, (255,) * 3, (210,) * 3
_CAPTION, _SPACE, _TEXT_SIZE, _MARGIN = 18, 4, 12, 16
_HANDS: tuple[tuple[str, Part, tuple[int, int, int]], ...] = (
    ("L", "left_hand", LEFT_COLOUR),
    ("R", "right_hand", RIGHT_COLOUR),
)


def contact_sheet(
    sequence: PoseSequence,
    *,
    columns: int = 4,
    num_frames: int = 12,
    style: str = "signgen",
    tile: int = 256,
) -> Image:
    """Return evenly spaced frames as one picture (H, W, 3), numbered, with L and R for hands seen.

    columns: tiles in a row; num_frames: at most so many; style: a name of draw.STYLES; tile: the
    longer side of a tile in pixels. Raises ValueError for a number below 1 or what draw refuses.
    """
    if min(columns, num_frames) < 1:
        raise ValueError(f"a sheet of {num_frames} frames in {columns} columns; give 1 or more")
    shown = min(num_frames, len(sequence))
    frames = np.linspace(0, len(sequence) - 1, shown).round().astype(int).tolist()
    columns = min(columns, shown)
    width, height = fitted(sequence, tile, tile)
    across, down = width + _SPACE, height + _CAPTION + _SPACE
    rows = -(-shown // columns)
    sheet = _ground(columns * across + _SPACE, rows * down + _SPACE)
    texts: list[Text] = []
    for i, picture in enumerate(draw(sequence, style=style, size=(width, height), frames=frames)):
        x, y = _SPACE + i % columns * across, _SPACE + i // columns * down
        sheet[y : y + height, x : x + width] = picture
        texts += _caption(sequence, frames[i], x, y + height, width)
    strip = _marked(timeline(sequence, sheet.shape[1]), frames, len(sequence))
    return np.concatenate((_written(sheet, texts), strip))


def preview_frames(
    sequence: PoseSequence, *, style: str = "signgen", size: tuple[int, int] | None = None
) -> Iterator[Image]:
    """Return a picture (H, W, 3) a frame, H and W even: the map, and the timeline below it.

    size: width and height of the map; None for the sequence's proportions, PREVIEW_HEIGHT high or
    PREVIEW_WIDTH wide. Raises ValueError for an odd size or what draw refuses.
    """
    size = size or fitted(sequence, PREVIEW_WIDTH, PREVIEW_HEIGHT)
    if size[0] % 2 or size[1] % 2:
        raise ValueError(f"a preview of {size[0]}x{size[1]} was asked for; both must be even")
    return _with_timeline(sequence, draw(sequence, style=style, size=size), size[0])


def fitted(sequence: PoseSequence, width: int, height: int) -> tuple[int, int]:
    """Return the largest even size inside width x height with the sequence's proportions."""
    scale = min(width / sequence.width, height / sequence.height)
    sides = (2 * round(side * scale / 2) for side in (sequence.width, sequence.height))
    across, down = (max(MIN_SIDE, side) for side in sides)
    return across, down


def timeline(sequence: PoseSequence, width: int) -> Image:
    """Return a strip (STRIP_HEIGHT, width, 3): a bar for each hand, lit where the hand was seen.

    A column that stands for several frames is as bright as the share of them.
    """
    strip = _ground(width, STRIP_HEIGHT)
    edges = np.linspace(0, len(sequence), width - _MARGIN + 1)
    texts: list[Text] = []
    for i, (letter, hand, colour) in enumerate(_HANDS):
        top = 2 + i * STRIP_HEIGHT // 2
        # The share of a column is the slope of the count of frames so far.
        count = np.append(0, np.cumsum(sequence.seen(hand)))
        share = np.diff(np.interp(edges, np.arange(len(count)), count)) / np.diff(edges)
        bar = np.array(GAP_COLOUR) + share[:, None] * (np.array(colour) - GAP_COLOUR)
        strip[top : top + STRIP_HEIGHT // 2 - 4, _MARGIN:] = bar.astype(np.uint8)
        texts.append((4, top - 2, letter, TEXT_COLOUR))
    return _written(strip, texts)


def _marked(strip: Image, frames: Sequence[int], num_frames: int) -> Image:
    marked = strip.copy()
    for frame in frames:
        x = _MARGIN + int((frame + 0.5) / num_frames * (strip.shape[1] - _MARGIN))
        marked[:, x - 1 : x + 1] = MARK_COLOUR
    return marked


def _with_timeline(
    sequence: PoseSequence, pictures: Iterator[Image], width: int
) -> Iterator[Image]:
    strip = timeline(sequence, width)
    for frame, picture in enumerate(pictures):
        yield np.concatenate((picture, _marked(strip, [frame], len(sequence))))


def _caption(sequence: PoseSequence, frame: int, x: int, y: int, width: int) -> list[Text]:
    texts: list[Text] = [(x, y + 1, f"{frame}  {frame / sequence.fps:.2f} s", TEXT_COLOUR)]
    for i, (letter, hand, colour) in enumerate(_HANDS):
        if sequence.seen(hand)[frame]:
            texts.append((x + width - 12 * (2 - i), y + 1, letter, colour))
    return texts


def _ground(width: int, height: int) -> Image:
    return np.full((height, width, 3), GROUND, np.uint8)


def _written(picture: Image, texts: Sequence[Text]) -> Image:
    from PIL import Image as Pictures
    from PIL import ImageDraw, ImageFont

    canvas = Pictures.fromarray(picture)
    pen = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(_TEXT_SIZE)
    for x, y, text, colour in texts:
        pen.text((x, y), text, fill=colour, font=font)
    return np.asarray(canvas)
