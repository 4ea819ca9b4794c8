"""A contact sheet of a reenactment: what the pose file shows above what the signer does."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pose_sequences.draw import draw
from signgen.studio.clip import film
from signgen.studio.figure import Figure, Pose
from signgen.studio.reenact import Reenactment

_CELLS = 6


def reenactment_sheet(
    figure: Figure, reenactment: Reenactment, size: tuple[int, int]
) -> NDArray[np.uint8]:
    """Return evenly spread frames (2 * H, N * W, 3), at most six.

    size: width and height of one in pixels.
    """
    sequence = reenactment.sequence
    count = min(_CELLS, len(sequence))
    frames = torch.linspace(0, len(sequence) - 1, count).round().long()
    camera = reenactment.without_legs(reenactment.camera(size))
    shown = [shot.frames.numpy() for shot in film(figure, _chosen(reenactment, frames), camera)]
    drawn = draw(sequence, size=size, frames=frames.tolist())
    rows = list(drawn), list(np.concatenate(shown))
    return np.concatenate([np.concatenate(row, axis=1) for row in rows])


def _chosen(reenactment: Reenactment, frames: Tensor) -> Pose:
    """Return some frames' poses; the others are forgotten as they come."""
    done, parts = 0, []
    for pose in reenactment.poses():
        rows = frames[(frames >= done) & (frames < done + pose.num_frames)] - done
        parts.append(Pose(pose.rotations[rows], pose.actions[rows], pose.root[rows]))
        done += pose.num_frames
    return Pose(
        torch.cat([part.rotations for part in parts]),
        torch.cat([part.actions for part in parts]),
        torch.cat([part.root for part in parts]),
    )
