"""What keypoints say of hands and face beside a picture: numbers for tokens, and regions."""

import torch
from torch import Tensor

from pose_sequences.layout import HAND_POINTS, Part
from signgen.constants import constant, rows_of_part
from signgen.pose_maps import Points

HANDS: tuple[Part, ...] = ("left_hand", "right_hand")
HAND_FEATURES = 4 * len(HAND_POINTS) + 3  # places and confidence, the wrist's place, a flag
_FARTHEST = 3.0  # shoulder widths from the wrist; beyond it the detector was wrong


def describe_hands(points: Points, name: str, size: tuple[int, int]) -> Tensor:
    """Return (N, 2, HAND_FEATURES): the 21 points from the wrist on, and where the wrist is.

    In shoulder widths, so that a signer's distance does not matter; a missing point is zero.
    name: the layout; size: (width, height) of the picture.
    """
    unit = points.shoulders[:, None, None]
    device = points.places.device
    in_pixels = constant((1.0, 1.0, float(size[0])), device)
    hands = []
    for part in HANDS:
        rows = rows_of_part(name, part, device)
        there = points.confidence[:, rows, None]  # (N, 21, 1)
        places = points.places[:, rows] * in_pixels
        bones = ((places - places[:, :1]) / unit).clamp(-_FARTHEST, _FARTHEST) * (there > 0)
        wrist = places[:, 0, :2] / constant((float(size[0]), float(size[1])), device) * 2 - 1
        seen = (there > 0).float().mean(dim=1)  # (N, 1)
        hands.append(torch.cat((bones.flatten(1), there.squeeze(-1), wrist * seen, seen), dim=1))
    return torch.stack(hands, dim=1)


def region_weights(
    points: Points, name: str, size: tuple[int, int], cells: tuple[int, int]
) -> Tensor:
    """Return weights (N, 1, h, w) of mean 1 a picture: hands count four times, the face twice.

    name: the layout; size: (width, height) of the picture; cells: (h, w), of the weights.
    """
    weights = points.places.new_ones(len(points.places), 1, *cells)
    margin = 0.1 * points.shoulders
    parts: tuple[tuple[Part, float], ...] = (("face", 2.0), ("left_hand", 4.0), ("right_hand", 4.0))
    for part, weight in parts:
        inside = _box(points, rows_of_part(name, part, margin.device), margin, size, cells)
        weights = torch.where(inside, weight, weights)
    return weights / weights.mean(dim=(1, 2, 3), keepdim=True)


def _box(
    points: Points, rows: Tensor, margin: Tensor, size: tuple[int, int], cells: tuple[int, int]
) -> Tensor:
    """Return (N, 1, h, w): which cells touch the box around the points that are there."""
    there = (points.confidence[:, rows] > 0)[..., None]
    places = points.places[:, rows, :2]
    far = 1e6
    low = torch.where(there, places, far).amin(dim=1) - margin[:, None]  # (N, 2)
    high = torch.where(there, places, -far).amax(dim=1) + margin[:, None]
    x = _edges(size[0], cells[1], places)
    y = _edges(size[1], cells[0], places)
    across = (x[1:] > low[:, :1]) & (x[:-1] < high[:, :1])  # (N, w)
    down = (y[1:] > low[:, 1:]) & (y[:-1] < high[:, 1:])  # (N, h)
    return (down[:, :, None] & across[:, None, :])[:, None]


def _edges(size: int, cells: int, like: Tensor) -> Tensor:
    return torch.linspace(0, size, cells + 1, device=like.device, dtype=like.dtype)
