"""A tiny corpus in the exact layout of RWTH-PHOENIX-Weather 2014T, with its quirks; invented text.

Eight clips of three signers, each signer in several splits; the ``video`` column names no path that
exists, one folder holds a stray profile, and train has a complex table.
"""

import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

HEADER = "name|video|start|end|speaker|orth|translation"
STRAY = "createDnnTrainingLabels-profile.py.lprof"
FRAMES = "fullFrame-210x260px"


@dataclass(frozen=True)
class TinyClip:
    """A row of a table and the number of frames on disk."""

    split: str
    name: str
    signer: str
    orth: str
    translation: str
    num_frames: int

    @property
    def row(self) -> str:
        """The line of the table."""
        video = f"{self.name}/1/*.png"
        return "|".join((self.name, video, "-1", "-1", self.signer, self.orth, self.translation))


CLIPS = (
    TinyClip(
        *("train", "03March_2010_Wednesday_tagesschau-11", "Signer01"),
        *("MORGEN neg-REGEN NORD", "morgen kein regen im norden", 3),
    ),
    TinyClip(
        *("train", "03March_2010_Wednesday_tagesschau-12", "Signer02"),
        *("SUED SONNE+SCHEIN", "im süden heißt das sonnenschein", 4),
    ),
    TinyClip("train", "07July_2011_Thursday_heute-5", "Signer01", "WIND S0NNE", "wind, sonne", 3),
    TinyClip("train", "08July_2011_Friday_heute-6", "Signer03", "poss-EUCH ABEND", "ihr abend", 5),
    TinyClip("dev", "09July_2011_Saturday_heute-1", "Signer01", "GUT", "schön", 3),
    TinyClip("dev", "10July_2011_Sunday_tagesschau-4295", "Signer02", "NEBEL", "nebel", 2),
    TinyClip("test", "11July_2011_Monday_tagesschau-2", "Signer03", "SCHNEE", "es schneit", 4),
    TinyClip("test", "12July_2011_Tuesday_tagesschau-3", "Signer01", "FROST", "es ist kalt", 3),
)


def write_corpus(root: Path, *, prefix: str = "PHOENIX-2014-T", frames: str = FRAMES) -> Path:
    """Write the corpus into ``root``, which then holds annotations and features; return it."""
    for split in ("train", "dev", "test"):
        write_table(
            root, split, *(clip.row for clip in CLIPS if clip.split == split), prefix=prefix
        )
    complex_rows = [
        clip.row.replace(clip.orth, f"__ON__ loc-{clip.orth} __OFF__")
        for clip in CLIPS
        if clip.split == "train"
    ]
    write_table(root, "train-complex-annotation", *complex_rows, prefix=prefix)
    for clip in CLIPS:
        folder = root / "features" / frames / clip.split / clip.name
        write_frames(folder, clip.num_frames)
    stray = root / "features" / frames / "dev" / CLIPS[5].name / STRAY
    stray.write_bytes(b"\x00\x01profile")
    return root


def write_table(root: Path, kind: str, *rows: str, prefix: str = "PHOENIX-2014-T") -> Path:
    """Write one table of these lines below the header; return its path."""
    path = root / "annotations" / "manual" / f"{prefix}.{kind}.corpus.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join((HEADER, *rows)) + "\n", encoding="utf-8")
    return path


def write_frames(folder: Path, num_frames: int, size: tuple[int, int] = (210, 260)) -> None:
    """Write images0001.png and so on, a block that moves over a grey ground."""
    folder.mkdir(parents=True)
    for number in range(1, num_frames + 1):
        (folder / f"images{number:04d}.png").write_bytes(_png(number, size))


def picture(number: int, size: tuple[int, int] = (210, 260)) -> np.ndarray:
    """Return a frame, uint8 (H, W, 3)."""
    width, height = size
    drawn = np.full((height, width, 3), 150, np.uint8)
    left = width // 4 + 3 * number
    drawn[height // 3 :, left : left + width // 3] = (40, 45, 70)
    drawn[height // 8 : height // 3, left + width // 12 : left + width // 4] = (200, 160, 140)
    return drawn


@cache
def _png(number: int, size: tuple[int, int]) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(picture(number, size)).save(stream, format="PNG")
    return stream.getvalue()
