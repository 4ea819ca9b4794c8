"""Pictures in blocks of 8x8 and their cosine transform: what JPEG and H.264 share."""

import math

import torch
from torch import Tensor

BLOCK = 8


def to_blocks(planes: Tensor) -> Tensor:
    """Return planes (..., H, W), whole blocks each way, as (..., H / 8, W / 8, 8, 8)."""
    return planes.unflatten(-2, (-1, BLOCK)).unflatten(-1, (-1, BLOCK)).transpose(-2, -3)


def from_blocks(blocks: Tensor) -> Tensor:
    """Return the planes (..., H, W) of blocks (..., H / 8, W / 8, 8, 8)."""
    return blocks.transpose(-2, -3).flatten(-2).flatten(-3, -2)


def cosines() -> Tensor:
    """Return the type II discrete cosine transform of 8 samples (8, 8), orthonormal."""
    at = (torch.arange(BLOCK) + 0.5) * math.pi / BLOCK
    rows = torch.cos(torch.arange(BLOCK)[:, None] * at) * math.sqrt(2 / BLOCK)
    rows[0] /= math.sqrt(2)
    return rows
