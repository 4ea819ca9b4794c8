"""Painting: the close-ups of decoded pictures are cut out, painted anew, and put back."""

from dataclasses import dataclass

import torch
from torch import Tensor

from signgen.close_ups import cut_out, feather, put_back
from signgen.conditioner import PoseEvidence, SignerEvidence
from signgen.models.painter import CloseUpPainter


@dataclass(frozen=True, kw_only=True, eq=False)
class Squares:
    """What a painter sees of N pictures: squares of both hands and the face, zeros for none.

    rough (N, 3, 3, S, S) in [-1, 1]; maps (N, 3, 3, S, S) in [0, 1]; reference (N, 3, 6, S, S): the
    same two of the reference.
    """

    rough: Tensor
    maps: Tensor
    reference: Tensor


def paint(
    painter: CloseUpPainter, pixels: Tensor, signer: SignerEvidence, poses: PoseEvidence
) -> Tensor:
    """Return pixels (B, T, 3, H, W) of B clips with hands and faces painted anew."""
    squares = cut_squares(painter, pixels, signer, poses)
    changes = painted_changes(painter, squares)
    painted = put_back(pixels.flatten(0, 1), changes, poses.close_ups.flatten(0, 1))
    return painted.unflatten(0, pixels.shape[:2])


def cut_squares(
    painter: CloseUpPainter, pixels: Tensor, signer: SignerEvidence, poses: PoseEvidence
) -> Squares:
    """Return what a painter sees of pixels (B, T, 3, H, W)."""
    where, num_frames = poses.close_ups.flatten(0, 1), pixels.shape[1]
    seen = torch.cat((pixels.flatten(0, 1).float(), poses.maps.flatten(0, 1).float()), dim=1)
    rough, maps = cut_out(seen, where, painter.side).split(3, dim=2)
    still = torch.cat((signer.reference, signer.reference_maps), dim=1)
    reference = cut_out(still, signer.reference_close_ups, painter.side)
    return Squares(rough=rough, maps=maps, reference=reference.repeat_interleave(num_frames, 0))


def painted_changes(painter: CloseUpPainter, squares: Squares) -> Tensor:
    """Return what is added to rough squares, (N, 3, 3, S, S); it fades towards their borders."""
    changes = painter(squares.rough, squares.maps, squares.reference)
    return changes * feather(painter.side, changes.device).to(changes.dtype)
