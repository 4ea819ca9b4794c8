"""Handshapes between two handshapes: the hand turns as one, and each bone turns on its joint.

Straight lines between points shorten fingers that turn; these do not. Where the hand stands is the
business of gaps.py.
"""

import numpy as np
from numpy.typing import NDArray

from pose_sequences.layout import FINGERS

Array = NDArray[np.float64]

NUM_POINTS = 21
_FARTHEST_TURN = 2.6  # radians; beyond, the axis of the whole hand's turn is anyone's guess


def blend_handshapes(
    first: Array, last: Array, there: NDArray[np.bool_], shares: Array
) -> tuple[Array, NDArray[np.bool_]]:
    """Return handshapes (N, 21, 3) from ``first`` (share 0) to ``last`` (share 1).

    first, last (21, 3): points relative to the wrist, all coordinates in pixels. there (21): which
    points both have. Also returns which points (21) the result has: those with all joints up to the
    wrist.
    """
    turn = _turn(first[there], last[there])
    bones = _blend_bones(_bones(first), _bones(last @ _rotation(turn)), shares)  # (N, 5, 4, 3)
    points = bones.cumsum(axis=2).reshape(len(shares), NUM_POINTS - 1, 3)
    turned = [
        shape @ _rotation(share * turn).T for shape, share in zip(points, shares, strict=True)
    ]
    fingers = np.logical_and.accumulate(there[1:].reshape(len(FINGERS), 4), axis=1)
    wrist = np.zeros((len(shares), 1, 3))
    return np.concatenate((wrist, np.array(turned)), axis=1), np.append(there[0], fingers.ravel())


def _bones(shape: Array) -> Array:
    fingers = shape[1:].reshape(len(FINGERS), 4, 3)
    return np.diff(fingers, axis=1, prepend=np.broadcast_to(shape[0], (len(FINGERS), 1, 3)))


def _blend_bones(first: Array, last: Array, shares: Array) -> Array:
    lengths = np.linalg.norm((first, last), axis=-1)[..., None]  # (2, 5, 4, 1)
    a, b = (first, last) / np.maximum(lengths, 1e-9)
    angle = np.arccos(np.clip((a * b).sum(axis=-1, keepdims=True), -1, 1))
    t = shares[:, None, None, None]
    # The spherical line between two directions (Shoemake 1985); straight where they agree.
    sine = np.sin(angle)
    close = sine < 1e-3
    safe = np.where(close, 1, sine)
    weight_a = np.where(close, 1 - t, np.sin((1 - t) * angle) / safe)
    weight_b = np.where(close, t, np.sin(t * angle) / safe)
    return (weight_a * a + weight_b * b) * ((1 - t) * lengths[0] + t * lengths[1])


def _turn(first: Array, last: Array) -> Array:
    """Return the turn as axis times angle that best takes one shape to the other (Kabsch 1976)."""
    u, _, vt = np.linalg.svd(first.T @ last)
    proper = np.diag((1, 1, np.sign(np.linalg.det(u @ vt))))
    rotation = (u @ proper @ vt).T
    axis = np.array(
        (
            rotation[2, 1] - rotation[1, 2],
            rotation[0, 2] - rotation[2, 0],
            rotation[1, 0] - rotation[0, 1],
        )
    )
    angle = np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1))
    length = np.linalg.norm(axis)
    if length < 1e-9 or angle > _FARTHEST_TURN:
        return np.zeros(3)
    return axis / length * angle


def _rotation(turn: Array) -> Array:
    """Return the matrix (3, 3) of a turn by Rodrigues' formula."""
    angle = np.linalg.norm(turn)
    if angle == 0:
        return np.eye(3)
    x, y, z = turn / angle
    cross = np.array(((0, -z, y), (z, 0, -x), (-y, x, 0)))
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
