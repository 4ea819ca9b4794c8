"""The joints of the body as Gaussians, one a joint: the other half of CFLD's pose input.

The same as pose_sequences.draw.draw_cfld draws in numpy, on any device; a test holds them together.
"""

import torch
from torch import Tensor

from pose_sequences.layout import conversion
from signgen.constants import constant
from signgen.pose_maps import Points

NUM_JOINTS = 18  # of OpenPose-COCO, the first of this layout
_LAYOUT = "dwpose134"
_SPREAD = 6 / 256  # of a Gaussian, in picture sides


def find_joints(points: Points, name: str, size: tuple[int, int]) -> Tensor:
    """Return joints (N, 18, 3): x and y in shares of the picture, and whether they are there.

    points: of N pictures of ``size`` (width, height), in the layout ``name``.
    """
    device = points.places.device
    table = conversion(name, _LAYOUT).sources[:NUM_JOINTS].tolist()
    known = constant(tuple(min(pair) >= 0 for pair in table), device, torch.bool)
    pairs = constant(tuple(map(tuple, table)), device, torch.long).clamp(min=0)  # (18, 2)
    there = (points.confidence[:, pairs] > 0).all(dim=2) & known  # (N, 18)
    extent = constant((float(size[0]), float(size[1])), device)
    places = points.places[:, pairs, :2].mean(dim=2) / extent * there[..., None]
    return torch.cat((places, there[..., None]), dim=-1)


def draw_joints(joints: Tensor, side: int) -> Tensor:
    """Return maps (N, 18, side, side) in [0, 1]; that of a missing joint is zero."""
    steps = torch.arange(side, device=joints.device, dtype=joints.dtype)
    away = (steps - joints[..., :2, None] * side) / (_SPREAD * side)  # (N, 18, 2, side)
    across, down = torch.exp(-(away**2) / 2).unbind(2)
    return joints[..., 2, None, None] * down[..., :, None] * across[..., None, :]
