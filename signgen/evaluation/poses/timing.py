"""Lag: by how much the whole performance comes too early or too late.

How far it is off at its own time is measured in points.py; DTW forgives lag altogether.
"""

from collections.abc import Iterator

import numpy as np

from signgen.evaluation.figures import Figure
from signgen.evaluation.poses.marks import BODY, HANDS, Array, Marks, Pair, lengths
from signgen.evaluation.poses.rows import Row

MOST_SECONDS = 1.0
_STILL = 0.05  # shoulder widths: of hands that move less, the time cannot be told
_ARM_ROWS = [row for row, point in enumerate(BODY) if point.endswith(("elbow", "wrist"))]


def timing_figures(pair: Pair) -> Iterator[Figure]:
    """Yield the figures of ROWS."""
    key = pair.key("time/lag")
    target, generated = _tracks(pair.target), _tracks(pair.generated)
    if not _moves(target, pair.shoulders):
        yield Figure.unmeasured(key, "the hands hardly move, or the shoulders are never seen")
        return
    most = min(round(MOST_SECONDS * pair.fps), len(target) // 2)
    shifts = sorted(range(-most, most + 1), key=abs)  # of equals, the least
    apart, counts = np.array([_apart(target, generated, shift) for shift in shifts]).T
    if not counts.any():
        yield Figure.unmeasured(key, "no hand is seen in both")
        return
    # a shift that leaves few points to compare must not win by what it hides
    apart[counts < counts.max() / 2] = np.inf
    lag = abs(shifts[int(apart.argmin())])
    yield Figure(key=key, value=1000 * lag / pair.fps, weight=float(len(target)))


def _tracks(marks: Marks) -> Array:
    hands = [marks.places[hand][:, ::4, :2] for hand in HANDS]
    return np.concatenate((marks.places["body"][:, _ARM_ROWS, :2], *hands), axis=1)


def _moves(tracks: Array, shoulders: float) -> bool:
    spread = [
        float(np.hypot(*track[np.isfinite(track[:, 0])].std(axis=0)))
        for track in tracks.swapaxes(0, 1)
        if np.isfinite(track[:, 0]).any()
    ]
    return bool(spread) and max(spread) >= _STILL * shoulders


def _apart(target: Array, generated: Array, shift: int) -> tuple[float, int]:
    """Return the mean distance where ``generated`` comes ``shift`` frames later, and over how many
    points.
    """
    frames = len(target) - abs(shift)
    a = target[max(0, -shift) :][:frames]
    b = generated[max(0, shift) :][:frames]
    distances = lengths(a - b)
    there = np.isfinite(distances)
    return (float(distances[there].mean()), int(there.sum())) if there.any() else (np.inf, 0)


ROWS = (
    Row(
        key="time/lag",
        title="Lag of the hands, either way",
        unit="ms",
        better="lower",
        ideal=0.0,
        settings=(
            f"shift of least mean distance|points:arms and hands|within:{MOST_SECONDS:g} s and "
            "half the clip|over:points seen in both, at least half of the most|whole frames"
        ),
    ),
)
