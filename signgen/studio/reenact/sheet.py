"""A contact sheet of a reenactment: what the pose file shows above what the signer does."""

import numpy as np
import torch
from numpy.typing import NDArray

from pose_sequences.draw import draw
from pose_sequences.draw.preview import fitted
from signgen.studio.clip import film
from signgen.studio.figure import Figure, Pose
from signgen.studio.reenact import Reenactment

_CELLS = 6


def reenactment_sheet(
    figure: Figure, reenactment: Reenactment, size: tuple[int, int]
) -> NDArray[np.uint8]:
    """Return evenly spread frames (2 * H, N * W, 3), at most six.

    size: width and height in pixels into which each frame fits.
    """
    sequence = reenactment.sequence
    size = fitted(sequence, *size)
    count = min(_CELLS, len(sequence))
    frames = torch.linspace(0, len(sequence) - 1, count).round().long()
    poses = list(reenactment.poses())
    chosen = Pose(
        torch.cat([pose.rotations for pose in poses])[frames],
        torch.cat([pose.actions for pose in poses])[frames],
        torch.cat([pose.root for pose in poses])[frames],
    )
    camera = reenactment.without_legs(reenactment.camera(size))
    shown = torch.cat([shot.frames for shot in film(figure, chosen, camera)])
    drawn = draw(sequence, size=size, frames=frames.tolist())
    return np.concatenate([np.concatenate(list(row), axis=1) for row in (drawn, shown.numpy())])
