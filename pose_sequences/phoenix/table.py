"""A table of a corpus: its clips with signer, glosses and translation, checked line by line.

The format is RWTH-PHOENIX-Weather 2014T's: UTF-8, ``|`` between the columns, no quoting. Where the
frames of a clip lie is the business of the package.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pose_sequences.errors import CorpusError
from pose_sequences.inputs import read_input

COLUMNS = ("name", "video", "start", "end", "speaker", "orth", "translation")

MAX_BYTES = 64_000_000
MAX_LINE_BYTES = 64 * 2**10
MAX_ROWS = 1_000_000
MAX_NAME_BYTES = 200  # file systems stop at 255; endings and temporary names need the rest

_REPAIR = "mend that line, or take the table from the release again"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of a table.

    name: one path component; signer: the ``speaker`` column; cut: whether ``start`` and ``end``
    name a part of the video, as they never do in the release; line: counted from 1, the header's.
    The ``video`` column is not kept: it names no path that exists.
    """

    name: str
    signer: str
    glosses: tuple[str, ...]
    translation: str
    cut: bool
    line: int


def read_table(path: Path) -> tuple[Row, ...]:
    """Return the rows in the table's order; raises CorpusError at the first fault."""
    rows = []
    for row in parse_table(path):
        if isinstance(row, CorpusError):
            raise row
        rows.append(row)
    return tuple(rows)


def parse_table(path: Path) -> Iterator[Row | CorpusError]:
    """Yield for each line its row, or what is wrong with it.

    Raises CorpusError if the file cannot be read, is too large or has other columns.
    """
    lines = _lines(path)
    _check_header(path, lines[0])
    first_line: dict[str, int] = {}
    for number, line in enumerate(lines[1:], start=2):
        row = _parse(path, number, line)
        if isinstance(row, Row) and row.name in first_line:
            earlier = first_line[row.name]
            yield _fault(path, number, f"repeats the name {row.name!r} of line {earlier}")
            continue
        if isinstance(row, Row):
            first_line[row.name] = number
        yield row


def _lines(path: Path) -> list[bytes]:
    data = read_input(path, CorpusError, MAX_BYTES, "split the corpus")
    if data.count(b"\n") > MAX_ROWS:
        raise CorpusError(path, f"has more than {MAX_ROWS} lines", "split the corpus")
    return data.removesuffix(b"\n").split(b"\n")


def _check_header(path: Path, line: bytes) -> None:
    columns = line[:MAX_LINE_BYTES].decode(errors="replace").removesuffix("\r")
    if tuple(columns.split("|")) != COLUMNS:
        raise CorpusError(
            path,
            f"has the columns {columns[:100]!r}",
            f"a corpus table begins with {'|'.join(COLUMNS)}",
        )


def _parse(path: Path, number: int, line: bytes) -> Row | CorpusError:
    if len(line) > MAX_LINE_BYTES:
        return _fault(path, number, f"has {len(line)} bytes, more than {MAX_LINE_BYTES}")
    try:
        fields = line.decode().removesuffix("\r").split("|")
    except UnicodeDecodeError as error:
        return _fault(path, number, f"is not UTF-8 (byte {error.start + 1})")
    if len(fields) != len(COLUMNS):
        return _fault(path, number, f"has {len(fields)} fields where {len(COLUMNS)} are needed")
    name, _video, start, end, signer, orth, translation = fields
    if not _is_component(name):
        return _fault(path, number, f"has {name[:80]!r}, which cannot be a clip's name")
    if not _is_label(signer):
        return _fault(path, number, f"has {signer[:80]!r}, which cannot be a signer's name")
    return Row(
        name=name,
        signer=signer,
        glosses=tuple(orth.split()),
        translation=translation.strip(),
        cut=(start, end) != ("-1", "-1"),
        line=number,
    )


def _is_component(name: str) -> bool:
    """Tell whether a name stays inside its folder, and is no option and no hidden file."""
    short = len(name.encode()) <= MAX_NAME_BYTES
    return short and _is_label(name) and name[0] not in ".-" and not set(name) & set("/\\")


def _is_label(text: str) -> bool:
    return bool(text) and text.isprintable() and text == text.strip()


def _fault(path: Path, number: int, fault: str) -> CorpusError:
    return CorpusError(path, f"line {number} {fault}", _REPAIR)
