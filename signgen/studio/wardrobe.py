"""What a signer wears and how they are filmed: clothes, hair, light, background, all from a seed.

A look is a description; garments.py and hair.py cut and grow it, shading.py lights it.
"""

from dataclasses import dataclass
from typing import Literal

from signgen.studio.breadth import Breadth
from signgen.studio.camera import CLOSE, PHOENIX, WEBCAM, Framing
from signgen.studio.complexion import Colour, contrast, linear
from signgen.studio.dice import Dice
from signgen.studio.factory import Signer
from signgen.studio.rooms import Room
from signgen.studio.style import Kind, Outfit, Style
from signgen.studio.styling import draw_cloth, draw_style

Neck = Literal["crew", "vee", "scoop", "high", "round"]
Hairstyle = Literal["bald", "short", "crop", "bob", "long", "bun"]

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
    white; knee: the brightness from which on the camera holds highlights back, 1 for never; gloss:
    how much of their shine surfaces show.
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
    gloss: float = 1.0


@dataclass(frozen=True)
class Background:
    """top, bottom: linear colours; vignette: how much darker the corners are, 0 to 1."""

    top: Colour
    bottom: Colour
    vignette: float


@dataclass(frozen=True)
class Look:
    """Everything about a picture of a signer but the pose.

    style: how the wide studio turns them out, then instead of ``hair``; None in the narrow one.
    """

    garment: Garment
    hair: Hair
    light: Light
    background: Background | Room
    framing: Framing
    style: Style | None = None


def draw_look(signer: Signer, seed: int, breadth: Breadth = "narrow") -> Look:
    """Return the look of a seed, as it suits the signer."""
    dice = Dice(seed)
    style = draw_style(signer, dice) if breadth == "wide" else None
    return Look(
        garment=_garment(signer, dice) if style is None else _tailored(signer, style.outfit, dice),
        hair=_hair(signer, dice),
        light=_light(signer, dice),
        background=_background(dice),
        framing=dice.one_of((PHOENIX, WEBCAM, CLOSE)),
        style=style,
    )


@dataclass(frozen=True)
class _Tailoring:
    # how kinds of garments are cut: the neck, how far it may open, sleeves, looseness
    neck: Neck
    opening: tuple[float, float]
    sleeves: tuple[float, ...]
    looseness: tuple[float, float]


_LONG = (0.97, 0.98)
# a "scoop" neck stands up at the sides; it is cut for the narrow studio alone
_TAILORING: dict[Kind, _Tailoring] = {
    "tee": _Tailoring("crew", (0.0, 1.0), (0.30, 0.36), (0.007, 0.016)),
    "vee": _Tailoring("vee", (0.0, 1.0), (0.32, 0.75, *_LONG), (0.006, 0.014)),
    "scoop": _Tailoring("round", (0.0, 1.0), (0.22, 0.36, 0.62, *_LONG), (0.004, 0.010)),
    "turtleneck": _Tailoring("high", (0.0, 0.5), _LONG, (0.004, 0.012)),
    "polo": _Tailoring("crew", (0.0, 0.3), (0.32, 0.36), (0.007, 0.014)),
    "shirt": _Tailoring("crew", (0.0, 0.3), (0.36, 0.75, *_LONG, *_LONG), (0.009, 0.016)),
    "blouse": _Tailoring("vee", (0.0, 0.5), (0.36, 0.62, 0.75, *_LONG), (0.010, 0.018)),
    "hoodie": _Tailoring("crew", (0.0, 0.4), _LONG, (0.014, 0.020)),
    "jacket": _Tailoring("crew", (0.0, 0.3), _LONG, (0.012, 0.017)),
    "cardigan": _Tailoring("crew", (0.2, 0.9), (0.75, *_LONG), (0.009, 0.015)),
    "sleeveless": _Tailoring("round", (0.0, 0.8), (-0.12, -0.07), (0.004, 0.010)),
    "sweater": _Tailoring("crew", (0.0, 0.5), _LONG, (0.012, 0.019)),
}


def _tailored(signer: Signer, outfit: Outfit, dice: Dice) -> Garment:
    tailoring = _TAILORING[outfit.kind]
    return Garment(
        neck=tailoring.neck,
        sleeve=dice.one_of(tailoring.sleeves) + dice.between(-0.02, 0.01),
        colour=draw_cloth(signer, dice),
        looseness=dice.between(*tailoring.looseness),
        opening=dice.between(*tailoring.opening),
    )


def _garment(signer: Signer, dice: Dice) -> Garment:
    necks: tuple[Neck, ...] = ("crew", "crew", "vee", "scoop", "high")
    skin = signer.complexion.skin
    # cloth as light as the hands hides them, as signers know
    colours = [c for c in map(linear, _CLOTH) if contrast(c, skin) > 0.45]
    return Garment(
        neck=dice.one_of(necks),
        sleeve=dice.one_of((0.30, 0.36, 0.62, 0.75, 0.97, 0.98)) + dice.between(-0.03, 0.02),
        colour=dice.one_of(tuple(colours)),
        looseness=dice.between(0.006, 0.014),
        opening=dice.between(0.0, 1.0),
    )


def _hair(signer: Signer, dice: Dice) -> Hair:
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


def _light(signer: Signer, dice: Dice) -> Light:
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


def _background(dice: Dice) -> Background:
    if dice.between(0, 1) < 0.7:
        level, tint = dice.between(80, 190), dice.between(-6, 8)
        top = linear((level - tint, level, level + tint))
        lower = level * dice.between(0.65, 1.0)
        bottom = linear((lower - tint, lower, lower + tint))
        return Background(top, bottom, dice.between(0.0, 0.2))
    plain = ((188, 196, 204), (62, 84, 120), (94, 122, 108), (206, 198, 184), (120, 96, 90))
    colour = linear(dice.one_of(plain))
    return Background(colour, colour, dice.between(0.0, 0.12))
