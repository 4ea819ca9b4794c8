"""Where the time goes: each stage has what it took, and no more than all."""

from collections.abc import Iterator

import pytest

from signgen.stopwatch import Stopwatch


def test_stages_are_named_in_their_order_and_are_parts_of_the_whole() -> None:
    watch = Stopwatch()
    for name in ("read", "make", "read"):
        with watch.stage(name):
            sum(range(1000))
    assert list(watch.stages) == ["read", "make"]
    assert 0 < sum(watch.stages.values()) <= watch.seconds


def test_only_what_items_take_to_come_is_timed() -> None:
    watch, stages = Stopwatch(), list[float]()
    for item in watch.timed("items", iter((1, 2))):
        stages.append(watch.stages["items"])
        sum(range(100_000 * item))
        assert watch.stages["items"] == stages[-1]
    assert watch.stages["items"] >= stages[1] >= stages[0] > 0


def test_an_error_on_the_way_comes_through() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyError

    with pytest.raises(KeyError):
        list(Stopwatch().timed("items", items()))
