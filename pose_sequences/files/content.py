"""The bytes of a pose file that is small enough to hold whole."""

from pathlib import Path
from stat import S_ISDIR

from pose_sequences.errors import PoseFileError
from pose_sequences.inputs import open_input


def is_folder(path: Path) -> bool:
    """Return whether a folder is there; what cannot be looked at is none."""
    try:
        return S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError):  # ValueError: a NUL inside the name
        return False


def read_content(path: Path, limit: int) -> bytes:
    """Return the bytes of a file; raises PoseFileError if it is unreadable or beyond ``limit``."""
    with open_input(path, PoseFileError) as file:
        try:
            data = file.read(limit + 1)
        except OSError as error:
            raise PoseFileError(
                path, f"cannot be read ({error.strerror})", "check the disk"
            ) from error
    if len(data) > limit:
        raise PoseFileError(path, f"is larger than {limit} bytes", "cut it into shorter clips")
    return data
