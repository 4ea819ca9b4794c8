"""Cloth by the pixel: patterns, plackets and buttons, hems, and folds that move with the arms.

Everything is told by places of the template, so that it lies alike on every body; what is cut and
sewn in three dimensions is the business of garments.py and sewing.py.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from signgen.studio.factory import Anatomy
from signgen.studio.kinematics import SIDES, BoneMotion, Skeleton
from signgen.studio.noise import specks
from signgen.studio.pieces import smoothstep
from signgen.studio.style import Outfit, Pattern

_SHOW = 0.5  # of the difference between a pattern's two colours
_BUTTON, _BUTTONS_APART = 0.0055, 0.072  # metres
_LINE = 0.0014  # metres: half of a seam's width
_PLACKETS = {"polo": 0.455, "shirt": -1.0, "blouse": -1.0}  # down to which height
_RIBBED = ("sweater", "hoodie", "cardigan")
_ARMPIT = (0.148, 0.455)  # of the template: |x| and height
_ELBOW_FOLD, _BODY_FOLD = 0.026, 0.075  # metres from fold to fold


@dataclass(frozen=True)
class Weave:
    """An outfit and where its sleeves lie: shoulder and line to the wrist, how far along it elbow
    and cuff are.
    """

    outfit: Outfit
    shoulder: tuple[float, ...]
    line: tuple[float, ...]
    elbow: float
    cuff: float

    @classmethod
    def of(cls, anatomy: Anatomy, outfit: Outfit, sleeve: float) -> "Weave":
        """Return the weave of an outfit with sleeves that reach so far."""
        shoulder, elbow, wrist = (
            anatomy.template_heads[anatomy.skeleton.rows[f"{bone}.L"]]
            for bone in ("upperarm01", "lowerarm01", "wrist")
        )
        line = wrist - shoulder
        bend = float((elbow - shoulder) @ line / (line @ line))
        return cls(outfit, tuple(shoulder.tolist()), tuple(line.tolist()), bend, sleeve)


@dataclass(frozen=True)
class _Spot:
    # N pixels: across, down (N,): metres along the cloth; sleeve (N,): 1 on sleeves;
    # along (N,): from shoulder to wrist; x, z (N,): of the template
    across: Tensor
    down: Tensor
    sleeve: Tensor
    along: Tensor
    x: Tensor
    z: Tensor

    @classmethod
    def at(cls, place: Tensor, weave: Weave) -> "_Spot":
        x, y, z = place.unbind(1)
        ax = x.abs()
        line = place.new_tensor(weave.line)
        length = line.norm()
        away = torch.stack([ax, y, z], 1) - place.new_tensor(weave.shoulder)
        along = away @ (line / length**2)
        sleeve = (ax - 0.158 - 0.4 * (0.43 - z).clamp(min=0) > 0).to(x)
        beside = (away[:, 0] * -line[2] + away[:, 2] * line[0]) / length
        return cls(
            across=torch.lerp(x, beside, sleeve),
            down=torch.lerp(z, along * length, sleeve),
            sleeve=sleeve,
            along=along,
            x=x,
            z=z,
        )


def paint_cloth(colour: Tensor, place: Tensor, weave: Weave) -> Tensor:
    """Return the colours (N, 3) of cloth at template places (N, 3)."""
    outfit, spot = weave.outfit, _Spot.at(place, weave)
    shown = _pattern(outfit.pattern, spot, outfit.cell)
    colour = torch.lerp(colour, place.new_tensor(outfit.second), _SHOW * shown[:, None])
    colour = colour * _seams(spot, weave)[:, None]
    if outfit.kind in ("jacket", "cardigan"):
        colour = _open_front(colour, spot, place, outfit)
    if outfit.kind in _PLACKETS:
        colour = _buttoned(colour, spot, place, outfit.trim, _PLACKETS[outfit.kind], 0.55)
    return _trousers(colour, spot, outfit)


def _pattern(pattern: Pattern, spot: _Spot, cell: float) -> Tensor:
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


def _motif(spot: _Spot, size: float) -> Tensor:
    """Return a round badge with bars on the chest (N,)."""
    x, z = spot.x / size, (spot.z - 0.40) / size
    radius = (x**2 + z**2).sqrt()
    ring = smoothstep(0.10, 0.06, (radius - 0.9).abs())
    bars = smoothstep(-0.2, 0.2, torch.sin(9 * z)) * smoothstep(0.75, 0.70, radius)
    return 1.6 * torch.maximum(ring, bars) * (1 - spot.sleeve)


def _seams(spot: _Spot, weave: Weave) -> Tensor:
    """Return how dark seams, ribs and cuffs make cloth (N,)."""
    kind = weave.outfit.kind
    length = float(torch.tensor(weave.line).norm())
    left = (weave.cuff - spot.along) * length  # metres to the cuff's edge
    ribs = 1 - 0.16 * (1 + torch.sin(spot.across * (2 * torch.pi / 0.0065))) / 2
    band = 0.045 if kind in _RIBBED else 0.0
    cuff = spot.sleeve * (left < band)
    hem = (1 - spot.sleeve) * (spot.z < weave.outfit.hem + band)
    light = torch.where((cuff + hem) > 0, ribs, torch.ones_like(ribs))
    edge = band or (0.058 if kind in ("shirt", "blouse", "jacket") else 0.020)
    light = light - 0.22 * spot.sleeve * _line(left - edge)
    light = light - 0.15 * (1 - spot.sleeve) * _line(spot.z - weave.outfit.hem - (band or 0.02))
    armhole = spot.x.abs() - 0.158 - 0.4 * (0.43 - spot.z).clamp(min=0)
    light = light - 0.14 * _line(armhole) * (weave.cuff > 0.1)
    if kind == "hoodie":
        pocket = torch.maximum((spot.x.abs() - 0.10 - 0.25 * (0.20 - spot.z)), spot.z - 0.235)
        light = light - 0.25 * (1 - spot.sleeve) * _line(pocket) * (spot.z > weave.outfit.hem)
    return light


def _line(gap: Tensor) -> Tensor:
    return smoothstep(2 * _LINE, 0.5 * _LINE, gap.abs())


def _open_front(colour: Tensor, spot: _Spot, place: Tensor, outfit: Outfit) -> Tensor:
    """Return the cloth with what an open jacket or cardigan shows under it, N pixels."""
    tip, wide = (0.30, 0.062) if outfit.kind == "jacket" else (0.36, 0.055)
    edge = wide * ((spot.z - tip) / (0.575 - tip)).clamp(min=0) ** 0.8
    front = (place[:, 1] < -0.02) * (1 - spot.sleeve)
    gap = spot.x.abs() - edge
    below = outfit.hem < spot.z
    shirt = colour.new_tensor(outfit.inner).expand_as(colour)
    if outfit.kind == "jacket":
        shirt = _buttoned(shirt, spot, place, outfit.trim, -1.0, 0.54)
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


def _lapel(spot: _Spot, gap: Tensor) -> Tensor:
    """Return the distance from a lapel's outer edge, notched where it meets the collar (N,)."""
    wide = 0.012 + 0.034 * smoothstep(0.30, 0.47, spot.z)
    notch = 0.022 * smoothstep(0.012, 0.0, (spot.z - 0.492 - 0.15 * gap).abs())
    worn = (spot.z > 0.30) & (spot.z < 0.535)
    return torch.where(worn, gap - wide + notch, torch.ones_like(gap))


