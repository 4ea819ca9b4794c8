"""Performance: who signs in a clip, and what; from arrays, and drawn only when it is asked for."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pose_sequences.sequence import PoseSequence
from signgen.close_ups import find_close_ups
from signgen.conditioner import PoseEvidence, SignerEvidence
from signgen.data import LAYOUT, chosen, fit_frames, to_points
from signgen.hand_points import describe_hands
from signgen.joint_maps import find_joints
from signgen.latents import to_pixels
from signgen.pose_maps import draw_pose_maps


@dataclass(frozen=True, kw_only=True, eq=False)
class Performance:
    """Who signs in B clips, and what.

    poses: for frames ``start`` to ``stop`` (not included); noise: likewise (B, T, c, h, w), on the
    device. Both are asked for every frame once, from left to right.
    """

    signer: SignerEvidence
    poses: Callable[[int, int], PoseEvidence]
    noise: Callable[[int, int], Tensor]

    def from_frame(self, first: int) -> "Performance":
        """Return the same performance without the frames before ``first``."""
        return replace(
            self,
            poses=lambda start, stop: self.poses(first + start, first + stop),
            noise=lambda start, stop: self.noise(first + start, first + stop),
        )


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """Where is drawn: pictures of ``size`` (width, height), on a device.

    dtype: that the networks take them in.
    """

    size: tuple[int, int]
    device: torch.device
    dtype: torch.dtype = torch.float32

    def signer(
        self,
        picture: NDArray[np.uint8],
        keypoints: PoseSequence,
        beside: Callable[[Tensor], Tensor],
    ) -> SignerEvidence:
        """Return what is known of the signer in a picture (H, W, 3) with its keypoints.

        beside: what makes latents (1, c, h, w) of the reference (1, 3, H, W) in float32.
        """
        frame = torch.from_numpy(picture.copy()).movedim(-1, 0)[None]  # of arrays not to be written
        reference = to_pixels(fit_frames(frame, self.size).to(self.device))
        points = to_points(keypoints, self.size).to(self.device)
        return SignerEvidence(
            reference=reference.to(self.dtype),
            reference_maps=draw_pose_maps(points, LAYOUT, self.size).to(self.dtype),
            reference_close_ups=find_close_ups(points, LAYOUT, self.size),
            reference_latents=beside(reference),
        )

    def poses(self, poses: PoseSequence) -> Callable[[int, int], PoseEvidence]:
        """Return what draws some frames of a sequence, strokes as wide as all of it says."""
        points = to_points(poses, self.size).to(self.device)

        def draw(start: int, stop: int) -> PoseEvidence:
            part = chosen(points, torch.arange(start, stop, device=self.device))
            return PoseEvidence(
                maps=draw_pose_maps(part, LAYOUT, self.size)[None].to(self.dtype),
                hands=describe_hands(part, LAYOUT, self.size)[None].to(self.dtype),
                joints=find_joints(part, LAYOUT, self.size)[None],
                close_ups=find_close_ups(part, LAYOUT, self.size)[None],
            )

        return draw


def check_inputs(picture: NDArray[np.uint8], keypoints: PoseSequence) -> None:
    """Raise ValueError unless a picture is (H, W, 3) of 8 bits, and the keypoints are of one."""
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise ValueError(
            f"the image is {picture.dtype} {picture.shape}; give uint8 (H, W, 3) in RGB"
        )
    if len(keypoints) != 1:
        raise ValueError(f"the image has keypoints of {len(keypoints)} frames; give its own")
