"""RWTH-PHOENIX-Weather 2014T on disk, or a corpus of the studio in the same layout.

Tables, frames and cached keypoints are found here; check.py says what of them is missing.
"""

import re
import shlex
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

from pose_sequences.errors import CorpusError
from pose_sequences.files import read_poses
from pose_sequences.phoenix.clip import SPLITS, Clip, Split
from pose_sequences.phoenix.table import Row, read_table
from pose_sequences.sequence import PoseSequence

HolisticLayout = Literal["holistic543", "holistic553"]
HOLISTIC_LAYOUTS: tuple[HolisticLayout, ...] = ("holistic543", "holistic553")

TABLES = Path("annotations", "manual")
FEATURES = Path("features")
KEYPOINTS = Path("keypoints")  # beside them: keypoints/{layout}/{split}/{name}.npz

_RELEASE = "PHOENIX-2014-T"
_FRAMES = re.compile(r"fullFrame-([1-9][0-9]{0,4})x([1-9][0-9]{0,4})px")
_PUBLISHED_FRAMES = "fullFrame-210x260px"


@dataclass(frozen=True)
class Splits:
    """Three sets of clips without a clip in common."""

    train: tuple[Clip, ...]
    dev: tuple[Clip, ...]
    test: tuple[Clip, ...]


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """A corpus and where its parts lie.

    root: holds annotations and features; frames_folder: holds train, dev and test; width, height:
    the frame size in pixels that its name states; cache: holds the keypoints, by layout.

    Names from the tables are single path components, so that no clip is looked for and no keypoints
    are written outside these folders; links on the disk are followed.
    """

    root: Path
    frames_folder: Path
    width: int
    height: int
    cache: Path
    layout: HolisticLayout = "holistic543"

    @classmethod
    def open(
        cls,
        root: str | Path,
        *,
        cache: str | Path | None = None,
        layout: HolisticLayout = "holistic543",
    ) -> "Corpus":
        """Find a corpus.

        root: the release folder (PHOENIX-2014-T-release-v3), its PHOENIX-2014-T, or any folder that
        holds annotations and features; cache: the folder for keypoints, ``keypoints`` in the corpus
        unless given, as for a read-only one; layout: of the cached keypoints.
        Raises CorpusError naming what was looked for and where.
        """
        folder = _corpus_folder(Path(root))
        frames, width, height = _frames_folder(folder / FEATURES)
        return cls(
            root=folder,
            frames_folder=frames,
            width=width,
            height=height,
            cache=folder / KEYPOINTS if cache is None else Path(cache),
            layout=layout,
        )

    def table(self, split: Split, *, annotation: str = "") -> Path:
        """Return the split's table, ``annotations/manual/*.{split}{annotation}.corpus.csv``.

        Raises CorpusError unless there is exactly one.
        """
        if split not in SPLITS:
            raise ValueError(f"split is {split!r}; it is one of {', '.join(SPLITS)}")
        folder, ending = self.root / TABLES, f".{split}{annotation}.corpus.csv"
        found = [n for n in list_names(folder) if n.endswith(ending) and not n.startswith(".")]
        if len(found) != 1:
            raise CorpusError(
                folder,
                f"holds {_listed(found)} where one table *{ending} is needed",
                "copy it from the release" if not found else "keep one",
            )
        return folder / found[0]

    def claims_release(self) -> bool:
        """Whether the tables have the release's names."""
        return any(name.startswith(f"{_RELEASE}.") for name in list_names(self.root / TABLES))

    def clips(self, split: Split) -> tuple[Clip, ...]:
        """Return the clips of an official split, in the table's order.

        Every signer of the release is in all three: a score on its test split says nothing of
        unseen signers (see leave_signers_out). Raises CorpusError at the table's first fault.
        """
        return self.locate(split, read_table(self.table(split)))

    def locate(self, split: Split, rows: Iterable[Row]) -> tuple[Clip, ...]:
        """Return the clips of a table's rows; what is not on disk is found out when it is read."""
        folder = self.frames_folder / split
        on_disk = frozenset(list_names(folder) if _exists(folder) else ())
        clips = []
        for row in rows:
            video = f"{row.name}.mp4"
            is_video = video in on_disk and row.name not in on_disk
            clips.append(
                Clip(
                    name=row.name,
                    split=split,
                    signer=row.signer,
                    glosses=row.glosses,
                    translation=row.translation,
                    path=folder / (video if is_video else row.name),
                    width=self.width,
                    height=self.height,
                )
            )
        return tuple(clips)

    def complex_glosses(self, split: Split) -> dict[str, tuple[str, ...]]:
        """Return the glosses of the finer annotation by clip name; the release has it for train."""
        rows = read_table(self.table(split, annotation="-complex-annotation"))
        return {row.name: row.glosses for row in rows}

    def all_clips(self) -> tuple[Clip, ...]:
        """Return the clips of all splits; raises CorpusError if two of them share a name."""
        clips = tuple(chain.from_iterable(self.clips(split) for split in SPLITS))
        home: dict[str, Split] = {}
        for clip in clips:
            if clip.name in home:
                raise shared_name(self.root, clip, home[clip.name])
            home[clip.name] = clip.split
        return clips

    def leave_signers_out(
        self, test_signers: Collection[str], dev_signers: Collection[str]
    ) -> Splits:
        """Split all clips anew, so that no signer is in two splits; train gets the others.

        Raises CorpusError for a signer without clips, one in both, or a split without clips.
        """
        clips = self.all_clips()
        known = {clip.signer for clip in clips}
        self._check_signers(test_signers, dev_signers, known)
        splits = Splits(
            train=tuple(c for c in clips if c.signer not in (*test_signers, *dev_signers)),
            dev=tuple(c for c in clips if c.signer in dev_signers),
            test=tuple(c for c in clips if c.signer in test_signers),
        )
        for split in SPLITS:
            if not getattr(splits, split):
                raise CorpusError(
                    self.root,
                    f"leaves {split} without a clip",
                    f"name signers for dev and test, not all of {', '.join(sorted(known))}",
                )
        return splits

    def keypoints_path(self, clip: Clip) -> Path:
        """Return where the clip's keypoints are cached."""
        return self.cache / self.layout / clip.split / f"{clip.name}.npz"

    def keypoints(self, clip: Clip) -> PoseSequence:
        """Read the clip's cached keypoints, one pose a frame.

        Raises CorpusError if there are none, or they are not those of the clip as it is on disk.
        """
        path = self.keypoints_path(clip)
        command = self._extract_command(clip)
        if not _exists(path):
            raise CorpusError(path, "is not there: the clip has no keypoints yet", f"run {command}")
        sequence = read_poses(path)
        expected = (self.layout, clip.num_frames)
        if (sequence.layout, sequence.num_frames) != expected:
            raise CorpusError(
                path,
                f"has {sequence.num_frames} frames of {sequence.layout}, the clip needs "
                f"{expected[1]} of {expected[0]}",
                f"run {command} --overwrite",
            )
        return sequence

    def cached_names(self, split: Split) -> frozenset[str]:
        """Return the names of the clips whose keypoints are cached."""
        folder = self.cache / self.layout / split
        names = list_names(folder) if _exists(folder) else ()
        return frozenset(n.removesuffix(".npz") for n in names if n.endswith(".npz"))

    def extraction_jobs(self, split: Split, *, overwrite: bool = False) -> list[tuple[Path, Path]]:
        """Return (frames, target) of the clips that lack keypoints; of all, with ``overwrite``."""
        cached = frozenset() if overwrite else self.cached_names(split)
        lacking = (clip for clip in self.clips(split) if clip.name not in cached)
        return [(clip.path, self.keypoints_path(clip)) for clip in lacking]

    def _check_signers(
        self, test: Collection[str], dev: Collection[str], known: Collection[str]
    ) -> None:
        for signer in (*test, *dev):
            if signer not in known:
                raise CorpusError(
                    self.root,
                    f"has no signer {signer!r}",
                    f"choose from {', '.join(sorted(known))}",
                )
            if signer in test and signer in dev:
                raise CorpusError(
                    self.root, f"is asked for {signer!r} in both test and dev", "name it in one"
                )

    def _extract_command(self, clip: Clip) -> str:
        words = ["signgen", "corpus", "extract", str(self.root), "--split", clip.split]
        if self.cache != self.root / KEYPOINTS:
            words += ["--cache", str(self.cache)]
        if self.layout == "holistic553":
            words.append("--refine-face")
        return shlex.join(words)


