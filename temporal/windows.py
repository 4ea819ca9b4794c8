"""Which frames are denoised together, and in which order: windows over a clip of any length.

Their edges move from step to step, always towards the beginning, so that a window needs none of the
later ones: frames are finished from left to right, while those further on are not yet begun.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Window:
    """Frames ``start`` to ``stop`` (not included), denoised together in one step.

    fade_in, fade_out: how many of the first and last frames the neighbours have a share in.
    """

    step: int
    start: int
    stop: int
    fade_in: int = 0
    fade_out: int = 0

    @property
    def num_frames(self) -> int:
        """The number of frames."""
        return self.stop - self.start

    @property
    def settled(self) -> int:
        """Where the frames end that need no further window in this step."""
        return self.stop - self.fade_out

    @property
    def weights(self) -> tuple[float, ...]:
        """This window's share in each frame; those of all windows of a step sum to 1."""
        rising = [(frame + 1) / (self.fade_in + 1) for frame in range(self.fade_in)]
        falling = [1 - (frame + 1) / (self.fade_out + 1) for frame in range(self.fade_out)]
        alone = self.num_frames - self.fade_in - self.fade_out
        return (*rising, *[1.0] * alone, *falling)


def most_overlap(size: int, num_steps: int) -> int:
    """Return how many frames windows of ``size`` can share at most.

    What overlaps must wait for a later window, in every step anew.
    """
    return min((size - 1) // 2, 2 * size // num_steps)


@dataclass(frozen=True, kw_only=True)
class WindowPlan:
    """The windows of a clip in every step.

    num_frames, num_steps: of the clip and of the sampler; size: frames in a window, at the ends of
    the clip fewer; overlap: frames that neighbours share, blended by ramps; max_frames: how far the
    motion adapter looks, None without one.

    Of all plans the frames alive, those begun and not finished, are at most three windows, and the
    first are finished before the fourth window begins. A clip no longer than a window is one.
    Without overlap a window at an end has a quarter of ``size`` at least.
    """

    num_frames: int
    num_steps: int
    size: int
    overlap: int = 0
    max_frames: int | None = None

    def __post_init__(self) -> None:
        for name in ("num_frames", "num_steps", "size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; give at least 1")
        if self.max_frames is not None and self.size > self.max_frames:
            raise ValueError(
                f"a window has {self.size} frames, but the adapter looks along {self.max_frames}; "
                f"give 1 to {self.max_frames}"
            )
        most = most_overlap(self.size, self.num_steps)
        if not 0 <= self.overlap <= most:
            raise ValueError(
                f"windows overlap by {self.overlap} frames; with {self.size} frames in a window "
                f"and {self.num_steps} steps give 0 to {most}"
            )

    @property
    def pitch(self) -> int:
        """The frames from a window to the next.

        A plan that begins a whole number of them later has the same edges, but for those near its
        ends: so a part of a clip can be made again.
        """
        return self.size - self.overlap

    def edges(self, step: int) -> tuple[int, ...]:
        """Return the frames that windows begin with in a step, but for the first window."""
        return tuple(window.start for window in self.windows(step) if window.start)

    def windows(self, step: int) -> tuple[Window, ...]:
        """Return the windows of a step from left to right."""
        return self._windows(step, range(self._num_columns))

    def rounds(self, at_once: int = 1) -> Iterator[tuple[Window, ...]]:
        """Yield every window of every step, in an order in which the clip can be denoised.

        Before a window comes, all that share one of its frames have come in the steps before it;
        and in each step they come from left to right. Up to ``at_once`` of a step are yielded
        together, at the cost of so many windows alive.
        """
        if at_once < 1:
            raise ValueError(f"{at_once} windows at once; give at least 1")
        columns = range(self._num_columns)
        for first in columns[::at_once]:
            for step in range(self.num_steps):
                if windows := self._windows(step, columns[first : first + at_once]):
                    yield windows

    def most_alive(self, at_once: int = 1) -> int:
        """Return a bound of the frames that are begun and not finished at any time."""
        most = at_once * self.pitch + self.overlap + self._shift(self.num_steps - 1)
        return min(self.num_frames, most)

    @property
    def _num_columns(self) -> int:
        """The number of windows that there are in any step: most of them in the last."""
        end = self.num_frames - self.overlap + self._shift(self.num_steps - 1)
        return max(1, -(-end // self.pitch))

    def _windows(self, step: int, columns: range) -> tuple[Window, ...]:
        """Return those windows of a step, among the columns, that have frames."""
        found = []
        for column in columns:
            start, end = self._edge(step, column), self._edge(step, column + 1)
            if start < end:
                window = Window(
                    step=step,
                    start=start,
                    stop=min(end + self.overlap, self.num_frames),
                    fade_in=self.overlap if start else 0,
                    fade_out=self.overlap if end < self.num_frames else 0,
                )
                found.append(window)
        return tuple(found)

    def _edge(self, step: int, column: int) -> int:
        """Return the frame that a column's window begins with in a step."""
        place = column * self.pitch - self._shift(step)
        if place <= 0:
            return 0
        if place + self.overlap >= self.num_frames:
            return self.num_frames
        if self.overlap:
            return place
        least = max(1, self.size // 4)
        return min(max(place, least), self.num_frames - least)

    def _shift(self, step: int) -> int:
        """Return by how much the edges have moved to the left, never to and fro.

        Evenly over a window; over more than one only where they would not move in every step, and
        by no less than the overlap, whose frames a window would else wait for.
        """
        if self.num_frames <= self.size:
            return 0
        in_all = max(self.pitch, self.num_steps * max(1, self.overlap))
        return step * min(in_all, 2 * self.size) // self.num_steps
