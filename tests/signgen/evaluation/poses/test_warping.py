"""DTW against a second, naive implementation, and the laws that warping must obey."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from signgen.evaluation.poses.warping import BAND_FRAMES, EXACT_FRAMES, dtw_costs
from tests.signer import signing
from tests.signgen.evaluation.poses.faults import (
    delayed,
    jittered,
    values,
    with_points,
    without,
)

pytestmark = pytest.mark.light

Array = NDArray[np.float64]


def distance(a: Array, b: Array) -> float:
    if np.isinf(a[0]) or (np.isnan(a[0]) and np.isnan(b[0])):
        return 0.0
    if np.isnan(a[0]) or np.isnan(b[0]):
        return 1.0
    return math.dist(a, b)


def naive(a: Array, b: Array, band: int | None = None) -> float:
    """Return the cost of the best path between tracks (T, 2) and (U, 2), cell by cell."""
    table = np.full((len(a) + 1, len(b) + 1), np.inf)
    table[0, 0] = 0
    for i in range(len(a)):
        for j in range(len(b)):
            if band is None or abs(i - j) <= band:
                best = min(table[i, j], table[i, j + 1], table[i + 1, j])
                table[i + 1, j + 1] = best + distance(a[i], b[j])
    return float(table[-1, -1])


def tracks(frames: int, points: int, seed: int, missing: float = 0.0) -> Array:
    rng = np.random.default_rng(seed)
    found = rng.normal(0, 0.2, (frames, points, 2)).cumsum(axis=0)
    found[rng.random((frames, points)) < missing] = np.nan
    return found


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 7), (7, 1), (12, 12), (9, 20), (23, 8)])
@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_costs_agree_with_a_naive_table(rows: int, columns: int, missing: float) -> None:
    a, b = tracks(rows, 4, 1, missing), tracks(columns, 4, 2, missing)
    a[:: max(1, rows // 3), 1] = np.inf
    expected = [naive(a[:, point], b[:, point]) for point in range(4)]
    np.testing.assert_allclose(dtw_costs(a, b), expected, rtol=1e-5, atol=1e-6)


def test_up_to_the_limit_any_frame_may_meet_any_other() -> None:
    a = tracks(EXACT_FRAMES, 1, 5)
    b = np.concatenate((np.repeat(a[:1], EXACT_FRAMES - 30, axis=0), a[:30]))
    assert dtw_costs(a, b)[0] == pytest.approx(naive(a[:, 0], b[:, 0]), rel=1e-5)


def test_beyond_the_limit_the_path_keeps_to_the_band() -> None:
    a = tracks(EXACT_FRAMES + 40, 1, 5)
    late = np.concatenate((np.repeat(a[:1], BAND_FRAMES + 60, axis=0), a))[: len(a)]
    for first, second in ((a, late), (late, a)):
        expected = naive(first[:, 0], second[:, 0], BAND_FRAMES)
        assert expected > 1.05 * naive(first[:, 0], second[:, 0])
        assert dtw_costs(first, second)[0] == pytest.approx(expected, rel=1e-5)


def test_cost_is_symmetric_and_at_most_the_error_frame_by_frame() -> None:
    a, b = tracks(30, 3, 1), tracks(30, 3, 2)
    np.testing.assert_allclose(dtw_costs(a, b), dtw_costs(b, a), rtol=1e-5)
    assert (dtw_costs(a, b) <= np.linalg.norm(a - b, axis=2).sum(axis=0) + 1e-5).all()


def test_slower_signing_costs_nothing() -> None:
    a = tracks(20, 3, 1)
    assert dtw_costs(a, np.repeat(a, 3, axis=0)) == pytest.approx(0)


def test_hands_alone_leave_the_body_out() -> None:
    signer = signing()
    rows = signer.points.find(("body.left_elbow", "body.right_elbow"))
    points = signer.keypoints.copy()
    points[:, rows, 0] += 12
    found = values(signer, type(signer)(**{**vars(signer), "keypoints": points}))
    assert found["hands/dtw_mje"] == 0
    assert found["sign/dtw_mje"] > 0.2


def test_lag_is_told_in_milliseconds_either_way() -> None:
    signer = signing()
    for frames in (3, 12, 20):
        late = delayed(signer, frames)
        assert values(signer, late)["time/lag"] == 40 * frames
        assert values(late, signer)["time/lag"] == 40 * frames
    assert values(signer, jittered(signer, 3))["time/lag"] == 0


def test_lag_is_told_from_what_was_seen() -> None:
    signer = signing()
    for frames in (0, 8):
        late = delayed(signer, frames)
        for part in ("left_hand", "right_hand", "body"):
            late = without(late, part, 0, 25)
        assert values(signer, late)["time/lag"] == 40 * frames


def test_lag_does_not_win_by_what_it_hides() -> None:
    signer = signing()
    points = jittered(signer, 6).keypoints.copy()
    points[24] = signer.keypoints[0]  # one frame that fits perfectly, 24 frames late
    late = with_points(signer, points)
    for part in ("left_hand", "right_hand", "body"):
        late = without(late, part, 25, signer.num_frames)
    assert values(signer, late)["time/lag"] == 0


def test_lag_of_a_signer_who_stands_still_is_not_told() -> None:
    signer = signing()
    still = delayed(signer, signer.num_frames)
    assert np.isnan(values(still, still)["time/lag"])
