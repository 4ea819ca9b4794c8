"""Results appear whole or not at all: a temporary name beside the target, then one rename.

Every writer of the project goes through here; what a result looks like is the writer's business.
"""

import errno
import os
import re
import shutil
import stat
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from glob import escape
from hashlib import sha256
from pathlib import Path

from pose_sequences.errors import OutputError

_DISK_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)
_TEMPORARY = re.compile(
    r"\.(?P<name>.+)\.(?P<machine>[0-9a-f]{8})-(?P<pid>\d+)-[0-9a-f]{12}\.(part|old)", re.DOTALL
)
_PRIVATE = stat.S_IFREG | 0o600
_STALE_SECONDS = 24 * 3600  # for temporaries of machines whose processes cannot be looked up


@contextmanager
def fresh_file(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Give a temporary name to write to; on success it becomes ``path``, on failure it goes.

    Raises OutputError if the target exists and ``overwrite`` is false, or cannot be written.
    """
    temporary = _prepare(path, overwrite=overwrite)
    try:
        yield temporary
        _open_up(path, [temporary])
        _flush(temporary)
        _publish(temporary, path, overwrite=overwrite)
    except OSError as error:
        if not _concerns(error, path, temporary):
            raise
        raise _unwritable(error, path) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def fresh_folder(
    path: Path, *, overwrite: bool, ours: Callable[[Path], bool] = lambda entry: False
) -> Iterator[Path]:
    """As fresh_file, for a folder of results; an existing folder is replaced only on success.

    ours: whether an entry is a result of the same kind; a folder that holds anything else is never
    replaced, nor a link or a file. After a kill at the moment of the exchange the old folder stands
    beside the target as ``.name.….old``; the next writer puts it back.
    """
    temporary = _prepare(path, overwrite=overwrite)
    try:
        _check_replaceable(path, ours)
        temporary.mkdir()
        yield temporary
        _open_up(path, temporary.rglob("*"))
        if not overwrite and _stands(path):
            raise _exists(path)
        _check_replaceable(path, ours)
        _exchange(temporary, path)
    except OSError as error:
        if not _concerns(error, path, temporary):
            raise
        raise _unwritable(error, path) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sweep_temporaries(folder: Path) -> int:
    """Remove what killed writers left in ``folder``; return how many.

    The living of this machine keep theirs, those of others, which may share the folder, for a day.
    """
    stale = [entry for entry in folder.glob(".*") if _is_stale(entry)] if folder.is_dir() else []
    for entry in stale:
        _sweep(entry)
    return len(stale)


def _sweep(entry: Path) -> None:
    match = _TEMPORARY.fullmatch(entry.name)
    if match and entry.suffix == ".old" and not _stands(entry.with_name(match["name"])):
        # the exchange was cut in two, and this is the only copy
        entry.rename(entry.with_name(match["name"]))
    elif entry.is_dir():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        entry.unlink(missing_ok=True)


def _is_stale(entry: Path) -> bool:
    match = _TEMPORARY.fullmatch(entry.name)
    if match is None:
        return False
    if match["machine"] == _machine():
        return not _alive(int(match["pid"]))
    try:
        return time.time() - entry.stat().st_mtime > _STALE_SECONDS
    except FileNotFoundError:  # its writer was done just now
        return False


def _prepare(path: Path, *, overwrite: bool) -> Path:
    if not path.name:
        raise OutputError(path, "names no file", "give a file name")
    try:
        for entry in path.parent.glob(f".{escape(path.name)}.*"):
            if _is_stale(entry):
                _sweep(entry)
        if path.exists() and not overwrite:
            raise _exists(path)
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            path, f"cannot stand there ({error.strerror})", "choose another name or folder"
        ) from error
    return _beside(path, "part")


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(
        f".{path.name}.{_machine()}-{os.getpid()}-{uuid.uuid4().hex[:12]}.{ending}"
    )


@lru_cache(maxsize=1)
def _machine() -> str:
    """Return 8 digits for this boot, host and container: where a process number means something."""
    words = [os.uname().nodename]
    for read in (_boot, _process_space):
        try:
            words.append(read())
        except OSError:  # a sandbox without /proc is known by its host name alone
            continue
    return sha256("\n".join(words).encode()).hexdigest()[:8]


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text()


def _process_space() -> str:
    return str(Path("/proc/self/ns/pid").readlink())


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


def _check_replaceable(path: Path, ours: Callable[[Path], bool]) -> None:
    if not _stands(path):
        return
    if path.is_symlink() or not path.is_dir():
        raise OutputError(path, "is no folder", "choose another name")
    other = next((entry.name for entry in path.iterdir() if not ours(entry)), None)
    if other is not None:
        raise OutputError(
            path, f"holds other files, such as {other}, and is not replaced", "choose another name"
        )


def _exchange(temporary: Path, path: Path) -> None:
    if not _stands(path):
        temporary.rename(path)
        return
    aside = _beside(path, "old")  # for a moment the only copy, which a sweep puts back
    path.rename(aside)
    try:
        temporary.rename(path)
    except OSError:
        aside.rename(path)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _open_up(path: Path, written: Iterable[Path]) -> None:
    """Give files that their writer keeps to itself, as safetensors does, the mode of new ones."""
    private = [entry for entry in written if entry.lstat().st_mode == _PRIVATE]
    if not private:
        return
    # asking for the umask would mean setting it, for all threads
    probe = _beside(path, "part")
    try:
        probe.touch()
        mode = stat.S_IMODE(probe.stat().st_mode)
    finally:
        probe.unlink(missing_ok=True)
    for entry in private:
        entry.chmod(mode)


def _flush(temporary: Path) -> None:
    with temporary.open("rb") as written:
        os.fsync(written.fileno())


def _stands(path: Path) -> bool:
    return path.exists() or path.is_symlink()  # also a link that leads nowhere


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
