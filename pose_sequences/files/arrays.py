"""Keypoints in a single array, as most people save them: columns, counts, flat vectors, people.

Arrays part by part are the business of parts.py.
"""

import logging
from dataclasses import replace

import numpy as np

from pose_sequences.files.landmarks import Landmarks, assemble
from pose_sequences.files.members import Members, Values
from pose_sequences.layout import LAYOUTS, PARTS, Part, layout
from pose_sequences.sequence import mark_missing

logger = logging.getLogger(__name__)

_VISIBILITY = "visibility"
SINGLE = ("keypoints", "landmarks", "poses", "data", "arr_0")  # arr_0: numpy's name for no name
SCORES = ("confidence", "scores", "conf", _VISIBILITY, "keypoint_scores", "keypoints_scores")

# x, y and a score, where MediaPipe's layouts have x, y and z
SCORED = ("wholebody133", "dwpose134", "openpose137")

_WORLD = 33  # MediaPipe's body once more, in metres, behind the other points
_WITHOUT_FACE = 75  # body, left hand, right hand

# 543 is not here: MediaPipe's own order and Kaggle's have the same count.
_BY_COUNT = {
    _WITHOUT_FACE: "holistic543",
    133: "wholebody133",
    134: "dwpose134",
    137: "openpose137",
    178: "reduced178",
    203: "reduced203",
    553: "holistic553",
    543 + _WORLD: "holistic543",
    553 + _WORLD: "holistic553",
}

# Vectors of MediaPipe tutorials: (points, columns) of body, face and hands, one after another.
_VECTORS = {
    1662: ((33, 4), (468, 3), (21, 3), (21, 3)),
    258: ((33, 4), (21, 3), (21, 3)),
    225: ((33, 3), (21, 3), (21, 3)),
}


def read_single(members: Members, name: str | None) -> Landmarks:
    """Read the one array of keypoints.

    It is (T, K, C), (T, people, K, C) or a flat (T, V), with scores of one axis less beside it or
    in a column: C is 2 (x, y), 3 (x, y and z or, for COCO and OpenPose layouts without scores
    beside, the score), 4 or 5 (x, y, z, visibility). name: the layout, None to go by the count,
    where only one layout has it. Raises PoseFileError if there is no such array or its layout is
    ambiguous.
    """
    found = members.values(SINGLE)
    if found is None:
        raise members.refuse(
            f"holds no keypoints (only {', '.join(members.left_over()) or 'nothing'})",
            f"save them as {SINGLE[0]!r} (T, K, 3)",
        )
    key, values = found
    if values.ndim == 2:
        values, name = _unflattened(members, values, name)
    if values.ndim == 3:
        values = values[:, None]  # (T, K, C) -> (T, 1, K, C)
    _check_shape(members, key, values)
    name = name or _layout_by_count(members, values.shape[2])
    beside = _confidence_beside(members, values.shape[:3])
    points, confidence = split_columns(values, beside, scored=name in SCORED)
    points, confidence = _signer(members, points, confidence)
    landmarks = _fitted(members, points, confidence, name)
    if name not in SCORED and (beside is None or members.present((_VISIBILITY,))):
        return _fill_part_by_part(landmarks)
    return landmarks


def split_columns(values: Values, beside: Values | None, *, scored: bool) -> tuple[Values, Values]:
    """Split (..., C) into points (..., 3) and confidence (...).

    beside (...): the confidence in an array of its own; scored: whether a third column is the
    confidence where there is no such array.
    """
    columns = values.shape[-1]
    third = scored and columns == 3 and beside is None
    spatial = 2 if third else min(columns, 3)
    points = np.zeros((*values.shape[:-1], 3), values.dtype)
    points[..., :spatial] = values[..., :spatial]
    if beside is not None:
        return points, beside
    if third or columns > 3:
        return points, values[..., spatial]
    return points, np.ones(values.shape[:-1], np.float32)


def fill_visibility(part: Part, visibility: Values) -> Values:
    """Return a part's visibility, or 1 throughout for a face or hand where it is 0 throughout.

    MediaPipe judges the visibility of the body alone and leaves 0 at hands and face, seen or not;
    those that are not seen have no coordinates either.
    """
    if part == "body" or (visibility > 0).any():
        return visibility
    return np.ones_like(visibility)


