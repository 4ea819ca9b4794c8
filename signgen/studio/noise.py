"""Smooth random fields in space, the same for the same seed on any device."""

import torch
from torch import Tensor


def value_noise(points: Tensor, cell: float | tuple[float, float, float], seed: int = 0) -> Tensor:
    """Return smooth noise (N,) of mean about 0 and range -1 to 1.

    points (N, 3): places; cell: the size of a grain, one for all axes or one for each.
    """
    scaled = points / points.new_tensor(cell if isinstance(cell, tuple) else (cell,) * 3)
    corner = scaled.floor()
    share = scaled - corner
    share = share * share * (3 - 2 * share)
    total = torch.zeros_like(share[:, 0])
    for bits in range(8):
        offset = torch.tensor([bits & 1, bits >> 1 & 1, bits >> 2], device=points.device)
        weight = torch.where(offset.bool(), share, 1 - share).prod(1)
        total = total + weight * _hash(corner.long() + offset, seed).to(points)
    return 2 * total - 1


def specks(cells: Tensor, seed: int = 0) -> Tensor:
    """Return a random number (N,) from 0 to 1 for each of the whole-numbered cells (N, 3)."""
    return _hash(cells, seed)


def _hash(cells: Tensor, seed: int) -> Tensor:
    # integer mixing, so that every device agrees
    x, y, z = cells.unbind(1)
    mixed = x * 73856093 ^ y * 19349663 ^ z * 83492791 ^ (seed * 2654435761 % (1 << 31))
    mixed = (mixed ^ mixed >> 13) * 1274126177
    mixed = (mixed ^ mixed >> 16) & 0xFFFF
    return mixed.double() / 0xFFFF
