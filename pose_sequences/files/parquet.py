"""Parquet files in the two layouts of Kaggle's sign language contests; the first is written, too.

Long (isolated signs): a row a point, with ``frame``, ``type``, ``landmark_index``, ``x``, ``y``,
``z``. Wide (fingerspelling): a row a frame, with columns ``x_face_0`` to ``z_right_hand_20``. Both
hold shares of the frame and say neither its size nor the frame rate; what is written here says
them in the file's metadata.
"""

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pose_sequences.errors import OutputError, PoseFileError, ToolError
from pose_sequences.files.content import read_content
from pose_sequences.files.declared import NOTHING, Declared
from pose_sequences.files.landmarks import Landmarks, Words, known_layout, sequence
from pose_sequences.files.members import Values
from pose_sequences.layout import Part, conversion, layout
from pose_sequences.outputs import fresh_file
from pose_sequences.sequence import PoseSequence

if TYPE_CHECKING:
    from pyarrow import ChunkedArray, Table
    from pyarrow.parquet import FileMetaData, ParquetFile

MAX_FRAMES = 10_000
MAX_BYTES = 256_000_000  # of the file, and of its columns together
MAX_COLUMNS = 2_000
BATCH_ROWS = 10_000
MAX_FOOTER_TEXT, MAX_FOOTER_LIST = 10_000_000, 1_000_000  # pandas describes each column there

_KAGGLE = "kaggle543"
_NUM_POINTS = len(layout(_KAGGLE).points)
_TYPES: dict[str, Part] = {
    "face": "face",
    "left_hand": "left_hand",
    "pose": "body",
    "right_hand": "right_hand",
}
_FIRST = np.array([layout(_KAGGLE).part(part)[0] for part in _TYPES.values()])
_COUNT = np.array([len(layout(_KAGGLE).part(part)) for part in _TYPES.values()])
_AXES = ("x", "y", "z")
_LONG = ("frame", "type", "landmark_index", *_AXES)
_WIDE = re.compile(rf"([xyz])_({'|'.join(_TYPES)})_(0|[1-9]\d{{0,2}})", re.ASCII)
_CLIP = "sequence_id"  # contest files hold many clips under such numbers
_OPTIONAL = ("frame", _CLIP)
_WHOLE = ("frame", "type", "landmark_index", _CLIP)
_FACTS = {"fps": b"signgen.fps", "width": b"signgen.width", "height": b"signgen.height"}

Column = NDArray[Any]
Columns = Mapping[str, Column]

logger = logging.getLogger(__name__)


def read_parquet(path: Path, declared: Declared = NOTHING) -> PoseSequence:
    """Read one clip as a kaggle543 sequence, its frames in order.

    Raises PoseFileError if the file cannot be used, ToolError without the extra ``parquet``.
    """
    known_layout(path, _KAGGLE, declared.layout)
    columns, stated = _load(path)
    points = (_long if "type" in columns else _wide)(path, columns)
    confidence = np.ones(points.shape[:2], np.float32)  # NaN is missing; nothing is doubtful
    landmarks = Landmarks(points, confidence, _KAGGLE)
    return sequence(path, landmarks, (stated, declared), "normalized", Words())


def write_parquet(pose_sequence: PoseSequence, path: Path, *, overwrite: bool = False) -> None:
    """Write the long layout; confidence and glosses have no place in it, which the log says.

    Raises OutputError if it cannot stand there, ToolError without the extra ``parquet``.
    """
    arrow = _pyarrow()
    if pose_sequence.num_frames > MAX_FRAMES:
        raise OutputError(
            path,
            f"would have {pose_sequence.num_frames} frames, and {MAX_FRAMES} are read back",
            "write it in shorter pieces",
        )
    table = arrow.table(_long_columns(path, pose_sequence))
    facts = {key: repr(getattr(pose_sequence, name)).encode() for name, key in _FACTS.items()}
    with fresh_file(path, overwrite=overwrite) as temporary:
        arrow.parquet.write_table(table.replace_schema_metadata(facts), temporary)


