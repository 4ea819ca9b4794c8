"""Opening a file that was handed in: regular files only, every refusal of the system in one line.

What the file holds is the business of its reader.
"""

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


def _closed(path: Path, failure: type[InputError], error: OSError) -> InputError:
    return failure(
        path, f"cannot be opened ({error.strerror})", "check the name and the permissions"
    )
