"""Where in a clip its sign is: after the hands have come up, before they go down again.

A clip of a lexicon begins and ends with hands that hang, or that are already on their way; in a
sentence they go from sign to sign instead.
"""

import numpy as np
from numpy.typing import NDArray

from pose_sequences.join.body import HANDS, Floats, Shoulders, wrists
from pose_sequences.sequence import PoseSequence

# in shoulder widths below the shoulders: signs are made above, hanging hands are below
_LOW = 1.0
# shoulder widths a second: slower hands rest or hold, whatever the camera's noise
_STILL = 1.0
# a raise is over once the hand is slower than this share of the raise's fastest
_SETTLED = 0.3
# a movement upwards beyond this is the sign's own
_LONGEST_RAISE = 0.4  # seconds


def signing_span(sequence: PoseSequence, body: Shoulders) -> tuple[int, int]:
    """Return the frames of the sign itself, (start, stop) with ``stop`` not included.

    Cut are, at both ends: frames in which each hand is low or never seen; then the raise (or the
    lowering), from where a hand leaves the low or is first found moving fast, until it settles, for
    0.4 s at most. A hold is never cut, as nothing moves in it. A sign that is made low altogether
    begins and ends where the hands move.
    """
    track = wrists(sequence, body)
    seen = np.stack([sequence.seen(hand) for hand in HANDS], axis=1)  # (T, 2)
    start = _arrival(track, seen, sequence.fps)
    stop = sequence.num_frames - _arrival(track[::-1], seen[::-1], sequence.fps)
    return (start, stop) if start < stop else (0, sequence.num_frames)


def _arrival(track: Floats, seen: NDArray[np.bool_], fps: float) -> int:
    """Return the number of frames (of T) before the hands have arrived where the sign begins."""
    high = np.nan_to_num(track[..., 1], nan=np.inf) < _LOW  # (T, 2)
    speed = _velocity(track, fps)
    if not high.any():
        moving = np.flatnonzero(np.linalg.norm(speed, axis=-1).max(axis=1) > _STILL)
        return int(moving[0]) if len(moving) else 0
    rise = np.where(high, -speed[..., 1], 0).max(axis=1)  # (T,)
    found = (seen & high).any(axis=1) | ~seen.any()
    frame = int(np.flatnonzero(high.any(axis=1))[0])
    latest = min(frame + round(_LONGEST_RAISE * fps), len(track) - 1)
    fastest = rise[frame]
    while frame < latest and (rise[frame] > max(_STILL, _SETTLED * fastest) or not found[frame]):
        frame += 1
        fastest = max(fastest, rise[frame])
    return frame


def _velocity(track: Floats, fps: float) -> Floats:
    """Return (T, 2, 2) from each frame to the second after it: cameras repeat single frames."""
    padded = np.concatenate((track, track[-1:], track[-1:]))
    return np.nan_to_num(padded[2:] - padded[:-2]) * fps / 2