def _exists(path: Path) -> bool:
    """Tell whether something can be found at a path."""
    try:
        return path.exists()
    except OSError:  # a name too long, a folder above that may not be searched
        return False


def list_names(folder: Path) -> list[str]:
    """Return the names in a folder, sorted; raises CorpusError if it cannot be listed."""
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise CorpusError(
            folder, f"cannot be listed ({error.strerror})", "check the permissions"
        ) from error


def shared_name(root: Path, clip: Clip, other: Split) -> CorpusError:
    """Return the error of a clip's name that another split has too."""
    return CorpusError(
        root, f"has {clip.name!r} in {other} and in {clip.split}", "give one of them another name"
    )


def _corpus_folder(root: Path) -> Path:
    for folder in (root, root / _RELEASE):
        if _exists(folder / TABLES) and _exists(folder / FEATURES):
            return folder
    raise CorpusError(
        root,
        f"holds no corpus: there is no {TABLES} beside {FEATURES}, here or in {_RELEASE}",
        f"point at {_RELEASE}-release-v3, at {_RELEASE}, or at a folder with these two",
    )


def _frames_folder(features: Path) -> tuple[Path, int, int]:
    sizes = {name: size for name in list_names(features) if (size := _FRAMES.fullmatch(name))}
    if _PUBLISHED_FRAMES in sizes:
        sizes = {_PUBLISHED_FRAMES: sizes[_PUBLISHED_FRAMES]}
    if len(sizes) != 1:
        raise CorpusError(
            features,
            f"holds {_listed(sizes)} where one folder fullFrame-WIDTHxHEIGHTpx is needed",
            f"extract the archive again, or name one {_PUBLISHED_FRAMES}",
        )
    name, size = sizes.popitem()
    return features / name, int(size[1]), int(size[2])


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
