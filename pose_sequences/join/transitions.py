"""The frames between two signs: how many, and where the hands are in each of them.

Wrists travel with least jerk, fingers turn (handshapes.py), and no hand goes faster than signs do.
What the signs are and where they begin is decided before.
"""

from dataclasses import dataclass, replace

import numpy as np

from pose_sequences.join.body import HANDS, SIDES, Floats, Shoulders, hand_speeds
from pose_sequences.join.handshapes import turned
from pose_sequences.sequence import PoseSequence, concatenate

_SPEED_FRAMES = 2  # over which the speed at a sign's end is measured
# what a wrist carries along; not every layout has all of them
_CARRIED = ("body.{}_wrist", "body.{}_pinky", "body.{}_index", "body.{}_thumb", "{}_hand.wrist")


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast transitions may be.

    fastest: of a hand, in shoulder widths a second; shortest, longest: seconds. A transition at its
    longest may be faster than ``fastest``.
    """

    fastest: float
    shortest: float = 0.16
    longest: float = 1.0


def transition(
    before: PoseSequence, after: PoseSequence, body: Shoulders, pace: Pace
) -> PoseSequence:
    """Return the frames between two sequences of one layout, frame rate, frame size and body.

    They are the fewest, to a fiftieth of the longest, in which no hand is faster than ``pace``
    allows. A hand that one side lacks keeps the shape of the other side and goes along with the
    body's wrist, so that it comes up from rest or sinks back to it; where the body's wrist is
    missing too, it is hidden. Any other point that a side lacks is missing.
    """
    fps = before.fps
    fewest, most = (max(1, round(seconds * fps)) for seconds in (pace.shortest, pace.longest))
    counts = range(fewest, max(fewest, most) + 1, max(1, most // 50))
    limit = pace.fastest * body.width
    tried = (between(before, after, count, fastest=limit) for count in counts)
    made, slowest = None, np.inf
    for frames in tried:
        fastest = _fastest_hand(before, frames, after, body)
        if made is None or fastest < slowest:
            made, slowest = frames, fastest
        if fastest <= pace.fastest:
            break
    assert made is not None
    return made


def _fastest_hand(
    before: PoseSequence, frames: PoseSequence, after: PoseSequence, body: Shoulders
) -> float:
    """Return the speed of the fastest hand on the way, the steps from and to the signs included."""
    whole = concatenate((before.frames(len(before) - 1, len(before)), frames, after.frames(0, 1)))
    return float(np.nan_to_num(hand_speeds(whole, body)).max(initial=0.0))


def between(
    before: PoseSequence, after: PoseSequence, num_frames: int, *, fastest: float
) -> PoseSequence:
    """Return ``num_frames`` frames that lead from the last frame of one to the first of the other.

    Wrists and elbows leave and arrive with the speed that they have there, or with half of
    ``fastest``, pixels a second, where that is slower: the rest of the way needs its share.
    """
    ends = (before.keypoints[-1], before.confidence[-1]), (after.keypoints[0], after.confidence[0])
    first, first_trust = _with_hands(before, *ends[0], *ends[1])
    last, last_trust = _with_hands(before, *ends[1], *ends[0])
    trust = np.minimum(first_trust, last_trust)
    at = np.arange(1, num_frames + 1) / (num_frames + 1)
    shares = at**3 * (10 - 15 * at + 6 * at**2)  # least jerk (Flash & Hogan 1985)
    keypoints = first + shares[:, None, None] * (last - first)  # (T, K, 3)
    keypoints += _momentum(before, after, at, fastest / 2)
    for hand in HANDS:
        rows = before.points.part(hand)
        if (trust[rows] > 0).all():
            unit = (1, 1, before.width)  # z counts in frame widths
            hands = turned(first[rows] * unit, last[rows] * unit, shares) / unit
            keypoints[:, rows] = keypoints[:, rows[:1]] + hands
    keypoints = np.where((trust > 0)[:, None], keypoints, 0).astype(np.float32)
    confidence = np.tile(trust, (num_frames, 1))
    return replace(before, keypoints=keypoints, confidence=confidence, segments=(), gloss="")


def _with_hands(
    sequence: PoseSequence, points: Floats, trust: Floats, others: Floats, other_trust: Floats
) -> tuple[Floats, Floats]:
    """Return points (K, 3) and confidence (K,) with the other end's hand where this has none."""
    points, trust = points.astype(np.float64), trust.copy()
    for side, hand in zip(SIDES, HANDS, strict=True):
        rows, wrist = sequence.points.part(hand), sequence.points.rows[f"body.{side}_wrist"]
        lacks = not trust[rows].any() and other_trust[rows].all()
        if lacks and trust[wrist] and other_trust[wrist]:
            points[rows] = others[rows] + (points[wrist] - others[wrist])
            trust[rows] = other_trust[rows]
    return points, trust


def _momentum(before: PoseSequence, after: PoseSequence, at: Floats, fastest: float) -> Floats:
    """Return what the arms' speeds at both ends add to the way, (T, K, 3): quintic, no more jerk.

    A hand goes with the body's wrist, for its own points shake more.
    """
    seconds = (len(at) + 1) / before.fps
    leaving = at * (1 - at) ** 3 * (1 + 3 * at)
    arriving = -((1 - at) * at**3 * (4 - 3 * at))
    added = np.zeros((len(at), *before.keypoints.shape[1:]))
    rows = before.points.rows
    for side in SIDES:
        carried = [rows[name] for place in _CARRIED if (name := place.format(side)) in rows]
        for source, moved in (
            (rows[f"body.{side}_elbow"], [rows[f"body.{side}_elbow"]]),
            (rows[f"body.{side}_wrist"], carried),
        ):
            left = _speed(before.keypoints, before.confidence, source) * before.fps
            arrived = -_speed(after.keypoints[::-1], after.confidence[::-1], source) * after.fps
            way = np.outer(leaving, _at_most(left, fastest))
            way += np.outer(arriving, _at_most(arrived, fastest))
            added[:, moved] = (way * seconds)[:, None]
    return added


def _speed(keypoints: Floats, confidence: Floats, row: int) -> Floats:
    """Return how far (3,) a point goes in a frame at the sequence's end, zero if not known."""
    frames = min(_SPEED_FRAMES, len(keypoints) - 1)
    if frames == 0 or not confidence[[-1, -1 - frames], row].all():
        return np.zeros(3)
    return (keypoints[-1, row] - keypoints[-1 - frames, row]).astype(np.float64) / frames


def _at_most(velocity: Floats, fastest: float) -> Floats:
    speed = float(np.linalg.norm(velocity[:2]))
    return velocity * min(1.0, fastest / speed) if speed > 0 else velocity
