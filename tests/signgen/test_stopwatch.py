"""Where the time goes: each stage has what it took, and no more than all."""

import time
from collections.abc import Iterator

import pytest

from signgen.stopwatch import GIVEN_UP, Stopwatch


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


def test_what_was_given_up_is_a_stage_of_its_own() -> None:
    watch = Stopwatch()
    with watch.stage("read"):
        pass
    for _ in range(2):
        before, given_up = watch.stages, watch.stages.get(GIVEN_UP, 0)
        with watch.stage("make"), pytest.raises(KeyError), watch.stage("draw"):
            raise KeyError
        took = watch.stages["make"] + watch.stages["draw"]
        watch.give_up(before)
        assert watch.stages == {**before, GIVEN_UP: pytest.approx(given_up + took)}
    with watch.stage("make"):
        pass
    assert list(watch.stages) == ["read", GIVEN_UP, "make"]


def test_an_error_on_the_way_comes_through() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyError

    with pytest.raises(KeyError):
        list(Stopwatch().timed("items", items()))


def test_a_stage_is_not_charged_for_those_inside_it() -> None:
    watch = Stopwatch()
    began = time.perf_counter()
    with watch.stage("outer"):
        with watch.stage("inner"):
            time.sleep(0.02)
        time.sleep(0.01)
    passed = time.perf_counter() - began
    assert watch.stages["inner"] >= 0.02
    assert watch.stages["outer"] >= 0.01
    assert watch.staged <= passed
    assert list(watch.stages) == ["outer", "inner"]
