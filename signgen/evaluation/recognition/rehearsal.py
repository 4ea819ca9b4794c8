"""What a judge learns from: studio signers sign, seen as a detector would see them, unrendered.

Points come from the few vertices that keypoints lie on, a tenth of the work of a whole figure.
Pictures of generated signers never come in here.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from pose_sequences.sequence import PoseSequence
from signgen.studio.camera import Camera
from signgen.studio.clip import Take, dress_signer, rehearse, to_poses
from signgen.studio.detector import Detection, bundled_detector
from signgen.studio.detector_cover import estimate_visible
from signgen.studio.factory import SignerFactory
from signgen.studio.figure import Figure, Pose, Posed
from signgen.studio.keypoints import Keypoints, bundled_correspondence, project_keypoints
from signgen.studio.kinematics import move_bones
from signgen.studio.motion import Performance
from signgen.studio.skin import skin_transforms, skin_vertices

FPS = 25.0


@dataclass(frozen=True)
class Bare:
    """The vertices of a figure that keypoints lie on, and the figure that finds them by number.

    rows (N,): of the figure's vertices; acting (A',): which of them face actions move, moves
    (A, A', 3): how.
    """

    figure: Figure
    rows: Tensor
    acting: Tensor
    moves: Tensor

    @classmethod
    def of(cls, figure: Figure) -> "Bare":
        """Return what a figure's keypoints need of it."""
        corners = bundled_correspondence().corners.flatten()
        tips = figure.signer.anatomy.fingertips.flatten()
        needed = torch.cat([corners, tips])
        rows, numbers = figure.body_rows[needed].unique(return_inverse=True)
        body_rows = torch.full_like(figure.body_rows, -1)
        body_rows[needed] = numbers
        place = torch.full((len(figure.piece.rest),), -1)
        place[figure.acting] = torch.arange(len(figure.acting))
        own = place[rows]
        acting = (own >= 0).nonzero()[:, 0]
        return cls(replace(figure, body_rows=body_rows), rows, acting, figure.moves[:, own[acting]])

    def posed(self, pose: Pose) -> Posed:
        """Return the vertices in every frame of a pose; they have no normals."""
        figure = self.figure
        bones = move_bones(figure.skeleton, figure.heads, pose.rotations, pose.root)
        rest = figure.piece.rest[self.rows].expand(pose.num_frames, -1, 3).clone()
        rest[:, self.acting] += torch.einsum("ta,ahi->thi", pose.actions, self.moves)
        transforms = skin_transforms(bones, figure.heads, figure.to_reference)
        vertices = skin_vertices(rest, figure.piece.skin[self.rows], transforms)
        return Posed(vertices, torch.zeros_like(vertices), bones)

    def rehearsed(self, performance: Performance, camera: Camera) -> "Rehearsed":
        """Return a performance before a camera, as exact points and poses."""
        points = project_keypoints(self.figure, self.posed(performance.pose), camera)
        points = estimate_visible(points, camera)
        poses = to_poses(points, camera, performance.fps, performance.segments)
        return Rehearsed(points, poses, camera)


@dataclass(frozen=True)
class Rehearsed:
    """A take without pictures: its exact points and poses, and the camera."""

    keypoints: Keypoints
    poses: PoseSequence
    camera: Camera

    def seen(self, rng: np.random.Generator, detection: Detection) -> PoseSequence:
        """Return the poses as MediaPipe would have found them."""
        return bundled_detector().apply(self.poses, self.keypoints, self.camera, rng, detection)


def rehearse_takes(factory: SignerFactory, takes: list[Take]) -> list[Rehearsed]:
    """Return takes of one signer as exact poses with their segments."""
    figure = dress_signer(factory, takes[0].signer)
    bare = Bare.of(figure)
    return [bare.rehearsed(*rehearse(figure, take, FPS)) for take in takes]
