"""The check of a corpus: everything on disk that is missing or odd, found in one pass.

It only looks. Reading a clip is the corpus's business, and stops at the first fault.
"""

import struct
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from pose_sequences.errors import CorpusError, InputError, single_line
from pose_sequences.images import read_image
from pose_sequences.inputs import read_head
from pose_sequences.phoenix import HOLISTIC_LAYOUTS, Corpus, list_names, shared_name
from pose_sequences.phoenix.clip import FPS, SPLITS, Clip, Split, list_frames
from pose_sequences.phoenix.table import Row, parse_table
from pose_sequences.video import probe, read_frames

# (clips, frames) of the release
PUBLISHED: dict[Split, tuple[int, int]] = {
    "train": (7096, 827_354),
    "dev": (519, 55_775),
    "test": (642, 64_627),
}

_PNG_HEADER = struct.Struct(">8s4x4sII")  # signature, length, chunk name, width, height
_PNG = (b"\x89PNG\r\n\x1a\n", b"IHDR")
_EXTRACT = "extract the archive again"


@dataclass(frozen=True, kw_only=True)
class SplitCounts:
    """What a split has.

    clips: rows of its table; frames: on disk, of the clips without a fault; signers: clips of each;
    keypoints: clips with cached keypoints, by layout.
    """

    clips: int
    frames: int
    signers: dict[str, int]
    keypoints: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a check found: problems keep a clip from being used, notes do not."""

    root: Path
    width: int
    height: int
    splits: dict[Split, SplitCounts]
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the report as a plain dict."""
        lists = {"problems": list(self.problems), "notes": list(self.notes)}
        return {**asdict(self), "root": str(self.root), **lists}


def check(
    root: str | Path,
    *,
    cache: str | Path | None = None,
    decode: bool = False,
    advance: Callable[[int], object] | None = None,
) -> Report:
    """Go through a corpus and report all that is missing or odd.

    root, cache: as in Corpus.open; decode: read every frame, not only the header of a clip's first,
    and the cached keypoints; advance: called with 1 for each clip done.
    Raises CorpusError if ``root`` is no corpus.
    """
    inspection = _Inspection(Corpus.open(root, cache=cache), decode)
    clips = {split: inspection.clips(split) for split in SPLITS}
    inspection.look_for_shared_names(chain.from_iterable(clips.values()))
    splits: dict[Split, SplitCounts] = {}
    for split in SPLITS:
        frames = 0
        for clip in inspection.on_disk(split, clips[split]):
            frames += inspection.frames(clip)
            if decode:
                inspection.compare_keypoints(clip)
            if advance is not None:
                advance(1)
        splits[split] = inspection.counts(split, clips[split], frames)
    inspection.compare_with_release(splits)
    return Report(
        root=inspection.corpus.root,
        width=inspection.corpus.width,
        height=inspection.corpus.height,
        splits=splits,
        problems=tuple(inspection.problems),
        notes=tuple(inspection.notes),
    )