def _pyarrow() -> ModuleType:
    try:
        import pyarrow
        import pyarrow.compute
        import pyarrow.parquet
    except ImportError as error:
        raise ToolError(
            f"parquet files need pyarrow ({error}); run pip install 'signgen[parquet]'"
        ) from error
    return pyarrow


def _load(path: Path) -> tuple[Columns, Declared]:
    arrow = _pyarrow()
    content = read_content(path, MAX_BYTES)
    try:
        with arrow.parquet.ParquetFile(
            arrow.BufferReader(content),
            pre_buffer=False,
            thrift_string_size_limit=MAX_FOOTER_TEXT,
            thrift_container_size_limit=MAX_FOOTER_LIST,
            page_checksum_verification=True,
        ) as parquet:
            names = _wanted(path, parquet.metadata, list(parquet.schema_arrow.names))
            stated = _stated(path, parquet.metadata.metadata or {})
            table = _read(arrow, path, parquet, names)
        return {name: _column(arrow, name, table[name]) for name in names}, stated
    except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise PoseFileError(
            path, f"is no intact parquet file ({error})", "download or write it again"
        ) from error


def _wanted(path: Path, metadata: "FileMetaData", names: list[str]) -> list[str]:
    # which columns to read, judged by the footer alone
    long = set(_LONG) <= set(names)
    if metadata.num_rows > _most_rows(names) or len(names) > MAX_COLUMNS:
        raise _too_large(path, metadata.num_rows, len(names))
    wanted = list(_LONG) if long else [name for name in names if _WIDE.fullmatch(name)]
    if not wanted or len(set(names)) < len(names):
        raise PoseFileError(
            path,
            f"has columns {', '.join(names[:8])}",
            f"Kaggle's {', '.join(_LONG)}, or x_face_0 and so on, are needed",
        )
    return [*wanted, *(name for name in names if name in _OPTIONAL and name not in wanted)]


def _read(arrow: ModuleType, path: Path, parquet: "ParquetFile", names: list[str]) -> "Table":
    # Batch by batch: a footer can lie about its rows, and few bytes can repeat a value for ever.
    batches, rows = [], 0
    for batch in parquet.iter_batches(BATCH_ROWS, columns=names, use_threads=False):
        rows += batch.num_rows
        if rows > _most_rows(names):
            raise _too_large(path, rows, len(names))
        batches.append(batch)
    return arrow.Table.from_batches(batches, parquet.schema_arrow if not batches else None)


def _most_rows(names: list[str]) -> int:
    return MAX_FRAMES * (_NUM_POINTS if set(_LONG) <= set(names) else 1)


def _too_large(path: Path, rows: int, columns: int) -> PoseFileError:
    return PoseFileError(
        path,
        f"has {rows} rows and {columns} columns, too many for one clip",
        f"give one clip of at most {MAX_FRAMES} frames a file",
    )


def _stated(path: Path, metadata: Mapping[bytes, bytes]) -> Declared:
    fps, width, height = (metadata.get(key) for key in _FACTS.values())
    try:
        return Declared(
            fps=None if fps is None else float(fps),
            width=None if width is None else int(width),
            height=None if height is None else int(height),
        )
    except ValueError as error:
        raise PoseFileError(
            path, f"its metadata hold no numbers ({error})", "write it again"
        ) from error


def _column(arrow: ModuleType, name: str, column: "ChunkedArray") -> Column:
    # nulls become -1 in whole numbers and NaN in others
    if name == "type":
        kinds = arrow.array(list(_TYPES))
        column = arrow.compute.index_in(column.cast(arrow.string()), value_set=kinds)
    if name in _WHOLE:
        column = column.cast(arrow.int64()).fill_null(-1)
    else:
        column = column.cast(arrow.float64())
    return np.asarray(column.to_numpy())


