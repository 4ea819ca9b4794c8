"""Members: the named arrays of one file, taken by their names, with the file's name in every error.

Which names there are and what they mean is said by npz.py, arrays.py and parts.py.
"""

import math
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pose_sequences.errors import PoseFileError
from pose_sequences.files.archive import Array, float_type

Values = NDArray[np.floating[Any]]


class Members:
    """The arrays of the file at ``path``; remembers which were taken."""

    def __init__(self, path: Path, arrays: dict[str, Array]) -> None:
        self.path = path
        self._arrays = arrays
        self._taken: set[str] = set()

    def present(self, names: Iterable[str]) -> list[str]:
        """Return those of the names that the file has."""
        return [name for name in names if name in self._arrays]

    def left_over(self) -> list[str]:
        """Return the names that nobody took."""
        return [name for name in self._arrays if name not in self._taken]

    def refuse(self, fault: str, remedy: str) -> PoseFileError:
        """Return the error to raise."""
        return PoseFileError(self.path, fault, remedy)

    def values(self, names: Iterable[str]) -> tuple[str, Values] | None:
        """Return the one array of numbers under any of these names, as floats, and its name.

        Raises PoseFileError if there are several, or if it holds text.
        """
        present = self.present(names)
        if len(present) > 1:
            raise self.refuse(
                f"holds both {present[0]!r} and {present[1]!r}, which mean the same", "keep one"
            )
        if not present:
            return None
        array = self._take(present[0])
        if array.dtype.kind == "U":
            raise self.refuse(f"{present[0]!r} holds text", "save numbers there")
        with np.errstate(invalid="ignore"):  # a signalling NaN in half precision
            values: Values = array.astype(float_type(array.dtype), copy=False)
        return present[0], values

    def number(self, name: str) -> float | None:
        """Return the single number of that name, or None."""
        if name not in self._arrays:
            return None
        array = self._take(name)
        if array.size != 1 or array.dtype.kind not in "fiu":
            raise self.refuse(f"{name!r} is no single number", f"save {name} as one number")
        return float(array.item())

    def whole_number(self, name: str) -> int | None:
        """Return the single whole number of that name, or None."""
        number = self.number(name)
        if number is None:
            return None
        if not math.isfinite(number) or number != round(number):
            raise self.refuse(f"{name!r} is {number}", f"save {name} as a whole number")
        return int(number)

    def text(self, name: str) -> str | None:
        """Return the text of that name, or None."""
        if name not in self._arrays:
            return None
        texts = self.texts(name)
        if len(texts) != 1:
            raise self.refuse(f"{name!r} holds {len(texts)} texts", f"save {name} as one text")
        return texts[0]

    def texts(self, name: str) -> list[str]:
        """Return all texts of that name, none if the file lacks it."""
        if name not in self._arrays:
            return []
        array = self._take(name)
        if array.dtype.kind != "U" or array.ndim > 1:
            raise self.refuse(f"{name!r} is no text", f"save {name} as text")
        codes = np.ascontiguousarray(array).reshape(-1).view(np.uint32)
        # numpy lets any 32 bits stand for a character, and str() fails on some of them
        if ((codes > sys.maxunicode) | ((codes >= 0xD800) & (codes < 0xE000))).any():
            raise self.refuse(f"{name!r} holds impossible characters", "save it again")
        return [str(text) for text in array.reshape(-1).tolist()]

    def _take(self, name: str) -> Array:
        self._taken.add(name)
        return self._arrays[name]
