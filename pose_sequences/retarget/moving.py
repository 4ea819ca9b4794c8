"""Every point of a layout is moved by what it belongs to: head, torso, an elbow or a hand."""

from dataclasses import replace

import numpy as np

from pose_sequences.retarget.hands import Motion, Scene, moved_surfaces
from pose_sequences.retarget.landmarks import SIDES, Array
from pose_sequences.retarget.proportions import Body
from pose_sequences.sequence import PoseSequence, mark_missing

_HEAD = ("nose", "eye", "ear", "mouth")
_HAND = ("wrist", "pinky", "index", "thumb")


def moved(sequence: PoseSequence, scene: Scene, motion: Motion, target: Body) -> PoseSequence:
    """Return the sequence with every point moved, in the frame of the target."""
    keypoints = sequence.keypoints.astype(np.float64)
    there = sequence.confidence > 0
    points = np.where(there[..., None], keypoints[..., :2], np.nan)
    places, depth = points.copy(), np.ones(points.shape[1])
    for role, rows in _roles(sequence).items():
        places[:, rows], depth[rows] = _moved_role(role, points[:, rows], scene, motion)
    # z counts frame widths, and the frame has another width now
    z = keypoints[..., 2] * depth * sequence.width / target.width
    placed, confidence = mark_missing(
        np.concatenate((places, z[..., None]), axis=-1), sequence.confidence
    )
    return replace(
        sequence,
        keypoints=placed,
        confidence=confidence,
        width=target.width,
        height=target.height,
    )


def _moved_role(role: str, points: Array, scene: Scene, motion: Motion) -> tuple[Array, float]:
    """Return where a role's points (T, N, 2) go, and how much deeper they become."""
    warp = scene.warp
    match role.split():
        case ["head"]:
            return warp.on_head(points), warp.scales.head
        case ["hand", side]:
            return motion.moved(points, side), motion.scale
        case ["elbow", side]:
            elbow = moved_surfaces(scene, motion).arms[side][:, :1]
            return np.broadcast_to(elbow, points.shape), warp.scales.arm
        case _:
            return warp.on_torso(points), warp.scales.shoulders


def _roles(sequence: PoseSequence) -> dict[str, list[int]]:
    """Return the rows of the layout by what moves them."""
    roles: dict[str, list[int]] = {}
    for row, name in enumerate(sequence.points.points):
        roles.setdefault(_role(name), []).append(row)
    return roles


def _role(name: str) -> str:
    part, place = name.split(".")
    if part.endswith("_hand"):
        return f"hand {part.removesuffix('_hand')}"
    if part != "body" or any(word in place.split("_") for word in _HEAD):
        return "head"
    for side in SIDES:
        if place == f"{side}_elbow":
            return f"elbow {side}"
        if place in [f"{side}_{point}" for point in _HAND]:
            return f"hand {side}"
    return "torso"