def _long(path: Path, columns: Columns) -> Values:
    # a row a point -> (T, K, 3)
    kind, index = columns["type"], columns["landmark_index"]
    if (kind < 0).any():
        raise PoseFileError(
            path, f"has a type that is none of {', '.join(_TYPES)}", "name the parts as Kaggle does"
        )
    outside = (index < 0) | (index >= _COUNT[kind])
    if outside.any():
        raise PoseFileError(
            path,
            f"has no point for landmark_index {index[outside][0]}",
            "number them as Kaggle does",
        )
    frames, frame = _in_order(path, columns)
    place = frame * _NUM_POINTS + _FIRST[kind] + index
    if len(np.unique(place)) < len(place):
        raise _several(path, "a point twice in a frame")
    points = np.full((frames * _NUM_POINTS, 3), np.nan)
    points[place] = np.stack([columns[axis] for axis in _AXES], axis=1)
    return points.reshape(frames, _NUM_POINTS, 3)


def _wide(path: Path, columns: Columns) -> Values:
    # a row a frame -> (T, K, 3)
    names = [match for name in columns if (match := _WIDE.fullmatch(name))]
    rows = len(columns[names[0][0]])
    frames, frame = _in_order(path, {"frame": np.arange(rows), **columns})
    if frames < rows:
        raise _several(path, "a frame twice")
    points = np.full((frames, _NUM_POINTS, 3), np.nan)
    if not any(match[1] == "z" for match in names):
        points[..., 2] = 0
    for match in names:
        kind, index = list(_TYPES).index(match[2]), int(match[3])
        if index >= _COUNT[kind]:
            raise PoseFileError(
                path, f"has no point for column {match[0]}", "number them as Kaggle does"
            )
        points[frame, _FIRST[kind] + index, _AXES.index(match[1])] = columns[match[0]]
    return points


def _in_order(path: Path, columns: Columns) -> tuple[int, NDArray[np.intp]]:
    # the number of frames, and which of them each row belongs to
    if len(np.unique(columns.get(_CLIP, np.zeros(1)))) > 1:
        raise _several(path, f"more than one {_CLIP}")
    numbers, frame = np.unique(columns["frame"], return_inverse=True)
    if not len(numbers) or len(numbers) > MAX_FRAMES or numbers[0] < 0:
        raise PoseFileError(
            path,
            f"has {len(numbers)} frames, or some without a number",
            f"give 1 to {MAX_FRAMES} frames, numbered from 0",
        )
    missing = int(numbers[-1]) - int(numbers[0]) + 1 - len(numbers)
    if missing:
        logger.info("%s: %d frame numbers are left out; the rest are joined", path, missing)
    return len(numbers), frame


def _several(path: Path, fault: str) -> PoseFileError:
    return PoseFileError(path, f"holds {fault}", "give one clip a file")


def _long_columns(path: Path, pose_sequence: PoseSequence) -> Columns:
    if pose_sequence.layout not in (_KAGGLE, "holistic543"):  # their points are the same
        table = conversion(pose_sequence.layout, _KAGGLE)
        logger.info(
            "%s: as %s, %d points are missing, %d approximate and %d left out",
            *(path, _KAGGLE, len(table.absent), len(table.approximate), len(table.dropped)),
        )
    if pose_sequence.gloss or pose_sequence.segments:
        logger.info("%s: glosses have no place in Kaggle's layout and are left out", path)
    logger.info("%s: confidence has no place in Kaggle's layout; points are there or not", path)
    made = pose_sequence.converted(_KAGGLE)
    points = made.keypoints / np.array([made.width, made.height, 1])  # float64: exact on return
    points = np.where(made.confidence[..., None] > 0, points, np.nan).reshape(-1, 3)
    frame = np.repeat(np.arange(len(made)), _NUM_POINTS)
    kind = np.repeat(list(_TYPES), _COUNT)
    index = np.concatenate([np.arange(count) for count in _COUNT])
    names = [f"{t}-{i}" for t, i in zip(kind, index, strict=True)]
    return {
        "frame": frame.astype(np.int16),
        "row_id": np.array([f"{t}-{name}" for t in range(len(made)) for name in names]),
        "type": np.tile(kind, len(made)),
        "landmark_index": np.tile(index, len(made)).astype(np.int16),
        **dict(zip(_AXES, points.T, strict=True)),
    }
