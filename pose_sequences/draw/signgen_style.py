"""The `signgen` style: points of a few frames -> strokes in painter's order.

The widths and colours are stroke_plan.py's, the pixels strokes.py's. A frame depends on itself
alone, but for one number: the signer's size, which is the sequence's.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pose_sequences.draw.stroke_plan import (
    EDGE_COLOUR,
    HEAD,
    LEFT_ARM,
    LEFT_HAND,
    RIGHT_ARM,
    RIGHT_HAND,
    Plan,
    plan,
)
from pose_sequences.draw.strokes import Strokes, paint
from pose_sequences.layout import Layout, Part
from pose_sequences.sequence import FAINT, PoseSequence

Floats = NDArray[np.float32]

# Opacity rises from 0 at FAINT to 1 at this confidence: a doubtful point is dimmed. A
# stroke is as sure as the worse of its ends.
SURE = 0.5
MIN_RADIUS, MIN_HALO = 0.6, 0.5  # pixels; a thinner stroke fades instead of narrowing
SHOULDERS_OF_HEIGHT = 0.35  # a shoulder width, where none is seen, as a share of the map's height
PALM_COLOUR, BACK_COLOUR = (255, 220, 170), (70, 80, 150)
SHOULDERS_OF_MAP = 1.5  # the widest shoulders, as a share of the map's longer side
OPEN_PALM = 0.5  # the sine of the angle from index to pinky knuckle, of a palm in full view
CHUNK_PIXELS, CHUNK_FRAMES = 1 << 20, 16  # frames painted together; more of them leave the cache

_SHOULDERS = ("body.left_shoulder", "body.right_shoulder")


def draw_signgen(
    sequence: PoseSequence, frames: NDArray[np.intp], width: int, height: int
) -> Iterator[NDArray[np.uint8]]:
    """Yield the maps (H, W, 3) of the chosen frames."""
    unit = shoulder_width(sequence, width, height)
    step = min(CHUNK_FRAMES, max(1, CHUNK_PIXELS // (width * height)))
    for first in range(0, len(frames), step):
        chosen = frames[first : first + step]
        yield from paint(signgen_strokes(sequence, chosen, (width, height), unit), width, height)


def shoulder_width(sequence: PoseSequence, width: int, height: int) -> float:
    """Return the signer's size: the median shoulder width in a map of width x height.

    Shoulders far wider than the map do not make its strokes wider, nor their drawing dearer.
    """
    ends = sequence.points.find(_SHOULDERS)
    there = (sequence.confidence[:, ends] > FAINT).all(axis=1)
    if not there.any():
        return SHOULDERS_OF_HEIGHT * height
    across = sequence.keypoints[there, ends[0], :2] - sequence.keypoints[there, ends[1], :2]
    scale = (width / sequence.width, height / sequence.height)
    widest = SHOULDERS_OF_MAP * max(width, height)
    return min(float(np.median(np.linalg.norm(across * scale, axis=1))), widest)


def signgen_strokes(
    sequence: PoseSequence, frames: NDArray[np.intp], size: tuple[int, int], unit: float
) -> Strokes:
    """Return the strokes of the chosen frames, for a map of ``size`` = (width, height).

    unit: the shoulder width in the map, as shoulder_width gives it for the whole sequence.
    """
    table, rows = plan(sequence.layout), sequence.points
    points, confidence = _with_neck(sequence.keypoints[frames], sequence.confidence[frames], rows)
    scale = (size[0] / sequence.width, size[1] / sequence.height)
    places = points[..., :2] * np.array(scale, np.float32)  # (T, K + 1, 2)
    order = painting_order(table, points, confidence, rows)  # (T, P)
    frame = np.arange(len(order))[:, None]
    halo = np.maximum(table.halo * unit, MIN_HALO) * (table.halo > 0)
    return Strokes(
        start=places[frame, table.start[order]],
        end=places[frame, table.end[order]],
        radius=np.maximum(table.radius * unit, MIN_RADIUS).astype(np.float32)[order],
        colour=_colours(table, points, confidence, rows)[frame, order],
        opacity=_opacities(table, confidence)[frame, order],
        halo=halo.astype(np.float32)[order],
        layer=table.layer,
    )


def _with_neck(points: Floats, confidence: Floats, rows: Layout) -> tuple[Floats, Floats]:
    """Return (T, K + 1, 3) and (T, K + 1): the last row is the middle of the shoulders."""
    ends = rows.find(_SHOULDERS)
    neck = points[:, ends].mean(axis=1, keepdims=True)
    sure = confidence[:, ends].min(axis=1, keepdims=True)
    return np.concatenate((points, neck), axis=1), np.concatenate((confidence, sure), axis=1)


def _opacities(table: Plan, confidence: Floats) -> Floats:
    opaque = np.clip((confidence - np.float32(FAINT)) / np.float32(SURE - FAINT), 0, 1)
    opacity = np.minimum(opaque[:, table.start], opaque[:, table.end])
    hidden = np.where(table.group == HEAD, opaque[:, table.chin, None], np.float32(0))
    return opacity * (1 - hidden)


def painting_order(
    table: Plan, points: Floats, confidence: Floats, rows: Layout
) -> NDArray[np.intp]:
    """Return (T, P): the strokes of each frame in the order in which they are painted.

    By group, the nearer arm and the nearer hand last; inside a hand by z, the nearer stroke later.
    points (T, K + 1, 3), confidence (T, K + 1).
    """
    left = np.isin(table.group, (LEFT_ARM, LEFT_HAND)).astype(np.int64)
    right = np.isin(table.group, (RIGHT_ARM, RIGHT_HAND)).astype(np.int64)
    group = table.group + left_is_nearer(points, confidence, rows)[:, None] * (left - right)
    z = points[:, table.start, 2] + points[:, table.end, 2]
    farness = z[:, table.over].min(axis=2)
    farness[:, table.group < LEFT_HAND] = 0
    return np.lexsort((-farness, group), axis=1)


def left_is_nearer(points: Floats, confidence: Floats, rows: Layout) -> NDArray[np.bool_]:
    """Return (T,): whether the left arm and hand are in front of the right ones.

    By the depth of the body's wrists where the source has one, else the larger hand is nearer.
    """
    wrists = rows.find(("body.left_wrist", "body.right_wrist"))
    z = points[:, wrists, 2]
    known = (confidence[:, wrists] > 0).all(axis=1) & (z[:, 0] != z[:, 1])
    larger = _bone_length(points, confidence, rows.limbs("left_hand")) > _bone_length(
        points, confidence, rows.limbs("right_hand")
    )
    return np.where(known, z[:, 0] < z[:, 1], larger)


def _bone_length(points: Floats, confidence: Floats, limbs: NDArray[np.intp]) -> Floats:
    """Return (T,): the mean length of the limbs that are there, 0 without any."""
    bones = points[:, limbs[:, 0], :2] - points[:, limbs[:, 1], :2]
    there = (confidence[:, limbs] > 0).all(axis=2)
    lengths = np.sqrt((bones * bones).sum(axis=2)) * there
    return np.asarray(lengths.sum(axis=1) / np.maximum(there.sum(axis=1), 1), np.float32)


def _colours(table: Plan, points: Floats, confidence: Floats, rows: Layout) -> Floats:
    """Return (T, P, 3), palms by their facing."""
    colour = np.repeat(table.colour[None], len(points), axis=0)
    back, edge, palm = (np.array(c, np.float32) for c in (BACK_COLOUR, EDGE_COLOUR, PALM_COLOUR))
    hands: tuple[tuple[Part, int], ...] = (("left_hand", LEFT_HAND), ("right_hand", RIGHT_HAND))
    for hand, group in hands:
        facing = palm_facing(points, confidence, rows, hand)[:, None]
        shade = (
            edge + np.maximum(facing, 0) * (palm - edge) + np.maximum(-facing, 0) * (back - edge)
        )
        colour[:, table.palm & (table.group == group)] = shade[:, None]
    return colour


def palm_facing(points: Floats, confidence: Floats, rows: Layout, hand: Part) -> Floats:
    """Return (T,) in [-1, 1]: 1 for a palm towards the camera, -1 for its back, 0 if unseen.

    It is the sine of the angle at the wrist from the index to the pinky knuckle, as a share of that
    of a palm in full view; the angle turns the other way on the other hand.
    """
    at = rows.find(tuple(f"{hand}.{point}" for point in ("wrist", "index_mcp", "pinky_mcp")))
    wrist, index, pinky = (points[:, row, :2] for row in at)
    a, b = index - wrist, pinky - wrist
    cross = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    size = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    sine = cross / np.maximum(size, np.float32(1e-6))
    side = 1 if hand == "left_hand" else -1
    there = (confidence[:, at] > 0).all(axis=1)
    return np.where(there, np.clip(side * sine / OPEN_PALM, -1, 1), 0).astype(np.float32)
