"""Drawing how signers of the wide studio are turned out, as it suits their age and kind.

Patterns and beards are minorities, and no cloth is near the colour of the hands before it.
"""

from signgen.studio.complexion import FOLLOWS, WELL_LIT, Colour, contrast, linear, luminance
from signgen.studio.dice import Dice
from signgen.studio.factory import Signer
from signgen.studio.phenotypes import age_in_years
from signgen.studio.style import (
    Beard,
    Coiffure,
    Cut,
    Features,
    Frames,
    Kind,
    Outfit,
    Pattern,
    Style,
)

_CLOTH = (
    *((18, 18, 21), (30, 31, 36), (24, 32, 58), (34, 52, 94), (62, 64, 70), (104, 108, 114)),
    *((74, 20, 32), (108, 28, 30), (20, 58, 44), (48, 78, 62), (72, 50, 94), (34, 86, 98)),
    *((152, 150, 144), (192, 188, 180), (208, 206, 200), (98, 76, 60), (146, 62, 46)),
    *((168, 126, 54), (92, 110, 74), (64, 92, 128), (132, 156, 178), (160, 96, 110)),
    *((54, 44, 40), (196, 170, 130), (120, 60, 88), (28, 72, 110), (150, 130, 168)),
    *((112, 84, 134), (58, 112, 84), (150, 74, 50), (38, 104, 124), (150, 60, 76)),
)
_LOWER = ((22, 23, 28), (34, 44, 70), (58, 58, 62), (70, 58, 46), (120, 108, 88), (52, 62, 84))
_TRIM = ((226, 224, 216), (24, 24, 26), (92, 70, 50), (150, 146, 138))
_HAIR = ((27, 23, 22), (36, 28, 24), (46, 33, 25), (62, 42, 27), (92, 63, 38), (120, 88, 54))
_FAIR = ((150, 116, 72), (178, 146, 98), (112, 54, 28), (136, 72, 38), (84, 44, 26))
_DYED = ((96, 26, 34), (44, 34, 60), (190, 164, 116))
_GREY = (168, 166, 163)
_LIPS = ((150, 34, 44), (172, 62, 70), (124, 40, 56), (186, 92, 92), (104, 30, 44))
_LIDS = ((70, 56, 52), (60, 64, 82), (110, 78, 66), (92, 60, 86))
_NAILS = ((170, 30, 44), (210, 130, 140), (70, 24, 44), (40, 44, 60), (222, 200, 192))
_RIMS = ((18, 16, 16), (52, 32, 22), (86, 84, 82), (120, 92, 52), (30, 36, 60), (110, 40, 44))
_METALS = ((200, 170, 96), (186, 186, 190), (225, 220, 210))

_MASCULINE: tuple[Kind, ...] = (
    *("tee", "tee", "vee", "turtleneck", "polo", "polo", "shirt", "shirt", "hoodie", "jacket"),
    *("jacket", "sweater", "sweater", "cardigan"),
)
_FEMININE: tuple[Kind, ...] = (
    *("tee", "vee", "scoop", "turtleneck", "polo", "shirt", "blouse", "blouse", "hoodie"),
    *("jacket", "cardigan", "cardigan", "sleeveless", "sleeveless", "sweater"),
)
_PATTERNS: dict[Kind, tuple[Pattern, ...]] = {
    "tee": ("stripes", "print", "marl"),
    "vee": ("stripes", "marl"),
    "scoop": ("stripes", "dots", "marl"),
    "turtleneck": ("stripes", "marl"),
    "polo": ("stripes", "marl"),
    "shirt": ("pinstripes", "checks", "checks", "marl"),
    "blouse": ("dots", "pinstripes", "dots"),
    "hoodie": ("print", "marl"),
    "jacket": ("pinstripes", "marl"),
    "cardigan": ("marl",),
    "sleeveless": ("dots", "stripes"),
    "sweater": ("stripes", "marl"),
}
_CELLS: dict[Pattern, tuple[float, float]] = {
    "plain": (0.04, 0.04),
    "stripes": (0.022, 0.06),
    "pinstripes": (0.009, 0.018),
    "checks": (0.022, 0.05),
    "dots": (0.014, 0.03),
    "print": (0.05, 0.08),
    "marl": (0.008, 0.014),
}
_PATTERNED = 0.34  # of all signers
_WHITEST = 0.9  # linear, of cloth before a camera that needs no opening for the skin


def draw_style(signer: Signer, dice: Dice) -> Style:
    """Return how the signer is turned out."""
    feminine = signer.trait("gender") > 0.5
    coiffure = _coiffure(signer, dice, feminine)
    return Style(
        outfit=_outfit(signer, dice, feminine),
        coiffure=coiffure,
        features=_features(signer, dice, feminine),
    )


def draw_cloth(signer: Signer, dice: Dice) -> Colour:
    """Return a colour of cloth before which the signer's hands stand out."""
    skin = signer.complexion.skin
    # the exposure that shows dark skin burns white cloth out, as those who film know
    brightest = _WHITEST * (luminance(skin) / WELL_LIT) ** (sum(FOLLOWS) / 2)
    stands_out = [c for c in map(linear, _CLOTH) if contrast(c, skin) > 0.45]
    return dice.one_of([c for c in stands_out if luminance(c) < brightest])


def years_of(signer: Signer) -> float:
    """Return how old the signer is."""
    return age_in_years(signer.trait("age"))


