"""DTW-MJE: how far two performances are apart when each point may keep its own time.

As pose-evaluation's nDTW-MJE: either signer's shoulders are brought to one place and one width,
each point's track is warped on its own, Euclidean distances are summed along the best path, and the
mean over points is taken. Here the sum is divided by the target's frames, so that long clips
compare with short ones, and the path is the best one, not fastdtw's.
"""

from collections.abc import Iterator

import numpy as np

from pose_sequences.layout import HAND_POINTS
from signgen.evaluation.figures import Figure
from signgen.evaluation.poses.marks import HANDS, Array, Marks, Pair
from signgen.evaluation.poses.rows import Row

EXACT_FRAMES = 200  # up to so many, any frame may meet any other
BAND_FRAMES = 100  # beyond, only one that is so near in time
ONE_MISSING = 1.0  # shoulder widths between a point and none; between none and none it is 0

_NUM_HAND_POINTS = len(HAND_POINTS)


def warping_figures(pair: Pair) -> Iterator[Figure]:
    """Yield the figures of ROWS."""
    keys = (pair.key("hands/dtw_mje"), pair.key("sign/dtw_mje"))
    if np.isnan(pair.shoulders):
        note = f"the {pair.against} poses never show both shoulders"
        yield from (Figure.unmeasured(key, note) for key in keys)
        return
    target, generated = _wanted(pair), _normalised(pair.generated, pair)
    ever = ~(np.isnan(target[..., 0]) & np.isnan(generated[..., 0])).all(axis=0)
    ever &= ~np.isinf(target[..., 0]).all(axis=0)
    costs = np.full(len(ever), np.nan)
    costs[ever] = dtw_costs(target[:, ever], generated[:, ever]) / len(target)
    for key, rows in zip(keys, (slice(0, 2 * _NUM_HAND_POINTS), slice(None)), strict=True):
        of_points = costs[rows][ever[rows]]
        if not len(of_points):
            yield Figure.unmeasured(key, "no point was ever seen in either")
            continue
        weight = float(len(of_points) * len(target))
        yield Figure(key=key, value=100 * float(of_points.mean()), weight=weight)


def dtw_costs(a: Array, b: Array) -> Array:
    """Return for each of P tracks the sum of distances along the best warping path (P,).

    a (T, P, 2), b (U, P, 2): NaN where a point is missing; infinite in ``a`` where anything will
    do. A step goes on in either or in both. The table is filled by anti-diagonals, all tracks at
    once.
    """
    first, second = (_one_layout(track) for track in (a, b))  # (2, P, T), (2, P, U)
    rows, columns = first.shape[2], second.shape[2]
    band = max(rows, columns)
    if band > EXACT_FRAMES:
        band = BAND_FRAMES + abs(rows - columns)
    # best[1 + i] is the cost of the path that ends in row i of the diagonal
    last = np.full((a.shape[1], rows + 1), np.inf, np.float32)
    before = last.copy()
    before[:, 0] = 0  # the first cell comes from nowhere, at no cost
    for diagonal in range(rows + columns - 1):
        low = max(0, diagonal - columns + 1, -((band - diagonal) // 2))
        high = min(rows - 1, diagonal, (diagonal + band) // 2)
        i = slice(low, high + 1)
        j = slice(diagonal - high, diagonal - low + 1)
        step = np.minimum(last[:, i], last[:, low + 1 : high + 2])  # from (i-1, j) and (i, j-1)
        step = np.minimum(step, before[:, i])  # from (i-1, j-1)
        best = np.full_like(last, np.inf)
        best[:, low + 1 : high + 2] = step + _distances(first[..., i], second[..., j][..., ::-1])
        before, last = last, best
    return last[:, rows].astype(np.float64)


def _distances(a: Array, b: Array) -> Array:
    """Return the distances (P, N) of points (2, P, N), missing ones as ONE_MISSING says."""
    dx, dy = a - b
    apart = np.sqrt(dx * dx + dy * dy)
    if np.isfinite(apart).all():
        return apart
    free = np.isinf(a[0]) | (np.isnan(a[0]) & np.isnan(b[0]))
    return np.where(free, 0, np.where(np.isnan(apart), ONE_MISSING, apart))


def _one_layout(track: Array) -> Array:
    return np.ascontiguousarray(track.transpose(2, 1, 0), dtype=np.float32)


def _wanted(pair: Pair) -> Array:
    """Return the target's points as _normalised, infinite where a part is there and a point of it
    is not: outside the frame there is nothing to be right or wrong about.
    """
    points = _normalised(pair.target, pair)
    free = np.isnan(points[..., 0])
    for place, hand in enumerate(HANDS):
        rows = slice(place * _NUM_HAND_POINTS, (place + 1) * _NUM_HAND_POINTS)
        free[:, rows] &= pair.target.there[hand][:, None]
    points[free] = np.inf
    return points


def _normalised(marks: Marks, pair: Pair) -> Array:
    """Return hands and body (T, P, 2) in shoulder widths from the neck.

    A clip that never shows its shoulders is measured by the target's, so that it does not get away.
    """
    neck, width = marks.shoulders()
    if np.isnan(width):
        neck, width = pair.target.shoulders()
    tracks = [marks.places[part][..., :2] for part in (*HANDS, "body")]
    return (np.concatenate(tracks, axis=1) - neck) / width


_SETTINGS = (
    "ndtw-mje|per point|dims:xy|norm:own shoulders|sum along path / frames|missing in one:"
    f"{ONE_MISSING:g} shoulder width|missing in both, or outside the frame in the target:0|exact "
    f"to {EXACT_FRAMES} frames, then band:{BAND_FRAMES}"
)
ROWS = (
    Row(
        key="hands/dtw_mje",
        title="DTW-MJE of hands alone",
        unit="% of shoulder width",
        better="lower",
        ideal=0.0,
        settings=f"{_SETTINGS}|points:42 of hands",
    ),
    Row(
        key="sign/dtw_mje",
        title="DTW-MJE of hands and body",
        unit="% of shoulder width",
        better="lower",
        ideal=0.0,
        settings=f"{_SETTINGS}|points:42 of hands, 7 of body",
    ),
)
