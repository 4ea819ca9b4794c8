"""Painting the room behind a signer, in linear light.

A room is painted as a pinhole sees it, on a canvas of its own size whatever the picture's, and then
seen through the camera's tilt and lens.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from signgen.studio.camera import Camera
from signgen.studio.furniture import Patch
from signgen.studio.noise import value_noise
from signgen.studio.rooms import Room

_LINES = 200  # of the canvas, to a picture height: rooms are out of focus
_MARGIN = 1.3  # canvas over picture: what tilt and lens bring in
_GRAIN = 0.35  # picture heights, of the wall's mottling
_STEP = 10  # lines and columns for each at which it is computed


def room_light(room: Room, camera: Camera, like: Tensor) -> Tensor:
    """Return the empty room as linear light (3, H, W)."""
    width, height = camera.size
    canvas = _painted(room, width / height, like)
    x, y = _seen_places(camera, like)
    # grid_sample counts from -1 to 1 over the canvas
    grid = torch.stack([x / (_MARGIN * width / height), y / _MARGIN], -1) * 2
    seen = F.grid_sample(canvas[None], grid[None], padding_mode="border", align_corners=False)[0]
    across = torch.linspace(-1, 1, width, dtype=like.dtype, device=like.device)
    down = torch.linspace(-1, 1, height, dtype=like.dtype, device=like.device)
    corner = (across**2 + down[:, None] ** 2) / 2
    return seen * (1 - room.vignette * corner)


def _seen_places(camera: Camera, like: Tensor) -> tuple[Tensor, Tensor]:
    """Return where a pinhole would have what each pixel shows, x and y (H, W).

    In picture heights from the middle, as furniture has them.
    """
    width, height = camera.size
    x = torch.arange(width, dtype=like.dtype, device=like.device) + 0.5 - width / 2
    y = torch.arange(height, dtype=like.dtype, device=like.device)[:, None] + 0.5 - height / 2
    if camera.lens:  # the inverse of Camera's
        away = ((x**2 + y**2).sqrt() * (camera.lens / camera.half_diagonal)).clamp(min=1e-4)
        x, y = x * away.tan() / away, y * away.tan() / away
    cosine, sine = math.cos(camera.roll), math.sin(camera.roll)
    return (x * cosine + y * sine) / height, (y * cosine - x * sine) / height


def _painted(room: Room, aspect: float, like: Tensor) -> Tensor:
    """Return the canvas (3, h, w)."""
    height, width = round(_MARGIN * _LINES), round(_MARGIN * aspect * _LINES)
    x = (torch.arange(width, device=like.device).to(like) + 0.5 - width / 2) / _LINES
    y = (torch.arange(height, device=like.device).to(like)[:, None] + 0.5 - height / 2) / _LINES
    top, bottom = (like.new_tensor(c)[:, None, None] for c in (room.top, room.bottom))
    canvas = (top + (bottom - top) * (y + 0.5).clamp(0, 1)).expand(3, height, width).clone()
    if room.uneven:
        canvas *= 1 + room.uneven * _mottling(x, y, room.seed)
    for patch in room.patches:
        colour = like.new_tensor(patch.colour)[:, None, None]
        canvas += _coverage(patch, x, y) * (colour - canvas)
    across, down = room.pool
    away = (x - across) ** 2 + (y - down) ** 2
    return canvas * (1 - room.falloff * (1 - (-away).exp()))


def _coverage(patch: Patch, x: Tensor, y: Tensor) -> Tensor:
    """Return how much of each place (h, w) a patch covers."""
    across, down = (x - patch.x).abs(), (y - patch.y).abs()
    if patch.kind == "box":
        wide, tall = (
            ((size / 2 - away) / patch.soft + 0.5).clamp(0, 1)
            for size, away in ((patch.width, across), (patch.height, down))
        )
        return patch.share * (wide * wide * (3 - 2 * wide)) * (tall * tall * (3 - 2 * tall))
    away = (2 * across / patch.width) ** 2 + (2 * down / patch.height) ** 2
    if patch.kind == "glow":
        return patch.share * (-2 * away).exp()
    size = min(patch.width, patch.height) / 2
    inside = ((1 - away.sqrt()) * (size / patch.soft) + 0.5).clamp(0, 1)
    return patch.share * inside * inside * (3 - 2 * inside)


def _mottling(x: Tensor, y: Tensor, seed: int) -> Tensor:
    coarse = torch.broadcast_tensors(x[::_STEP], y[::_STEP], x.new_zeros(()))
    places = torch.stack(coarse, -1)
    noise = value_noise(places.flatten(0, 1), _GRAIN, seed).unflatten(0, places.shape[:2])
    size = len(y), len(x)
    return F.interpolate(noise[None, None].to(x), size, mode="bicubic")[0, 0]
