"""What a repair did: for each hand and frame where its points come from.

Only tells; a picture of it is drawn by draw/repair_timeline.py.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from pose_sequences.layout import Part

State = Literal["measured", "swapped", "replaced", "filled", "held", "hidden"]
STATES: tuple[State, ...] = ("measured", "swapped", "replaced", "filled", "held", "hidden")


@dataclass(frozen=True)
class HandReport:
    """One hand over time.

    states (T): measured; swapped, measured under the other hand's name; replaced, some of its
    points were outliers, now interpolated or missing; filled, all points are interpolated; held,
    the handshape of another frame; hidden, missing in the result. moved (T): how far smoothing
    moved the hand's points in the mean, in shoulder widths.
    """

    states: tuple[State, ...]
    moved: tuple[float, ...]

    def frames(self, state: State) -> tuple[int, ...]:
        """Return the frames in that state."""
        return tuple(t for t, s in enumerate(self.states) if s == state)

    def runs(self) -> list[tuple[State, int, int]]:
        """Return the runs of one state as (state, start, stop), ``stop`` not included."""
        found: list[tuple[State, int, int]] = []
        for state, group in groupby(self.states):
            start = found[-1][2] if found else 0
            found.append((state, start, start + len(list(group))))
        return found

    def counts(self) -> dict[State, int]:
        """Return the number of frames in each state that occurs, in the order of STATES."""
        count = Counter(self.states)
        return {state: count[state] for state in STATES if count[state]}


@dataclass(frozen=True)
class RepairReport:
    """What a repair did.

    fps: of the clip; hands: a report for each; points: how many single points (one frame each) of
    body and face were outliers, and how many are interpolated, outliers included.
    """

    fps: float
    hands: dict[Part, HandReport]
    outliers: dict[Part, int]
    interpolated: dict[Part, int]

    @property
    def num_frames(self) -> int:
        """The number of frames T."""
        return len(next(iter(self.hands.values())).states)

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain values for JSON."""
        entries: dict[str, Any] = {"frames": self.num_frames, "fps": self.fps}
        for hand, report in self.hands.items():
            entries[hand] = {
                "counts": dict(report.counts()),
                "runs": [list(run) for run in report.runs()],
                "smoothed_by": round(sum(report.moved) / len(report.moved), 5),
            }
        for part, outliers in self.outliers.items():
            entries[part] = {"outliers": outliers, "interpolated": self.interpolated[part]}
        return entries
