"""Parquet files in the two layouts of Kaggle's sign language contests; the first is written, too.

Long (isolated signs): a row a point, with ``frame``, ``type``, ``landmark_index``, ``x``, ``y``,
``z``. Wide (fingerspelling): a row a frame, with columns ``x_face_0`` to ``z_right_hand_20``. Both
hold shares of the frame and say neither its size nor the frame rate; what is written here says
them in the file's metadata.
"""

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pose_sequences.errors import OutputError, PoseFileError
from pose_sequences.files.declared import NOTHING, Declared
from pose_sequences.files.landmarks import Annotations, Landmarks, build_sequence, known_layout
from pose_sequences.files.members import Values
from pose_sequences.files.parquet_columns import (
    AXES,
    CLIP,
    COUNT,
    FACTS,
    FIRST,
    KAGGLE,
    MAX_FRAMES,
    NUM_POINTS,
    TYPES,
    WIDE,
    Columns,
    import_pyarrow,
    load_columns,
    refuse_type,
)
from pose_sequences.layout import conversion
from pose_sequences.outputs import fresh_file
from pose_sequences.sequence import PoseSequence

logger = logging.getLogger(__name__)


def read_parquet(path: Path, declared: Declared = NOTHING) -> PoseSequence:
    """Read one clip as a kaggle543 sequence, its frames in order.

    A page that holds more than the footer says is unpacked by Arrow, up to the 2 GB that a page can
    have, before it is refused. Raises PoseFileError if the file cannot be used, ToolError without
    the extra ``parquet``.
    """
    known_layout(path, KAGGLE, declared.layout)
    columns, stated = load_columns(path)
    points = (_long if "type" in columns else _wide)(path, columns)
    confidence = np.ones(points.shape[:2], np.float32)  # NaN is missing; nothing is doubtful
    landmarks = Landmarks(points, confidence, KAGGLE)
    return build_sequence(path, landmarks, (stated, declared), "normalized", Annotations())


def write_parquet(pose_sequence: PoseSequence, path: Path, *, overwrite: bool = False) -> None:
    """Write the long layout; confidence and glosses have no place in it, which the log says.

    Raises OutputError if it cannot stand there, ToolError without the extra ``parquet``.
    """
    arrow = import_pyarrow()
    if pose_sequence.num_frames > MAX_FRAMES:
        raise OutputError(
            path,
            f"would have {pose_sequence.num_frames} frames, and {MAX_FRAMES} are read back",
            "write it in shorter pieces",
        )
    table = arrow.table(_long_columns(path, pose_sequence))
    facts = {key: repr(getattr(pose_sequence, name)).encode() for name, key in FACTS.items()}
    with fresh_file(path, overwrite=overwrite) as temporary:
        arrow.parquet.write_table(table.replace_schema_metadata(facts), temporary)


def _long(path: Path, columns: Columns) -> Values:
    # a row a point -> (T, K, 3)
    kind, index = columns["type"], columns["landmark_index"]
    if (kind < 0).any():
        raise refuse_type(path)
    outside = (index < 0) | (index >= COUNT[kind])
    if outside.any():
        raise PoseFileError(
            path,
            f"has no point for landmark_index {index[outside][0]}",
            "number them as Kaggle does",
        )
    frames, frame = _in_order(path, columns)
    place = frame * NUM_POINTS + FIRST[kind] + index
    if len(np.unique(place)) < len(place):
        raise _several(path, "a point twice in a frame")
    points = np.full((frames * NUM_POINTS, 3), np.nan)
    points[place] = np.stack([columns[axis] for axis in AXES], axis=1)
    return points.reshape(frames, NUM_POINTS, 3)


def _wide(path: Path, columns: Columns) -> Values:
    # a row a frame -> (T, K, 3)
    names = [match for name in columns if (match := WIDE.fullmatch(name))]
    rows = len(columns[names[0][0]])
    frames, frame = _in_order(path, {"frame": np.arange(rows), **columns})
    if frames < rows:
        raise _several(path, "a frame twice")
    points = np.full((frames, NUM_POINTS, 3), np.nan)
    if not any(match[1] == "z" for match in names):
        points[..., 2] = 0
    for match in names:
        kind, index = list(TYPES).index(match[2]), int(match[3])
        if index >= COUNT[kind]:
            raise PoseFileError(
                path, f"has no point for column {match[0]}", "number them as Kaggle does"
            )
        points[frame, FIRST[kind] + index, AXES.index(match[1])] = columns[match[0]]
    return points


def _in_order(path: Path, columns: Columns) -> tuple[int, NDArray[np.intp]]:
    # the number of frames, and which of them each row belongs to
    if len(np.unique(columns.get(CLIP, np.zeros(1)))) > 1:
        raise _several(path, f"more than one {CLIP}")
    numbers, frame = np.unique(columns["frame"], return_inverse=True)
    if not len(numbers) or len(numbers) > MAX_FRAMES or numbers[0] < 0:
        raise PoseFileError(
            path,
            f"has {len(numbers)} frames, or some without a number",
            f"give 1 to {MAX_FRAMES} frames, numbered from 0",
        )
    missing = int(numbers[-1]) - int(numbers[0]) + 1 - len(numbers)
    if missing:
        logger.warning("%s: %d frame numbers are left out; the rest are joined", path, missing)
    return len(numbers), frame


def _several(path: Path, fault: str) -> PoseFileError:
    return PoseFileError(path, f"holds {fault}", "give one clip a file")


def _long_columns(path: Path, pose_sequence: PoseSequence) -> Columns:
    if pose_sequence.layout not in (KAGGLE, "holistic543"):  # their points are the same
        table = conversion(pose_sequence.layout, KAGGLE)
        logger.warning(
            "%s: as %s, %d points are missing, %d approximate and %d left out",
            *(path, KAGGLE, len(table.absent), len(table.approximate), len(table.dropped)),
        )
    if pose_sequence.gloss or pose_sequence.segments:
        logger.warning("%s: glosses have no place in Kaggle's layout and are left out", path)
    logger.info("%s: confidence has no place in Kaggle's layout; points are there or not", path)
    made = pose_sequence.converted(KAGGLE)
    points = made.keypoints / np.array([made.width, made.height, 1])  # float64: exact on return
    points = np.where(made.confidence[..., None] > 0, points, np.nan).reshape(-1, 3)
    frame = np.repeat(np.arange(len(made)), NUM_POINTS)
    kind = np.repeat(list(TYPES), COUNT)
    index = np.concatenate([np.arange(count) for count in COUNT])
    names = [f"{t}-{i}" for t, i in zip(kind, index, strict=True)]
    return {
        "frame": frame.astype(np.int16),
        "row_id": np.array([f"{t}-{name}" for t in range(len(made)) for name in names]),
        "type": np.tile(kind, len(made)),
        "landmark_index": np.tile(index, len(made)).astype(np.int16),
        **dict(zip(AXES, points.T, strict=True)),
    }
