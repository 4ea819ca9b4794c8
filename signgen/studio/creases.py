"""Folds of cloth that move with the arms: how they tilt the surface, and how dark they are.

Folds lie still on the cloth; how deep they are is told by how far elbow and upper arm are bent.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from signgen.studio.kinematics import SIDES, BoneMotion, Skeleton
from signgen.studio.pieces import smoothstep
from signgen.studio.style import Outfit
from signgen.studio.weave import Spot

_ARMPIT = (0.148, 0.455)  # of the template: |x| and height
_ELBOW_FOLD, _BODY_FOLD, _WAIST_FOLD = 0.026, 0.075, 0.062  # metres from fold to fold
_LINEN = 0.085  # metres of sleeve on both sides of the elbow that fold


@dataclass(frozen=True)
class Folds:
    """Tilts along two directions and darkness of N places, (N,) each: at rest, and how much more
    when the arm is bent all the way.

    The directions are sideways and up on the trunk, upper arm and lower arm on sleeves.
    """

    first: Tensor
    second: Tensor
    dark: Tensor
    first_more: Tensor
    second_more: Tensor
    dark_more: Tensor


def folds_of(spot: Spot, outfit: Outfit) -> Folds:
    """Return the folds of an outfit."""
    start = outfit.seed % 97 / 10
    on_sleeve, on_trunk = _sleeve_folds(spot, start), _trunk_folds(spot, start)
    values = {
        name: outfit.creases * torch.where(spot.sleeve > 0, value, getattr(on_trunk, name))
        for name, value in vars(on_sleeve).items()
    }
    return Folds(**values)


def _sleeve_folds(spot: Spot, start: float) -> Folds:
    # rings that wander, fork and fade, or the sleeve looks like a spring
    wander = 2.4 * torch.sin(34 * spot.across + start) + 1.8 * torch.sin(23 * spot.down + 2 * start)
    fading = 0.6 + 0.4 * torch.sin(47 * spot.across - 31 * spot.down + 3 * start)
    phase = 2 * torch.pi * spot.down / _ELBOW_FOLD + wander
    near = torch.exp(-((spot.past / _LINEN) ** 2))
    rest = 0.15 * near + 0.30 * torch.exp(-(((spot.left - 0.05) / 0.04) ** 2))
    upper = smoothstep(0.004, -0.004, spot.past)
    wave, valley = 0.55 * fading * phase.cos(), 0.15 * fading * (1 + phase.sin())
    more = 0.75 * near
    return Folds(
        first=upper * rest * wave,
        second=(1 - upper) * rest * wave,
        dark=rest * valley,
        first_more=upper * more * wave,
        second_more=(1 - upper) * more * wave,
        dark_more=more * valley,
    )


def _trunk_folds(spot: Spot, start: float) -> Folds:
    out, up = spot.x.abs() - _ARMPIT[0], spot.z - _ARMPIT[1]
    radius, angle = (out**2 + up**2).sqrt(), torch.atan2(up, -out)
    pull = torch.exp(-(((radius - 0.055) / 0.05) ** 2))
    wave = 7 * angle + 0.9 * torch.sin(55 * radius + start)
    side, rise = pull * wave.cos() * angle.sin() * spot.x.sign(), pull * wave.cos() * angle.cos()
    dark = 0.10 * pull * (1 + wave.sin())
    hang = 0.20 * smoothstep(0.40, 0.24, spot.z)
    hung = 2 * torch.pi * spot.x / _BODY_FOLD + 1.8 * torch.sin(11 * spot.z + start)
    waist = 0.22 * torch.exp(-(((spot.z - 0.16) / 0.07) ** 2))
    slack = 2 * torch.pi * spot.z / _WAIST_FOLD + 2.2 * torch.sin(14 * spot.x + 2 * start)
    return Folds(
        first=0.22 * side + hang * hung.cos(),
        second=0.22 * rise + waist * slack.cos(),
        dark=0.22 * dark + 0.12 * (hang + waist) * (1 + hung.sin() * slack.sin()),
        first_more=0.55 * side,
        second_more=0.55 * rise,
        dark_more=0.55 * dark,
    )


def arm_bends(bones: BoneMotion, skeleton: Skeleton) -> Tensor:
    """Return what drives folds in T frames, (T * 4, 7): on the trunk and on the sleeve of each arm.

    How far the upper arm is raised or the elbow bent, 0 to 1, and two directions, see ``Folds``.
    """
    rows = []
    for side in SIDES:
        joints = [
            bones.heads[:, skeleton.rows[f"{bone}.{side}"]]
            for bone in ("upperarm01", "lowerarm01", "wrist")
        ]
        upper, lower = ((b - a) / (b - a).norm(dim=1, keepdim=True) for a, b in pairwise(joints))
        raised = ((1 + upper[:, 2:]) / 1.6).clamp(0, 1)
        bend = ((1 - (upper * lower).sum(1, keepdim=True)) / 1.6).clamp(0, 1)
        axes = upper.new_tensor([1.0, 0.0, 0.0, 0.0, 0.0, 1.0]).expand(len(upper), 6)
        rows += [torch.cat([raised, axes], 1), torch.cat([bend, upper, lower], 1)]
    return torch.stack(rows, 1).flatten(0, 1)
