"""Who there is: grown people of all kinds, as the body model's named traits.

A trait is a number from 0 to 1 along one axis (gender, age, weight, ...); what a trait does to the
body's shape is the factory's business.
"""

import torch
from torch import Tensor

# Each trait and the anchors between which the body model interpolates; the order is the model's.
VARIATIONS: dict[str, tuple[float, ...]] = {
    "gender": (0.0, 1.0),
    "age": (-1 / 3, 0.0, 1 / 3, 2 / 3, 1.0),
    "muscle": (0.0, 0.5, 1.0),
    "weight": (0.0, 0.5, 1.0),
    "height": (0.0, 1.0),
    "proportions": (0.0, 1.0),
    "cupsize": (0.0, 0.5, 1.0),
    "firmness": (0.0, 0.5, 1.0),
}
ANCESTRIES = ("african", "asian", "caucasian")
TRAITS = (*VARIATIONS, *ANCESTRIES)

# The age axis runs from birth (-1/3) by youth (2/3, about 25 years) to old age (1, about 90).
_AGE_OF_YOUTH, _YOUTH = 25.0, 2 / 3
_AGE_OF_OLD, _CHILD, _AGE_OF_CHILD = 90.0, 1 / 3, 8.0


def age_trait(years: Tensor) -> Tensor:
    """Return the age trait of people of 8 to 90 years."""
    growing = _CHILD + (years - _AGE_OF_CHILD) / (_AGE_OF_YOUTH - _AGE_OF_CHILD) * (_YOUTH - _CHILD)
    ageing = _YOUTH + (years - _AGE_OF_YOUTH) / (_AGE_OF_OLD - _AGE_OF_YOUTH) * (1 - _YOUTH)
    return torch.where(years < _AGE_OF_YOUTH, growing, ageing).clamp(_CHILD, 1.0)


def age_in_years(trait: float) -> float:
    """Return the years of an age trait, the other way round."""
    if trait < _YOUTH:
        return _AGE_OF_CHILD + (trait - _CHILD) / (_YOUTH - _CHILD) * (
            _AGE_OF_YOUTH - _AGE_OF_CHILD
        )
    return _AGE_OF_YOUTH + (trait - _YOUTH) / (1 - _YOUTH) * (_AGE_OF_OLD - _AGE_OF_YOUTH)


def draw_traits(num_people: int, generator: torch.Generator) -> Tensor:
    """Draw grown people of 18 to 75 years: (N, 11) in the order of ``TRAITS``."""

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(num_people, generator=generator)

    def bell(mean: float, deviation: float) -> Tensor:
        drawn = mean + deviation * torch.randn(num_people, generator=generator)
        return drawn.clamp(0.02, 0.98)

    side = (torch.rand(num_people, generator=generator) < 0.5).float()
    gender = (side + (1 - 2 * side) * bell(0.0, 0.16)).clamp(0.0, 1.0)
    columns = [gender, age_trait(18 + 57 * uniform(0.0, 1.0) ** 1.5)]
    columns += [bell(0.5, 0.16), bell(0.5, 0.17), bell(0.5, 0.15), uniform(0.05, 0.6)]
    columns += [bell(0.45, 0.18), uniform(0.3, 0.8)]
    # mostly one ancestry, often with a share of the others
    shares = uniform(0.0, 1.0)[:, None] * torch.rand(num_people, 3, generator=generator)
    main = torch.randint(0, 3, (num_people,), generator=generator)
    shares = 0.45 * shares + torch.nn.functional.one_hot(main, 3)
    return torch.cat([torch.stack(columns, 1), shares / shares.sum(1, keepdim=True)], 1)


def draw_wide_traits(num_people: int, generator: torch.Generator) -> Tensor:
    """Draw people of 14 to 84 years and of all builds: (N, 11) in the order of ``TRAITS``."""
    traits = draw_traits(num_people, generator)
    ages = age_trait(14 + 70 * torch.rand(num_people, generator=generator) ** 1.8)
    traits[:, TRAITS.index("age")] = ages
    for name, spread in (("muscle", 1.35), ("weight", 1.6), ("height", 1.4)):
        column = TRAITS.index(name)
        traits[:, column] = (0.5 + spread * (traits[:, column] - 0.5)).clamp(0.05, 0.95)
    return traits


def variation_weights(traits: Tensor, mask: Tensor) -> Tensor:
    """Return how strongly each blend shape acts on each person, (N, S).

    traits: (N, 11); mask (S, 26): which variations each blend shape is the product of, ancestry
    first and then as in ``VARIATIONS``.
    """
    columns = [traits[:, len(VARIATIONS) :]]
    for column, anchors in enumerate(VARIATIONS.values()):
        columns.append(_hat_weights(traits[:, column], traits.new_tensor(anchors)))
    variations = torch.cat(columns, 1)  # (N, 26)
    return torch.where(mask, variations[:, None], variations.new_ones(())).prod(2)


def _hat_weights(values: Tensor, anchors: Tensor) -> Tensor:
    # linear interpolation between the two neighbouring anchors
    step = anchors[1] - anchors[0]
    return (1 - (values[:, None] - anchors).abs() / step).clamp(min=0)
