"""What is kept of a clip while it streams by: a few numbers a frame, and a few sums a pixel.

What they are good for is said by temporal.smoothness.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from temporal import smoothness


@dataclass
class Series:
    """What is kept of a frame: one number, or three, whatever its size."""

    steps: list[Tensor] = field(default_factory=list)
    colours: list[Tensor] = field(default_factory=list)

    def add(self, frames: Tensor, num_new: int) -> None:
        """Take frames (1, N, 3, H, W), the last ``num_new`` of which are new."""
        self.steps.append(smoothness.changes(frames)[0])
        self.colours.append(frames[0, -num_new:].mean(dim=(2, 3)))

    def all_steps(self) -> Tensor:
        """Return the changes (1, T-1)."""
        return torch.cat(self.steps)[None]

    def all_colours(self) -> Tensor:
        """Return the mean colours (1, T, 3)."""
        return torch.cat(self.colours)[None]


class Pixels:
    """What is kept of each pixel over time, in sums: of the truth how still it is, how it flickers.

    Counted from the first frame, so that the sums stay small.
    """

    def __init__(self) -> None:
        self._num_frames = 0

    def add(self, frames: Tensor, num_new: int) -> None:
        """Take frames (N, 3, H, W), the last ``num_new`` of which are new."""
        if not self._num_frames:
            self._first = frames[0].clone()
            self._total = torch.zeros_like(self._first)
            self._squares = torch.zeros_like(self._first)
            self._steps = torch.zeros_like(self._first)
            self._timed = torch.zeros_like(self._first)
        moved = frames[-num_new:] - self._first
        self._total += moved.sum(0)
        self._squares += moved.square().sum(0)
        self._steps += frames.diff(dim=0).square().sum(0)
        time = torch.arange(self._num_frames, self._num_frames + num_new, dtype=moved.dtype)
        self._timed += torch.einsum("n,nchw->chw", time, moved)
        self._num_frames += num_new

    def still(self, tolerance: float) -> Tensor:
        """Return which pixels hold still (1, 1, H, W), as smoothness.still_pixels."""
        sums = self._total[None].double(), self._squares[None].double()
        return smoothness.still_pixels(*sums, self._num_frames, tolerance)

    def flicker(self) -> Tensor:
        """Return how each pixel flickers (1, 3, H, W)."""
        return smoothness.flicker(self._steps[None], self._num_frames)

    def slope(self) -> Tensor:
        """Return how each pixel's colour walks a frame (1, 3, H, W), as smoothness.slope."""
        middle, num = (self._num_frames - 1) / 2, self._num_frames
        spread = num * (num**2 - 1) / 12  # of the frame numbers: the sum of squares
        return ((self._timed.double() - middle * self._total.double()) / spread)[None]
