"""Where a sequence lacks a part: which frames have no left hand, and for how long.

Only counts; what becomes of a gap is the business of whoever repairs or draws the sequence.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pose_sequences.layout import PARTS, Part
from pose_sequences.sequence import PoseSequence

Run = tuple[int, int]


@dataclass(frozen=True)
class Coverage:
    """What of a clip was not seen.

    num_frames: of the clip; missing: for each part the runs of frames without it, in order, as
    (start, stop) with ``stop`` not included.
    """

    num_frames: int
    missing: dict[Part, tuple[Run, ...]]

    def seen(self, part: Part) -> int:
        """Return the number of frames that have the part."""
        return self.num_frames - sum(stop - start for start, stop in self.missing[part])

    def longest_gap(self, part: Part) -> int:
        """Return the length of the longest run without the part, 0 if there is none."""
        return max((stop - start for start, stop in self.missing[part]), default=0)


def coverage(sequence: PoseSequence) -> Coverage:
    """Return which frames lack which part; a part is there if at least half of its points are."""
    missing = {part: tuple(missing_runs(sequence.seen(part))) for part in PARTS}
    return Coverage(sequence.num_frames, missing)


def missing_runs(seen: NDArray[np.bool_]) -> list[Run]:
    """Return the runs of False in ``seen`` (T,) as (start, stop), ``stop`` not included."""
    edges = np.flatnonzero(np.diff(np.r_[True, seen, True]))  # gaps open and close in turns
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
