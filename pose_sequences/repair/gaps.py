"""Where a hand was not seen: what takes its place, by policy, and how much it is to be believed.

A hand is a wrist and a handshape. The wrist goes where the arm goes, which is mostly seen while the
hand is not; the handshape turns and bends, so that fingers keep their lengths. Single points that
are missing are the business of points.py.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pose_sequences.coverage import Run, missing_runs
from pose_sequences.layout import Part
from pose_sequences.repair.handshape import blend_handshapes
from pose_sequences.repair.scale import HANDS, depth_unit
from pose_sequences.sequence import PoseSequence

Policy = Literal["interpolate", "hold", "hide", "fail"]
Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Confidence of what was not measured: this share of the neighbours' and at most so much. The
# `signgen` style draws a point of 0.3 at little more than half its strength.
FILLED_SHARE, FILLED_CONFIDENCE = 0.5, 0.3


class MissingHandsError(ValueError):
    """The policy is to fail, and hands are missing: the line names the gaps."""


@dataclass(frozen=True)
class Gap:
    """Frames ``start`` to ``stop`` (not included) without the hand; ends: the frames it is between.

    At either end of the clip both ends are the one frame there is.
    """

    hand: Part
    start: int
    stop: int
    ends: tuple[int, int]


def whole_hands(sequence: PoseSequence, hand: Part) -> Mask:
    """Return (T,): whether the hand was seen, its wrist included."""
    wrist = sequence.points.rows[f"{hand}.wrist"]
    return sequence.seen(hand) & (sequence.confidence[:, wrist] > 0)


def check_hands(sequence: PoseSequence) -> None:
    """Raise MissingHandsError naming the gaps if a hand is missing anywhere."""
    gaps = {hand: missing_runs(whole_hands(sequence, hand)) for hand in HANDS}
    named = (
        f"{hand.replace('_', ' ')} in frames {', '.join(map(_frames, runs))}"
        for hand, runs in gaps.items()
        if runs
    )
    if any(gaps.values()):
        raise MissingHandsError(f"hands are missing: {'; '.join(named)}")


def _frames(run: Run) -> str:
    start, stop = run
    return f"{start}" if stop == start + 1 else f"{start} to {stop - 1}"


def close_gaps(
    sequence: PoseSequence, hand: Part, policy: Policy, max_frames: int
) -> tuple[PoseSequence, Mask]:
    """Return the sequence without half-seen hands, its gaps closed by ``policy``, and where (T,).

    interpolate: gaps of at most ``max_frames`` between two frames that have the hand; hold: all,
    with the handshape before; hide: none; fail: as interpolate, since only outliers are left to
    replace. A hand that is never seen stays missing.
    """
    whole = whole_hands(sequence, hand)
    keypoints, confidence = sequence.keypoints.copy(), sequence.confidence.copy()
    rows = sequence.points.part(hand)
    keypoints[np.ix_(~whole, rows)] = 0
    confidence[np.ix_(~whole, rows)] = 0
    bare = replace(sequence, keypoints=keypoints, confidence=confidence)
    unit = depth_unit(sequence)
    closed = np.zeros(len(sequence), np.bool_)
    for start, stop in missing_runs(whole) if whole.any() else []:
        gap = _closable((start, stop), bare, hand, policy, max_frames)
        if gap is None:
            continue
        points, trust = _filling(bare, gap, unit)
        if (trust > 0).mean() < 0.5:  # the ends have too little in common to make a hand
            continue
        keypoints[start:stop, rows], confidence[start:stop, rows] = points, trust
        closed[start:stop] = True
    return replace(sequence, keypoints=keypoints, confidence=confidence), closed


def _closable(
    run: Run, sequence: PoseSequence, hand: Part, policy: Policy, max_frames: int
) -> Gap | None:
    start, stop = run
    at_an_end = start == 0 or stop == len(sequence)
    if policy == "hold":
        held = start - 1 if start else stop
        return Gap(hand, start, stop, (held, held))
    if policy in ("interpolate", "fail") and not at_an_end and stop - start <= max_frames:
        return Gap(hand, start, stop, (start - 1, stop))
    return None


def _filling(sequence: PoseSequence, gap: Gap, unit: float) -> tuple[Array, Array]:
    """Return keypoints (N, 21, 3) and confidence (N, 21) for the frames of the gap.

    unit: what makes z pixels.
    """
    rows = sequence.points.part(gap.hand)
    first, last = gap.ends
    frames = np.arange(gap.start, gap.stop)
    shares = (frames - first) / (last - first) if last > first else np.zeros(len(frames))
    depth = np.array((1, 1, unit))
    ends = sequence.keypoints[[first, last]][:, rows] * depth  # (2, 21, 3)
    there = sequence.confidence[[first, last]][:, rows] > 0
    shapes, known = blend_handshapes(
        ends[0] - ends[0, 0], ends[1] - ends[1, 0], there.all(axis=0), _eased(shares)
    )
    wrist = (1 - shares)[:, None] * ends[0, 0] + shares[:, None] * ends[1, 0]
    wrist[:, :2] += _arm_beside_line(sequence, gap, frames, shares)
    points = (wrist[:, None] + shapes) / depth
    trust = filled_confidence(sequence.confidence[first, rows], sequence.confidence[last, rows])
    trust = np.where(known, trust, 0)
    shown = (trust > 0)[None, :, None]
    return np.where(shown, points, 0), np.broadcast_to(trust, (len(frames), len(rows)))


def filled_confidence(before: NDArray[np.float32], after: NDArray[np.float32]) -> Array:
    """Return the confidence of points between two measured ones."""
    return np.minimum(np.minimum(before, after) * FILLED_SHARE, FILLED_CONFIDENCE)


def _arm_beside_line(
    sequence: PoseSequence, gap: Gap, frames: NDArray[np.intp], shares: Array
) -> Array:
    """Return (N, 2): how the body's wrist leaves the straight way between the ends of the gap."""
    row = sequence.points.rows[f"body.{gap.hand.removesuffix('_hand')}_wrist"]
    needed = np.r_[gap.ends[0], frames, gap.ends[1]]
    if not (sequence.confidence[needed, row] > 0).all():
        return np.zeros((len(frames), 2))
    first, last = sequence.keypoints[list(gap.ends), row, :2].astype(np.float64)
    line = (1 - shares)[:, None] * first + shares[:, None] * last
    return sequence.keypoints[frames, row, :2] - line


def _eased(shares: Array) -> Array:
    return shares * shares * (3 - 2 * shares)
