"""A clip of a corpus: what the tables say of it, and its frames, a folder of PNGs or one MP4.

Which clips there are is the business of the corpus; decoding is video's.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pose_sequences.errors import CorpusError
from pose_sequences.video import probe
from pose_sequences.video.folder import SUFFIXES

Split = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = ("train", "dev", "test")

FPS = 25.0  # of RWTH-PHOENIX-Weather 2014T; its tables do not say

# The release squeezes its pictures: the signer has natural proportions at this (width, height).
UNDISTORTED_SIZE = (210, 300)

_FRAME = re.compile(r"images([0-9]{4}|[1-9][0-9]{4,5})\.png")


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A signed sentence.

    split: where it lies on disk, also when leave_signers_out puts it elsewhere; path: its folder of
    frames, or its MP4; width, height: the corpus's frame size in pixels, as stored.
    """

    name: str
    split: Split
    signer: str
    glosses: tuple[str, ...]
    translation: str
    path: Path
    width: int
    height: int

    @property
    def fps(self) -> float:
        """Frames a second: every corpus in this layout has the release's."""
        return FPS

    @property
    def is_video(self) -> bool:
        """Whether the clip is one MP4 and no folder."""
        return self.path.name != self.name

    @property
    def num_frames(self) -> int:
        """The number of frames on disk; raises CorpusError or VideoError as reading them would."""
        return probe(self.path).num_frames if self.is_video else len(self.frames())

    def frames(self) -> tuple[Path, ...]:
        """Return the frame files, in order.

        Raises CorpusError if there is none, one is missing or misnamed, or the clip is an MP4.
        """
        if self.is_video:
            raise CorpusError(
                self.path, "is a video and has no frame files", "read it with video.read_frames"
            )
        return list_frames(self.path).paths()


@dataclass(frozen=True)
class FrameListing:
    """What lies in a clip's folder.

    numbers: of the frames; pictures: names of others, which a reader of the folder would take for
    frames; ignored: names of all else.
    """

    folder: Path
    numbers: frozenset[int]
    pictures: tuple[str, ...]
    ignored: tuple[str, ...]

    def paths(self) -> tuple[Path, ...]:
        """Return the frame files; raises CorpusError unless they run from 1 without a gap."""
        if self.pictures:
            raise CorpusError(
                self.folder,
                f"holds {self.pictures[0][:80]!r}, which is no frame of the clip",
                f"remove it; frames are named {frame_name(1)} and so on",
            )
        if not self.numbers:
            raise CorpusError(self.folder, "holds no frames", "extract the archive again")
        last = max(self.numbers)
        missing = next((n for n in range(1, last) if n not in self.numbers), None)
        if missing is not None:
            raise CorpusError(
                self.folder,
                f"lacks {frame_name(missing)}, but has {frame_name(last)}",
                "extract the archive again",
            )
        return tuple(self.folder / frame_name(number) for number in range(1, last + 1))


def frame_name(number: int) -> str:
    """Return the file name of a frame, counted from 1."""
    return f"images{number:04d}.png"


def list_frames(folder: Path) -> FrameListing:
    """List a clip's folder in one pass; raises CorpusError if it is not there or not readable."""
    numbers: set[int] = set()
    pictures: list[str] = []
    ignored: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                frame = _FRAME.fullmatch(entry.name)
                # the listing itself tells a file; only a link costs a look at the disk
                if frame and int(frame[1]) > 0 and entry.is_file():
                    numbers.add(int(frame[1]))
                else:
                    (pictures if _is_picture(entry.name) else ignored).append(entry.name)
    except OSError as error:
        raise CorpusError(
            folder, f"cannot be listed ({error.strerror})", "extract the archive again"
        ) from error
    return FrameListing(folder, frozenset(numbers), tuple(sorted(pictures)), tuple(sorted(ignored)))


def _is_picture(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")
