"""Opening a file that was handed in: regular files only, bounded, every refusal in one line.

What the file holds is the business of its reader.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from pose_sequences.errors import InputError


def is_folder(path: Path, failure: type[InputError]) -> bool:
    """Tell whether a path is a folder; raise ``failure`` where the system does not let us look."""
    try:
        return path.is_dir()
    except OSError as error:
        raise _closed(path, failure, error) from error


def open_input(path: Path, failure: type[InputError]) -> BinaryIO:
    """Open a regular file for reading; raise ``failure`` for a missing or special one."""
    try:
        mode = path.stat().st_mode
        # a named pipe would block for ever in open()
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise failure(path, "is a device, a pipe or a socket", "give a regular file")
        return path.open("rb")
    except OSError as error:
        raise _closed(path, failure, error) from error
    except ValueError as error:  # a NUL inside the name; InputError is a ValueError too
        if isinstance(error, InputError):
            raise
        raise failure(path, "is no possible file name", "give a regular file") from error


def read_input(path: Path, failure: type[InputError], limit: int, remedy: str) -> bytes:
    """Return the bytes of a regular file; raise ``failure`` if it cannot be read or is too large.

    limit: the most bytes; remedy: what to do about a file of more.
    """
    with open_input(path, failure) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise failure(path, f"is larger than {limit / 1e6:g} MB", remedy)
        return _read(path, failure, file, size)


def read_head(path: Path, failure: type[InputError], size: int) -> bytes:
    """Return the first ``size`` bytes of a regular file, or all it has; raise ``failure``."""
    with open_input(path, failure) as file:
        return _read(path, failure, file, size)


def _read(path: Path, failure: type[InputError], file: BinaryIO, size: int) -> bytes:
    try:
        return file.read(size)
    except OSError as error:
        raise failure(path, f"cannot be read ({error.strerror})", "check the disk") from error


def _closed(path: Path, failure: type[InputError], error: OSError) -> InputError:
    return failure(
        path, f"cannot be opened ({error.strerror})", "check the name and the permissions"
    )
