"""Where the time of a job goes: seconds by stage, one inside another without what is inside it."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")

GIVEN_UP = "given up"


class Stopwatch:
    """Runs from when it is made; stages add up and do not overlap.

    wait: until a device has done all it was told, so that a stage is not charged for another.
    """

    def __init__(self, wait: Callable[[], object] = lambda: None) -> None:
        self._wait = wait
        self._began = self._since = time.perf_counter()
        self._stages: dict[str, float] = {}
        self._running: list[str] = []

    @property
    def seconds(self) -> float:
        """The time since it was made."""
        return time.perf_counter() - self._began

    @property
    def stages(self) -> dict[str, float]:
        """The seconds of each stage so far, in the order in which they began."""
        return dict(self._stages)

    @property
    def staged(self) -> float:
        """The seconds of all stages."""
        return sum(self._stages.values())

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what is done inside as time of a stage."""
        self._charge()
        self._stages.setdefault(name, 0.0)
        self._running.append(name)
        try:
            yield
        finally:
            self._charge()
            self._running.pop()

    def give_up(self, before: dict[str, float]) -> None:
        """Count what stages took since they stood at ``before`` as one stage: given up."""
        lost = self.staged - sum(before.values())
        self._stages = {**before, GIVEN_UP: before.get(GIVEN_UP, 0.0) + lost}

    def timed(self, name: str, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items, counting as time of a stage what it takes to get them."""
        rest = iter(items)
        while True:
            with self.stage(name):
                try:
                    item = next(rest)
                except StopIteration:
                    return
            yield item

    def _charge(self) -> None:
        """Count the time since the last charge for the innermost stage that runs."""
        self._wait()
        now = time.perf_counter()
        if self._running:
            self._stages[self._running[-1]] += now - self._since
        self._since = now
