"""What H.264 does to pictures: the real coder where ffmpeg is, and a stand-in in torch anywhere.

The stand-in is no codec. It takes from one what is seen of it: shared colours, 8x8 transforms with
steps that suit each macroblock, and smoothed block edges; it predicts nothing from elsewhere.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from signgen.studio.blocks import BLOCK, cosines, from_blocks, to_blocks

Coder = Callable[[Tensor, int], Tensor]
LOWEST, HIGHEST = 1, 51  # constant rate factors that x264 knows

# ITU-R BT.709, as mp4.py writes it
_TO_YCBCR = (
    (0.2126, 0.7152, 0.0722),
    (-0.114572, -0.385428, 0.5),
    (0.5, -0.454153, -0.045847),
)
_MACROBLOCK = 16
_SCALES = (219.0, 224.0, 224.0)  # levels of limited range over those of [0, 1]
_FINEST = 0.625  # the step of quantiser 0; each 6 double it
_COARSER = 5.0  # quantiser over rate factor; fitted to single pictures that x264 coded
_ROUNDING = 11 / 32  # of a step that is rounded up, as x264 has it for pictures by themselves
_CALM = 14.427  # log2 of the energy of the macroblock that x264's adaptive quantiser leaves alone
_CHROMA_FROM = 29  # from which quantiser on colour's grows more slowly


def code_like_h264(frames: Tensor, crf: int) -> Tensor:
    """Return frames (T, 3, H, W) in [0, 1] much as H.264 shows each of them, coded by itself.

    crf: x264's constant rate factor, 1 to 51. Runs on any device and is the same every time.
    """
    _check(crf)
    height, width = frames.shape[-2:]
    padding = (0, -width % _MACROBLOCK, 0, -height % _MACROBLOCK)
    seen = F.pad(_to_ycbcr(frames), padding, mode="replicate")
    light, colour = seen[:, :1], F.avg_pool2d(seen[:, 1:], 2)  # 4:2:0
    quantiser = _quantiser(light, colour, crf)  # (T, 1, H / 16, W / 16)
    light = _coded(light, quantiser.repeat_interleave(2, 2).repeat_interleave(2, 3))
    colour = _coded(colour, _of_colour(quantiser))
    colour = F.interpolate(colour, scale_factor=2.0, mode="bilinear")
    return _to_rgb(torch.cat([light, colour], 1)[..., :height, :width]).clamp(0, 1)


def code_h264(frames: Tensor, crf: int) -> Tensor:
    """Return frames (T, 3, H, W) in [0, 1] after x264 and back: one clip, on the frames' device.

    An odd side is coded with its last line twice. Raises ToolError without ffmpeg.
    """
    from pose_sequences.video import read_frames
    from pose_sequences.video.mp4 import write_mp4

    _check(crf)
    height, width = frames.shape[-2:]
    whole = F.pad(frames, (0, width % 2, 0, height % 2), mode="replicate")
    pictures = (255 * whole).round().byte().movedim(1, 3).cpu().numpy()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "coded.mp4")
        write_mp4(path, pictures, 25, crf=crf)
        back = np.stack(list(read_frames(path)))
    coded = torch.from_numpy(back).movedim(3, 1)[..., :height, :width]
    return coded.to(frames) / 255


def _check(crf: int) -> None:
    if not LOWEST <= crf <= HIGHEST:
        raise ValueError(f"crf is {crf}; give {LOWEST} (best) to {HIGHEST} (worst)")


def _quantiser(light: Tensor, colour: Tensor, crf: int) -> Tensor:
    """Return each macroblock's quantiser: calm ones are coded finer (x264's aq-mode 1)."""
    energy = _energy(light, _MACROBLOCK) + _energy(colour, _MACROBLOCK // 2).sum(1, keepdim=True)
    offset = 1.0397 * (energy.clamp(min=1).log2() - _CALM)
    return (crf + _COARSER + offset).clamp(0, 51)


def _energy(values: Tensor, side: int) -> Tensor:
    mean = F.avg_pool2d(values, side)
    return (F.avg_pool2d(values**2, side) - mean**2).clamp(min=0) * side**2


def _of_colour(quantiser: Tensor) -> Tensor:
    # close to table 8-15 of the standard, which ends at 39 for 51
    over = (quantiser - _CHROMA_FROM).clamp(min=0)
    return quantiser - over + over * 10 / 22


def _coded(values: Tensor, quantiser: Tensor) -> Tensor:
    """Return a plane (T, C, H, W) after the transform of its 8x8 blocks and the deblocking filter.

    quantiser (T, 1, H / 8, W / 8): of each block.
    """
    step = (_FINEST * 2 ** (quantiser / 6))[..., None, None]
    transform = cosines().to(values)
    parts = transform @ to_blocks(values) @ transform.T / step
    levels = parts.sign() * (parts.abs() + _ROUNDING).floor()
    coded = from_blocks(transform.T @ (levels * step) @ transform)
    for axis in (2, 3):
        coded = _deblocked(coded, quantiser, axis)
    return coded


def _deblocked(values: Tensor, quantiser: Tensor, axis: int) -> Tensor:
    """Return a plane with the steps between blocks along one axis smoothed (clause 8.7)."""
    values, quantiser = values.transpose(axis, 3), quantiser.transpose(axis, 3)
    blocks = values.unflatten(3, (-1, BLOCK)).clone()  # (T, C, H, W / 8, 8)
    rows = quantiser.repeat_interleave(BLOCK, 2)
    rows = (rows[..., 1:] + rows[..., :-1]) / 2
    p1, p0 = blocks[..., :-1, -2], blocks[..., :-1, -1]
    q0, q1 = blocks[..., 1:, 0], blocks[..., 1:, 1]
    jump, bend = 0.8 * (2 ** (rows / 6) - 1), (0.5 * rows - 7).clamp(min=0)
    most = 0.08 * 2 ** (rows / 6)
    smooth = ((p0 - q0).abs() < jump) & ((p1 - p0).abs() < bend) & ((q1 - q0).abs() < bend)
    change = ((4 * (q0 - p0) + (p1 - q1)) / 8).clamp(-most, most) * smooth
    blocks[..., :-1, -1] += change
    blocks[..., 1:, 0] -= change
    return blocks.flatten(3).transpose(axis, 3)


def _to_ycbcr(frames: Tensor) -> Tensor:
    seen = torch.einsum("ij,tjhw->tihw", frames.new_tensor(_TO_YCBCR), frames)
    return seen * seen.new_tensor(_SCALES)[:, None, None]


def _to_rgb(seen: Tensor) -> Tensor:
    back = torch.linalg.inv(torch.tensor(_TO_YCBCR, dtype=torch.double)).to(seen)
    return torch.einsum("ij,tjhw->tihw", back, seen / seen.new_tensor(_SCALES)[:, None, None])
