"""Take: which frames of a clip are rendered, and which of them are denoised together."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from torch import Tensor

from temporal.windows import WindowPlan

USUAL_WINDOW = 16  # frames, where no adapter says how far it looks


@dataclass(frozen=True, kw_only=True)
class Windows:
    """What is asked for.

    size: frames in a window, 0 for as many as the adapter looks along; overlap: frames that
    neighbours share; at_once: windows put to the network together, which changes no frame by more
    than rounding; start, stop: the frames of the clip to render, ``stop`` not included, 0 for all.
    """

    size: int = 0
    overlap: int = 0
    at_once: int = 1
    start: int = 0
    stop: int = 0


@dataclass(frozen=True, kw_only=True)
class Take:
    """The frames ``start`` to ``stop`` (not included) of a clip, and the plan that makes them.

    The plan begins with frame ``first`` of the clip. A part of a clip has noise and seams where the
    whole has them, and a window and more of its neighbours is rendered with it, and dropped.
    """

    plan: WindowPlan
    first: int
    start: int
    stop: int

    @property
    def num_frames(self) -> int:
        """The number of frames that are wanted."""
        return self.stop - self.start

    @property
    def seams(self) -> tuple[int, ...]:
        """The frames of the take, from 1 on, with which a window of the last step begins."""
        edges = self.plan.edges(self.plan.num_steps - 1)
        places = (edge + self.first - self.start for edge in edges)
        return tuple(place for place in places if 0 < place < self.num_frames)

    def cut(self, parts: Iterable[Tensor]) -> Iterator[Tensor]:
        """Yield what is wanted of the parts (B, t, ...) that the plan's frames come in."""
        at = self.first
        for part in parts:
            stop = min(part.shape[1], self.stop - at)
            if (start := max(0, self.start - at)) < stop:
                yield part[:, start:stop]
            at += part.shape[1]
            if at >= self.stop:
                return


def plan_take(
    num_frames: int, num_steps: int, windows: Windows, *, max_frames: int | None = None
) -> Take:
    """Return the take of a clip of ``num_frames`` that is asked for.

    num_steps: of the sampler; max_frames: how far the adapter looks, None without one. Raises
    ValueError for frames that the clip does not have, and as WindowPlan.
    """
    start, stop = windows.start, windows.stop or num_frames
    if not 0 <= start < stop <= num_frames:
        raise ValueError(
            f"frames {start} to {stop} are not inside the {num_frames} frames of the clip"
        )
    if windows.at_once < 1:
        raise ValueError(f"{windows.at_once} windows at once; give at least 1")
    size = windows.size or max_frames or USUAL_WINDOW

    def plan(first: int, last: int) -> WindowPlan:
        return WindowPlan(
            num_frames=last - first,
            num_steps=num_steps,
            size=size,
            overlap=windows.overlap,
            max_frames=max_frames,
        )

    pitch = plan(0, num_frames).pitch
    first = max(0, (start // pitch - 1) * pitch)
    last = min(num_frames, stop + 2 * pitch)
    return Take(plan=plan(first, last), first=first, start=start, stop=stop)
