"""Plans of windows by their laws: every frame, legal order, few alive, edges that move."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from temporal.windows import Window, WindowPlan

pytestmark = pytest.mark.light


@st.composite
def plans(draw: st.DrawFn) -> WindowPlan:
    size, num_steps = draw(st.integers(1, 33)), draw(st.integers(1, 55))
    return WindowPlan(
        num_frames=draw(st.integers(1, 150)),
        num_steps=num_steps,
        size=size,
        overlap=draw(st.integers(0, min((size - 1) // 2, 2 * size // num_steps))),
    )


def tasks(plan: WindowPlan, at_once: int = 1) -> list[Window]:
    return [window for windows in plan.rounds(at_once) for window in windows]


@settings(deadline=None)
@given(plans(), st.integers(1, 4))
def test_the_weights_of_every_frame_sum_to_one_in_every_step(
    plan: WindowPlan, at_once: int
) -> None:
    shares = [[0.0] * plan.num_frames for _ in range(plan.num_steps)]
    for window in tasks(plan, at_once):
        assert len(window.weights) == window.num_frames <= plan.size
        for frame, weight in enumerate(window.weights, start=window.start):
            assert 0 < weight <= 1
            shares[window.step][frame] += weight
    assert shares == [[1.0] * plan.num_frames] * plan.num_steps


@settings(deadline=None)
@given(plans(), st.integers(1, 4))
def test_a_window_comes_when_its_frames_have_done_all_steps_before(
    plan: WindowPlan, at_once: int
) -> None:
    share, settled = [0.0] * plan.num_frames, [0] * plan.num_frames
    for windows in plan.rounds(at_once):
        assert len(windows) <= at_once
        assert len({window.step for window in windows}) == 1
        for window in windows:
            assert set(settled[window.start : window.stop]) == {window.step}
        for window in windows:
            for frame, weight in enumerate(window.weights, start=window.start):
                share[frame] = (share[frame] + weight) % 1
                settled[frame] += share[frame] == 0
            assert set(settled[window.start : window.settled]) == {window.step + 1}
    assert set(settled) == {plan.num_steps}


@settings(deadline=None)
@given(plans(), st.integers(1, 4))
def test_frames_finish_from_left_to_right_and_few_are_alive(plan: WindowPlan, at_once: int) -> None:
    begun = finished = 0
    for windows in plan.rounds(at_once):
        begun = max(begun, windows[-1].stop)
        assert begun - finished <= plan.most_alive(at_once) <= (at_once + 2) * plan.size
        if windows[0].step == plan.num_steps - 1:
            assert windows[0].start == finished
            finished = windows[-1].settled
    assert begun == finished == plan.num_frames


@settings(deadline=None)
@given(plans())
def test_the_first_frames_are_finished_before_the_fourth_window_begins(plan: WindowPlan) -> None:
    order = tasks(plan)
    finishing = next(i for i, window in enumerate(order) if window.step == plan.num_steps - 1)
    assert sum(window.step == 0 for window in order[:finishing]) <= 3


@settings(deadline=None)
@given(plans())
def test_no_edge_inside_the_clip_stays_where_it_was(plan: WindowPlan) -> None:
    if plan.size == 1 or plan.num_steps > 2 * plan.size:
        return  # nowhere to move to; or too many steps for three windows alive
    held = max(1, plan.size // 4)
    inside = range(held + 1, plan.num_frames - held)
    for one, next_one in pairwise(map(plan.edges, range(plan.num_steps))):
        assert not set(one) & set(next_one) & set(inside)


@settings(deadline=None)
@given(plans())
def test_with_more_steps_than_places_edges_stay_no_longer_than_they_must(plan: WindowPlan) -> None:
    longest = -(-plan.num_steps // (2 * plan.size)) if plan.size > 1 else plan.num_steps
    edges = [set(plan.edges(step)) for step in range(plan.num_steps)]
    held = max(1, plan.size // 4)
    for frame in range(held + 1, plan.num_frames - held):
        runs = "".join("x" if frame in of_step else " " for of_step in edges).split()
        assert max(map(len, runs), default=0) <= longest


@settings(deadline=None)
@given(plans())
def test_a_clip_no_longer_than_a_window_is_one(plan: WindowPlan) -> None:
    short = replace(plan, num_frames=min(plan.num_frames, plan.size))
    whole = [Window(step=step, start=0, stop=short.num_frames) for step in range(plan.num_steps)]
    assert tasks(short) == whole


@settings(deadline=None)
@given(plans())
def test_windows_at_the_ends_are_not_too_short(plan: WindowPlan) -> None:
    least = plan.overlap + 1 if plan.overlap else max(1, plan.size // 4)
    for window in tasks(plan):
        assert window.num_frames >= min(least, plan.num_frames)


@settings(deadline=None)
@given(plans(), st.integers(0, 9))
def test_a_longer_clip_begins_with_the_same_windows(plan: WindowPlan, longer: int) -> None:
    window_more = replace(plan, num_frames=plan.num_frames + longer)
    near_the_end = plan.num_frames - plan.overlap - max(1, plan.size // 4)
    if plan.num_frames <= plan.size:
        return  # a single window has edges only once the clip outgrows it
    for step in range(plan.num_steps):
        one, other = (
            [edge for edge in each.edges(step) if edge < near_the_end]
            for each in (plan, window_more)
        )
        assert one == other


@settings(deadline=None)
@given(plans(), st.integers(1, 3))
def test_a_plan_that_begins_some_pitches_later_has_the_same_edges_inside(
    plan: WindowPlan, pitches: int
) -> None:
    later = pitches * plan.pitch
    if plan.num_frames <= plan.size:
        return
    whole = replace(plan, num_frames=plan.num_frames + later)
    near = max(1, plan.size // 4)
    inside = range(later + near + 1, whole.num_frames - plan.overlap - near)
    for step in range(plan.num_steps):
        of_whole = set(whole.edges(step)) & set(inside)
        assert of_whole == {edge + later for edge in plan.edges(step)} & set(inside)


def test_overlapping_windows_are_blended_by_ramps() -> None:
    plan = WindowPlan(num_frames=14, num_steps=1, size=8, overlap=3)
    first, second, last = plan.windows(0)
    assert (first.weights, last.fade_out) == ((1, 1, 1, 1, 1, 0.75, 0.5, 0.25), 0)
    assert (second.start, second.weights[:4]) == (5, (0.25, 0.5, 0.75, 1))
    assert second.stop - last.start == 3


def test_windows_of_four_steps_move_by_a_quarter() -> None:
    plan = WindowPlan(num_frames=40, num_steps=4, size=16)
    assert [plan.edges(step) for step in range(4)] == [(16, 32), (12, 28), (8, 24), (4, 20, 36)]


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"num_frames": 0}, "num_frames is 0; give at least 1"),
        ({"num_steps": 0}, "num_steps is 0"),
        ({"size": 0}, "size is 0"),
        ({"overlap": 8}, "overlap by 8 frames; .* give 0 to 7"),
        ({"overlap": 4, "num_steps": 20}, "and 20 steps give 0 to 1"),
        ({"overlap": -1}, "give 0 to 7"),
        ({"max_frames": 12}, "16 frames, but the adapter looks along 12; give 1 to 12"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(settings: dict[str, int], fault: str) -> None:
    good = {"num_frames": 40, "num_steps": 4, "size": 16}
    with pytest.raises(ValueError, match=fault):
        WindowPlan(**{**good, **settings})


def test_no_windows_at_once_are_refused() -> None:
    with pytest.raises(ValueError, match="0 windows at once"):
        next(WindowPlan(num_frames=4, num_steps=1, size=2).rounds(0))