def _fill_part_by_part(landmarks: Landmarks) -> Landmarks:
    confidence = landmarks.confidence.copy()
    for part in PARTS:
        rows = layout(landmarks.layout).part(part)
        confidence[:, rows] = fill_visibility(part, confidence[:, rows])
    return replace(landmarks, confidence=confidence)


def _check_shape(members: Members, key: str, values: Values) -> None:
    if values.ndim != 4 or not 2 <= values.shape[3] <= 5 or 0 in values.shape:
        raise members.refuse(
            f"{key!r} has shape {values.shape}", "save keypoints as (T, K, C) with C from 2 to 5"
        )
    if values.shape[1] > values.shape[0]:
        raise members.refuse(
            f"{key!r} has shape {values.shape}: {values.shape[0]} frames of {values.shape[1]} "
            "people, or people first",
            "save one person as (T, K, C)",
        )


def _layout_by_count(members: Members, count: int) -> str:
    if count == 543:
        raise members.refuse(
            "has 543 points a frame, which stand in one of two orders",
            "pass --layout holistic543 (body, face, hands) or kaggle543 (face first)",
        )
    if count not in _BY_COUNT:
        raise members.refuse(
            f"has {count} points a frame, which no layout has",
            f"save one of {', '.join(LAYOUTS)}",
        )
    return _BY_COUNT[count]


def _unflattened(members: Members, vectors: Values, name: str | None) -> tuple[Values, str]:
    # (T, V) -> (T, K, C) and the layout that the length says
    frames, length = vectors.shape
    if length in _VECTORS and name in (None, "holistic543"):
        return _blocks(vectors, _VECTORS[length]), "holistic543"
    if name is None:
        raise members.refuse(
            f"has {length} numbers a frame, which could be more than one layout",
            "pass --layout, as in --layout holistic543",
        )
    count = len(layout(name).points)
    if length % count or not 2 <= length // count <= 5:
        raise members.refuse(
            f"has {length} numbers a frame, which do not make the {count} points of {name}",
            "pass another --layout",
        )
    return vectors.reshape(frames, count, length // count), name


def _blocks(vectors: Values, blocks: tuple[tuple[int, int], ...]) -> Values:
    pieces, start = [], 0
    for count, columns in blocks:
        stop = start + count * columns
        piece = np.ones((len(vectors), count, 4), vectors.dtype)  # visible unless it says
        piece[..., :columns] = vectors[:, start:stop].reshape(len(vectors), count, columns)
        pieces.append(piece)
        start = stop
    return np.concatenate(pieces, axis=1)


def _confidence_beside(members: Members, shape: tuple[int, ...]) -> Values | None:
    # shape: (T, people, K)
    found = members.values(SCORES)
    if found is None:
        return None
    key, confidence = found
    # people and a last axis of 1 may be there or not; the numbers and their order are the same
    plain = tuple(axis for axis in confidence.shape if axis != 1)
    if plain != tuple(axis for axis in shape if axis != 1):
        raise members.refuse(
            f"{key!r} has shape {confidence.shape}, which does not fit keypoints of {shape}",
            "save one score a point",
        )
    return confidence.reshape(shape)


def _signer(members: Members, points: Values, confidence: Values) -> tuple[Values, Values]:
    # (T, people, K, 3), (T, people, K) -> (T, K, 3), (T, K)
    people = points.shape[1]
    if people == 1:
        return points[:, 0], confidence[:, 0]
    means = [mark_missing(points[:, i], confidence[:, i])[1].mean() for i in range(people)]
    best = int(np.argmax(means))
    logger.warning(
        "%s: of %d people, the one with the highest mean confidence is number %d",
        *(members.path, people, best + 1),
    )
    return points[:, best], confidence[:, best]


def _fitted(members: Members, points: Values, confidence: Values, name: str) -> Landmarks:
    count, wanted = points.shape[1], len(layout(name).points)
    if count == wanted:
        return Landmarks(points, confidence, name)
    if name.startswith("holistic") and count == wanted + _WORLD:
        logger.info("%s: the %d world landmarks are left out", members.path, _WORLD)
        return Landmarks(points[:, :wanted], confidence[:, :wanted], name)
    if name == "holistic543" and count == _WITHOUT_FACE:
        parts: tuple[Part, ...] = ("body", "left_hand", "right_hand")
        rows = np.concatenate([layout(name).part(part) for part in parts])
        return assemble(name, [(rows, points, confidence)])
    raise members.refuse(
        f"has {count} points a frame, and layout {name} has {wanted}", "pass another --layout"
    )
