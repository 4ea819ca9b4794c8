"""A folder of signs, found by gloss: which file shows it, and which part of the file.

Two forms are read: an ``index.csv`` as spoken-to-signed writes it (path, spoken_language,
signed_language, start, end, words, glosses, priority), and pose files named by their gloss.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from pose_sequences.errors import CorpusError, PoseFileError
from pose_sequences.files import Declared, read_poses
from pose_sequences.files.declared import NOTHING
from pose_sequences.inputs import open_input
from pose_sequences.join.body import shoulders
from pose_sequences.join.clip import Clip
from pose_sequences.sequence import PoseSequence

INDEX = "index.csv"
SUFFIXES = (".npz", ".pose", ".parquet")
MAX_BYTES = 16 * 2**20
MAX_ROWS = 200_000
MAX_NAME_BYTES = 255  # of one component; file systems stop there
MAX_MILLISECONDS = 24 * 3600 * 1000

_VARIANT = re.compile(r"^(?P<gloss>.+)-(?P<number>[0-9]{1,3})$")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Where a sign is shown.

    start, end: the part of the file in seconds; an ``end`` of None is the file's. priority: the
    lowest of several entries of one gloss is taken. language: of signing; empty if not said.
    """

    gloss: str
    path: Path
    start: float = 0.0
    end: float | None = None
    priority: int = 0
    language: str = ""


@dataclass(frozen=True)
class Lexicon:
    """The signs of a folder.

    entries: for each gloss, without regard to case, where it is shown, the best first.
    """

    folder: Path
    entries: Mapping[str, tuple[Entry, ...]]

    @classmethod
    def open(cls, folder: str | Path) -> "Lexicon":
        """Read a folder's index.csv, or without one the names of its pose files.

        Raises CorpusError if it is no folder, holds no signs, or its index cannot be used.
        """
        folder = Path(folder)
        index = folder / INDEX
        listed = _listed(folder)
        entries = list(_indexed(index, listed) if index in listed else _named(listed))
        if not entries:
            raise CorpusError(
                folder, "holds no signs", f"put an {INDEX} there, or pose files named by gloss"
            )
        found: dict[str, list[Entry]] = {}
        for entry in sorted(entries, key=lambda entry: entry.priority):
            found.setdefault(_key(entry.gloss), []).append(entry)
        return cls(folder, {key: tuple(several) for key, several in found.items()})

    def find(self, glosses: Iterable[str]) -> list[Entry]:
        """Return the best entry of each gloss, in order.

        Raises CorpusError that names all unknown ones and the nearest there are, and where a gloss
        is of several signed languages.
        """
        wanted = list(glosses)
        unknown = list(dict.fromkeys(g for g in wanted if _key(g) not in self.entries))
        if unknown:
            fault = f"has no sign for {', '.join(unknown)}"
            raise CorpusError(self.folder, fault, self._nearest(unknown))
        return [self._best(gloss) for gloss in wanted]

    def read(self, glosses: Iterable[str], declared: Declared = NOTHING) -> list[Clip]:
        """Return the signs in order, each file read once.

        declared: facts that the files do not say. Raises CorpusError as ``find``, PoseFileError for
        a file that cannot be used, shows no shoulders or is shorter than its entry says.
        """
        entries = self.find(glosses)
        read = {entry: _cut(entry, read_poses(entry.path, declared)) for entry in set(entries)}
        return [Clip(entry.gloss, read[entry]) for entry in entries]

    def _best(self, gloss: str) -> Entry:
        entries = self.entries[_key(gloss)]
        languages = sorted({entry.language for entry in entries})
        if len(languages) > 1:
            raise CorpusError(
                self.folder,
                f"has {gloss} in several signed languages, {', '.join(languages)}",
                "keep one language in the lexicon",
            )
        return entries[0]

    def _nearest(self, unknown: Iterable[str]) -> str:
        near = [
            self.entries[key][0].gloss
            for gloss in unknown
            for key in get_close_matches(_key(gloss), self.entries, n=3, cutoff=0.5)
        ]
        if near:
            return f"the nearest there are: {', '.join(dict.fromkeys(near))}"
        some = [several[0].gloss for several in self.entries.values()][:8]
        return f"there are {len(self.entries)} signs, such as {', '.join(some)}"


def _key(gloss: str) -> str:
    return unicodedata.normalize("NFC", gloss).casefold()


