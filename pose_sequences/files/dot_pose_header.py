"""The header of a binary ``.pose`` file: its version, frame size and named components.

Little-endian throughout, a string is its length in bytes and UTF-8. What the names mean is the
business of dot_pose_names.py; the numbers that follow are dot_pose.py's.
"""

import re
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pose_sequences.errors import PoseFileError

MAX_POINTS = 2_000
MAX_TEXT = 256  # bytes of a name; the longest known has 24

_FORMAT = re.compile(r"XY[A-Z]{0,3}C")


@dataclass(frozen=True)
class Component:
    """A group of points, such as one hand.

    format: a letter a coordinate and C for the confidence; limbs: pairs of positions in points;
    colours: RGB, one for all points or one each.
    """

    name: str
    format: str
    points: tuple[str, ...]
    limbs: tuple[tuple[int, int], ...] = ()
    colours: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True)
class Header:
    """All that stands before the frames; width or height 0 means unknown."""

    version: float
    width: int
    height: int
    components: tuple[Component, ...]

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Component and point name of each row."""
        return tuple((c.name, point) for c in self.components for point in c.points)

    @property
    def num_coordinates(self) -> int:
        """The coordinates of a point, the confidence not counted."""
        return max(len(c.format) for c in self.components) - 1


class ByteReader:
    """Reads forward through bytes and never past their end.

    path: the file to name in a PoseFileError.
    """

    def __init__(self, path: Path, data: bytes) -> None:
        self.path = path
        self.data = data
        self.offset = 0

    @property
    def left(self) -> int:
        """The number of bytes not read yet."""
        return len(self.data) - self.offset

    def skip(self, size: int, what: str) -> int:
        """Pass over ``size`` bytes of ``what`` and return where they start."""
        if size > self.left:
            raise PoseFileError(
                self.path,
                f"ends after {len(self.data)} bytes, inside {what}",
                "copy or export it again",
            )
        start = self.offset
        self.offset += size
        return start

    def shorts(self, count: int, what: str) -> tuple[int, ...]:
        """Return ``count`` unsigned 16-bit numbers."""
        return struct.unpack_from(f"<{count}H", self.data, self.skip(2 * count, what))

    def integer(self, what: str) -> int:
        """Return an unsigned 32-bit number."""
        (number,) = struct.unpack_from("<I", self.data, self.skip(4, what))
        return int(number)

    def real(self, what: str) -> float:
        """Return a 32-bit float, as the shortest decimal that stands for it."""
        (number,) = struct.unpack_from("<f", self.data, self.skip(4, what))
        return float(str(np.float32(number)))

    def text(self, what: str) -> str:
        """Return a string; what is not UTF-8 in it shows as replacement characters."""
        (length,) = self.shorts(1, what)
        if length > MAX_TEXT:
            raise PoseFileError(
                self.path,
                f"{what} claims to be {length} bytes long, {MAX_TEXT} is the limit",
                "export it again: it is no .pose file or damaged",
            )
        start = self.skip(length, what)
        return self.data[start : start + length].decode("utf-8", errors="replace")


def read_header(reader: ByteReader) -> Header:
    """Read the header; raises PoseFileError if it is damaged or names more than any file has."""
    version = reader.real("the version")
    if version not in (0, 0.1, 0.2):
        raise PoseFileError(
            reader.path,
            f"starts with version {version:g}; 0.0, 0.1 and 0.2 of .pose are known",
            "check that it is a .pose file",
        )
    width, height, _ = reader.shorts(3, "the frame size")
    (num_components,) = reader.shorts(1, "the header")
    components: list[Component] = []
    num_points = 0
    for _ in range(num_components):
        components.append(_read_component(reader, num_points))
        num_points += len(components[-1].points)
    if not num_points:
        raise PoseFileError(reader.path, "its header names no points", "export it again")
    return Header(version, width, height, tuple(components))


def _read_component(reader: ByteReader, num_points_before: int) -> Component:
    name = reader.text("a component's name")
    form = reader.text("a component's format")
    if not _FORMAT.fullmatch(form):
        raise PoseFileError(
            reader.path,
            f"component {name!r} has the format {form!r}",
            "export it with x, y and confidence, such as XYC or XYZC",
        )
    num_points, num_limbs, num_colours = reader.shorts(3, f"component {name!r}")
    if num_points_before + num_points > MAX_POINTS:
        raise PoseFileError(
            reader.path,
            f"names {num_points_before + num_points} points, {MAX_POINTS} is the limit",
            "export it again: it is damaged",
        )
    points = tuple(reader.text(f"the points of {name!r}") for _ in range(num_points))
    reader.skip(4 * num_limbs + 6 * num_colours, f"the limbs of {name!r}")
    return Component(name, form, points)


def packed_header(header: Header) -> bytes:
    """Return the header as bytes; the depth, which nothing here knows, is 0."""
    size = (header.width, header.height, 0)
    parts = [struct.pack("<f4H", header.version, *size, len(header.components))]
    for c in header.components:
        parts += [_packed_text(c.name), _packed_text(c.format)]
        parts.append(struct.pack("<3H", len(c.points), len(c.limbs), len(c.colours)))
        parts += [_packed_text(point) for point in c.points]
        parts += [struct.pack("<2H", *limb) for limb in c.limbs]
        parts += [struct.pack("<3H", *colour) for colour in c.colours]
    return b"".join(parts)


def _packed_text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("<H", len(encoded)) + encoded
