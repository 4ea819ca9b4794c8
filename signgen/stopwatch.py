"""Where the time of a job goes: seconds by stage, for its report."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")

GIVEN_UP = "given up"


class Stopwatch:
    """Runs from when it is made; stages add up and do not overlap."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._stages: dict[str, float] = {}

    @property
    def seconds(self) -> float:
        """The time since it was made."""
        return time.monotonic() - self._began

    @property
    def stages(self) -> dict[str, float]:
        """The seconds of each stage so far, in the order in which they began."""
        return dict(self._stages)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what is done inside as time of a stage."""
        began = time.monotonic()
        self._stages.setdefault(name, 0.0)
        try:
            yield
        finally:
            self._stages[name] += time.monotonic() - began

    def give_up(self, before: dict[str, float]) -> None:
        """Count what stages took since they stood at ``before`` as one stage: given up."""
        lost = sum(self._stages.values()) - sum(before.values())
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