def _cut(entry: Entry, sequence: PoseSequence) -> PoseSequence:
    if entry.start >= sequence.seconds:
        raise PoseFileError(
            entry.path,
            f"lasts {sequence.seconds:.3f} s, and its sign {entry.gloss} begins at "
            f"{entry.start:.3f} s",
            f"mend the start in {INDEX}",
        )
    if shoulders(sequence) is None:
        raise PoseFileError(
            entry.path, "shows no shoulders, by which signs are fitted", "extract it again"
        )
    first = min(round(entry.start * sequence.fps), sequence.num_frames - 1)
    last = sequence.num_frames if entry.end is None else round(entry.end * sequence.fps)
    # an index may count on the film from which an already shortened file was taken
    return sequence.frames(first, min(max(last, first + 1), sequence.num_frames))


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (OSError, ValueError) as error:  # ValueError: a NUL inside the name
        reason = error.strerror if isinstance(error, OSError) else "no possible name"
        raise CorpusError(
            folder, f"cannot be listed ({reason})", "give the folder of a lexicon"
        ) from error


def _named(listed: list[Path]) -> Iterator[Entry]:
    for path in listed:
        if path.suffix.lower() not in SUFFIXES or path.name.startswith("."):
            continue
        yield Entry(gloss=path.stem, path=path)
        if variant := _VARIANT.match(path.stem):
            # HOUSE-2 answers to its own name and, after HOUSE, to HOUSE
            yield Entry(gloss=variant["gloss"], path=path, priority=int(variant["number"]))


def _indexed(index: Path, listed: list[Path]) -> Iterator[Entry]:
    names = frozenset(path.name for path in listed)
    reader = csv.DictReader(io.StringIO(_text(index), newline=""), strict=True)
    try:
        columns = set(reader.fieldnames or ())
        if not {"path", "glosses"} <= columns:
            raise CorpusError(
                index,
                f"has the columns {', '.join(sorted(columns))[:100]!r}",
                "name at least path and glosses",
            )
        for row in reader:
            yield _Line(index, reader.line_num, row).entry(names)
    except csv.Error as error:
        fault = f"is no CSV after line {reader.line_num} ({error})"
        raise CorpusError(index, fault, "mend its quotes") from error


def _text(index: Path) -> str:
    with open_input(index, CorpusError) as file:
        try:
            data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise CorpusError(
                index, f"cannot be read ({error.strerror})", "check the disk"
            ) from error
    if len(data) > MAX_BYTES or data.count(b"\n") > MAX_ROWS:
        limits = f"{MAX_BYTES >> 20} MB or {MAX_ROWS} lines"
        raise CorpusError(index, f"is larger than {limits}", "split the lexicon")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusError(
            index, f"is not UTF-8 (byte {error.start + 1})", "save it as UTF-8"
        ) from error


@dataclass(frozen=True)
class _Line:
    """A line of an index, which its refusals name."""

    index: Path
    number: int
    row: Mapping[str, str | None]

    def entry(self, names: Collection[str]) -> Entry:
        """Return what the line says; names: of the files and folders beside the index."""
        gloss = self._text("glosses")
        if not gloss or not gloss.isprintable():
            raise self._refuse(f"has no gloss ({gloss[:80]!r})")
        start, end = self._milliseconds("start"), self._milliseconds("end")
        if end and end <= start:
            raise self._refuse(f"ends at {end} ms, before {start} ms")
        return Entry(
            gloss=gloss,
            path=self._path(names),
            start=start / 1000,
            end=end / 1000 if end else None,
            priority=self._whole_number("priority"),
            language=self._text("signed_language"),
        )

    def _path(self, names: Collection[str]) -> Path:
        """Return the file, in its language's folder or, where there is none, beside the index."""
        name = self._text("path")
        parts = PurePosixPath(name).parts
        inside = bool(parts) and not name.startswith("/") and ".." not in parts
        if not inside or not name.isprintable() or not all(map(_is_component, parts)):
            raise self._refuse(f"names {name[:80]!r}, no file of the folder")
        if parts[0] == self._text("signed_language") and parts[0] not in names:
            parts = parts[1:]
        return self.index.parent.joinpath(*parts)

    def _milliseconds(self, column: str) -> int:
        value = self._whole_number(column)
        if not 0 <= value <= MAX_MILLISECONDS:
            raise self._refuse(f"has the time {value} ms")
        return value

    def _whole_number(self, column: str) -> int:
        text = self._text(column) or "0"
        # int() would take a hundred thousand digits, and digits of other scripts
        if not re.fullmatch(r"-?[0-9]{1,12}", text):
            raise self._refuse(f"has {text[:40]!r} for a whole number")
        return int(text)

    def _text(self, column: str) -> str:
        return (self.row.get(column) or "").strip()

    def _refuse(self, fault: str) -> CorpusError:
        return CorpusError(self.index, f"line {self.number} {fault}", "mend that line of the index")


def _is_component(name: str) -> bool:
    return len(name.encode()) <= MAX_NAME_BYTES
