"""The colours a person is born with: skin, lips, eyes, brows.

Colours are linear light, not sRGB; clothes and hair are the wardrobe's.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from signgen.studio.phenotypes import TRAITS

Colour = tuple[float, float, float]

# Skin from the lightest to the darkest, sRGB (after the Monk scale, a little more saturated).
_SKIN = ((242, 212, 190), (236, 198, 168), (222, 174, 138), (196, 144, 106), (160, 108, 74))
_SKIN_DARK = ((124, 80, 54), (92, 58, 40), (66, 42, 32))
_EYES = ((70, 42, 24), (88, 56, 30), (52, 32, 20), (112, 96, 58), (88, 112, 132), (96, 116, 92))
_UNDERTONE = (1.0, 0.96, 0.88)
WELL_LIT = 0.34  # linear, of skin as a camera's operator wants it
# how far operators go: 1 makes every skin as bright as any other
FOLLOWS = (0.65, 0.85)


@dataclass(frozen=True)
class Complexion:
    """skin, lips, iris, brows: linear colours; darkness, blush, stubble, freckles: 0 to 1; palms:
    the linear colour that they come near on the darkest skin.
    """

    skin: Colour
    lips: Colour
    iris: Colour
    brows: Colour
    darkness: float
    blush: float
    stubble: float
    freckles: float
    palms: Colour = (0.55, 0.30, 0.20)


def linear(colour: tuple[float, ...]) -> Colour:
    """Return an sRGB colour of 0 to 255 as linear light of 0 to 1."""
    red, green, blue = ((channel / 255) ** 2.2 for channel in colour)
    return red, green, blue


def luminance(colour: Colour) -> float:
    """Return how bright a linear colour is."""
    return 0.21 * colour[0] + 0.72 * colour[1] + 0.07 * colour[2]


def contrast(one: Colour, other: Colour) -> float:
    """Return how far apart colours look: their lightness and hue, in units of sRGB/255."""
    pairs = zip(one, other, strict=True)
    return sum(abs(a ** (1 / 2.2) - b ** (1 / 2.2)) for a, b in pairs)


def draw_complexion(traits: Tensor, generator: torch.Generator) -> Complexion:
    """Draw the colours that go with a person's traits (11,)."""
    african, asian, caucasian = (float(traits[TRAITS.index(a)]) for a in TRAITS[-3:])
    masculine = 1 - float(traits[TRAITS.index("gender")])
    draws = torch.rand(8, generator=generator).tolist()
    centre = 0.75 * african + 0.30 * asian + 0.17 * caucasian
    darkness = min(max(centre + 0.42 * (draws[0] - 0.5), 0.0), 1.0)
    skin = _along(darkness, draws[1])
    light_eyes = caucasian > 0.6 and draws[2] < 0.5
    iris = _EYES[3 + int(3 * draws[3])] if light_eyes else _EYES[int(3 * draws[3])]
    hair = 0.35 if light_eyes and draws[4] < 0.6 else 0.12
    redness = 0.75 + 0.25 * draws[5] * (1 - masculine)
    lips = (skin[0] * 0.92 * redness, skin[1] * 0.55 * redness, skin[2] * 0.56 * redness)
    return Complexion(
        skin=skin,
        lips=lips,
        iris=linear(iris),
        brows=(0.10 * hair + 0.01, 0.07 * hair + 0.008, 0.05 * hair + 0.006),
        darkness=darkness,
        blush=draws[6] * (1 - 0.6 * darkness),
        stubble=max(0.0, masculine - 0.5) * 2 * max(0.0, draws[7] - 0.35),
        freckles=max(0.0, draws[6] - 0.7) * caucasian,
    )


def _along(darkness: float, undertone: float) -> Colour:
    palette = _SKIN + _SKIN_DARK
    place = darkness * (len(palette) - 1)
    below = min(int(place), len(palette) - 2)
    share = place - below
    pairs = zip(palette[below], palette[below + 1], strict=True)
    mixed = linear(tuple(a + share * (b - a) for a, b in pairs))
    warm = (undertone - 0.5) * 0.6
    red, green, blue = (c * u**warm for c, u in zip(mixed, _UNDERTONE, strict=True))
    return red, green, blue
