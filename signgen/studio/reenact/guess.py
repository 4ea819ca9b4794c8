"""A first guess at every frame: arms are looked up among many, the rest follows from the shoulders.

A fit that starts on the wrong side of a palm stays there; one that starts from the nearest of some
thousand arms hardly ever does.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import conv1d, pad

from signgen.studio.reenact.bodies import inside
from signgen.studio.reenact.misfit import Shared, projected
from signgen.studio.reenact.numbers import NUM_NUMBERS, Numbers
from signgen.studio.reenact.rig import Rig
from signgen.studio.reenact.sight import SHOULDERS, Sight

_ARMS, _SEED = 12000, 5
_OF_ARMS = ("swing", "twist", "elbow", "forearm", "wrist")
_PALM = (0, 5, 9, 17)  # hand points that tell where a palm is and where it looks
_DEPTH, _STRAIN, _INSIDE = 0.5, 30.0, 1e5  # what counts beside the distance in the picture
_DISTANCES = (0.8, 1.2, 1.8, 2.6)  # metres from the camera to the signer
_SMOOTH = (0.06, 0.24, 0.4, 0.24, 0.06)


@dataclass(frozen=True)
class Arms:
    """Many arms: their numbers; palms (N, 2, 4, 3) and elbows (N, 2, 3); strain (N, 2)."""

    numbers: Numbers
    palms: Tensor
    elbows: Tensor
    strain: Tensor

    @classmethod
    def of(cls, rig: Rig) -> "Arms":
        """Draw arms of a rig, the same each time."""
        generator = torch.Generator().manual_seed(_SEED)
        least, most = rig.limits
        drawn = Numbers.of(
            least + (most - least) * torch.rand(_ARMS, NUM_NUMBERS, generator=generator)
        )
        flat = rig.at_ease.repeat(_ARMS, 1)
        numbers = Numbers.of(flat)
        rest = Numbers.of(rig.at_ease[None])
        for name in _OF_ARMS:
            getattr(numbers, name)[:] = getattr(drawn, name)
        numbers.wrist.mul_(0.7)
        places = rig.move(flat)
        turned = numbers.twist**2 + numbers.forearm**2
        away = (numbers.swing - rest.swing).square().sum(2) + (numbers.elbow - rest.elbow) ** 2
        strain = _STRAIN * ((numbers.wrist**2).sum(2) + 0.3 * turned + 0.1 * away)
        strain = strain + _INSIDE * inside(rig, places)
        return cls(numbers, places.hands[:, :, list(_PALM)], places.elbows, strain)


def likely_shared(rig: Rig, arms: Arms, sight: Sight) -> Shared:
    """Return the best of a few guesses at what all frames share."""
    left, right = rig.body_shoulders
    scale = SHOULDERS / float((left - right).norm())
    starts = [Shared(scale, distance, 1.0, 1.0) for distance in _DISTANCES]
    costs = [sum(float(_costs(arms, rig, sight, s, n)[0].sum()) for n in range(2)) for s in starts]
    return starts[costs.index(min(costs))]


def first_guess(rig: Rig, arms: Arms, sight: Sight, shared: Shared) -> Tensor:
    """Return numbers (T, N) to start from."""
    numbers = rig.at_ease.repeat(len(sight), 1)
    named = Numbers.of(numbers)
    named.root[:, [0, 2]] = _middle(sight) / shared.values()[0] * torch.tensor([1.0, -1.0])
    for side in range(2):
        _, best = _costs(arms, rig, sight, shared, side)
        for name in _OF_ARMS:
            getattr(named, name)[:, side] = getattr(arms.numbers, name)[best, side]
    return _smoothed(numbers)


def _middle(sight: Sight) -> Tensor:
    """Return where the middle of the shoulders is seen (T, 2), the mean where it is not."""
    trust = sight.shoulders_trust[..., None]
    middle = (sight.shoulders * trust).sum(1) / trust.sum(1).clamp(min=1e-6)
    seen = trust.sum((1, 2)) > 0
    return torch.where(seen[:, None], middle, middle[seen].mean(0)) if seen.any() else middle


def _costs(arms: Arms, rig: Rig, sight: Sight, shared: Shared, side: int) -> tuple[Tensor, Tensor]:
    """Return the cost and the number of the nearest arm of a side, (T,) each."""
    middle = _middle(sight)
    hands = sight.hands[:, side]
    elbows = projected(rig, arms.elbows[:, side], shared)
    cost = _far(sight.elbows[:, side] - middle, elbows) * sight.elbows_trust[:, side, None]
    cost = cost + arms.strain[:, side]
    for n, point in enumerate(_PALM):
        palms = projected(rig, arms.palms[:, side, n], shared)
        trust = sight.hands_trust[:, side, point, None]
        cost = cost + _far(hands[:, point, :2] - middle, palms) * trust
        trust = sight.hands_depth_trust[:, side, point, None]
        deep = arms.palms[:, side, n, 1:2] - arms.palms[:, side, 0, 1:2]
        deep = shared.values()[0] * deep
        cost = cost + _DEPTH * _far(hands[:, point, 2:] * (trust > 0), deep) * trust
    return cost.min(1)


def _far(seen: Tensor, arms: Tensor) -> Tensor:
    return torch.cdist(seen, arms) ** 2


def _smoothed(numbers: Tensor) -> Tensor:
    half = len(_SMOOTH) // 2
    padded = pad(numbers.T[:, None], (half, half), mode="replicate")
    return conv1d(padded, numbers.new_tensor(_SMOOTH)[None, None])[:, 0].T.clone()
