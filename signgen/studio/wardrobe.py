"""What a signer wears and how they are filmed: clothes, hair, light, background, all from a seed.

A look is a description; garments.py and hair.py cut and grow it, shading.py lights it.
"""

from dataclasses import dataclass
from typing import Literal, TypeVar

import torch

from signgen.studio.breadth import Breadth
from signgen.studio.camera import CLOSE, PHOENIX, WEBCAM, Framing
from signgen.studio.complexion import Colour, linear
from signgen.studio.factory import Signer
from signgen.studio.rooms import Room

Neck = Literal["crew", "vee", "scoop", "high"]
Hairstyle = Literal["bald", "short", "crop", "bob", "long", "bun"]
T = TypeVar("T")

_CLOTH = (
    *((22, 22, 26), (34, 36, 44), (24, 32, 58), (30, 52, 92), (62, 64, 70), (110, 112, 116)),
    *((72, 18, 30), (96, 26, 26), (22, 62, 46), (44, 74, 60), (70, 50, 92), (36, 84, 96)),
    *((150, 148, 142), (188, 184, 176), (96, 74, 58), (142, 58, 44), (164, 124, 52)),
)
_HAIR = ((16, 13, 12), (26, 19, 15), (44, 30, 21), (66, 44, 28), (98, 66, 38), (148, 112, 68))
_HAIR_RED = (112, 52, 26)
_HAIR_GREY = (150, 148, 146)


@dataclass(frozen=True)
class Garment:
    """neck: its line; sleeve: how far it reaches from the shoulder (0) to the wrist (1); colour:
    linear; looseness: metres between cloth and skin; opening: how low the neckline is, 0 to 1.
    """

    neck: Neck
    sleeve: float
    colour: Colour
    looseness: float
    opening: float


@dataclass(frozen=True)
class Hair:
    """style; colour: linear; length: metres that it hangs below the ears, where it hangs; parting:
    where on the head, -1 to 1; volume: metres above the scalp; seed: of its strands.
    """

    style: Hairstyle
    colour: Colour
    length: float
    parting: float
    volume: float
    seed: int


@dataclass(frozen=True)
class Light:
    """key, fill, ambient: strengths; key_from, fill_from: directions towards the lights; warmth: of
    the key, -1 to 1 indoors; exposure: of the camera; coldness: of the fill and the ambient, 0 for
    white; knee: the brightness from which on the camera holds highlights back, 1 for never.
    """

    key: float
    fill: float
    ambient: float
    key_from: tuple[float, float, float]
    warmth: float
    exposure: float
    fill_from: tuple[float, float, float] = (0.7, -0.6, 0.1)
    coldness: float = 0.0
    knee: float = 1.0


@dataclass(frozen=True)
class Background:
    """top, bottom: linear colours; vignette: how much darker the corners are, 0 to 1."""

    top: Colour
    bottom: Colour
    vignette: float


@dataclass(frozen=True)
class Look:
    """Everything about a picture of a signer but the pose."""

    garment: Garment
    hair: Hair
    light: Light
    background: Background | Room
    framing: Framing


class _Dice:
    """Named draws from one generator."""

    def __init__(self, seed: int) -> None:
        self._generator = torch.Generator().manual_seed(seed)

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand((), generator=self._generator))

    def one_of(self, choices: tuple[T, ...]) -> T:
        return choices[int(torch.randint(len(choices), (), generator=self._generator))]


def draw_look(signer: Signer, seed: int, breadth: Breadth = "narrow") -> Look:
    """Return the look of a seed, as it suits the signer."""
    dice = _Dice(seed)
    return Look(
        garment=_garment(signer, dice),
        hair=_hair(signer, dice),
        light=_light(signer, dice),
        background=_background(dice),
        framing=dice.one_of((PHOENIX, WEBCAM, CLOSE)),
    )


def _garment(signer: Signer, dice: _Dice) -> Garment:
    necks: tuple[Neck, ...] = ("crew", "crew", "vee", "scoop", "high")
    skin = signer.complexion.skin
    # cloth as light as the hands hides them, as signers know
    colours = [c for c in map(linear, _CLOTH) if _contrast(c, skin) > 0.45]
    return Garment(
        neck=dice.one_of(necks),
        sleeve=dice.one_of((0.30, 0.36, 0.62, 0.75, 0.97, 0.98)) + dice.between(-0.03, 0.02),
        colour=dice.one_of(tuple(colours)),
        looseness=dice.between(0.006, 0.014),
        opening=dice.between(0.0, 1.0),
    )


def _contrast(one: Colour, other: Colour) -> float:
    # difference of perceived lightness and hue, in units of sRGB/255
    pairs = zip(one, other, strict=True)
    return sum(abs(a ** (1 / 2.2) - b ** (1 / 2.2)) for a, b in pairs)


def _hair(signer: Signer, dice: _Dice) -> Hair:
    feminine = signer.trait("gender") > 0.5
    styles: tuple[Hairstyle, ...] = ("short", "short", "crop", "crop", "bald")
    if feminine:
        styles = ("short", "bob", "bob", "long", "long", "bun")
    natural: tuple[tuple[int, int, int], ...]
    natural = _HAIR if signer.trait("caucasian") > 0.55 else _HAIR[:2]
    if signer.trait("caucasian") > 0.55 and dice.between(0, 1) < 0.1:
        natural = (_HAIR_RED,)
    colour = linear(dice.one_of(natural))
    grey = max(0.0, signer.trait("age") - 0.78) / 0.2 * dice.between(0.0, 1.0)
    mixed = [(1 - grey) * c + grey * g for c, g in zip(colour, linear(_HAIR_GREY), strict=True)]
    return Hair(
        style=dice.one_of(styles),
        colour=(mixed[0], mixed[1], mixed[2]),
        length=dice.between(0.0, 1.0),
        parting=dice.one_of((-0.6, 0.0, 0.6)) + dice.between(-0.15, 0.15),
        volume=dice.between(0.006, 0.02),
        seed=int(dice.between(0, 2**31 - 1)),
    )


def _light(signer: Signer, dice: _Dice) -> Light:
    skin = sum(signer.complexion.skin) / 3
    side = dice.one_of((-1.0, 1.0))
    return Light(
        key=dice.between(0.75, 0.95),
        fill=dice.between(0.12, 0.24),
        ambient=dice.between(0.18, 0.27),
        key_from=(side * dice.between(0.3, 0.75), -0.85, dice.between(0.4, 0.75)),
        warmth=dice.between(-0.5, 0.8),
        # a camera opens up for darker skin, though less than all the way
        exposure=min(max((0.33 / skin) ** 0.42, 0.92), 1.9),
    )


def _background(dice: _Dice) -> Background:
    if dice.between(0, 1) < 0.7:
        level, tint = dice.between(80, 190), dice.between(-6, 8)
        top = linear((level - tint, level, level + tint))
        lower = level * dice.between(0.65, 1.0)
        bottom = linear((lower - tint, lower, lower + tint))
        return Background(top, bottom, dice.between(0.0, 0.2))
    plain = ((188, 196, 204), (62, 84, 120), (94, 122, 108), (206, 198, 184), (120, 96, 90))
    colour = linear(dice.one_of(plain))
    return Background(colour, colour, dice.between(0.0, 0.12))
