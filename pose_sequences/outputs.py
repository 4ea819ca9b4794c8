"""Results appear whole or not at all: a temporary name beside the target, then one rename.

Every writer of the project goes through here; what a result looks like is the writer's business.
"""

import errno
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pose_sequences.errors import OutputError

_DISK_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)
_TEMPORARY = re.compile(r"^\.(?P<name>.+)\.(?P<pid>\d+)-[0-9a-f]{12}\.part$")


@contextmanager
def fresh_file(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give a temporary name to write to; on success it becomes ``path``, on failure it goes.

    Raises OutputError if the target exists and ``overwrite`` is false, or cannot be written.
    """
    temporary = _prepare(path, overwrite=overwrite)
    try:
        yield temporary
        _flush(temporary)
        _publish(temporary, path, overwrite=overwrite)
    except OSError as error:
        if not _concerns(error, path, temporary):
            raise
        raise _unwritable(error, path) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def fresh_folder(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """As fresh_file, for a folder of results; an existing folder is replaced only on success."""
    temporary = _prepare(path, overwrite=overwrite)
    aside = temporary.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:12]}.part")
    try:
        temporary.mkdir()
        yield temporary
        if path.exists():
            path.rename(aside)
        temporary.rename(path)
    except OSError as error:
        if not _concerns(error, path, temporary):
            raise
        raise _unwritable(error, path) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(aside, ignore_errors=True)


def sweep_temporaries(folder: Path) -> int:
    """Remove what killed writers left in ``folder``; return how many. The living keep theirs."""
    swept = 0
    for entry in folder.glob(".*.part") if folder.is_dir() else ():
        match = _TEMPORARY.match(entry.name)
        if match is None or _alive(int(match["pid"])):
            continue
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
        swept += 1
    return swept


def _prepare(path: Path, *, overwrite: bool) -> Path:
    if not path.name:
        raise OutputError(path, "names no file", "give a file name")
    try:
        if path.exists() and not overwrite:
            raise _exists(path)
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            path, f"cannot stand there ({error.strerror})", "choose another name or folder"
        ) from error
    return path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:12]}.part")


def _publish(temporary: Path, path: Path, *, overwrite: bool) -> None:
    if overwrite:
        temporary.replace(path)
        return
    try:
        path.hardlink_to(temporary)  # unlike a rename, fails if somebody else was faster
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError:  # a file system without hard links
        temporary.replace(path)


def _flush(temporary: Path) -> None:
    with temporary.open("rb") as written:
        os.fsync(written.fileno())


def _exists(path: Path) -> OutputError:
    return OutputError(path, "exists already", "pass --overwrite to replace it")


def _concerns(error: OSError, path: Path, temporary: Path) -> bool:
    if error.filename is None:
        return error.errno in _DISK_FAULTS
    return str(temporary) in str(error.filename) or str(path) in str(error.filename)


def _unwritable(error: OSError, path: Path) -> OutputError:
    return OutputError(
        path, f"cannot be written ({error.strerror or error})", "check the folder and the disk"
    )


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
