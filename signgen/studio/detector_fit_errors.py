"""Fitting how far a detector's points lie from the true ones, of one kind of part.

Size, shape and memory of errors are read off the detections; what then still differs from them, in
draws from the model, is corrected at the end. The fit as a whole is detector_fit.py's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import erf, gamma, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from signgen.studio.detector_error import LEVELS, ErrorModel, flat_size, grown
from signgen.studio.detector_sight import Sight

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_PATTERNS = 24
_OFFSETS = 6
_RIDGE = 1e-3  # of the columns' variance
_LEAST_SIZE = 1e-3
_DEPTH_SHARE = 0.1  # of a depth's error, beside one in the picture
_UNEVEN_STEPS = np.arange(0, 1.01, 0.2)
_CALIBRATIONS = 3
_MEMORY_POWERS = (1.3, 1.0, 0.8, 0.65, 0.5, 0.35)
_CLIPS_COMPARED = 150  # at most
_FEW_FRAMES = 8  # from which a clip's mean says little


@dataclass(frozen=True)
class SeenPart:
    """A part of a clip: its errors (T, K*3) in units, mirrored as the sight is, the frames (T,) in
    which it was found, and confidence (T, K).
    """

    sight: Sight
    errors: Floats
    found: Bools
    confidence: Floats


def fit_errors(parts: Sequence[SeenPart]) -> ErrorModel:
    """Return the errors' model of one kind of part."""
    turns, troubles, errors = (_stacked(parts, name) for name in ("turns", "troubles", "errors"))
    clip = np.repeat(np.arange(len(parts)), [part.found.sum() for part in parts])
    follows = following(parts)
    size, waves = _sizes(errors, troubles, clip, follows)
    away = np.maximum(flat_size(errors), _LEAST_SIZE)
    growth = _growth(errors, away)
    shapes = errors / grown(away, growth)
    mean = regression(turns, shapes, np.ones(len(shapes)))
    patterns = _patterns(_Shapes(shapes - turns @ mean, away, clip, follows))
    even = ErrorModel(
        mean=mean,
        size=size,
        growth=growth,
        uneven=np.zeros(parts[0].sight.groups.max() + 1),
        uneven_memory=_uneven_memory(errors, parts[0].sight.groups, follows),
        **waves,
        **patterns,
    )
    return _calibrated(even, parts)


def _uneven_memory(errors: Floats, groups: NDArray[np.intp], follows: Bools) -> Floats:
    """Return for how long one group of points is farther off than the others."""
    away = _away(errors)
    sizes = np.stack([away[:, groups == g].mean(1) for g in range(groups.max() + 1)], 1)
    uneven = np.log(np.maximum(sizes, _LEAST_SIZE))
    uneven -= uneven.mean(1, keepdims=True)
    return np.mean(kept_share(uneven - uneven.mean(0), follows), keepdims=True)


