"""Fitting the detector model, by comparing what a detector found in clips with what is there.

The detections come as an argument, since MediaPipe is not this package's business; the result ships
with the package and detector.py applies it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signgen.studio.detector import DetectorModel
from signgen.studio.detector_error import TrustModel, trust_columns
from signgen.studio.detector_fit_errors import (
    SeenPart,
    fit_errors,
    following,
    kept_share,
    regression,
)
from signgen.studio.detector_gaps import GapModel, longer
from signgen.studio.detector_sight import KINDS, Sight, kind, sights

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_DOUBT = 1.0  # prior precision of log-odds a unit of a column
_NEWTON_STEPS = 25
_SURE = 8.0  # log-odds at which a detector's confidence is cut


@dataclass(frozen=True, kw_only=True)
class SeenClip:
    """Consecutive frames of one signer, and what a detector made of them.

    places (T, 553, 3), visible (T, 553), size, shutter: as detector_sight.sights takes them; found
    (T, 553, 3): like places; confidence (T, 553): 0 where there is nothing.
    """

    places: Floats
    visible: Bools
    size: tuple[int, int]
    shutter: float
    found: Floats
    confidence: Floats


def fit_detector(clips: Sequence[SeenClip]) -> DetectorModel:
    """Return the model of the detector that saw these clips, as many and as various as possible."""
    parts: dict[str, list[SeenPart]] = {name: [] for name in KINDS}
    for clip in clips:
        for name, sight in sights(clip.places, clip.visible, clip.size, clip.shutter).items():
            parts[kind(name)].append(_seen(clip, sight))
    return DetectorModel(
        errors={name: fit_errors(seen) for name, seen in parts.items()},
        trust={name: fit_trust(parts[name]) for name in ("head", "shoulders", "legs", "arm")},
        gaps={name: fit_gaps(parts[name]) for name in ("face", "hand")},
    )


def fit_trust(parts: Sequence[SeenPart]) -> TrustModel:
    """Return the model of how sure the detector is of the joints of one kind of part."""
    columns = np.concatenate([trust_columns(part.sight)[part.found] for part in parts])
    sure = np.concatenate([part.confidence[part.found] for part in parts])
    odds = np.clip(np.log(np.maximum(sure, 1e-9) / np.maximum(1 - sure, 1e-9)), -_SURE, _SURE)
    mean = regression(columns, odds, np.ones(len(odds)))
    left = odds - columns @ mean
    return TrustModel(mean=mean, spread=left.std(0), memory=kept_share(left, following(parts)))


def fit_gaps(parts: Sequence[SeenPart]) -> GapModel:
    """Return the gaps' model of one kind of part."""
    troubles = np.concatenate([part.sight.troubles for part in parts])
    missed = np.concatenate([~part.found for part in parts])
    lasted = np.concatenate([_lasted(part) for part in parts])
    before = np.concatenate([np.concatenate([[2], ~part.found[:-1]]) for part in parts])
    columns = np.concatenate([troubles, np.log(lasted)[:, None]], 1)
    return GapModel(
        start=logistic(troubles, missed),
        lose=logistic(columns[before == 0], missed[before == 0]),
        keep=logistic(columns[before == 1], missed[before == 1]),
    )


def _lasted(part: SeenPart) -> Floats:
    """Return (T,): for how many frames before each one things have been as in the last of them."""
    found, away = part.found, part.sight.away
    lasted = np.ones(len(found))
    for t in range(2, len(found)):
        changed = bool(found[t - 1] != found[t - 2])
        lasted[t] = longer(int(lasted[t - 1]), changed=changed, away=bool(away[t - 1]))
    return lasted


def logistic(columns: Floats, happened: Bools) -> Floats:
    """Return log-odds (F,) by which columns (N, F), a constant first, say what happened (N,)."""
    doubt = np.full(columns.shape[1], _DOUBT)
    doubt[0] = 1e-2
    odds = np.zeros(columns.shape[1])
    for _ in range(_NEWTON_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(columns @ odds, -30, 30)))
        slope = columns.T @ (happened - chance) - doubt * odds
        curve = (columns * (chance * (1 - chance))[:, None]).T @ columns + np.diag(doubt)
        odds = odds + np.linalg.solve(curve, slope)
    return odds


def _seen(clip: SeenClip, sight: Sight) -> SeenPart:
    confidence = clip.confidence[:, sight.rows]
    errors = (clip.found - clip.places)[:, sight.rows] / sight.unit
    if sight.mirrored:
        errors = errors * np.array([-1.0, 1.0, 1.0])
    found = confidence.max(1) > 0
    never = confidence.max(0) == 0
    if found.any():
        # irises, which MediaPipe tells only on request: as far off as the face around them
        errors[:, never] = errors[:, ~never].mean(1, keepdims=True)
    return SeenPart(sight, errors.reshape(len(errors), -1), found, confidence)