def _outfit(signer: Signer, dice: Dice, feminine: bool) -> Outfit:
    kind = dice.one_of(_FEMININE if feminine else _MASCULINE)
    pattern: Pattern = "plain"
    if dice.happens(_PATTERNED):
        pattern = dice.one_of(_PATTERNS[kind])
    low, high = _CELLS[pattern]
    return Outfit(
        kind=kind,
        pattern=pattern,
        second=draw_cloth(signer, dice),
        cell=dice.between(low, high),
        inner=draw_cloth(signer, dice),
        trim=linear(dice.one_of(_TRIM)),
        hem=dice.between(0.02, 0.11),
        lower=linear(dice.one_of(_LOWER)),
        creases=dice.between(0.5, 1.0),
        seed=int(dice.between(0, 2**31 - 1)),
    )


def _coiffure(signer: Signer, dice: Dice, feminine: bool) -> Coiffure:
    cut = dice.one_of(_cuts(signer, dice, feminine))
    colour, tips, grey = _hair_colours(signer, dice, feminine)
    fringed = cut in ("bob", "long", "wavy", "braids")
    return Coiffure(
        cut=cut,
        colour=colour,
        tips=tips,
        grey=grey,
        length=dice.between(0.0, 1.0),
        parting=dice.one_of((-0.6, 0.0, 0.6)) + dice.between(-0.15, 0.15),
        volume=dice.between(0.0, 1.0),
        fringe=dice.between(0.5, 1.0) * dice.happens(0.25) * fringed,
        cloth=draw_cloth(signer, dice),
        seed=int(dice.between(0, 2**31 - 1)),
    )


def _cuts(signer: Signer, dice: Dice, feminine: bool) -> tuple[Cut, ...]:
    years, african = years_of(signer), signer.trait("african") > 0.5
    cuts: tuple[Cut, ...]
    if feminine:
        cuts = ("bob", "bob", "long", "long", "wavy", "wavy", "ponytail", "bun", "lowbun")
        cuts = (*cuts, "braids", "pixie", "curls", "scarf")
        if african:
            cuts = ("afro", "curls", "locs", "braids", "bun", "bob", "long", "lowbun", "scarf")
        return (*cuts, "pixie", "bob", "curls") if years > 55 else cuts
    cuts = ("crop", "crop", "sidepart", "sidepart", "quiff", "quiff", "shaved", "curls", "long")
    if african:
        cuts = ("shaved", "shaved", "crop", "curls", "afro", "locs")
    if years > 28:
        cuts = (*cuts, "receding", "receding", "shaved")
    return (*cuts, "crown", "crown", "bald", "receding") if years > 42 else cuts


def _hair_colours(signer: Signer, dice: Dice, feminine: bool) -> tuple[Colour, Colour, float]:
    """Return the colours of roots and ends, and the share of grey strands."""
    fair = signer.trait("caucasian") > 0.55
    roots = linear(dice.one_of((*_HAIR[1:], *_FAIR) if fair else _HAIR[:2]))
    grey = max(0.0, years_of(signer) - 38) / 34 * dice.between(0.2, 1.2)
    if feminine and dice.happens(0.12):
        roots, grey = linear(dice.one_of(_DYED)), 0.0
    grey = min(grey, 1.0)
    roots = _mixed(roots, linear(_GREY), 0.75 * grey)
    bleached = dice.between(0.0, 0.25) + 0.5 * (feminine and dice.happens(0.2))
    tips = _mixed(roots, linear((176, 132, 84)), 0.6 * bleached * (1 - grey))
    return roots, tips, grey


def _features(signer: Signer, dice: Dice, feminine: bool) -> Features:
    years, fairness = years_of(signer), 1 - signer.complexion.darkness
    made_up = feminine and dice.happens(0.6)
    beard: Beard = "none"
    if not feminine and years > 17:
        beards: tuple[Beard, ...] = ("none", "none", "none", "stubble", "stubble", "stubble")
        beard = dice.one_of((*beards, "moustache", "goatee", "short", "short", "full"))
    frames: Frames = "none"
    if dice.happens(0.18 + 0.004 * (years - 14)):
        rims: tuple[Frames, ...] = ("round", "oval", "square", "browline")
        frames = dice.one_of(rims)
    polish = linear(dice.one_of(_NAILS))
    return Features(
        freckles=dice.between(0.4, 1.0) * dice.happens(0.3) * fairness,
        moles=dice.between(0.0, 1.0),
        wrinkles=min(max((years - 32) / 42 + 0.15 * dice.between(-1, 1), 0.0), 1.0),
        flush=dice.between(0.0, 1.0) * fairness,
        lipstick=linear(dice.one_of(_LIPS)),
        painted_lips=dice.between(0.3, 0.9) * made_up,
        shadow=linear(dice.one_of(_LIDS)),
        painted_lids=dice.between(0.2, 0.7) * (made_up and dice.happens(0.6)),
        nails=polish if feminine and dice.happens(0.3) else None,
        brows=dice.between(0.75, 1.35),
        arch=dice.between(0.004, 0.012),
        tilt=dice.between(-0.008, 0.001),
        beard=beard,
        beard_length=dice.between(0.0, 1.0),
        frames=frames,
        frame_colour=linear(dice.one_of(_RIMS)),
        earrings=dice.between(0.003, 0.016) * (feminine and dice.happens(0.5)),
        metal=linear(dice.one_of(_METALS)),
        seed=int(dice.between(0, 2**31 - 1)),
    )


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = ((1 - share) * a + share * b for a, b in zip(one, other, strict=True))
    return red, green, blue