def _calibrated(model: ErrorModel, parts: Sequence[SeenPart]) -> ErrorModel:
    """Let points be off as far as they are, groups of them as unevenly, and for as long."""
    groups = parts[0].sight.groups
    parts = parts[:: len(parts) // _CLIPS_COMPARED | 1]  # odd, as left and right take turns
    wanted = np.concatenate([part.errors[part.found] for part in parts])
    if groups.any():
        trials = [replace(model, uneven=np.full(groups.max() + 1, u)) for u in _UNEVEN_STEPS]
        shares = np.stack([_typical_shares(_drawn(t, parts), groups) for t in trials])
        nearest = np.abs(shares - _typical_shares(wanted, groups)).argmin(0)
        model = replace(model, uneven=_UNEVEN_STEPS[nearest])
    trials = [_with_memory(model, power) for power in _MEMORY_POWERS]
    lasting = np.array([_lasting(_drawn(trial, parts), parts) for trial in trials])
    model = trials[int(np.abs(lasting - _lasting(wanted, parts)).argmin())]
    for _ in range(_CALIBRATIONS):
        short = _typical_lengths(wanted) - _typical_lengths(_drawn(model, parts))
        factor = np.exp(short).repeat(3)
        size = model.size.copy()
        size[0] += short.mean()
        patterns, rest = model.patterns * factor, model.rest * factor
        model = replace(model, mean=model.mean * factor, patterns=patterns, rest=rest, size=size)
    return model


def _with_memory(model: ErrorModel, power: float) -> ErrorModel:
    """Return the model with all that lasts lasting longer (a power below 1) or shorter."""
    names = ("size_memory", "uneven_memory", "memory", "rest_memory")
    return replace(model, **{name: getattr(model, name) ** power for name in names})


def _lasting(errors: Floats, parts: Sequence[SeenPart]) -> float:
    """Return which share of errors (N, K*3) in the picture is kept, without what a clip keeps."""
    flat = errors.reshape(len(errors), -1, 3)[..., :2].reshape(len(errors), -1)
    ends = np.cumsum([part.found.sum() for part in parts])[:-1]
    shaking = np.concatenate([own - own.mean(0) for own in np.split(flat, ends) if len(own)])
    follows = following(parts)[1:]
    before, after = shaking[:-1][follows], shaking[1:][follows]
    return float((before * after).sum() / ((before**2 + after**2) / 2).sum())


def _drawn(model: ErrorModel, parts: Sequence[SeenPart]) -> Floats:
    """Return errors (N, K*3) as the model has them, of the frames in which the parts were found."""
    rng = np.random.default_rng(0)
    drawn = [model.drawn(part.sight, rng)[part.found] / part.sight.unit for part in parts]
    return np.concatenate(drawn).reshape(-1, len(model.rest))


def _typical_shares(errors: Floats, groups: NDArray[np.intp]) -> Floats:
    """Return how far off a group's (G,) points are, over the size of their frame's errors."""
    shares = _away(errors) / np.maximum(flat_size(errors), _LEAST_SIZE)[:, None]
    return np.array([np.median(shares[:, groups == g]) for g in range(groups.max() + 1)])


def _typical_lengths(errors: Floats) -> Floats:
    """Return the logarithm (K,) of how far off each point is, in most frames and in worse ones."""
    return np.log(np.maximum(np.quantile(_away(errors), (0.5, 0.9), axis=0), _LEAST_SIZE)).mean(0)


def _away(errors: Floats) -> Floats:
    """Return how far points (N, K) are off in the picture, from errors (N, K*3)."""
    return np.linalg.norm(errors.reshape(len(errors), -1, 3)[..., :2], axis=2)


def regression(columns: Floats, values: Floats, weight: Floats) -> Floats:
    """Return the coefficients (X, Y) by which columns (N, X) give values (N, Y)."""
    weighted = columns * weight[:, None]
    gram = weighted.T @ columns
    penalty = _RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    penalty[0, 0] = 0
    return np.linalg.solve(gram + penalty, weighted.T @ values)


def principal(values: Floats, most: int) -> Floats:
    """Return directions (D, Y), one standard deviation long, of values (N, Y) about zero."""
    gram = values.T @ values / len(values)
    strength, directions = np.linalg.eigh(gram)
    count = min(most, len(values), len(strength))
    strength = np.maximum(strength[::-1][:count], 0)
    return np.sqrt(strength)[:, None] * directions.T[::-1][:count]


def _sizes(
    errors: Floats, troubles: Floats, clip: NDArray[np.intp], follows: Bools
) -> tuple[Floats, dict[str, Floats]]:
    """Fit the logarithm of errors' size: by the troubles, then what a clip keeps, and the rest."""
    size = np.log(np.maximum(flat_size(errors), _LEAST_SIZE))
    fitted = regression(troubles, size[:, None], np.ones(len(size)))[:, 0]
    away = size - troubles @ fitted
    means = np.zeros_like(away)
    for number in np.unique(clip):
        means[clip == number] = away[clip == number].mean()
    within = away - means
    shares = np.array([means.var(), within.var()]) / (means.var() + within.var())
    below = np.array([0.5 * (1 + erf(level / sqrt(2))) for level in LEVELS])
    return fitted, {
        "size_range": np.quantile(size, (0.001, 0.999)),
        "size_levels": np.quantile(away, below),
        "size_shares": shares,
        "size_memory": np.array([1.0, kept_share(within[:, None], follows)[0]]),
    }


def _growth(errors: Floats, size: Floats) -> Floats:
    """Return the powers (K,) of the size (N,) by which points err, from errors (N, K*3)."""
    values = np.log(np.maximum(_away(errors), _LEAST_SIZE / 10))
    columns = np.stack([np.ones(len(size)), np.log(size)], 1)
    return np.clip(regression(columns, values, np.ones(len(size)))[1], 0.3, 2.0)


@dataclass(frozen=True)
class _Shapes:
    # N frames: errors of about unit size (N, K*3), their size (N,), whose clip they are of, and
    # whether they follow the one before
    values: Floats
    size: Floats
    clip: NDArray[np.intp]
    follows: Bools


def _patterns(shapes: _Shapes) -> dict[str, Floats]:
    """Fit what errors of unit size look like: what lasts for a clip, and what changes in it."""
    flat = np.tile([1.0, 1.0, _DEPTH_SHARE], shapes.values.shape[1] // 3)
    values = shapes.values * flat
    means = np.zeros((shapes.clip.max() + 1, values.shape[1]))
    there = np.unique(shapes.clip)
    for number in there:
        own = shapes.clip == number
        means[number] = values[own].sum(0) / (own.sum() + _FEW_FRAMES)
    changing = values - means[shapes.clip]
    patterns = principal(changing, _PATTERNS)
    axes = patterns / np.maximum(np.linalg.norm(patterns, axis=1, keepdims=True), 1e-9)
    scores = changing @ axes.T  # (N, D)
    rest = changing - scores @ axes
    deviation = rest.std(0)
    kept = principal(means[there], _OFFSETS)
    # what is far off is what is seen to shake: it decides how long errors last
    weight = shapes.size[:, None]
    rest_memory = kept_share(rest * weight, shapes.follows)
    return {
        "patterns": np.concatenate([kept, patterns]) / flat,
        "memory": np.concatenate([np.ones(len(kept)), kept_share(scores * weight, shapes.follows)]),
        "tail": np.array([_tail(scores)]),
        "rest": deviation / flat,
        "rest_memory": np.average(rest_memory, weights=deviation**2 + 1e-12, keepdims=True),
    }


def _tail(scores: Floats) -> float:
    """Return the power of normal noise that is as often far out as these scores (N, D) are."""
    wanted = float((np.abs(scores).mean(0) / scores.std(0)).mean())
    powers = np.linspace(1, 2, 101)
    means = [gamma((p + 1) / 2) / sqrt(sqrt(pi) * gamma(p + 0.5)) for p in powers]
    return float(powers[np.argmin(np.abs(np.array(means) - wanted))])


def kept_share(values: Floats, follows: Bools) -> Floats:
    """Return which share of values (N, Y) is kept to the next frame, where one follows another."""
    before, after = values[:-1][follows[1:]], values[1:][follows[1:]]
    kept = (before * after).sum(0) / np.maximum(((before**2 + after**2) / 2).sum(0), 1e-12)
    return np.clip(kept, 0.0, 0.995)


def _stacked(parts: Sequence[SeenPart], name: str) -> Floats:
    """Return the rows of the frames in which the part was found, clip after clip."""
    owner = (part if name == "errors" else part.sight for part in parts)
    return np.concatenate([getattr(o, name)[p.found] for o, p in zip(owner, parts, strict=True)])


def following(parts: Sequence[SeenPart]) -> Bools:
    """Return (N,): whether the frame before a found one was found in the same clip."""
    return np.concatenate([(part.found & _before(part.found))[part.found] for part in parts])


def _before(found: Bools) -> Bools:
    return np.concatenate([[False], found[:-1]])
