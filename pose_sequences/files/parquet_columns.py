"""The columns of a parquet file in Kaggle's layouts, taken from it within bounds.

Files are untrusted, so the footer is judged first and what is unpacked counted as it comes. How the
columns become points is the business of parquet.py.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pose_sequences.errors import PoseFileError, ToolError
from pose_sequences.files.declared import Declared
from pose_sequences.inputs import read_input
from pose_sequences.layout import Part, layout

if TYPE_CHECKING:
    from pyarrow import Array, ChunkedArray, DictionaryArray, Schema, Table
    from pyarrow.parquet import FileMetaData, ParquetFile

MAX_FRAMES = 10_000  # fewer than elsewhere: the long layout has a row for each of 543 points
MAX_BYTES = 256_000_000  # of the file, and of the columns taken from it together
MAX_UNPACKED_BYTES = 2 * MAX_BYTES  # of all columns by the footer; row_id alone is half of a file
MAX_COLUMNS = 2_000
BATCH_ROWS = 10_000
MAX_FOOTER_TEXT, MAX_FOOTER_LIST = 10_000_000, 1_000_000  # pandas describes each column there

KAGGLE = "kaggle543"
NUM_POINTS = len(layout(KAGGLE).points)
TYPES: dict[str, Part] = {
    "face": "face",
    "left_hand": "left_hand",
    "pose": "body",
    "right_hand": "right_hand",
}
FIRST = np.array([layout(KAGGLE).part(part)[0] for part in TYPES.values()])
COUNT = np.array([len(layout(KAGGLE).part(part)) for part in TYPES.values()])
AXES = ("x", "y", "z")
LONG = ("frame", "type", "landmark_index", *AXES)
WIDE = re.compile(rf"([xyz])_({'|'.join(TYPES)})_(0|[1-9]\d{{0,2}})", re.ASCII)
CLIP = "sequence_id"  # contest files hold many clips under such numbers
_OPTIONAL = ("frame", CLIP)
_WHOLE = ("frame", "type", "landmark_index", CLIP)
FACTS = {"fps": b"signgen.fps", "width": b"signgen.width", "height": b"signgen.height"}

Column = NDArray[Any]
Columns = Mapping[str, Column]


def load_columns(path: Path) -> tuple[Columns, Declared]:
    """Return the columns that hold points, and what the file's metadata say.

    Missing numbers are -1 where whole ones stand, else NaN; ``type`` is the place in TYPES or -1.
    Raises PoseFileError if there are none, or too many, or the file is damaged; ToolError without
    the extra ``parquet``.
    """
    arrow = import_pyarrow()
    options: dict[str, object] = {
        "pre_buffer": False,
        "thrift_string_size_limit": MAX_FOOTER_TEXT,
        "thrift_container_size_limit": MAX_FOOTER_LIST,
        "page_checksum_verification": True,
    }
    content = read_input(path, PoseFileError, MAX_BYTES, "cut it into shorter clips")
    try:
        with arrow.parquet.ParquetFile(arrow.BufferReader(content), **options) as parquet:
            metadata = parquet.metadata
            names = _wanted(path, metadata, list(parquet.schema_arrow.names))
            _check_types(arrow, path, parquet.schema_arrow, names)
            stated = _stated(path, metadata.metadata or {})
        if "type" in names:
            options["read_dictionary"] = ["type"]  # few bytes can hold one long text for all rows
        with arrow.parquet.ParquetFile(
            arrow.BufferReader(content), metadata=metadata, **options
        ) as parquet:
            table = _read(arrow, path, parquet, names)
        return {name: _column(arrow, name, table[name]) for name in names}, stated
    except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise PoseFileError(
            path, f"is no intact parquet file ({error})", "download or write it again"
        ) from error


def import_pyarrow() -> ModuleType:
    """Return the module with its parts; raises ToolError without the extra ``parquet``."""
    try:
        import pyarrow
        import pyarrow.compute
        import pyarrow.parquet
    except ImportError as error:
        raise ToolError(
            f"parquet files need pyarrow ({error}); run pip install 'signgen[parquet]'"
        ) from error
    return pyarrow


def refuse_type(path: Path) -> PoseFileError:
    """Return the error of a ``type`` that Kaggle does not know."""
    return PoseFileError(
        path, f"has a type that is none of {', '.join(TYPES)}", "name the parts as Kaggle does"
    )


def _wanted(path: Path, metadata: "FileMetaData", names: list[str]) -> list[str]:
    # which columns to read, judged by the footer alone
    long = set(LONG) <= set(names)
    if metadata.num_rows > _most_rows(names) or len(names) > MAX_COLUMNS:
        raise _too_large(path, f"{metadata.num_rows} rows and {len(names)} columns")
    # not summed over columns, which end the process where the footer is damaged
    size = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    if size > MAX_UNPACKED_BYTES:
        raise _too_large(path, f"{size / 1e6:.0f} MB of columns")
    wanted = list(LONG) if long else [name for name in names if WIDE.fullmatch(name)]
    if not wanted or len(set(names)) < len(names):
        raise PoseFileError(
            path,
            f"has columns {', '.join(names[:8])}",
            f"Kaggle's {', '.join(LONG)}, or x_face_0 and so on, are needed",
        )
    return [*wanted, *(name for name in names if name in _OPTIONAL and name not in wanted)]


def _read(arrow: ModuleType, path: Path, parquet: "ParquetFile", names: list[str]) -> "Table":
    # Batch by batch: a footer can lie about its rows, and few bytes can repeat a value for ever.
    batches, rows, size = [], 0, 0
    for batch in parquet.iter_batches(BATCH_ROWS, columns=names, use_threads=False):
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows > _most_rows(names) or size > MAX_BYTES:
            raise _too_large(path, f"at least {rows} rows of {size / 1e6:.0f} MB")
        batches.append(batch)
    return arrow.Table.from_batches(batches, parquet.schema_arrow if not batches else None)


def _most_rows(names: list[str]) -> int:
    return MAX_FRAMES * (NUM_POINTS if set(LONG) <= set(names) else 1)


def _check_types(arrow: ModuleType, path: Path, schema: "Schema", names: list[str]) -> None:
    # Before reading: a number has a size, and a text none.
    types = arrow.types
    for name in names:
        kind = schema.field(name).type
        if name == "type":
            kind = kind.value_type if types.is_dictionary(kind) else kind
            if not any(text(kind) for text in (types.is_string, types.is_large_string)):
                raise refuse_type(path)
        elif not any(fits(kind) for fits in (types.is_integer, types.is_floating, types.is_null)):
            raise PoseFileError(path, f"its column {name!r} holds {kind}", "save numbers there")


def _too_large(path: Path, size: str) -> PoseFileError:
    return PoseFileError(
        path,
        f"has {size}, too much for one clip",
        f"give one clip of at most {MAX_FRAMES} frames a file",
    )


def _stated(path: Path, metadata: Mapping[bytes, bytes]) -> Declared:
    fps, width, height = (metadata.get(key) for key in FACTS.values())
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
        column = arrow.chunked_array([_kinds(arrow, chunk) for chunk in column.chunks], "int32")
    if name in _WHOLE:
        column = column.cast(arrow.int64()).fill_null(-1)
    else:
        column = column.cast(arrow.float64())
    return np.asarray(column.to_numpy())


def _kinds(arrow: ModuleType, chunk: "DictionaryArray") -> "Array":
    # the place of each type in TYPES, looked up once for all rows that share it
    places = arrow.compute.index_in(
        chunk.dictionary.cast(arrow.string()), value_set=arrow.array(list(TYPES))
    )
    return places.take(chunk.indices)
