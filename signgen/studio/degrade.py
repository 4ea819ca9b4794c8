"""What cameras and broadcasters do to pictures: each fault a function of frames and its strength.

For references and conditioning; what a network is to make stays clean. Frames are (T, 3, H, W) in
[0, 1] on any device.
"""

import math
from dataclasses import dataclass, fields, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from signgen.studio.blocks import BLOCK, cosines, from_blocks, to_blocks
from signgen.studio.h264 import Coder, code_like_h264

# ITU-R BT.601, as JPEG and standard-definition television have it
_TO_YCBCR = (
    (0.299, 0.587, 0.114),
    (-0.168736, -0.331264, 0.5),
    (0.5, -0.418688, -0.081312),
)
# Annex K of the JPEG standard, quality 50, in steps of 1/255
_OF_LIGHT = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_OF_COLOUR = (
    (17, 18, 24, 47, *4 * (99,)),
    (18, 21, 26, 66, *4 * (99,)),
    (24, 26, 56, *5 * (99,)),
    (47, 66, *6 * (99,)),
    *4 * (8 * (99,),),
)


@dataclass(frozen=True, kw_only=True)
class Wear:
    """How worn pictures are; at the defaults they are as new.

    shutter: how much of a frame's time the shutter is open, 0 to 1, of half of it where lines are
    combed; combed: whether the odd lines are half a frame late; resolution: share of the lines and
    columns that are left; chroma: how many pixels share a colour, each way; quality: of the coding
    as JPEG, 1 to 100, 0 for none; noise: standard deviation, in [0, 1]; crf: rate factor of the
    coding as H.264, 1 (best) to 51, 0 for none.
    """

    shutter: float = 0.0
    combed: bool = False
    resolution: float = 1.0
    chroma: int = 1
    quality: float = 0.0
    noise: float = 0.0
    crf: int = 0


def draw_wear(generator: torch.Generator) -> Wear:
    """Draw the faults of a camera: each in a third of all, none of them in a sixth."""
    given, strength = torch.rand(2, len(fields(Wear)) + 1, generator=generator).tolist()
    most = Wear(
        shutter=0.2 + 0.8 * strength[0],
        combed=True,
        resolution=0.35 + 0.6 * strength[2],
        chroma=2,
        quality=10 + 60 * strength[4],
        noise=0.03 * strength[5],
        crf=28 + int(13 * strength[6]),
    )
    kept = given[-1] < 0.85
    drawn = {
        fault.name: getattr(most, fault.name)
        for fault, chance in zip(fields(Wear), given, strict=False)
        if kept and chance < 0.4
    }
    return replace(Wear(), **drawn)


def wear_down(
    moments: Tensor, wear: Wear, generator: torch.Generator, coder: Coder = code_like_h264
) -> Tensor:
    """Return frames (T, 3, H, W) as a worn camera shows them.

    moments (T, M, 3, H, W): what is seen at M times within each frame; with one, nothing moves
    while the shutter is open, and no lines comb. generator: on the frames' device. coder: what
    codes as H.264; the real one is h264.code_h264, the one taken here needs no ffmpeg, so that a
    seed gives the same pictures on every machine.
    """
    if wear.combed and moments.shape[1] > 1:
        early, late = moments.chunk(2, 1)
        frames = comb(blur_shutter(early, wear.shutter), blur_shutter(late, wear.shutter))
    else:
        frames = blur_shutter(moments, wear.shutter)
    frames = lower_resolution(frames, wear.resolution)
    frames = add_noise(frames, wear.noise, generator)
    frames = subsample_chroma(frames, wear.chroma)
    frames = quantise_blocks(frames, wear.quality) if wear.quality else frames
    return coder(frames, wear.crf) if wear.crf else frames


def blur_shutter(moments: Tensor, shutter: float) -> Tensor:
    """Return the mean (T, 3, H, W) of the first moments (T, M, 3, H, W) of each frame.

    shutter: share of the moments at which it is open, 0 for the first alone.
    """
    count = max(1, math.ceil(shutter * moments.shape[1] - 1e-6))
    return moments[:, :count].mean(1)


def comb(frames: Tensor, later: Tensor) -> Tensor:
    """Return interlaced frames: the odd lines come from ``later``, the same half a frame on."""
    combed = frames.clone()
    combed[..., 1::2, :] = later[..., 1::2, :]
    return combed


