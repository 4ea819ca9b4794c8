"""Skeleton pictures as FPDM (arXiv 2412.07333) and CFLD (2402.18078) draw them, for their weights.

They repeat what those models were trained on, faults included; for everything else there is the
`signgen` style. A point with any confidence is drawn in full: neither model looks further.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pose_sequences.draw.strokes import Strokes, paint
from pose_sequences.sequence import PoseSequence

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]
Limb = tuple[int, ...]

DEEPFASHION_TRAINING, DEEPFASHION_TEST = (375, 550), (750, 1101)  # width, height
PHOENIX = (210, 260)
CFLD_SIDE = 256
_SIGMA = 6.0  # pixels

# The 18 points of OpenPose-COCO are the first of this layout.
_LAYOUT_18, _NUM_18 = "dwpose134", 18
# Pairs of the 18 points: shoulders, arms, legs, head.
LIMBS_18: tuple[Limb, ...] = (
    *((1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7)),
    *((1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13)),
    *((1, 0), (0, 14), (14, 16), (0, 15), (15, 17)),
)
# OpenPose's rainbow, red to rose.
RAINBOW = np.array(
    (
        *((255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0)),
        *((0, 255, 0), (0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255)),
        *((0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85)),
    ),
    np.uint8,
)


def _chain(first: int, last: int) -> list[Limb]:
    return [(i, i + 1) for i in range(first, last)]


def _ring(first: int, last: int) -> list[Limb]:
    return [*_chain(first, last), (last, first)]


def _limbs_133() -> tuple[Limb, ...]:
    """Return FPDM's 117 limbs of the 133 points, in its order, which chooses their colours.

    Points are counted from 1 inside. Its faults are kept: nothing joins the points of the head, of
    the feet and the last three of the lips; the first three limbs of the jaw come twice; one chain
    runs through both brows; (83, 84) joins outer and inner lips; one limb lies on the mean of six
    points, with length and angle of the first two; the right pinky has no middle bone (132, 131).
    """
    hands = [(96, 92), (100, 92), (104, 92), (108, 92), (112, 92)]  # tip and wrist
    hands += [(133, 113), (129, 113), (125, 113), (121, 113), (117, 113)]
    limbs = [
        *((11, 9), (9, 7), (7, 6), (6, 8), (8, 10), (7, 13), (6, 12), (13, 12)),
        *((13, 15), (15, 17), (12, 14), (14, 16)),
        *_chain(24, 27),
        *_chain(24, 40),
        *_chain(41, 50),
        *(*_chain(51, 59), (59, 54)),
        *_ring(60, 65),
        *_ring(66, 71),
        *(*_chain(72, 88), (83, 72, 72, 84, 88, 78)),
        *(bone for t, wrist in hands for bone in pairwise((t, t - 1, t - 2, t - 3, wrist))),
    ]
    limbs.remove((132, 131))
    return tuple(tuple(point - 1 for point in limb) for limb in limbs)


LIMBS_133 = _limbs_133()


@dataclass(frozen=True)
class _Look:
    """Limbs, colours (K, 3) of points and of limbs alike, and half the width of both."""

    limbs: tuple[Limb, ...]
    colours: Image
    radius: int


# FPDM hands RGB triples to a library that reads BGR: its colours come out back to front.
_FPDM_18 = _Look(LIMBS_18, RAINBOW[:, ::-1], 4)
_FPDM_133 = _Look(
    LIMBS_133,
    np.random.RandomState(777).choice(256, 3 * 133).reshape(133, 3)[:, ::-1].astype(np.uint8),
    2,
)


def draw_fpdm_18(
    sequence: PoseSequence,
    frames: NDArray[np.intp],
    width: int,
    height: int,
    canvas: tuple[int, int] = DEEPFASHION_TRAINING,
) -> Iterator[Image]:
    """Yield FPDM's 18-point skeletons, drawn on ``canvas`` and resized to width x height.

    canvas: FPDM trains on pictures drawn at DEEPFASHION_TRAINING and is tested on ones drawn at
    DEEPFASHION_TEST, where strokes of the same pixels are half as wide. Not stated by the
    publication: that Pillow's bicubic filter resizes.
    """
    converted = sequence.converted(_LAYOUT_18)
    points, there = _placed(converted, frames, canvas)
    yield from _fpdm(points[:, :_NUM_18], there[:, :_NUM_18], _FPDM_18, canvas, (width, height))


def draw_fpdm_133(
    sequence: PoseSequence,
    frames: NDArray[np.intp],
    width: int,
    height: int,
    canvas: tuple[int, int] = PHOENIX,
) -> Iterator[Image]:
    """Yield FPDM's 133-point skeletons, drawn on ``canvas`` and resized to width x height.

    Not stated by the publication: the canvas, here the corpus's own frame; the width of the limbs,
    here that of the points; that Pillow's bicubic filter resizes.
    """
    points, there = _placed(sequence.converted("wholebody133"), frames, canvas)
    yield from _fpdm(points, there, _FPDM_133, canvas, (width, height))


def draw_cfld_18(
    sequence: PoseSequence, frames: NDArray[np.intp], width: int, height: int
) -> Iterator[Image]:
    """Yield the picture in CFLD's input, resized to width x height."""
    for points, there in zip(*_cfld_points(sequence, frames), strict=True):
        yield _resized(_cfld_picture(points, there), (width, height))


