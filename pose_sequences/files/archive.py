"""Archives of plain arrays (.npz, .npy): bounded before they are unpacked, pickles never loaded.

Files are untrusted, so the zip directory and every array header are judged first. What the arrays
mean is the business of npz.py.
"""

import io
import math
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pose_sequences.errors import OutputError, PoseFileError
from pose_sequences.inputs import open_input
from pose_sequences.limits import MAX_FRAMES
from pose_sequences.outputs import fresh_file

Array = NDArray[np.generic]

MAX_MEMBERS = 64
MAX_BYTES = 256_000_000  # of all arrays together, once their numbers are floats
MAX_RATIO = 200  # of declared to packed bytes ...
MAX_PACKED_TIGHTLY = 16_000_000  # ... for arrays larger than this; zeros pack a thousandfold
MAX_HEADER = 10_000
MAX_AXES = 4
MAX_ROW = 3_000  # on every axis after the frames; a holistic vector has 1662
MAX_TEXT = 10_000  # characters

_SUFFIX = ".npy"
_MAGIC = b"\x93NUMPY"
_END, _END_BYTES = b"PK\x05\x06", 22
_ZIP64, _ZIP64_BYTES = b"PK\x06\x07", 20
_LOCAL_BYTES = 30
_ENCRYPTED = 0x1 | 0x40
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same arrays make the same bytes, whenever they are written

# what numpy writes before a plain array; structured types have a list here and do not match
_HEADER = re.compile(
    r"\{\s*'descr':\s*'(?P<dtype>[^']*)',\s*'fortran_order':\s*(?P<fortran>True|False),"
    r"\s*'shape':\s*\((?P<shape>(?:\d{1,12},\s*)*(?:\d{1,12})?)\),?\s*\}\s*",
    re.ASCII,
)
_PLAIN = re.compile(r"[<>=|]?(?:f[248]|[iu][1248]|b1|\?|U(?P<characters>[1-9]\d{0,4}))")

# what zipfile raises on damaged archives, found by mutating files
_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    UnicodeDecodeError,
)
_AGAIN = "copy it again, or make it again with numpy.savez_compressed"


def read_archive(path: Path) -> dict[str, Array]:
    """Read every array of an .npz file, by name; raises PoseFileError for any other file."""
    with open_input(path, PoseFileError) as file:
        try:
            size = _check_end(path, file)
            with zipfile.ZipFile(file) as archive:
                _check_directory(path, archive.infolist(), size)
                arrays: dict[str, Array] = {}
                for info in archive.infolist():
                    taken = sum(_bytes_as_floats(a.dtype, a.shape) for a in arrays.values())
                    array = _read_member(path, archive, info, MAX_BYTES - taken)
                    arrays[info.filename.removesuffix(_SUFFIX)] = array
                return arrays
        except _FAULTS as error:
            raise PoseFileError(path, f"is a damaged archive ({error})", _AGAIN) from error


def read_array(path: Path) -> Array:
    """Read the array of an .npy file; raises PoseFileError for any other file."""
    with open_input(path, PoseFileError) as file:
        try:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            return _read_array(path, "the array", file, (size, MAX_BYTES))
        except OSError as error:
            raise PoseFileError(path, f"cannot be read ({error.strerror})", _AGAIN) from error


def float_type(dtype: np.dtype[Any]) -> type[np.float32] | type[np.float64]:
    """Return the smallest type of floats, of 32 bits or more, that holds every number of a type."""
    return np.float32 if np.can_cast(dtype, np.float32) else np.float64


def write_archive(path: Path, arrays: Mapping[str, Array], *, overwrite: bool) -> None:
    """Write arrays as a compressed .npz of reproducible bytes; OutputError where it cannot stand.

    What read_archive would refuse for its size is refused here.
    """
    total = sum(array.nbytes + MAX_HEADER for array in arrays.values())
    frames = max(max(array.shape[:1], default=0) for array in arrays.values())
    if total > MAX_BYTES or frames > MAX_FRAMES:
        raise OutputError(
            path,
            f"would hold {frames} frames in {total / 1e6:.0f} MB; {MAX_FRAMES} in "
            f"{MAX_BYTES / 1e6:.0f} MB can be read back",
            "write it in shorter pieces",
        )
    for name, array in arrays.items():
        if array.dtype.kind == "U" and array.itemsize > 4 * MAX_TEXT:
            raise OutputError(path, f"{name} has more than {MAX_TEXT} characters", "shorten it")
    with (
        fresh_file(path, overwrite=overwrite) as temporary,
        zipfile.ZipFile(temporary, "w") as archive,
    ):
        for name, array in arrays.items():
            _write_member(archive, name + _SUFFIX, array)


def _check_end(path: Path, file: BinaryIO) -> int:
    # The end record counts the members, so that zipfile is never made to list millions.
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END_BYTES - _ZIP64_BYTES))
    tail = file.read(_END_BYTES + _ZIP64_BYTES)
    end = tail[-_END_BYTES:]
    if not end.startswith(_END) or tail.startswith(_ZIP64):
        raise PoseFileError(path, "is no .npz archive, or was cut short", _AGAIN)
    count, directory = struct.unpack("<10xHL6x", end)
    if count > MAX_MEMBERS or directory > 1000 * MAX_MEMBERS:
        raise _too_many(path, f"{count} arrays under {directory} bytes of names")
    return size


