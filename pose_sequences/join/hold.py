"""The pace of fingerspelling: a letter stands still long enough to be read."""

from dataclasses import replace

import numpy as np

from pose_sequences.coverage import missing_runs
from pose_sequences.join.body import Floats, Shoulders, hand_speeds
from pose_sequences.sequence import PoseSequence, Segment

_STILL = 0.5  # shoulder widths a second, of the mean point of a hand


def held(sequence: PoseSequence, body: Shoulders, seconds: float) -> PoseSequence:
    """Return a sequence of one segment whose stillest stretch lasts at least ``seconds``.

    The frame in the middle of the longest stretch without movement is repeated as often as is
    lacking; where nothing stands still, it is the frame in which the hands are slowest.
    """
    segment = sequence.segments[0]
    own = sequence.frames(segment.start, segment.stop)
    speeds = np.nan_to_num(hand_speeds(own, body), nan=np.inf).min(axis=1, initial=np.inf)
    first, last = _stillest(speeds)
    lacking = int(np.ceil(seconds * sequence.fps - 1e-6)) - (last - first + 1)
    if lacking <= 0:
        return sequence
    middle = segment.start + (first + last) // 2
    frames = np.insert(np.arange(len(sequence)), middle, np.full(lacking, middle))
    return replace(
        sequence,
        keypoints=sequence.keypoints[frames],
        confidence=sequence.confidence[frames],
        segments=(Segment(segment.gloss, segment.start, segment.stop + lacking),),
    )


def _stillest(speeds: Floats) -> tuple[int, int]:
    """Return first and last frame of the longest still stretch; speeds: (T - 1,) of the steps."""
    runs = missing_runs(speeds > _STILL)
    if runs:
        return max(runs, key=lambda run: run[1] - run[0])
    slowest = int(speeds.argmin()) if len(speeds) else 0
    return slowest, slowest
