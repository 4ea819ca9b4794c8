"""Small constant tensors, kept on each device: copying one there would make the host wait."""

from functools import lru_cache

import torch
from torch import Tensor

from pose_sequences.layout import Part, layout

Numbers = tuple[float, ...] | tuple[tuple[float, ...], ...]


@lru_cache(maxsize=256)
def constant(numbers: Numbers, device: torch.device, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return numbers as a tensor; never write to it."""
    return torch.tensor(numbers, device=device, dtype=dtype)


@lru_cache(maxsize=256)
def rows_of(name: str, points: tuple[str, ...], device: torch.device) -> Tensor:
    """Return the rows of the named points in the layout ``name``."""
    return torch.from_numpy(layout(name).find(points)).to(device)


@lru_cache(maxsize=64)
def rows_of_part(name: str, part: Part, device: torch.device) -> Tensor:
    """Return the rows of a part in the layout ``name``."""
    return torch.from_numpy(layout(name).part(part)).to(device)
