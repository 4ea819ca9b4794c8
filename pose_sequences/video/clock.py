"""When each frame of a clip is shown: the rate behind its time stamps, and resampling by them.

Time stamps are whole ticks; nothing here is rounded to floats, so counts and rates are exact.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

_NTSC = Fraction(1000, 1001)
_COARSE = Fraction(1, 2000)  # seconds; WebM and MKV count milliseconds


@dataclass(frozen=True)
class FrameClock:
    """Start of each frame, in ticks, sorted and distinct.

    starts: (T,) int64; tick: seconds; fps: frames per second, the mean rate where steps are uneven;
    even: whether frame i is shown at i / fps, within one tick and a quarter of a frame.
    """

    starts: npt.NDArray[np.int64]
    tick: Fraction
    fps: Fraction
    even: bool

    @property
    def num_frames(self) -> int:
        return len(self.starts)

    @property
    def duration(self) -> Fraction:
        """Seconds; by construction ``num_frames / fps``."""
        return self.num_frames / self.fps

    def shown_at(self, fps: Fraction) -> npt.NDArray[np.int64]:
        """Return which of our frames each frame at another rate shows: (round(duration * fps),).

        A new frame shows the one that is on screen at the middle of its own interval, which for
        even steps is the nearest frame. At our own rate each frame is shown once.
        """
        count = max(1, round(self.duration * fps))
        if fps == self.fps:
            return np.arange(count, dtype=np.int64)
        pace = (self.fps if self.even else 1 / self.tick) / (2 * fps)
        moments = [(2 * k + 1) * pace.numerator // pace.denominator for k in range(count)]
        if self.even:
            return np.minimum(np.array(moments, np.int64), self.num_frames - 1)
        since_start = self.starts - self.starts[0]
        return np.searchsorted(since_start, np.array(moments, np.int64), side="right") - 1


def exact_fps(fps: Fraction | float) -> Fraction:
    """Return a frame rate as the fraction that is meant.

    Fractions and whole numbers are kept. A float within 1e-3 of a whole NTSC rate is that rate
    (29.97 is 30000/1001, 23.976 is 24000/1001); any other is the nearest fraction with a
    denominator of at most 100,000, closer than one part in a million (22.392 is 2799/125).
    """
    if isinstance(fps, Fraction | int):
        return Fraction(fps)
    ntsc = round(fps / float(_NTSC)) * _NTSC
    whole = abs(fps - round(fps)) < abs(fps - ntsc)
    if not whole and abs(fps - ntsc) < 1e-3:
        return ntsc
    return Fraction(fps).limit_denominator(100_000)


def even_clock(num_frames: int, fps: Fraction) -> FrameClock:
    """Return the clock of frames that come at a steady rate."""
    return FrameClock(np.arange(num_frames, dtype=np.int64), 1 / fps, fps, even=True)


def read_clock(
    starts: npt.NDArray[np.int64], last: int, tick: Fraction, stated: float | None
) -> FrameClock | None:
    """Find the rate behind time stamps.

    starts: (T,) in ticks, in any order; frames that are never shown may repeat a time stamp.
    last: ticks that the last frame stays, 0 if unknown; stated: the rate the container claims,
    rounded to two decimals, which settles what a coarse clock leaves open (30000/1001 against 30).
    Returns None if nothing tells the rate.
    """
    starts = np.unique(starts)
    steps = np.diff(starts) if len(starts) > 1 else np.array([last], np.int64)
    if len(steps) == 0 or (steps <= 0).any():
        return None if stated is None or not stated > 0 else _single(starts, stated)
    for fps in _candidates(steps, tick, stated):
        if _explains(fps, starts, last, tick):
            return FrameClock(starts, tick, fps, even=True)
    rest = last if last > 0 else round(float(np.median(steps)))
    span = int(starts[-1] - starts[0]) + rest
    return FrameClock(starts, tick, len(starts) / (span * tick), even=False)


def _single(starts: npt.NDArray[np.int64], stated: float) -> FrameClock | None:
    fps = _nominal(stated) or Fraction(stated).limit_denominator(1000)
    return FrameClock(starts, 1 / fps, fps, even=True) if len(starts) == 1 and fps > 0 else None


def _candidates(
    steps: npt.NDArray[np.int64], tick: Fraction, stated: float | None
) -> list[Fraction]:
    mean = len(steps) / (int(steps.sum()) * tick)
    nominal = None if stated is None else _nominal(stated)
    if nominal is None:
        return [mean]
    exact = tick < _COARSE and steps.min() == steps.max()
    return [mean, nominal] if exact else [nominal, mean]


def _nominal(stated: float) -> Fraction | None:
    """Return the whole or NTSC rate that is printed as ``stated``."""
    whole = Fraction(round(stated))
    ntsc = round(stated / float(_NTSC)) * _NTSC
    for rate in (whole, ntsc):
        if rate > 0 and abs(float(rate) - stated) < 0.006:
            return rate
    return None


def _explains(fps: Fraction, starts: npt.NDArray[np.int64], last: int, tick: Fraction) -> bool:
    step = float(1 / (fps * tick))
    # AVI's tick is a whole frame; a thousandth of a tick is left for the rounding of floats
    tolerance = min(1.0, step / 4) + 1e-3
    if len(starts) == 1:
        return abs(last - step) <= tolerance
    ideal = np.arange(len(starts)) * step
    return bool(np.abs(starts - starts[0] - ideal).max() <= tolerance)
