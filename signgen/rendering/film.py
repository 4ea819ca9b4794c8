"""Where frames go: a video or a picture, and a contact sheet of some of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pose_sequences.outputs import fresh_file
from pose_sequences.video.mp4 import Mp4Writer

_CELLS, _COLUMNS = 12, 4
_WIDEST = 256  # pixels of a cell
_GROUND = 128


class Film(Protocol):
    """What takes frames (H, W, 3) uint8."""

    def write(self, frame: NDArray[np.uint8]) -> None:
        """Take the next frame."""
        ...

    def finish(self) -> None:
        """Take no more; all but the name of the file is done then."""
        ...


@contextmanager
def open_film(
    path: Path, size: tuple[int, int], fps: float, *, comment: str, overwrite: bool
) -> Iterator[Film]:
    """Give what takes the frames; the file appears at the end, whole, and never after an error.

    path: .mp4, or .png for a single frame; comment: what the file says of itself.
    """
    if path.suffix.lower() == ".png":
        with fresh_file(path, overwrite=overwrite) as temporary:
            yield _Still(temporary, comment)
        return
    with Mp4Writer(path, *size, fps, overwrite=overwrite, comment=comment) as video:
        yield video


class _Still:
    """A picture that says what made it."""

    def __init__(self, path: Path, comment: str) -> None:
        self._path = path
        self._words = PngInfo()
        self._words.add_text("Comment", comment)

    def write(self, frame: NDArray[np.uint8]) -> None:
        """Write the only frame."""
        Image.fromarray(frame).save(self._path, format="PNG", pnginfo=self._words)

    def finish(self) -> None:
        """Do nothing: it was written when it came."""


class ContactSheet:
    """At most twelve frames of a clip of ``num_frames``, evenly spread, the first and the last."""

    def __init__(self, num_frames: int) -> None:
        spread = np.linspace(0, num_frames - 1, min(num_frames, _CELLS))
        self._wanted = set(np.rint(spread).astype(int).tolist())
        self._seen = 0
        self._cells: list[NDArray[np.uint8]] = []

    def write(self, frame: NDArray[np.uint8]) -> None:
        """Look at the next frame."""
        if self._seen in self._wanted:
            cell = Image.fromarray(frame)
            cell.thumbnail((_WIDEST, 4 * _WIDEST), Image.Resampling.LANCZOS)
            self._cells.append(np.array(cell))
        self._seen += 1

    def picture(self) -> NDArray[np.uint8]:
        """Return the sheet (H, W, 3), from left to right and from top to bottom."""
        columns = min(_COLUMNS, len(self._cells))
        empty = np.full_like(self._cells[0], _GROUND)
        cells = self._cells + [empty] * (-len(self._cells) % columns)
        rows = [
            np.concatenate(cells[at : at + columns], axis=1) for at in range(0, len(cells), columns)
        ]
        return np.concatenate(rows)

    def save(self, path: Path) -> None:
        """Write the sheet as PNG, whatever the file is called."""
        Image.fromarray(self.picture()).save(path, format="PNG")
