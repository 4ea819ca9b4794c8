"""What evaluation hands around: metrics, figures and chunks of frames.

Plain values; how a figure comes about is the business of the measures.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from signgen.evaluation.regions import Regions

Better = Literal["higher", "lower", "same"]
Floats = NDArray[np.float32] | NDArray[np.float64]
AGAINST = ", against "  # between a title and the poses that a clip is held against
SUBJECTS = ("hands", "left_hand", "right_hand", "face", "time", "sign", "body", "frame")


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A row of the table.

    key: subject and measure ("hands/psnr"), the subject one of SUBJECTS; title: for a reader;
    unit: "dB", "%", "px", "/255" or nothing; better: "same" is best where the value is ``ideal``;
    ideal: what identical clips give, None where there is no such value; signature: every setting
    that another would have to know to get the same number.
    """

    key: str
    title: str
    unit: str
    better: Better
    ideal: float | None
    signature: str

    def __post_init__(self) -> None:
        subject, _, measure = self.key.partition("/")
        if subject not in SUBJECTS or not measure:
            raise ValueError(
                f"metric {self.key!r} is not called SUBJECT/MEASURE with a subject of "
                f"{', '.join(SUBJECTS)}"
            )
        if self.better == "same" and self.ideal is None:
            raise ValueError(f"metric {self.key} is best at its ideal value, but names none")

    @property
    def short_title(self) -> str:
        """The title without what it is measured against."""
        return self.title.partition(AGAINST)[0]

    @property
    def against(self) -> str:
        """What the poses of the clip are held against, "" where the title does not say."""
        return self.title.partition(AGAINST)[2]


@dataclass(frozen=True, kw_only=True, eq=False)
class Figure:
    """A metric of one clip, or of a corpus.

    value: nan where it could not be measured; weight: how many frames or points it rests on, 0 with
    nan; frames (T,): the value of each frame, nan where not measured; note: why there is no value,
    or why it is to be taken with care.
    """

    key: str
    value: float
    weight: float
    frames: NDArray[np.float32] | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if not self.weight >= 0 or math.isnan(self.value) != (self.weight == 0):
            raise ValueError(
                f"figure {self.key} has value {self.value} and weight {self.weight}; a value that "
                "was not measured is nan and weighs 0, any other weighs more than 0"
            )

    @classmethod
    def unmeasured(cls, key: str, note: str = "") -> "Figure":
        """Return the figure of what could not be measured."""
        return cls(key=key, value=math.nan, weight=0, note=note)

    @classmethod
    def of_frames(cls, key: str, frames: Floats, weights: Floats | None = None) -> "Figure":
        """Return the mean of values a frame (T,), nan where not measured.

        weights (T,): how much each frame counts; None for one each.
        """
        values = np.asarray(frames, np.float64)
        shares = np.ones(len(values)) if weights is None else np.asarray(weights, np.float64)
        there = ~np.isnan(values) & (shares > 0)
        kept = np.where(there, values, np.nan).astype(np.float32)
        if not there.any():
            return cls(key=key, value=math.nan, weight=0, frames=kept)
        mean = float(np.average(values[there], weights=shares[there]))
        weight = float(shares[there].sum())
        return cls(key=key, value=mean, weight=weight, frames=kept)


@dataclass(frozen=True, kw_only=True, eq=False)
class Chunk:
    """Some consecutive frames of a clip.

    first: the index of the first; generated and reference (N, H, W, 3), the reference being what
    was really filmed, None where there is nothing; regions: boxes of these N frames. Raises
    ValueError if they do not fit together.
    """

    first: int
    generated: NDArray[np.uint8]
    reference: NDArray[np.uint8] | None
    regions: Regions

    def __post_init__(self) -> None:
        shape = self.generated.shape
        if len(shape) != 4 or shape[3] != 3 or self.generated.dtype != np.uint8:
            raise ValueError(
                f"generated frames are {self.generated.dtype} {shape}; uint8 (N, H, W, 3) is needed"
            )
        if self.reference is not None and (
            self.reference.shape != shape or self.reference.dtype != np.uint8
        ):
            raise ValueError(
                f"reference frames are {self.reference.dtype} {self.reference.shape}, generated "
                f"ones uint8 {shape}; bring them to one size and length"
            )
        if len(self.regions) != len(self.generated):
            raise ValueError(
                f"there are boxes of {len(self.regions)} frames for {len(self.generated)} frames"
            )

    def __len__(self) -> int:
        return len(self.generated)


class Measure(Protocol):
    """What looks at a clip chunk by chunk, in order, and then has figures."""

    def add(self, chunk: Chunk) -> None:
        """Take the next frames."""

    def figures(self) -> list[Figure]:
        """Return the figures of the frames so far."""


def combine(figures: Iterable[Figure]) -> dict[str, Figure]:
    """Return a corpus's figures by key: the mean over clips, weighted by what each rests on.

    A mean a frame stays a mean a frame: the PSNR of a corpus is the mean over its frames of the
    frame's PSNR, capped at 100 dB so that equal frames do not make it infinite. What was not
    measured is left out and its note kept, with the number of clips it is true of.
    """
    by_key: dict[str, list[Figure]] = {}
    for figure in figures:
        by_key.setdefault(figure.key, []).append(figure)
    return {key: _mean(key, clips) for key, clips in by_key.items()}


def _mean(key: str, clips: list[Figure]) -> Figure:
    counts = Counter(clip.note for clip in clips if clip.note)
    note = "; ".join(
        why if count == len(clips) else f"{why} ({count} of {len(clips)} clips)"
        for why, count in counts.items()
    )
    weight = math.fsum(clip.weight for clip in clips)
    if not weight:
        return Figure.unmeasured(key, note)
    total = math.fsum(clip.weight * clip.value for clip in clips if clip.weight)
    return Figure(key=key, value=total / weight, weight=weight, note=note)