@dataclass(frozen=True)
class _Inspection:
    """One pass through a corpus, and what it has found so far."""

    corpus: Corpus
    decode: bool
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Add a note; it may quote any name from the disk."""
        self.notes.append(single_line(text))

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Turn an InputError into a problem, and go on after the block."""
        try:
            yield
        except InputError as error:
            self.problems.append(str(error))

    def clips(self, split: Split) -> tuple[Clip, ...]:
        """Return the clips of the table's good rows."""
        rows = []
        with self.collecting():
            table = self.corpus.table(split)
            for row in parse_table(table):
                if isinstance(row, Row):
                    rows.append(row)
                else:
                    self.problems.append(str(row))
            cut = [row.line for row in rows if row.cut]
            if cut:
                self.note(
                    f"{table}: {len(cut)} rows have a start or end other than -1, the first in "
                    f"line {cut[0]}; their clips are used whole"
                )
            return self.corpus.locate(split, rows)
        return ()

    def look_for_shared_names(self, clips: Iterator[Clip]) -> None:
        """Report names that stand in two tables."""
        home: dict[str, Split] = {}
        for clip in clips:
            other = home.setdefault(clip.name, clip.split)
            if other != clip.split:
                self.problems.append(str(shared_name(self.corpus.root, clip, other)))

    def on_disk(self, split: Split, clips: tuple[Clip, ...]) -> Iterator[Clip]:
        """Yield the clips that are there; report the others, and what else lies beside them.

        A split without clips is not looked into: against no table, all would be odd.
        """
        folder = self.corpus.frames_folder / split
        names: set[str] | None = None
        if clips:
            with self.collecting():
                names = set(list_names(folder))
        if names is None:
            return
        strays = names.difference(*((clip.name, f"{clip.name}.mp4") for clip in clips))
        for name in sorted(strays):
            self.note(f"{folder / name}: is no clip of the table")
        for clip in clips:
            if clip.path.name not in names:
                self.problems.append(str(CorpusError(clip.path, "is not there", _EXTRACT)))
                continue
            if not clip.is_video and f"{clip.name}.mp4" in names:
                fault = f"stands beside {clip.name}.mp4"
                self.problems.append(str(CorpusError(clip.path, fault, "keep one of them")))
            yield clip

    def frames(self, clip: Clip) -> int:
        """Return the number of the clip's frames, 0 if it has a fault."""
        with self.collecting():
            return self._video_frames(clip) if clip.is_video else self._folder_frames(clip)
        return 0

    def compare_keypoints(self, clip: Clip) -> None:
        """Report cached keypoints that are damaged, or not those of the clip as it is."""
        for layout in HOLISTIC_LAYOUTS:
            corpus = replace(self.corpus, layout=layout)
            with self.collecting():
                if corpus.keypoints_path(clip).exists():
                    corpus.keypoints(clip)

    def counts(self, split: Split, clips: tuple[Clip, ...], frames: int) -> SplitCounts:
        """Return what the split has."""
        names = {clip.name for clip in clips}
        keypoints: dict[str, int] = {}
        for layout in HOLISTIC_LAYOUTS:
            with self.collecting():
                cached = replace(self.corpus, layout=layout).cached_names(split)
                keypoints[layout] = len(cached & names)
        signers = Counter(clip.signer for clip in clips)
        return SplitCounts(
            clips=len(clips),
            frames=frames,
            signers=dict(sorted(signers.items())),
            keypoints=keypoints,
        )

    def compare_with_release(self, splits: dict[Split, SplitCounts]) -> None:
        """Note where a corpus that calls itself the release has other numbers."""
        if not self.corpus.claims_release():
            return
        for split, counts in splits.items():
            clips, frames = PUBLISHED[split]
            if (counts.clips, counts.frames) != (clips, frames):
                self.note(
                    f"{split} has {counts.clips} clips and {counts.frames} frames, in the release "
                    f"{clips} and {frames}"
                )

    def _folder_frames(self, clip: Clip) -> int:
        listing = list_frames(clip.path)
        for name in listing.ignored:
            self.note(f"{clip.path / name}: is no frame and is ignored")
        frames = listing.paths()
        for frame in frames if self.decode else frames[:1]:
            _check_size(clip, frame, _decoded_size(frame) if self.decode else _png_size(frame))
        return len(frames)

    def _video_frames(self, clip: Clip) -> int:
        info = probe(clip.path)
        _check_size(clip, clip.path, (info.width, info.height))
        if info.fps != FPS:
            self.note(f"{clip.path}: has {float(info.fps):g} fps, a corpus {FPS:g}")
        return sum(1 for _ in read_frames(clip.path)) if self.decode else info.num_frames


def _check_size(clip: Clip, file: Path, size: tuple[int, int]) -> None:
    if size != (clip.width, clip.height):
        raise CorpusError(
            file,
            f"is {size[0]}x{size[1]} in a corpus of {clip.width}x{clip.height}",
            f"{_EXTRACT}, or give the fullFrame folder the name of its frames' size",
        )


def _png_size(file: Path) -> tuple[int, int]:
    header = read_head(file, CorpusError, _PNG_HEADER.size)
    if len(header) == _PNG_HEADER.size:
        *kind, width, height = _PNG_HEADER.unpack(header)
        if tuple(kind) == _PNG:
            return width, height
    raise CorpusError(file, "does not begin like a PNG", _EXTRACT)


def _decoded_size(file: Path) -> tuple[int, int]:
    height, width, _ = read_image(file).shape
    return width, height