def _check_directory(path: Path, members: list[zipfile.ZipInfo], size: int) -> None:
    if len(members) > MAX_MEMBERS:  # whatever the end record says
        raise _too_many(path, f"{len(members)} arrays")
    names = [info.filename.removesuffix(_SUFFIX) for info in members]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise PoseFileError(path, f"holds {twice[0]!r} twice", _AGAIN)
    total = sum(info.file_size for info in members)
    if total > MAX_BYTES:
        raise _too_much(path, f"{total / 1e6:.0f} MB of arrays")
    for info in members:
        fault = _fault_of(info, size)
        if fault:
            raise PoseFileError(path, f"member {info.filename!r} {fault}", _AGAIN)


def _fault_of(info: zipfile.ZipInfo, size: int) -> str:
    if not info.filename.endswith(_SUFFIX):
        return "is no array"
    if info.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"is packed by method {info.compress_type}, which numpy does not use"
    # header_offset is where the member stands; a directory can point anywhere
    if not 0 <= info.header_offset <= size - _LOCAL_BYTES - info.compress_size:
        return f"has {info.compress_size} bytes, which do not stand inside the file"
    if info.file_size > max(MAX_PACKED_TIGHTLY, MAX_RATIO * info.compress_size):
        return (
            f"unpacks {info.compress_size} bytes to {info.file_size}, more than {MAX_RATIO} times"
        )
    return ""


def _read_member(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo, room: int) -> Array:
    with archive.open(info) as stream:
        return _read_array(path, f"member {info.filename!r}", stream, (info.file_size, room))


def _read_array(path: Path, what: str, stream: IO[bytes], bounds: tuple[int, int]) -> Array:
    # bounds: how many bytes the array has in the file, and how many it may have as floats
    size, room = bounds
    dtype, shape, fortran, start = _read_header(path, what, stream)
    expected = math.prod(shape) * dtype.itemsize
    if start + expected != size:
        raise PoseFileError(
            path, f"{what} needs {expected} bytes for {shape} and has {size - start}", _AGAIN
        )
    if _bytes_as_floats(dtype, shape) > room:
        raise _too_much(path, f"over {MAX_BYTES / 1e6:.0f} MB with {what} as floats")
    data = stream.read(expected)
    if len(data) != expected:
        raise PoseFileError(path, f"{what} ends after {len(data)} of {expected} bytes", _AGAIN)
    array = np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
    return array.astype(dtype.newbyteorder("="), copy=False)


def _read_header(
    path: Path, what: str, stream: IO[bytes]
) -> tuple[np.dtype[np.generic], tuple[int, ...], bool, int]:
    prefix = stream.read(8)
    if len(prefix) < 8 or not prefix.startswith(_MAGIC) or prefix[6] not in (1, 2, 3):
        raise PoseFileError(path, f"{what} is no numpy array", _AGAIN)
    width = 2 if prefix[6] == 1 else 4
    length = int.from_bytes(stream.read(width), "little")
    if length > MAX_HEADER:
        raise PoseFileError(path, f"{what} has a header of {length} bytes", _AGAIN)
    header = stream.read(length).decode("latin-1")
    match = _HEADER.fullmatch(header)
    if match is None:
        raise PoseFileError(path, f"{what} is no plain array (header {header[:80]!r})", _AGAIN)
    shape = tuple(int(axis) for axis in match["shape"].split(",") if axis.strip())
    dtype = _check_type(path, what, match["dtype"], shape)
    return dtype, shape, match["fortran"] == "True", len(prefix) + width + length


def _check_type(path: Path, what: str, name: str, shape: tuple[int, ...]) -> np.dtype[np.generic]:
    plain = _PLAIN.fullmatch(name)
    if plain is None or int(plain["characters"] or 0) > MAX_TEXT:
        raise PoseFileError(
            path,
            f"{what} has type {name!r}; pickled objects and structures are never loaded",
            "save plain numbers, or text of at most 10,000 characters",
        )
    if len(shape) > MAX_AXES or max(shape[:1], default=0) > MAX_FRAMES:
        raise _too_large(path, what, shape)
    if max(shape[1:], default=0) > MAX_ROW:
        raise _too_large(path, what, shape)
    return np.dtype(name)


def _bytes_as_floats(dtype: np.dtype[np.generic], shape: tuple[int, ...]) -> int:
    text = dtype.kind == "U"
    return math.prod(shape) * (dtype.itemsize if text else np.dtype(float_type(dtype)).itemsize)


def _too_many(path: Path, found: str) -> PoseFileError:
    return PoseFileError(
        path, f"holds {found}, more than {MAX_MEMBERS}", "save only the arrays of one clip"
    )


def _too_much(path: Path, found: str) -> PoseFileError:
    return PoseFileError(
        path,
        f"holds {found}, and {MAX_BYTES / 1e6:.0f} MB are allowed",
        "split it into shorter clips",
    )


def _too_large(path: Path, what: str, shape: tuple[int, ...]) -> PoseFileError:
    return PoseFileError(
        path,
        f"{what} has shape {shape}; up to {MAX_FRAMES} frames of {MAX_ROW} are read",
        "save keypoints as (T, K, 3), one clip a file",
    )


def _write_member(archive: zipfile.ZipFile, name: str, array: Array) -> None:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    content = buffer.getvalue()
    info = zipfile.ZipInfo(name, _EPOCH)
    info.create_system = 3  # zipfile's own default differs between systems
    info.external_attr = 0o644 << 16
    info.compress_type = _method(content)
    archive.writestr(info, content)


def _method(content: bytes) -> int:
    # An array of nothing but zeros would pack so tightly that the reader takes it for a bomb.
    if len(content) > MAX_PACKED_TIGHTLY and len(content) > MAX_RATIO / 2 * len(
        zlib.compress(content, 1)
    ):
        return zipfile.ZIP_STORED
    return zipfile.ZIP_DEFLATED
