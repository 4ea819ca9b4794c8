"""How a signer of the wide studio is turned out: what they wear, their hair, what is on their face.

Descriptions only, in metres and linear colours; styling.py draws them from a seed.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from signgen.studio.complexion import Colour

Kind = Literal[
    "tee",
    "vee",
    "scoop",
    "turtleneck",
    "polo",
    "shirt",
    "blouse",
    "hoodie",
    "jacket",
    "cardigan",
    "sleeveless",
    "sweater",
]
Pattern = Literal["plain", "stripes", "pinstripes", "checks", "dots", "print", "marl"]
Cut = Literal[
    "bald",
    "shaved",
    "crown",
    "crop",
    "receding",
    "sidepart",
    "quiff",
    "curls",
    "afro",
    "pixie",
    "bob",
    "long",
    "wavy",
    "locs",
    "ponytail",
    "bun",
    "lowbun",
    "braids",
    "scarf",
]
Beard = Literal["none", "stubble", "moustache", "goatee", "short", "full"]
Frames = Literal["none", "round", "oval", "square", "browline"]
KINDS: tuple[Kind, ...] = get_args(Kind)
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
CUTS: tuple[Cut, ...] = get_args(Cut)
BEARDS: tuple[Beard, ...] = get_args(Beard)
FRAMES: tuple[Frames, ...] = get_args(Frames)


@dataclass(frozen=True)
class Outfit:
    """second: the pattern's other colour; cell: the pattern's size; inner: what an open front
    shows; trim: buttons and piping; hem: the template's height of the lower edge; lower: trousers
    or skirt; creases: how deep folds are, 0 to 1; seed: of the pattern and the folds.
    """

    kind: Kind
    pattern: Pattern
    second: Colour
    cell: float
    inner: Colour
    trim: Colour
    hem: float
    lower: Colour
    creases: float
    seed: int


@dataclass(frozen=True)
class Coiffure:
    """colour, tips: of roots and ends; grey: share of grey strands; length: 0 to 1 within the
    cut; parting: where on the head, -1 to 1; volume: 0 to 1; fringe: how much falls over the
    forehead, 0 for none; cloth: of a scarf or a ribbon; seed: of the strands.
    """

    cut: Cut
    colour: Colour
    tips: Colour
    grey: float
    length: float
    parting: float
    volume: float
    fringe: float
    cloth: Colour
    seed: int


@dataclass(frozen=True)
class Features:
    """freckles, moles, wrinkles, flush: 0 to 1; lipstick, shadow: linear colours of make-up and
    how much of it; nails: their polish, None for bare ones; brows: their thickness, 1 for usual,
    arch and tilt, metres; beard and its length, 0 to 1; frames of glasses and their colour;
    earrings: drops' size in metres, 0 for none; metal: of earrings; seed: of the skin.
    """

    freckles: float
    moles: float
    wrinkles: float
    flush: float
    lipstick: Colour
    painted_lips: float
    shadow: Colour
    painted_lids: float
    nails: Colour | None
    brows: float
    arch: float
    tilt: float
    beard: Beard
    beard_length: float
    frames: Frames
    frame_colour: Colour
    earrings: float
    metal: Colour
    seed: int


@dataclass(frozen=True)
class Style:
    """Everything that the wide studio adds to a look."""

    outfit: Outfit
    coiffure: Coiffure
    features: Features
