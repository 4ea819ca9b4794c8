"""Handshape and palm: how fingers are bent, where the palm faces, whatever place the hand is in.

Angles know nothing of place and size; those are measured in points.py.
"""

from collections.abc import Iterator

import numpy as np

from pose_sequences.layout import FINGERS, HAND_POINTS, Part
from signgen.evaluation.figures import Figure
from signgen.evaluation.poses.marks import HANDS, Array, Flags, Pair, lengths
from signgen.evaluation.poses.rows import Row

_SHORTEST = 0.1  # hand sizes: the direction of a bone seen end on is the detector's noise
_BROADEST = 0.04  # hand sizes squared: a palm that shows less faces neither way
_WRIST, _INDEX, _MIDDLE, _PINKY = (
    HAND_POINTS.index(point) for point in ("wrist", "index_mcp", "middle_mcp", "pinky_mcp")
)
_SUBJECTS: dict[str, tuple[Part, ...]] = {
    "left_hand": ("left_hand",),
    "right_hand": ("right_hand",),
    "hands": HANDS,
}


def handshape_figures(pair: Pair) -> Iterator[Figure]:
    """Yield the figures of ROWS."""
    for subject, parts in _SUBJECTS.items():
        target, generated = (
            np.stack([marks.places[part] for part in parts], axis=1)  # (T, N, 21, 3)
            for marks in (pair.target, pair.generated)
        )
        flat = _flexion_error(target[..., :2], generated[..., :2], pair.hand)
        yield _of(pair, f"{subject}/angle_error_2d", flat)
        yield _facing(pair, f"{subject}/facing", target, generated)
        for measure, error in (
            ("angle_error", lambda a, b: _flexion_error(a, b, pair.hand)),
            ("turn_error", _turn_error),
        ):
            key = f"{subject}/{measure}"
            if pair.deep:
                yield _of(pair, key, error(target, generated))
            else:
                yield Figure.unmeasured(pair.key(key), "the poses have no depths")


def flexions(hands: Array) -> tuple[Array, Array]:
    """Return the bend of the 15 finger joints (..., 15) in degrees, 0 straight, and the length of
    the shorter bone at each (..., 15).

    hands (..., 21, 2 or 3).
    """
    fingers = hands[..., 1:, :].reshape(*hands.shape[:-2], len(FINGERS), 4, hands.shape[-1])
    wrist = np.broadcast_to(hands[..., None, :1, :], (*fingers.shape[:-2], 1, fingers.shape[-1]))
    bones = np.diff(np.concatenate((wrist, fingers), axis=-2), axis=-2)  # (..., 5, 4, D)
    long = lengths(bones)
    bend = angles(bones[..., :-1, :], bones[..., 1:, :])
    shorter = np.minimum(long[..., :-1], long[..., 1:])
    shape = (*hands.shape[:-2], -1)
    return bend.reshape(shape), shorter.reshape(shape)


def angles(a: Array, b: Array) -> Array:
    """Return the angles between vectors (..., D) in degrees; 90 for a vector without length."""
    product = lengths(a) * lengths(b)
    cosine = (a * b).sum(axis=-1) / np.where(product == 0, 1, product)
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1, 1))), np.float64)


def _flexion_error(target: Array, generated: Array, unit: float) -> Array:
    wanted, shorter = flexions(target)
    found, _ = flexions(generated)
    return np.where(shorter >= _SHORTEST * unit, np.abs(found - wanted), np.nan)


def _turn_error(target: Array, generated: Array) -> Array:
    """Return the angle (T, N) by which the generated palm would have to be turned."""
    between = (_palm(target) * _palm(generated)).sum(axis=(-2, -1))  # trace of R^T Q
    return np.asarray(np.degrees(np.arccos(np.clip((between - 1) / 2, -1, 1))), np.float64)


def _palm(hands: Array) -> Array:
    """Return the axes of palms (..., 3, 3): along, out of the palm, and across."""
    along = hands[..., _MIDDLE, :] - hands[..., _WRIST, :]
    normal = np.cross(
        hands[..., _INDEX, :] - hands[..., _WRIST, :], hands[..., _PINKY, :] - hands[..., _WRIST, :]
    )
    across = np.cross(normal, along)
    axes = np.stack((along, np.cross(along, across), across), axis=-2)
    size = lengths(axes)[..., None]
    return np.where(size > 0, axes / np.where(size > 0, size, 1), np.nan)


def _facing(pair: Pair, name: str, target: Array, generated: Array) -> Figure:
    wanted, found = _palm_area(target), _palm_area(generated)
    judged: Flags = (np.abs(wanted) >= _BROADEST * pair.hand**2) & np.isfinite(found)
    agrees = np.where(judged, 100.0 * (wanted * found > 0), np.nan)
    return _of(pair, name, agrees)


def _palm_area(hands: Array) -> Array:
    """Return twice the signed area (T, N) of wrist, index and pinky knuckle in the picture."""
    a = hands[..., _INDEX, :2] - hands[..., _WRIST, :2]
    b = hands[..., _PINKY, :2] - hands[..., _WRIST, :2]
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0], np.float64)


def _of(pair: Pair, name: str, values: Array) -> Figure:
    """Return the mean of values (T, ...) that are not NaN."""
    values = values.reshape(len(values), -1)
    counts = np.isfinite(values).sum(axis=1).astype(np.float64)
    sums = np.nansum(values, axis=1)
    frames = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return Figure.of_frames(pair.key(name), frames, counts)


def _rows() -> Iterator[Row]:
    joints = f"mean over 15 joints|target bones from {_SHORTEST:g} hand sizes on"
    for subject in _SUBJECTS:
        name = subject.replace("_", " ")
        for measure, title, dims in (
            ("angle_error", f"Handshape error of {name}: bend of the finger joints", "xyz"),
            ("angle_error_2d", f"Handshape error of {name}, as the picture shows it", "xy"),
        ):
            yield Row(
                key=f"{subject}/{measure}",
                title=title,
                unit="°",
                better="lower",
                ideal=0.0,
                settings=f"flexion angle|{joints}|dims:{dims}",
            )
        yield Row(
            key=f"{subject}/turn_error",
            title=f"Orientation error of {name}: turn of the palm",
            unit="°",
            better="lower",
            ideal=0.0,
            settings="angle of rotation|axes:wrist, index, middle and pinky knuckle|dims:xyz",
        )
        yield Row(
            key=f"{subject}/facing",
            title=f"Palm or back shown as it should be, {name}",
            unit="%",
            better="higher",
            ideal=100.0,
            settings=f"sign of palm area|target palms from {_BROADEST:g} hand sizes² on|dims:xy",
        )


ROWS = tuple(_rows())
