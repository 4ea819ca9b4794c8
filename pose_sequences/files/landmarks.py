"""Landmarks: what the arrays of a foreign file come down to, and the way from
there to a sequence.

Reading the arrays is the business of the formats' own modules.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pose_sequences.errors import PoseFileError
from pose_sequences.files.declared import Declared, agreed_number
from pose_sequences.files.members import Values
from pose_sequences.layout import LAYOUTS
from pose_sequences.sequence import FARTHEST, PoseSequence, Segment, mark_missing

# Landmarks are extrapolated a frame or two beyond the picture, and no signer is three pixels wide.
_FARTHEST_NORMALIZED = 3

logger = logging.getLogger(__name__)

_COORDS = {"pixel": False, "normalized": True}


@dataclass(frozen=True)
class Landmarks:
    """points (T, K, 3) in the file's own unit, NaN or zero where missing; confidence (T, K)."""

    points: Values
    confidence: Values
    layout: str


Piece = tuple[NDArray[np.intp], Values, Values]


@dataclass(frozen=True, kw_only=True)
class Annotations:
    """What a file says beside its numbers: see PoseSequence."""

    gloss: str = ""
    segments: tuple[Segment, ...] = ()
    handedness: str = ""
    source: str = ""


def assemble(name: str, pieces: Sequence[Piece]) -> Landmarks:
    """Return pieces of the same frames in one layout; the points of no piece are missing.

    name: the layout; pieces: rows of the layout (P,), points (T, P, 3), confidence (T, P).
    """
    frames, count = len(pieces[0][1]), len(LAYOUTS[name].points)
    points = np.zeros((frames, count, 3), np.result_type(*(piece[1] for piece in pieces)))
    confidence = np.zeros((frames, count), np.float32)
    with np.errstate(over="ignore", invalid="ignore"):  # mark_missing takes what overflows
        for rows, piece, piece_confidence in pieces:
            points[:, rows] = piece
            confidence[:, rows] = piece_confidence
    return Landmarks(points, confidence, name)


def known_layout(path: Path, stated: str | None, declared: str | None) -> str | None:
    """Return the layout that the file states or, where it is silent, the declared one.

    Raises PoseFileError if they contradict each other or name no layout.
    """
    if stated and declared and stated != declared:
        raise PoseFileError(
            path,
            f"says its layout is {stated}, but {declared} is declared",
            "leave --layout out or correct it",
        )
    name = stated or declared
    if name and name not in LAYOUTS:
        raise PoseFileError(
            path, f"its layout is {name!r}", f"these are known: {', '.join(LAYOUTS)}"
        )
    return name


def build_sequence(
    path: Path,
    landmarks: Landmarks,
    facts: tuple[Declared, Declared],
    coords: str | None,
    annotations: Annotations,
) -> PoseSequence:
    """Return landmarks as a sequence in pixels.

    facts: what the file states and what is declared beside it; coords: "pixel", "normalized" (x, y
    are shares of width and height) or None where the file does not say. Raises PoseFileError for
    what nobody says and for what does not fit together.
    """
    stated, declared = facts
    fps = agreed_number(path, "fps", stated.fps, declared.fps)
    width = agreed_number(path, "width", stated.width, declared.width)
    height = agreed_number(path, "height", stated.height, declared.height)
    points = landmarks.points
    if _is_normalized(path, landmarks, coords):
        with np.errstate(over="ignore", invalid="ignore"):  # mark_missing takes what overflows
            points = points * np.array([width, height, 1], points.dtype)
    lost = _count_beyond_reach(points, landmarks.confidence)
    if lost:
        logger.warning("%s: %d points lie beyond any frame and count as missing", path, lost)
    keypoints, confidence = mark_missing(points, landmarks.confidence)
    try:
        return PoseSequence(
            keypoints=keypoints,
            confidence=confidence,
            fps=fps,
            width=int(width),
            height=int(height),
            layout=landmarks.layout,
            gloss=annotations.gloss,
            segments=annotations.segments,
            handedness=annotations.handedness,
            source=annotations.source,
        )
    except ValueError as error:
        raise PoseFileError(path, str(error), "correct the file") from error


def _count_beyond_reach(points: Values, confidence: Values) -> int:
    far = np.isfinite(points).all(axis=-1) & (np.abs(points) > FARTHEST).any(axis=-1)
    return int((far & (confidence > 0)).sum())


def _is_normalized(path: Path, landmarks: Landmarks, coords: str | None) -> bool:
    if coords is not None:
        if coords not in _COORDS:
            raise PoseFileError(
                path, f"its coords are {coords!r}", "save coords as 'pixel' or 'normalized'"
            )
        _check_coords(path, _distances(landmarks), coords)
        return _COORDS[coords]
    distances = _distances(landmarks)
    if not distances.size or distances.max() <= _FARTHEST_NORMALIZED:
        return True
    if np.median(distances) > _FARTHEST_NORMALIZED:
        return False
    raise PoseFileError(
        path,
        f"its coordinates reach {distances.max():g}, half of them {np.median(distances):g}: "
        "neither clearly pixels nor shares of the frame",
        "save coords as 'pixel' or 'normalized' beside them",
    )


def _check_coords(path: Path, distances: Values, coords: str) -> None:
    far = bool(distances.size) and np.median(distances) > _FARTHEST_NORMALIZED
    near = bool(distances.size) and distances.max() <= _FARTHEST_NORMALIZED
    if (far and _COORDS[coords]) or (near and not _COORDS[coords]):
        raise PoseFileError(
            path,
            f"its coords say {coords}, but its coordinates reach {distances.max():g}",
            f"save coords as '{'pixel' if far else 'normalized'}'",
        )


def _distances(landmarks: Landmarks) -> Values:
    # |x| and |y| of the points that are there, in one row
    flat = np.abs(landmarks.points[..., :2])
    there = (flat <= FARTHEST).all(axis=-1) & (flat > 0).any(axis=-1) & (landmarks.confidence > 0)
    return flat[there].reshape(-1)
