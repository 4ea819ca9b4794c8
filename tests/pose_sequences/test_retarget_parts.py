"""The geometry and the solver behind retargeting, each against its definition."""

import numpy as np
import pytest

from pose_sequences.retarget.arms import _within_reach
from pose_sequences.retarget.outlines import distance_outside, nearest_on_bones
from pose_sequences.retarget.wishes import _EASE, _STEADY, Wishes, side_factor

SQUARE = np.array([[[0.0, 0.0], [4, 0], [4, 4], [0, 4]]])


@pytest.mark.parametrize(
    ("point", "distance"),
    [((1, 1), 0), ((5, 2), 1), ((7, 8), 5), ((2, -3), 3), ((0, 0), 0)],
)
def test_the_distance_outside_a_square(point: tuple[float, float], distance: float) -> None:
    found = distance_outside(np.array([[point]], np.float64), SQUARE)
    assert found[0, 0] == pytest.approx(distance)


def test_a_missing_point_has_no_distance() -> None:
    missing = np.full((1, 1, 2), np.nan)
    assert np.isnan(distance_outside(missing, SQUARE)).all()
    assert np.isnan(distance_outside(SQUARE, np.full((1, 4, 2), np.nan))).all()


def test_the_nearest_bone_is_found_with_its_place() -> None:
    starts, ends = np.array([[[0.0, 0], [0, 9]]]), np.array([[[4.0, 0], [4, 9]]])
    distance, bone, share = nearest_on_bones(np.array([[[1.0, 7]]]), starts, ends)
    assert (distance[0, 0], bone[0, 0], share[0, 0]) == (2, 1, 0.25)


def test_elbows_stay_within_both_bones_and_are_the_nearest_such() -> None:
    rng = np.random.default_rng(0)
    start, end, wished = rng.uniform(0, 10, (3, 200, 2))
    radii = (np.full(200, 6.0), np.full(200, 5.0))
    near = np.linalg.norm(start - end, axis=1) < 11
    found = _within_reach(wished, (start, end), radii)
    for centre, radius in zip((start, end), radii, strict=True):
        assert (np.linalg.norm(found - centre, axis=1)[near] <= radius[near] + 1e-6).all()
    grid = np.stack(np.meshgrid(*[np.linspace(-7, 17, 241)] * 2), axis=-1).reshape(-1, 2)
    for t in np.flatnonzero(near)[:20]:
        allowed = (np.linalg.norm(grid - start[t], axis=1) <= radii[0][t]) & (
            np.linalg.norm(grid - end[t], axis=1) <= radii[1][t]
        )
        best = np.linalg.norm(grid[allowed] - wished[t], axis=1).min()
        assert np.linalg.norm(found[t] - wished[t]) <= best + 0.1


def test_wrists_out_of_reach_stretch_both_bones_alike() -> None:
    start, end = np.zeros((1, 2)), np.array([[20.0, 0]])
    found = _within_reach(np.array([[3.0, 4]]), (start, end), (np.array([6.0]), np.array([4.0])))
    np.testing.assert_allclose(found, [[12, 0]], atol=1e-6)


def test_the_steady_answer_is_that_of_the_whole_system() -> None:
    rng = np.random.default_rng(1)
    num_frames = 6
    wishes, whole = Wishes(num_frames), np.zeros((2 * num_frames, 2 * num_frames))
    right = np.zeros((2 * num_frames, 2))
    for sides in (side_factor("left"), np.array((-0.5, 1.0))):
        target, weight = rng.normal(size=(num_frames, 1, 2)), rng.uniform(0, 3, (num_frames, 1))
        wishes.add(sides, target, weight)
        for t in range(num_frames):
            at = slice(2 * t, 2 * t + 2)
            whole[at, at] += weight[t, 0] * np.outer(sides, sides)
            right[at] += weight[t, 0] * np.outer(sides, target[t, 0])
    step = np.diff(np.eye(num_frames), axis=0)
    whole += np.kron(_STEADY * step.T @ step + _EASE * np.eye(num_frames), np.eye(2))
    expected = np.linalg.solve(whole, right).reshape(num_frames, 2, 2)
    free = {side: np.zeros((num_frames, 2)) for side in ("left", "right")}
    answer = wishes.answer(free)
    np.testing.assert_allclose(answer["left"], expected[:, 0], atol=1e-9)
    np.testing.assert_allclose(answer["right"], expected[:, 1], atol=1e-9)


def test_missing_targets_wish_for_nothing() -> None:
    wishes = Wishes(2)
    wishes.add(side_factor("left"), np.full((2, 3, 2), np.nan), np.ones((2, 3)))
    free = {"left": np.ones((2, 2)), "right": np.zeros((2, 2))}
    np.testing.assert_allclose(wishes.answer(free)["left"], 1)
