"""Laps: seconds of stages inside each other, a stage's own without those inside it."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")


class Laps:
    """Seconds of each stage, in the order in which they began.

    wait: until a device has done all it was told, so that a stage is not charged for another.
    """

    def __init__(self, wait: Callable[[], object] = lambda: None) -> None:
        self.seconds: dict[str, float] = {}
        self._wait = wait
        self._running: list[str] = []
        self._since = time.perf_counter()

    @property
    def total(self) -> float:
        """The seconds of all stages."""
        return sum(self.seconds.values())

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Charge a stage for what is done inside."""
        self._charge()
        self.seconds.setdefault(name, 0.0)
        self._running.append(name)
        try:
            yield
        finally:
            self._charge()
            self._running.pop()

    def timed(self, name: str, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items, charging a stage for what it takes to get them."""
        rest = iter(items)
        while True:
            with self.stage(name):
                try:
                    item = next(rest)
                except StopIteration:
                    return
            yield item

    def _charge(self) -> None:
        self._wait()
        now = time.perf_counter()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        self._since = now
