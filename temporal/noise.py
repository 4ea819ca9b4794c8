"""Noise for video: a part that all frames share and a part of each frame's own.

Together they have unit variance. Frame-major: a frame's noise depends on the seed and its index
alone, so that a longer clip starts with the same noise as a shorter one.
"""

import torch
from torch import Tensor

SHARED = 0.5  # of the variance


def shared_noise(
    shape: tuple[int, int, int, int, int],
    generator: torch.Generator,
    *,
    shared: float = SHARED,
) -> Tensor:
    """Return noise (B, T, c, h, w) ; shared: the common part's share of the variance."""
    if not 0 <= shared <= 1:
        raise ValueError(f"the shared part of the noise is {shared}; give 0 to 1")
    num_clips, num_frames, *rest = shape
    common = torch.randn(num_clips, 1, *rest, generator=generator, device=generator.device)
    own = torch.randn(num_frames, num_clips, *rest, generator=generator, device=generator.device)
    own = own.movedim(0, 1)  # (B, T, c, h, w)
    return shared**0.5 * common + (1 - shared) ** 0.5 * own
