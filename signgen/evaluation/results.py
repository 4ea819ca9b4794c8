"""The figures of one clip as a file: what a worker leaves, and what a run that goes on finds.

What the figures mean is said by their metrics; here they are only kept.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pose_sequences.errors import InputError
from pose_sequences.inputs import read_input
from pose_sequences.outputs import fresh_file
from signgen.evaluation.figures import Figure

MAX_BYTES = 64_000_000
_DIGITS = 7


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipFigures:
    """What was measured of one clip; notes: what its readers had to say."""

    name: str
    num_frames: int
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()


def write_figures(path: Path, clip: ClipFigures) -> None:
    """Write a clip's figures, whole or not at all."""
    content = {
        "name": clip.name,
        "num_frames": clip.num_frames,
        "notes": clip.notes,
        "figures": [figure_as_json(figure, per_frame=True) for figure in clip.figures],
    }
    with fresh_file(path, overwrite=True) as temporary:
        temporary.write_text(json.dumps(content, allow_nan=False), encoding="utf-8")


def read_figures(path: Path) -> ClipFigures:
    """Read what write_figures wrote; raises InputError for anything else."""
    content = read_input(path, InputError, MAX_BYTES, "remove it and evaluate again")
    try:
        words = json.loads(content)
        return ClipFigures(
            name=words["name"],
            num_frames=words["num_frames"],
            figures=tuple(_figure(figure) for figure in words["figures"]),
            notes=tuple(words["notes"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            path, f"holds no figures ({error})", "remove it and evaluate again"
        ) from error


def figure_as_json(figure: Figure, *, per_frame: bool) -> dict[str, Any]:
    """Return a figure as JSON, which has no nan: what was not measured is null."""
    words: dict[str, Any] = {
        "key": figure.key,
        "value": number(figure.value),
        "weight": number(figure.weight),
    }
    if figure.note:
        words["note"] = figure.note
    if per_frame and figure.frames is not None:
        words["frames"] = [number(value) for value in figure.frames.tolist()]
    return words


def number(value: float) -> float | None:
    """Return a number with as many digits as are worth keeping, None for nan."""
    if math.isnan(value):
        return None
    return float(f"{value:.{_DIGITS}g}")


def _figure(words: dict[str, Any]) -> Figure:
    frames = words.get("frames")
    return Figure(
        key=words["key"],
        value=math.nan if words["value"] is None else words["value"],
        weight=words["weight"],
        frames=None if frames is None else np.array(frames, np.float32),
        note=words.get("note", ""),
    )
