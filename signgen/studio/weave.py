"""What cloth shows: patterns, plackets and buttons, lapels, seams, hems over trousers.

Painted once on a map of the cloth, which clothmap.py looks up by the pixel; what is cut and sewn in
three dimensions is the business of garments.py and sewing.py.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from signgen.studio.noise import specks
from signgen.studio.pieces import smoothstep
from signgen.studio.style import Outfit, Pattern

_SHOW = 0.5  # of the difference between a pattern's two colours
_BUTTON, _BUTTONS_APART = 0.0055, 0.072  # metres
_LINE = 0.0014  # metres: half of a seam's width
_PLACKETS = {"polo": 0.455, "shirt": -1.0, "blouse": -1.0}  # down to which height
_RIBBED = ("sweater", "hoodie", "cardigan")


@dataclass(frozen=True)
class Spot:
    """Places on a map of cloth, (N,) each, in the template's metres.

    across, down: along the cloth; sleeve: 1 on sleeves, 0 on the trunk; past: beyond the elbow, and
    left: to the cuff's edge, on sleeves; x, z: on the trunk; armhole: outside the armhole's seam.
    """

    across: Tensor
    down: Tensor
    sleeve: Tensor
    past: Tensor
    left: Tensor
    x: Tensor
    z: Tensor
    armhole: Tensor


def paint_cloth(colour: Tensor, spot: Spot, outfit: Outfit) -> Tensor:
    """Return the colours (N, 3) of cloth, affine in what it is dyed with, ``colour`` (N, 3)."""
    shown = _pattern(outfit.pattern, spot, outfit.cell)
    colour = torch.lerp(colour, spot.x.new_tensor(outfit.second), _SHOW * shown[:, None])
    colour = colour * _seams(spot, outfit)[:, None]
    if outfit.kind in ("jacket", "cardigan"):
        colour = _open_front(colour, spot, outfit)
    if outfit.kind in _PLACKETS:
        colour = _buttoned(colour, spot, outfit.trim, _PLACKETS[outfit.kind], 0.55)
    return _trousers(colour, spot, outfit)


def _pattern(pattern: Pattern, spot: Spot, cell: float) -> Tensor:
    """Return how much of the pattern's second colour shows (N,)."""
    across, down = spot.across / cell, spot.down / cell
    if pattern == "stripes":
        return smoothstep(-0.15, 0.15, torch.sin(2 * torch.pi * down) - 0.2)
    if pattern == "pinstripes":
        return 0.6 * smoothstep(0.80, 0.97, torch.cos(2 * torch.pi * across))
    if pattern == "checks":
        bars = [smoothstep(-0.2, 0.2, torch.sin(2 * torch.pi * v)) for v in (across, down)]
        return 0.5 * (bars[0] + bars[1])
    if pattern == "dots":
        odd = down.floor() % 2
        gap = (torch.stack([across + 0.5 * odd, down], 1) % 1 - 0.5).norm(dim=1)
        return smoothstep(0.26, 0.18, gap)
    if pattern == "marl":
        cells = torch.stack([4 * across, 2 * down, 0 * down], 1).floor().long()
        return 0.5 * specks(cells).to(across)
    if pattern == "print":
        return _motif(spot, cell)
    return torch.zeros_like(across)


def _motif(spot: Spot, size: float) -> Tensor:
    """Return a round badge with bars on the chest (N,)."""
    x, z = spot.x / size, (spot.z - 0.40) / size
    radius = (x**2 + z**2).sqrt()
    ring = smoothstep(0.10, 0.06, (radius - 0.9).abs())
    bars = smoothstep(-0.2, 0.2, torch.sin(9 * z)) * smoothstep(0.75, 0.70, radius)
    return 1.6 * torch.maximum(ring, bars) * (1 - spot.sleeve)


def _seams(spot: Spot, outfit: Outfit) -> Tensor:
    """Return how dark seams, ribs and cuffs make cloth (N,)."""
    kind, left = outfit.kind, spot.left
    ribs = 1 - 0.16 * (1 + torch.sin(spot.across * (2 * torch.pi / 0.0065))) / 2
    band = 0.045 if kind in _RIBBED else 0.0
    cuff = spot.sleeve * (left < band)
    hem = (1 - spot.sleeve) * (spot.z < outfit.hem + band)
    light = torch.where((cuff + hem) > 0, ribs, torch.ones_like(ribs))
    edge = band or (0.058 if kind in ("shirt", "blouse", "jacket") else 0.020)
    light = light - 0.22 * spot.sleeve * _line(left - edge)
    light = light - 0.15 * (1 - spot.sleeve) * _line(spot.z - outfit.hem - (band or 0.02))
    light = light - 0.14 * (1 - spot.sleeve) * _line(spot.armhole + 0.002)
    if kind == "hoodie":
        pocket = torch.maximum((spot.x.abs() - 0.10 - 0.25 * (0.20 - spot.z)), spot.z - 0.235)
        light = light - 0.25 * (1 - spot.sleeve) * _line(pocket) * (spot.z > outfit.hem)
    return light