def lower_resolution(frames: Tensor, share: float) -> Tensor:
    """Return frames that went through a picture of ``share`` times their width and height."""
    if share >= 1:
        return frames
    height, width = frames.shape[-2:]
    small = max(1, round(height * share)), max(1, round(width * share))
    coarse = F.interpolate(frames, small, mode="bilinear", antialias=True)
    return F.interpolate(coarse, (height, width), mode="bilinear")


def subsample_chroma(frames: Tensor, factor: int) -> Tensor:
    """Return frames in which ``factor`` x ``factor`` pixels share their colour but not their light.

    2 is 4:2:0.
    """
    if factor == 1:
        return frames
    seen = _to_ycbcr(frames)
    height, width = seen.shape[-2:]
    colour = F.avg_pool2d(seen[:, 1:], factor, ceil_mode=True, count_include_pad=False)
    colour = F.interpolate(colour, scale_factor=float(factor), mode="bilinear")
    return _to_rgb(torch.cat([seen[:, :1], colour[..., :height, :width]], 1)).clamp(0, 1)


def quantise_blocks(frames: Tensor, quality: float) -> Tensor:
    """Return frames coded in blocks of 8x8, as JPEG and intra frames of video are.

    quality: 1 to 100, on the scale of the Independent JPEG Group.
    """
    height, width = frames.shape[-2:]
    padding = (0, -width % BLOCK, 0, -height % BLOCK)
    seen = F.pad(_to_ycbcr(frames), padding, mode="replicate") - 0.5
    transform = cosines().to(frames)
    scale = 50 / quality if quality < 50 else 2 - quality / 50
    tables = frames.new_tensor((_OF_LIGHT, _OF_COLOUR, _OF_COLOUR))[:, None, None]
    steps = (tables * scale).clamp(min=1) / 255  # (3, 1, 1, 8, 8)
    coded = ((transform @ to_blocks(seen) @ transform.T) / steps).round() * steps
    seen = from_blocks(transform.T @ coded @ transform)
    return _to_rgb(seen[..., :height, :width] + 0.5).clamp(0, 1)


def add_noise(frames: Tensor, deviation: float, generator: torch.Generator) -> Tensor:
    """Return frames with the grain of a sensor, stronger in the light than in the dark.

    deviation: of mid grey; generator: on the frames' device.
    """
    grain = torch.randn(frames.shape, generator=generator, device=frames.device)
    return (frames + deviation * (frames + 0.5).sqrt() * grain).clamp(0, 1)


def squeeze(frames: Tensor, share: float) -> Tensor:
    """Return frames whose contents are ``share`` times as wide about the middle.

    Below 1 the edges are drawn out to fill the sides, above 1 the sides are cut. RWTH-PHOENIX's
    signers are 1.15 times as wide as they are.
    """
    width = frames.shape[-1]
    across = (torch.arange(width, device=frames.device) + 0.5 - width / 2) / share
    across = (2 * across / width).expand(frames.shape[-2], -1)
    down = (2 * torch.arange(frames.shape[-2], device=frames.device) + 1) / frames.shape[-2] - 1
    grid = torch.stack([across, down[:, None].expand_as(across)], -1)
    grid = grid.to(frames).expand(len(frames), -1, -1, -1)
    return F.grid_sample(frames, grid, padding_mode="border", align_corners=False)


def squeeze_points(places: Tensor, share: float, width: int) -> Tensor:
    """Return points (..., 2 or 3), x in pixels, where ``squeeze`` puts them in such a picture."""
    across = (places[..., :1] - width / 2) * share + width / 2
    return torch.cat([across, places[..., 1:]], -1)


def _to_ycbcr(frames: Tensor) -> Tensor:
    seen = torch.einsum("ij,tjhw->tihw", frames.new_tensor(_TO_YCBCR), frames)
    return seen + seen.new_tensor([0.0, 0.5, 0.5])[:, None, None]


def _to_rgb(seen: Tensor) -> Tensor:
    back = torch.linalg.inv(torch.tensor(_TO_YCBCR, dtype=torch.double)).to(seen)
    return torch.einsum(
        "ij,tjhw->tihw", back, seen - seen.new_tensor([0.0, 0.5, 0.5])[:, None, None]
    )