def _buttoned(
    colour: Tensor, spot: _Spot, place: Tensor, trim: tuple[float, ...], low: float, high: float
) -> Tensor:
    front = (place[:, 1] < -0.02) * (1 - spot.sleeve) * (spot.z > low) * (spot.z < high + 0.03)
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


def _trousers(colour: Tensor, spot: _Spot, outfit: Outfit) -> Tensor:
    below = (1 - spot.sleeve) * (spot.z < outfit.hem)
    lower = (
        colour.new_tensor(outfit.lower)
        * (1 - 0.45 * smoothstep(0.03, 0.0, outfit.hem - spot.z))[:, None]
    )
    lower = lower * (1 - 0.3 * _line(spot.x))[:, None]
    return torch.lerp(colour, lower, below[:, None])


def arm_bends(bones: BoneMotion, skeleton: Skeleton) -> Tensor:
    """Return for T frames and both arms, (T * 2, 8): how far the elbow is bent and the upper arm
    is raised, 0 to 1, and the directions of upper and lower arm.
    """
    arms = []
    for side in SIDES:
        joints = [
            bones.heads[:, skeleton.rows[f"{bone}.{side}"]]
            for bone in ("upperarm01", "lowerarm01", "wrist")
        ]
        upper, lower = ((b - a) / (b - a).norm(dim=1, keepdim=True) for a, b in pairwise(joints))
        bend = (1 - (upper * lower).sum(1, keepdim=True)) / 1.6
        raised = (1 + upper[:, 2:]) / 1.6
        arms.append(torch.cat([bend.clamp(0, 1), raised.clamp(0, 1), upper, lower], 1))
    return torch.stack(arms, 1).flatten(0, 1)