def _line(gap: Tensor) -> Tensor:
    return smoothstep(2 * _LINE, 0.5 * _LINE, gap.abs())


def _open_front(colour: Tensor, spot: Spot, outfit: Outfit) -> Tensor:
    """Return the cloth with what an open jacket or cardigan shows under it, N pixels."""
    tip, wide = (0.30, 0.062) if outfit.kind == "jacket" else (0.36, 0.055)
    edge = wide * ((spot.z - tip) / (0.575 - tip)).clamp(min=0) ** 0.8
    front = 1 - spot.sleeve
    gap = spot.x.abs() - edge
    below = outfit.hem < spot.z
    shirt = colour.new_tensor(outfit.inner).expand_as(colour)
    if outfit.kind == "jacket":
        shirt = _buttoned(shirt, spot, outfit.trim, -1.0, 0.54)
    shadow = 1 - 0.45 * smoothstep(-0.012, 0.0, gap)
    inside = front * smoothstep(0.001, -0.001, gap)
    colour = colour * (1 - 0.5 * front * below * _line(gap))[:, None]
    if outfit.kind == "jacket":
        colour = colour * (1 - 0.5 * front * _line(_lapel(spot, gap)))[:, None]
        colour = colour * (1 - 0.25 * front * below * (spot.z < tip) * _line(spot.x))[:, None]
    else:
        rib = 0.5 + 0.5 * torch.sin(spot.down * (2 * torch.pi / 0.0065))
        colour = colour * (1 - 0.14 * front * (gap < 0.016) * rib)[:, None]
        colour = colour * (1 - 0.2 * front * below * _line(gap - 0.017))[:, None]
    colour = _buttons(colour, spot.x, spot.z - tip + 0.02, front * below * (spot.z < tip), outfit)
    return torch.lerp(colour, shirt * shadow[:, None], inside[:, None])


def _lapel(spot: Spot, gap: Tensor) -> Tensor:
    """Return the distance from a lapel's outer edge, notched where it meets the collar (N,)."""
    wide = 0.012 + 0.034 * smoothstep(0.30, 0.47, spot.z)
    notch = 0.022 * smoothstep(0.012, 0.0, (spot.z - 0.492 - 0.15 * gap).abs())
    worn = (spot.z > 0.30) & (spot.z < 0.535)
    return torch.where(worn, gap - wide + notch, torch.ones_like(gap))


def _buttoned(
    colour: Tensor, spot: Spot, trim: tuple[float, ...], low: float, high: float
) -> Tensor:
    front = (1 - spot.sleeve) * (spot.z > low) * (spot.z < high + 0.03)
    colour = colour * (1 - 0.22 * front * _line(spot.x.abs() - 0.015))[:, None]
    step = (spot.z - high) % _BUTTONS_APART - _BUTTONS_APART / 2
    gap = (spot.x**2 + step**2).sqrt()
    return _button(colour, gap, front * (spot.z < high), trim)


def _buttons(colour: Tensor, x: Tensor, below: Tensor, where: Tensor, outfit: Outfit) -> Tensor:
    step = below % 0.085 - 0.0425
    return _button(colour, ((x - 0.008) ** 2 + step**2).sqrt() / 1.5, where, outfit.trim)


def _button(colour: Tensor, gap: Tensor, where: Tensor, trim: tuple[float, ...]) -> Tensor:
    alpha = where * smoothstep(_BUTTON, 0.7 * _BUTTON, gap)
    rim = 1 - 0.45 * where * smoothstep(0.002, 0.0, (gap - _BUTTON).abs())
    return torch.lerp(colour * rim[:, None], colour.new_tensor(trim), alpha[:, None])


def _trousers(colour: Tensor, spot: Spot, outfit: Outfit) -> Tensor:
    below = (1 - spot.sleeve) * (spot.z < outfit.hem)
    lower = (
        colour.new_tensor(outfit.lower)
        * (1 - 0.45 * smoothstep(0.03, 0.0, outfit.hem - spot.z))[:, None]
    )
    lower = lower * (1 - 0.3 * _line(spot.x))[:, None]
    return torch.lerp(colour, lower, below[:, None])
