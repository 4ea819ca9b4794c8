"""Close-ups: square parts of frames, mostly hands and faces, cut out for the decoder.

A decoder that looks at surroundings alone learns from them what it would learn from whole pictures,
for a small part of the work.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from signgen.latents import Surroundings
from signgen.training.autoencoder import Rebuilding
from signgen.training.trainer import Dice


@dataclass(frozen=True, eq=False)
class Parts:
    """Parts of N pictures, as many of each in a row.

    top, left (M,): where they begin, in cells; size: their height and width in cells.
    """

    top: Tensor
    left: Tensor
    size: tuple[int, int]

    def cut(self, pictures: Tensor, scale: int) -> Tensor:
        """Return parts (M, C, ...) of pictures (N, C, H, W) with ``scale`` pixels a cell."""
        height, width = (scale * cells for cells in self.size)
        steps = torch.arange(max(height, width), device=self.top.device)
        rows = scale * self.top[:, None] + steps[:height]  # (M, height)
        columns = scale * self.left[:, None] + steps[:width]
        numbers = torch.arange(len(pictures), device=self.top.device)
        which = numbers.repeat_interleave(len(self.top) // len(pictures))
        found = pictures[which[:, None, None], :, rows[:, :, None], columns[:, None, :]]
        return found.movedim(-1, 1)


def close_ups(whole: Rebuilding, num: int, cells: int, block: int, dice: Dice) -> Rebuilding:
    """Return ``num`` parts of each frame, as (B * T * num, 1, ...), each with its own reference.

    cells: their side, at most the picture's; block: pixels a cell.
    """
    parts = _choose(whole.weights.flatten(0, 1), num, cells, dice)
    num_frames = whole.weights.shape[1]
    around = whole.surroundings

    def cut(frames: Tensor, scale: int) -> Tensor:
        return parts.cut(frames.flatten(0, 1), scale)[:, None]

    def cut_shared(pictures: Tensor) -> Tensor:
        return parts.cut(pictures.repeat_interleave(num_frames, 0), block)

    return Rebuilding(
        pixels=cut(whole.pixels, block),
        weights=cut(whole.weights, 1),
        latents=cut(whole.latents, 1),
        surroundings=Surroundings(
            maps=cut(around.maps, block),
            reference=cut_shared(around.reference),
            reference_maps=cut_shared(around.reference_maps),
        ),
    )


def _choose(weights: Tensor, num: int, cells: int, dice: Dice) -> Parts:
    """Choose parts by the squares of weights (N, 1, h, w), so that hands are seen most."""
    height, width = weights.shape[-2:]
    middles = torch.multinomial(weights.flatten(1) ** 2, num, generator=dice.values).flatten()
    size = (min(cells, height), min(cells, width))
    top = (middles // width - size[0] // 2).clamp(0, height - size[0])
    left = (middles % width - size[1] // 2).clamp(0, width - size[1])
    return Parts(top, left, size)