def fold_cloth(
    colour: Tensor, normal: Tensor, place: Tensor, arm: Tensor, weave: Weave
) -> tuple[Tensor, Tensor]:
    """Return colours and normals (N, 3) of cloth in folds, at template places (N, 3).

    arm (N, 8): of the nearer arm, as ``arm_bends`` tells it.
    """
    spot, depth = _Spot.at(place, weave), weave.outfit.creases
    bend, raised = arm[:, 0], arm[:, 1]
    start = weave.outfit.seed % 97 / 10
    past = spot.along - weave.elbow
    wander = 1.4 * torch.sin(36 * spot.across + start) + torch.sin(13 * spot.down + 2 * start)
    phase = 2 * torch.pi * spot.down / _ELBOW_FOLD + wander
    reach = torch.exp(-((past / 0.17) ** 2)) * (0.15 + 0.75 * bend)
    reach = reach + 0.30 * torch.exp(-(((spot.along - weave.cuff + 0.10) / 0.09) ** 2))
    ripple = depth * spot.sleeve * reach
    towards = torch.where((past < 0)[:, None], arm[:, 2:5], arm[:, 5:8])
    normal = normal + (0.62 * ripple * phase.cos())[:, None] * towards
    dark = 0.16 * ripple * (1 + phase.sin())
    side, down, shade = _body_folds(spot, raised, start)
    trunk = depth * (1 - spot.sleeve)
    tilt = torch.stack([trunk * side, 0 * side, trunk * down], 1)
    normal = normal + tilt
    normal = normal / normal.norm(dim=1, keepdim=True).clamp(min=1e-6)
    return colour * (1 - dark - trunk * shade)[:, None], normal


def _body_folds(spot: _Spot, raised: Tensor, start: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return how folds of the trunk tilt normals sideways and up, and how dark they are (N,)."""
    out, up = spot.x.abs() - _ARMPIT[0], spot.z - _ARMPIT[1]
    radius, angle = (out**2 + up**2).sqrt(), torch.atan2(up, -out)
    pull = torch.exp(-(((radius - 0.055) / 0.05) ** 2)) * (0.22 + 0.55 * raised)
    wave = 7 * angle + 0.9 * torch.sin(55 * radius + start)
    pulled = pull * wave.cos()
    side = pulled * angle.sin() * spot.x.sign()
    down = pulled * angle.cos()
    hang = 0.20 * smoothstep(0.40, 0.24, spot.z)
    hung = 2 * torch.pi * spot.x / _BODY_FOLD + 1.8 * torch.sin(11 * spot.z + start)
    waist = 0.22 * torch.exp(-(((spot.z - 0.16) / 0.07) ** 2))
    slack = 2 * torch.pi * spot.z / 0.062 + 2.2 * torch.sin(14 * spot.x + 2 * start)
    shade = 0.10 * pull * (1 + wave.sin()) + 0.12 * (hang + waist) * (1 + hung.sin() * slack.sin())
    return side + hang * hung.cos(), down + waist * slack.cos(), shade
