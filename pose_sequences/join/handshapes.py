"""From one handshape to another with bones that turn instead of shrinking.

The palm turns as a whole and each bone turns against the one before it, as joints do; only the
length that a bone has in the picture changes evenly. Where the wrist goes is decided elsewhere.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pose_sequences.layout import FINGERS, HAND_POINTS

Floats = NDArray[np.floating[Any]]

_FINGERS = np.arange(1, len(HAND_POINTS)).reshape(len(FINGERS), -1)  # rows (5, 4), base to tip


def turned(first: Floats, last: Floats, shares: Floats) -> Floats:
    """Return the hands (T, 21, 3) on the way from one to the other, each with its wrist at zero.

    first, last: (21, 3) in the order of HAND_POINTS, z in the unit of x and y; shares: (T,) of the
    way, 0 gives ``first`` and 1 ``last``.
    """
    axis, angle = _palm_turn(first - first[0], last - last[0])
    # what the bones so far have turned at the end, (5, 3, 3), and at each share, (T, 5, 3, 3)
    whole = np.broadcast_to(_rotation(axis, angle), (len(FINGERS), 3, 3))
    part = np.repeat(_rotation(axis, shares * angle)[:, None], len(FINGERS), axis=1)
    hands = np.zeros((len(shares), *first.shape))
    base = np.zeros(len(FINGERS), np.intp)
    for joint in _FINGERS.T:
        bone, end = first[joint] - first[base], last[joint] - last[base]  # (5, 3)
        axis, angle = _bone_turn(bone, np.einsum("fji,fj->fi", whole, end))
        whole = whole @ _rotation(axis, angle)
        part = part @ _rotation(axis, shares[:, None] * angle)
        length, final = (np.linalg.norm(b, axis=-1, keepdims=True) for b in (bone, end))
        direction = bone / np.maximum(length, 1e-9)
        lengths = length + shares[:, None, None] * (final - length)
        hands[:, joint] = hands[:, base] + lengths * np.einsum("tfij,fj->tfi", part, direction)
        base = joint
    return hands


def _palm_turn(first: Floats, last: Floats) -> tuple[Floats, Floats]:
    """Return axis (3,) and angle of the turn that fits the palms best (Horn 1987)."""
    palm = _FINGERS[:, 0]
    s = first[palm].T @ last[palm]
    d = np.array((s[1, 2] - s[2, 1], s[2, 0] - s[0, 2], s[0, 1] - s[1, 0]))
    n = np.empty((4, 4))
    n[0, 0] = np.trace(s)
    n[0, 1:] = n[1:, 0] = d
    n[1:, 1:] = s + s.T - np.trace(s) * np.eye(3)
    quaternion = np.linalg.eigh(n)[1][:, -1]
    quaternion = quaternion if quaternion[0] >= 0 else -quaternion
    sine = np.linalg.norm(quaternion[1:])
    return quaternion[1:] / max(sine, 1e-9), 2 * np.arctan2(sine, quaternion[0])


def _bone_turn(first: Floats, last: Floats) -> tuple[Floats, Floats]:
    """Return axes (5, 3) and angles (5,) of the shortest turns between directions (5, 3)."""
    normal = np.cross(first, last)
    sine = np.linalg.norm(normal, axis=-1)
    angle = np.arctan2(sine, (first * last).sum(axis=-1))
    return normal / np.maximum(sine, 1e-9)[:, None], angle


def _rotation(axis: Floats, angle: Floats) -> Floats:
    """Return rotations (..., 3, 3) about unit axes (..., 3) by angles (...) (Rodrigues)."""
    angle = np.asarray(angle)[..., None, None]
    x, y, z = np.moveaxis(axis, -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack((zero, -z, y, z, zero, -x, -y, x, zero), axis=-1)
    cross = cross.reshape(*axis.shape[:-1], 3, 3)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)
