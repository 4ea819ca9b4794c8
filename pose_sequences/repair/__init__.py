"""Repair of keypoints as detectors leave them: gaps, spikes, exchanged hands, jitter.

The one door: a sequence and what to do go in, a new sequence and what was done come out. Fitting a
signer to another body is not repair.
"""

import numpy as np
from numpy.typing import NDArray

from pose_sequences.layout import PARTS, Part
from pose_sequences.repair.gaps import MissingHandsError, check_hands, close_gaps, whole_hands
from pose_sequences.repair.outliers import spikes, stretched, without
from pose_sequences.repair.points import BODY_AND_FACE, fill_points
from pose_sequences.repair.report import HandReport, RepairReport, State
from pose_sequences.repair.scale import HANDS, shoulder_width
from pose_sequences.repair.settings import Repair
from pose_sequences.repair.smoothing import smooth
from pose_sequences.repair.swaps import swapped_frames, with_hands_exchanged
from pose_sequences.sequence import PoseSequence

__all__ = ["HandReport", "MissingHandsError", "Repair", "RepairReport", "repair"]

Mask = NDArray[np.bool_]


def repair(
    sequence: PoseSequence, settings: Repair | None = None
) -> tuple[PoseSequence, RepairReport]:
    """Return the repaired sequence, frame for frame, and what was done to it.

    settings: None for the defaults. What was not measured has a confidence of at most
    ``gaps.FILLED_CONFIDENCE``. Raises MissingHandsError (a ValueError) naming the gaps if hands are
    missing and the policy is to fail.
    """
    settings = settings or Repair()
    swapped = np.zeros(len(sequence), np.bool_)
    if settings.fix_swaps:
        swapped = swapped_frames(sequence)
        sequence = with_hands_exchanged(sequence, swapped)
    if settings.missing_hands == "fail":
        check_hands(sequence)
    outliers = _outliers(sequence, settings)
    filled, interpolated = _with_points(without(sequence, outliers), settings)
    closed: dict[Part, Mask] = {}
    max_frames = round(settings.max_gap * sequence.fps)
    for hand in HANDS:
        filled, closed[hand] = close_gaps(filled, hand, settings.missing_hands, max_frames)
    result = filled
    for part in PARTS:
        result = smooth(result, part, settings.smooth, settings.strength(part))
    by: State = "held" if settings.missing_hands == "hold" else "filled"
    states = {hand: _states(filled, hand, (swapped, outliers, closed[hand]), by) for hand in HANDS}
    hands = {hand: HandReport(states[hand], _moved(filled, result, hand)) for hand in HANDS}
    counts = (_counted(points, sequence) for points in (outliers, interpolated))
    return result, RepairReport(sequence.fps, hands, *counts)


def _outliers(sequence: PoseSequence, settings: Repair) -> Mask:
    found = np.zeros(sequence.confidence.shape, np.bool_)
    if settings.remove_spikes:
        found |= spikes(sequence)
    if settings.fix_bones:
        found |= stretched(without(sequence, found))
    return found


def _with_points(sequence: PoseSequence, settings: Repair) -> tuple[PoseSequence, Mask]:
    """Return the sequence without short gaps in single points, and which points are new (T, K)."""
    before = sequence.confidence > 0
    for part in PARTS:
        sequence = fill_points(sequence, part, round(settings.max_gap * sequence.fps))
    return sequence, (sequence.confidence > 0) & ~before


def _states(
    sequence: PoseSequence, hand: Part, marks: tuple[Mask, Mask, Mask], by: State
) -> tuple[State, ...]:
    """Return a hand's states (T,); marks: frames swapped, outlying points, frames closed."""
    swapped, outliers, closed = marks
    states: list[State] = []
    replaced = outliers[:, sequence.points.part(hand)].any(axis=1)
    for t, there in enumerate(whole_hands(sequence, hand)):
        if not there:
            states.append("hidden")
        elif replaced[t]:
            states.append("replaced")
        elif closed[t]:
            states.append(by)
        else:
            states.append("swapped" if swapped[t] else "measured")
    return tuple(states)


def _moved(before: PoseSequence, after: PoseSequence, hand: Part) -> tuple[float, ...]:
    """Return (T,) how far the hand's points were moved in the mean, in shoulder widths."""
    rows = before.points.part(hand)
    way = after.keypoints[:, rows, :2].astype(np.float64) - before.keypoints[:, rows, :2]
    mean = np.linalg.norm(way, axis=2).mean(axis=1) / shoulder_width(before)
    return tuple(mean.tolist())


def _counted(points: Mask, sequence: PoseSequence) -> dict[Part, int]:
    return {part: int(points[:, sequence.points.part(part)].sum()) for part in BODY_AND_FACE}
