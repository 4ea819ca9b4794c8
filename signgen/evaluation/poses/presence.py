"""Which frames show a hand or a face: those that lost it, and those that made one up.

Only whether it is there counts here; where it is, points.py says.
"""

from collections.abc import Iterator

import numpy as np

from pose_sequences.layout import Part
from signgen.evaluation.figures import Figure
from signgen.evaluation.poses.marks import HANDS, Flags, Pair
from signgen.evaluation.poses.rows import Row

_PARTS: dict[str, tuple[Part, ...]] = {
    "left_hand": ("left_hand",),
    "right_hand": ("right_hand",),
    "hands": HANDS,
    "face": ("face",),
}


def presence_figures(pair: Pair) -> Iterator[Figure]:
    """Yield the figures of ROWS."""
    for subject, parts in _PARTS.items():
        found = np.stack([pair.generated.there[part] for part in parts], axis=1)
        wanted = np.stack([_inside(pair, part) for part in parts], axis=1)
        absent = ~np.stack([pair.target.there[part] for part in parts], axis=1)
        yield _share(pair, f"{subject}/missing", ~found, wanted)
        yield _share(pair, f"{subject}/extra", found, absent)


def _inside(pair: Pair, part: Part) -> Flags:
    """Return (T,): whether the target shows the part inside the frame.

    One that hangs out of the picture is neither: nobody should find it, and nobody is to blame.
    """
    there = pair.target.there[part]
    if part not in HANDS:
        return there
    return there & np.isfinite(pair.target.places[part][..., 0]).any(axis=1)


def _share(pair: Pair, key: str, bad: Flags, among: Flags) -> Figure:
    counts = among.sum(axis=1).astype(np.float64)
    frames = np.where(counts > 0, 100 * (bad & among).sum(axis=1) / np.maximum(counts, 1), np.nan)
    return Figure.of_frames(pair.key(key), frames, counts)


def _rows() -> Iterator[Row]:
    for subject in _PARTS:
        name = subject.replace("_", " ")
        yield Row(
            key=f"{subject}/missing",
            title=f"Missing {name}: not found where it should be",
            unit="%",
            better="lower",
            ideal=0.0,
            settings="missing|of:frames in which the target shows it inside the frame",
        )
        yield Row(
            key=f"{subject}/extra",
            title=f"Invented {name}: found where there should be none",
            unit="%",
            better="lower",
            ideal=0.0,
            settings="extra|of:frames in which the target has none",
        )


ROWS = tuple(_rows())