def draw_cfld(sequence: PoseSequence) -> Iterator[Floats]:
    """Yield CFLD's input (256, 256, 21): the picture in [0, 1], then 18 Gaussians, one a point.

    The map of a missing point is all zeros.
    """
    side = np.arange(CFLD_SIDE, dtype=np.float32)
    for points, there in zip(*_cfld_points(sequence, np.arange(len(sequence))), strict=True):
        across = np.exp(-((side[:, None] - points[:, 0]) ** 2) / (2 * _SIGMA**2))  # (256, 18)
        down = np.exp(-((side[:, None] - points[:, 1]) ** 2) / (2 * _SIGMA**2)) * there
        picture = _cfld_picture(points, there).astype(np.float32) / 255
        yield np.concatenate((picture, down[:, None] * across[None]), axis=2, dtype=np.float32)


def _placed(
    sequence: PoseSequence, frames: NDArray[np.intp], canvas: tuple[int, int]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the points (T, K, 2) on the canvas, in whole pixels, and which are there (T, K)."""
    scale = np.array((canvas[0] / sequence.width, canvas[1] / sequence.height), np.float32)
    return np.trunc(sequence.keypoints[frames, :, :2] * scale), sequence.confidence[frames] > 0


def _fpdm(
    points: Floats,
    there: NDArray[np.bool_],
    look: _Look,
    canvas: tuple[int, int],
    size: tuple[int, int],
) -> Iterator[Image]:
    for places, known in zip(points, there, strict=True):
        picture = np.zeros((canvas[1], canvas[0], 3), np.uint8)
        for place, colour in zip(places[known], look.colours[known], strict=True):
            _put_disc(picture, place, look.radius, colour)
        for limb, colour in zip(look.limbs, look.colours, strict=False):
            if known[list(limb)].all():
                _blend_limb(picture, places[list(limb)], look.radius, colour)
        yield _resized(picture, size)


def _put_disc(picture: Image, centre: Floats, radius: int, colour: Image) -> None:
    x, y = (int(c) for c in centre)
    rows = np.arange(max(0, y - radius), min(picture.shape[0], y + radius + 1))
    columns = np.arange(max(0, x - radius), min(picture.shape[1], x + radius + 1))
    inside = (rows[:, None] - y) ** 2 + (columns - x) ** 2 <= radius**2
    at = np.ix_(rows, columns)
    picture[at] = np.where(inside[..., None], colour, picture[at])


def _blend_limb(picture: Image, places: Floats, radius: int, colour: Image) -> None:
    """Blend in an ellipse around the mean of the places, from the first to the second."""
    from PIL import Image as Pictures
    from PIL import ImageDraw

    way = places[0] - places[1]
    centre = np.trunc(places.mean(axis=0))
    half_length = int(np.linalg.norm(way) / 2)
    turn = np.radians(int(np.degrees(np.arctan2(way[1], way[0]))))
    round_trip = np.radians(np.arange(361))
    along, across = half_length * np.cos(round_trip), radius * np.sin(round_trip)
    x = np.rint(centre[0] + along * np.cos(turn) - across * np.sin(turn)).astype(int)
    y = np.rint(centre[1] + along * np.sin(turn) + across * np.cos(turn)).astype(int)
    left, top = max(0, x.min()), max(0, y.min())
    width = min(picture.shape[1], x.max() + 1) - left
    height = min(picture.shape[0], y.max() + 1) - top
    if min(width, height) <= 0:
        return
    mask = Pictures.new("L", (int(width), int(height)))
    outline = np.stack((x - left, y - top), axis=1).ravel().tolist()
    ImageDraw.Draw(mask).polygon(outline, fill=1, outline=1)
    part = picture[top : top + height, left : left + width]
    blend = np.rint(0.4 * part + 0.6 * colour.astype(np.float64)).astype(np.uint8)
    part[...] = np.where(np.asarray(mask)[..., None] > 0, blend, part)


def _cfld_points(
    sequence: PoseSequence, frames: NDArray[np.intp]
) -> tuple[Floats, NDArray[np.bool_]]:
    points, there = _placed(sequence.converted(_LAYOUT_18), frames, (CFLD_SIDE, CFLD_SIDE))
    return points[:, :_NUM_18], there[:, :_NUM_18]


def _cfld_picture(points: Floats, there: NDArray[np.bool_]) -> Image:
    """Return bones two pixels wide in the joints' colours at three fifths, then joints of radius 3.

    Not stated by the publication: the exact antialiasing of its edges.
    """
    limbs = np.array(LIMBS_18)
    joints = np.arange(_NUM_18)
    start, end = np.append(limbs[:, 0], joints), np.append(limbs[:, 1], joints)
    colour = np.concatenate((0.6 * RAINBOW[: len(limbs)], RAINBOW)).astype(np.float32)
    centres = points + np.float32(0.5)
    radius = np.where(start == end, 3, 1).astype(np.float32)
    strokes = Strokes(
        start=centres[None, start],
        end=centres[None, end],
        radius=radius[None],
        colour=colour[None],
        opacity=(there[start] & there[end]).astype(np.float32)[None],
        halo=np.zeros_like(radius)[None],
        layer=np.arange(len(start)),
    )
    return np.asarray(paint(strokes, CFLD_SIDE, CFLD_SIDE)[0])


def _resized(picture: Image, size: tuple[int, int]) -> Image:
    from PIL import Image as Pictures

    if picture.shape[1::-1] == size:
        return picture
    return np.asarray(Pictures.fromarray(picture).resize(size, Pictures.Resampling.BICUBIC))
