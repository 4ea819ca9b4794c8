"""Where points are: how far from where they should be, and how many are near enough.

A point that should be seen and is not counts as wrong in PCK and is left out of the errors, beside
which stands the share of points that they rest on.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pose_sequences.layout import FINGERS, HAND_POINTS, Part
from signgen.evaluation.figures import Figure
from signgen.evaluation.poses.marks import HANDS, Array, Marks, Pair, lengths
from signgen.evaluation.poses.rows import Row

NEAR = (0.1, 0.2)
TIPS = tuple(HAND_POINTS.index(f"{finger}_tip") for finger in FINGERS)

_PARTS: dict[str, tuple[Part, ...]] = {
    "body": ("body",),
    "left_hand": ("left_hand",),
    "right_hand": ("right_hand",),
    "hands": HANDS,
    "face": ("face",),
}
_NAMES = {
    "body": "body",
    "left_hand": "left hand",
    "right_hand": "right hand",
    "hands": "hands",
    "face": "face",
}
_UNITS = {
    subject: "hand size" if subject.endswith(("hand", "hands")) else "shoulder width"
    for subject in _PARTS
}
_UNIT_SETTINGS = {
    "hand size": "unit:hand size (longer side of the box of 21 points, 90th percentile)",
    "shoulder width": "unit:shoulder width (median)",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class _Errors:
    """How far points are off.

    distances (T, P): in pixels, NaN where the target or the generated clip lacks the point; wanted
    (T,): how many points the target has.
    """

    distances: Array
    wanted: Array


def point_figures(pair: Pair) -> Iterator[Figure]:
    """Yield the figures of ROWS."""
    for subject, parts in _PARTS.items():
        of_hands = _UNITS[subject] == "hand size"
        unit = pair.hand if of_hands else pair.shoulders
        tracks = [_tracks(marks, parts) for marks in (pair.target, pair.generated)]
        yield from _of_subject(pair, subject, _errors(*tracks), unit)
        if of_hands:
            tips = [track[:, :, TIPS] for track in tracks]
            yield _mean(pair, f"{subject}/tip_error", _errors(*tips), 100 / unit)
            local = [track - track[:, :, :1] for track in tracks]
            yield _mean(pair, f"{subject}/local_error", _errors(*local), 100 / unit)


def _tracks(marks: Marks, parts: tuple[Part, ...]) -> Array:
    """Return the points of parts of one size (T, N, P, 2)."""
    return np.stack([marks.places[part][..., :2] for part in parts], axis=1)


def _errors(target: Array, generated: Array) -> _Errors:
    distances = lengths(target - generated).reshape(len(target), -1)
    wanted = np.isfinite(target[..., 0]).sum(axis=(1, 2))
    return _Errors(distances=distances, wanted=wanted.astype(np.float64))


def _of_subject(pair: Pair, subject: str, errors: _Errors, unit: float) -> Iterator[Figure]:
    wanted, some = errors.wanted, np.maximum(errors.wanted, 1)
    for near in NEAR:
        right = (errors.distances <= near * unit).sum(axis=1) / some  # NaN is not near
        shares = 100 * right if unit > 0 else np.full(len(right), np.nan)
        yield Figure.of_frames(pair.key(f"{subject}/pck_{near:g}"), shares, wanted)
    yield _mean(pair, f"{subject}/error", errors, 100 / unit)
    yield _median(pair, f"{subject}/median_error", errors, 100 / unit)
    yield _mean(pair, f"{subject}/error_px", errors, 1.0)
    found = np.isfinite(errors.distances).sum(axis=1)
    yield Figure.of_frames(pair.key(f"{subject}/seen"), 100 * found / some, wanted)


def _mean(pair: Pair, name: str, errors: _Errors, scale: float) -> Figure:
    counts = np.isfinite(errors.distances).sum(axis=1).astype(np.float64)
    sums = np.nansum(errors.distances, axis=1) * scale
    frames = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return Figure.of_frames(pair.key(name), frames, counts)


def _median(pair: Pair, name: str, errors: _Errors, scale: float) -> Figure:
    there = errors.distances[np.isfinite(errors.distances)]
    if not len(there) or np.isnan(scale):
        return Figure.unmeasured(pair.key(name))
    value = float(np.median(there)) * scale
    return Figure(key=pair.key(name), value=value, weight=float(len(there)))


def _rows() -> Iterator[Row]:
    for subject, unit in _UNITS.items():
        name, settings = _NAMES[subject], _UNIT_SETTINGS[unit]
        for near in NEAR:
            yield Row(
                key=f"{subject}/pck_{near:g}",
                title=f"PCK@{near:g} of {name}: points within {near:g} {unit}s",
                unit="%",
                better="higher",
                ideal=100.0,
                settings=f"pck|within:{near:g}|{settings}|unseen:wrong|dims:xy",
            )
        measures = [("error", f"Mean error of {name}", f"% of {unit}")]
        measures += [("median_error", f"Median error of {name}", f"% of {unit}")]
        measures += [("error_px", f"Mean error of {name} in pixels", "px")]
        if unit == "hand size":
            measures += [("tip_error", f"Mean error of fingertips, {name}", f"% of {unit}")]
            measures += [("local_error", f"Mean error of {name}, wrist on wrist", f"% of {unit}")]
        for measure, title, of_unit in measures:
            yield Row(
                key=f"{subject}/{measure}",
                title=title,
                unit=of_unit,
                better="lower",
                ideal=0.0,
                settings=f"{_words(measure)}|{settings}|over:points seen in both|dims:xy",
            )
        yield Row(
            key=f"{subject}/seen",
            title=f"Points of {name} that were found again",
            unit="%",
            better="higher",
            ideal=100.0,
            settings="seen|of:points that the target shows inside the frame",
        )


def _words(measure: str) -> str:
    """Return what a measure is in a signature; a median is taken clip by clip."""
    clips = "|mean of clips" if measure == "median_error" else ""
    return measure.replace("_", " ") + clips


ROWS = tuple(_rows())
