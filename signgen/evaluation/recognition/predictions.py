"""What somebody's recogniser said of whole clips, read from a table of theirs.

A row a clip: its name and the glosses or the text, as CSV with a header or as lines of JSON.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pose_sequences.errors import InputError
from pose_sequences.inputs import read_input

MAX_BYTES = 64_000_000
NAME, COLUMNS = "name", ("gloss", "text")
_REMEDY = f"give a row a clip with the columns {NAME} and {' or '.join(COLUMNS)}"


def read_predictions(path: Path) -> dict[str, dict[str, str]]:
    """Return what was said of each clip, by its name: ``gloss``, ``text`` or both.

    path: .csv, with a header, or .jsonl, an object a line. Raises InputError for anything else, a
    clip that is told twice, and a table that says nothing.
    """
    content = read_input(path, InputError, MAX_BYTES, _REMEDY)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(path, f"is no UTF-8 ({error.reason})", "save it as UTF-8") from error
    rows = _lines(path, text) if path.suffix.lower() == ".jsonl" else _table(path, text)
    found: dict[str, dict[str, str]] = {}
    for number, row in rows:
        name = row.get(NAME)
        said = {column: row[column] for column in COLUMNS if isinstance(row.get(column), str)}
        if not (isinstance(name, str) and name and said):
            raise InputError(path, f"has no clip and words in row {number}", _REMEDY)
        if name in found:
            raise InputError(path, f"tells {name} twice, again in row {number}", "keep one of them")
        found[name] = said
    if not found:
        raise InputError(path, "has no row", _REMEDY)
    return found


def _table(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        yield from enumerate(csv.DictReader(io.StringIO(text, newline=""), strict=True), 1)
    except csv.Error as error:
        raise InputError(path, f"is no CSV ({error})", _REMEDY) from error


def _lines(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(path, f"has no JSON in line {number} ({error})", _REMEDY) from error
        if not isinstance(row, dict):
            raise InputError(path, f"has no object in line {number}", _REMEDY)
        yield number, row
