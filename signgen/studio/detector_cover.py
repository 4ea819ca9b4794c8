"""Which points of a signer a camera can see, where no picture was rendered to tell it.

Hands are taken for balls along their bones; that is near what a rendered depth says, and cheap.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from pose_sequences.layout import Part, layout
from signgen.studio.camera import Camera
from signgen.studio.detector_sight import TIPS
from signgen.studio.keypoints import LAYOUT, Keypoints

Floats = NDArray[np.float64]

_THICK = 0.011  # metres: half a finger
_BEHIND = 0.025  # metres that a ball's middle must lie before a point to hide it
_PARTS: tuple[Part, ...] = ("left_hand", "right_hand", "face")


def estimate_visible(keypoints: Keypoints, camera: Camera) -> Keypoints:
    """Return the points with ``visible`` as a render of them would have it, or nearly so.

    What lies outside the picture or behind a hand cannot be seen; what else covers a point (the
    trunk, the head, an arm) is not known here.
    """
    points = keypoints.points.cpu().numpy().astype(np.float64)  # (T, 553, 3)
    points[..., 2] *= camera.pixels_a_metre
    flat, size = points[..., :2], np.array(camera.size)
    visible = ((flat >= 0) & (flat < size)).all(2)
    rows = {part: layout(LAYOUT).part(part) for part in _PARTS}
    balls = np.concatenate([_balls(points[:, rows[part]]) for part in _PARTS[:2]], 1)  # (T, N, 3)
    for own in rows.values():
        thick = _THICK * camera.pixels_a_metre
        low, high = flat[:, own].min(1) - thick, flat[:, own].max(1) + thick
        inside = (balls[..., :2] > low[:, None]) & (balls[..., :2] < high[:, None])
        near = np.flatnonzero(inside.all(2).any(1))  # of most frames, no ball is at the face
        away = points[np.ix_(near, own)][:, :, None] - balls[near, None]  # (T', K, N, 3)
        beside = (away[..., :2] ** 2).sum(3) < thick**2
        covered = beside & (away[..., 2] > _BEHIND * camera.pixels_a_metre)
        visible[np.ix_(near, own)] &= ~covered.any(2)
    return Keypoints(keypoints.points, torch.from_numpy(visible).to(keypoints.points.device))


def _balls(hand: Floats) -> Floats:
    """Return places (T, N, 3) all over a hand (T, 21, 3)."""
    fingers = [hand[:, tip - 3 : tip + 1] for tip in TIPS]
    halves = [(finger[:, 1:] + finger[:, :-1]) / 2 for finger in fingers]
    wrist, knuckles = hand[:, :1], hand[:, [tip - 3 for tip in TIPS[1:]]]
    palm = [wrist + share * (knuckles - wrist) for share in (0.25, 0.5, 0.75)]
    return np.concatenate([hand, *halves, *palm], 1)
