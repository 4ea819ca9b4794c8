"""Where MediaPipe Holistic would see a signer's points: exact, from the skeleton and the mesh.

The order is the layout holistic553's. Detector noise is not added here, only the constant offsets
between a rig's joints and what MediaPipe calls a shoulder (see correspondence.py).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from pose_sequences.layout import layout
from signgen.studio.camera import Camera
from signgen.studio.figure import Figure, Pose, Posed

BUNDLED = Path(__file__).with_name("correspondence.safetensors")
LAYOUT = "holistic553"
NUM_FACE = 478
_HIDDEN_BY = 0.03  # metres that something must lie before a point to hide it

# Body points by bone; those not here lie on the face mesh or on the hand.
_BONES = {
    "shoulder": "upperarm01",
    "elbow": "lowerarm01",
    "wrist": "wrist",
    "hip": "upperleg01",
    "knee": "lowerleg01",
    "ankle": "foot",
    "heel": "foot",
    "foot_index": "toe2-1",
    "pinky": "finger5-1",
    "index": "finger2-1",
    "thumb": "finger1-2",
}
FACE_POINTS_OF_BODY = {
    "nose": 1,
    **{"left_eye_inner": 362, "left_eye": 473, "left_eye_outer": 263},
    **{"right_eye_inner": 133, "right_eye": 468, "right_eye_outer": 33},
    **{"left_ear": 454, "right_ear": 234, "mouth_left": 291, "mouth_right": 61},
}


@dataclass(frozen=True)
class Keypoints:
    """The 553 points of T frames.

    points (T, 553, 3): x, y in pixels and depth in metres from the camera; visible (T, 553): inside
    the picture and not hidden by another part of the signer.
    """

    points: Tensor
    visible: Tensor


@dataclass(frozen=True)
class Correspondence:
    """corners (478, 3): body vertices around each face point, and their weights (478, 3).

    offsets (33, 3): from the rig's body joints to MediaPipe's, metres in the axes of the chest.
    """

    corners: Tensor
    weights: Tensor
    offsets: Tensor


@cache
def bundled_correspondence() -> Correspondence:
    """Return the fitted correspondence that comes with the package."""
    tensors = load_file(BUNDLED)
    return Correspondence(tensors["corners"].long(), tensors["weights"], tensors["offsets"])


def project_keypoints(
    figure: Figure, posed: Posed | Pose, camera: Camera, depth: Tensor | None = None
) -> Keypoints:
    """Return a figure's points as the camera sees them.

    posed: the figure, or the pose that it is to take; depth (T, H, W): of the rendered pictures;
    without it, only the picture's borders hide points.
    """
    posed = figure.posed(posed) if isinstance(posed, Pose) else posed
    places = keypoint_places(figure, posed, bundled_correspondence())
    points = camera.project(places)
    width, height = camera.size
    x, y, far = points.unbind(2)
    visible = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    if depth is not None:
        column = x.long().clamp(0, width - 1)
        row = y.long().clamp(0, height - 1)
        nearest = depth.flatten(1).gather(1, row * width + column)
        visible &= nearest > far - _HIDDEN_BY
    return Keypoints(points, visible)


def keypoint_places(figure: Figure, posed: Posed, correspondence: Correspondence) -> Tensor:
    """Return the points in the world, (T, 553, 3)."""
    face = _face(figure, posed, correspondence)
    hands = [_hand(figure, posed, side) for side in "LR"]
    body = _body(figure, posed, face)
    chest = posed.bones.turns[:, figure.skeleton.rows["spine01"]]
    offsets = correspondence.offsets.to(body)
    body = body + (chest[:, None] @ offsets[..., None])[..., 0]
    return torch.cat([body, face, *hands], 1)


def _face(figure: Figure, posed: Posed, correspondence: Correspondence) -> Tensor:
    rows = figure.body_rows[correspondence.corners.to(figure.body_rows.device)]
    weights = correspondence.weights.to(posed.vertices)
    return (posed.vertices[:, rows] * weights[..., None]).sum(2)


def _hand(figure: Figure, posed: Posed, side: str) -> Tensor:
    rows = figure.skeleton.rows
    heads = posed.bones.heads
    tips = figure.signer.anatomy.fingertips["LR".index(side)].to(figure.body_rows.device)
    ends = posed.vertices[:, figure.body_rows[tips]].mean(2)  # (T, 5, 3)
    points = [heads[:, rows[f"wrist.{side}"]]]
    for finger, bones in enumerate(figure.skeleton.fingers(side)):
        points += [heads[:, bone] for bone in bones] + [ends[:, finger]]
    return torch.stack(points, 1)


def _body(figure: Figure, posed: Posed, face: Tensor) -> Tensor:
    points = []
    for name in layout(LAYOUT).points[:33]:
        place = name.removeprefix("body.")
        if place in FACE_POINTS_OF_BODY:
            points.append(face[:, FACE_POINTS_OF_BODY[place]])
            continue
        side, joint = place.split("_", 1)
        bone = figure.skeleton.rows[f"{_BONES[joint]}.{side[0].upper()}"]
        points.append(posed.bones.heads[:, bone])
    return torch.stack(points, 1)
