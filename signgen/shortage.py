"""Shortage of memory on a device: how it shows, and which windows are tried instead.

A changed window is another render, so whoever tries again begins with the first frame.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

import torch

from signgen.take import Take, Windows
from temporal.windows import WindowPlan, most_overlap

Item = TypeVar("Item")

_TRIES = 4  # beside the first
_WORDS = "can't allocate memory"  # torch's on a CPU, where it has no error of its own for it

logger = logging.getLogger(__name__)


def is_shortage(error: BaseException) -> bool:
    """Return whether an error says that a device lacks memory."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or _WORDS in str(error)


class Shrinking:
    """Windows that become smaller as memory proves short: fewer at once, then shorter ones.

    windows, take: what was asked for, and what is made of it.
    """

    def __init__(self, windows: Windows, take: Take) -> None:
        self.windows = windows
        self._plan = take.plan
        self._left = _TRIES

    def shrink(self, error: BaseException) -> None:
        """Take smaller windows, and say so.

        Raises the error itself if it is another one, or if nothing smaller is left to try.
        """
        less = smaller(self.windows, self._plan) if is_shortage(error) else None
        if less is None or not self._left:
            raise error
        self._left -= 1
        self.windows = less
        self._plan = replace(self._plan, size=less.size, overlap=less.overlap)
        logger.warning(
            "the device has not enough memory; beginning again with %d at once of windows of %d "
            "frames, overlapping by %d",
            *(less.at_once, less.size, less.overlap),
        )


def all_frames(
    stream: Callable[..., Iterator[Item]],
    shrinking: Shrinking,
    generator: torch.Generator,
    advance: Callable[[int], object] = lambda _: None,
) -> list[Item]:
    """Return all that a stream yields, begun again with smaller windows where memory is short.

    stream: takes ``windows``, and its chance from the generator; advance: told of each frame, and
    taken back where it begins again. Raises as Shrinking.shrink.
    """
    chance = generator.get_state()
    while True:
        frames: list[Item] = []
        generator.set_state(chance)
        try:
            for frame in stream(windows=shrinking.windows):
                frames.append(frame)
                advance(1)
        except (RuntimeError, MemoryError) as error:
            shrinking.shrink(error)
            advance(-len(frames))
        else:
            return frames


def smaller(windows: Windows, plan: WindowPlan) -> Windows | None:
    """Return windows that take about half the memory of those that a plan was made of, or None."""
    size = min(plan.size, plan.num_frames)
    at_once = min(windows.at_once, len(plan.windows(plan.num_steps - 1)))
    if at_once > 1:
        return replace(windows, at_once=at_once // 2, size=plan.size, overlap=plan.overlap)
    if size == 1:
        return None
    overlap = min(plan.overlap // 2, most_overlap(size // 2, plan.num_steps))
    return replace(windows, at_once=1, size=size // 2, overlap=overlap)
