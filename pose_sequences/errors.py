"""Errors meant for the person at the keyboard: each is one line that says what to do.

They are raised by the readers and writers and translated once, by the command line; a bug in our
own code is never one of them.

    PoseSequencesError
    ├── PathError              names the path, the fault and the remedy
    │   ├── InputError         a file cannot be used (also a ValueError)
    │   │   ├── PoseFileError  keypoints: npz, .pose, JSON, parquet
    │   │   ├── ImageError     PNG, JPEG, WebP
    │   │   ├── VideoError     anything with frames in time
    │   │   └── CorpusError    a corpus folder or one of its tables
    │   └── OutputError        a result cannot be written where it was asked for
    └── ToolError              this machine lacks a library or an extra
"""

from pathlib import Path


class PoseSequencesError(Exception):
    """The root: ``str()`` is a single printable line."""

    def __init__(self, message: str) -> None:
        super().__init__(single_line(message))


class PathError(PoseSequencesError):
    """A file or folder is at fault; raised as one of its two kinds below.

    path: the file or folder; fault: what is wrong with it, with the value; remedy: what to do.
    """

    def __init__(self, path: str | Path, fault: str, remedy: str) -> None:
        super().__init__(f"{path}: {fault}; {remedy}")
        self.path = Path(path)
        self.fault = fault
        self.remedy = remedy

    def __reduce__(self) -> tuple[type["PathError"], tuple[Path, str, str]]:
        return type(self), (self.path, self.fault, self.remedy)


class InputError(PathError, ValueError):
    """A file that was handed in cannot be used."""


class PoseFileError(InputError):
    """A pose file cannot be used."""


class ImageError(InputError):
    """A picture cannot be used."""


class VideoError(InputError):
    """A video or a folder of frames cannot be used."""


class CorpusError(InputError):
    """A corpus folder or one of its tables cannot be used."""


class OutputError(PathError):
    """A result cannot be written where it was asked for."""


class ToolError(PoseSequencesError, RuntimeError):
    """This machine lacks something the job needs."""


def single_line(text: str, limit: int = 600) -> str:
    """Return the text as one printable line of at most ``limit`` characters."""
    line = "".join(c if c.isprintable() else " " for c in text)
    line = " ".join(line.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
