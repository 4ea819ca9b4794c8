"""Who and what the bundled examples show: signers by their seeds, invented signs by their words.

How files are made of it is the business of example_files.py.
"""

from dataclasses import dataclass, replace

from signgen.studio.gloss import Gloss

_SEEDS = 1_000_000_000  # from here on; no training of ours draws one of those that are used

# Given names of several languages for people who do not exist.
SIGNERS = {
    "rosa": _SEEDS,
    "amit": _SEEDS + 7,
    "kofi": _SEEDS + 12,
    "luca": _SEEDS + 13,
    "mei": _SEEDS + 18,
    "anna": _SEEDS + 20,
}
# Who performs: their tempo, and one who is seen from close by.
_CALM, _SLOW, QUICK, _NEAR = _SEEDS + 9, _SEEDS + 36, _SEEDS + 40, _SEEDS + 48


@dataclass(frozen=True, kw_only=True)
class Script:
    """A pose sequence to perform.

    about: what it shows; performer: seed of the signer; seed: of how they do it; glosses; words:
    what the glosses are called, one each, or nothing for the names of their parameters.
    """

    about: str
    performer: int
    glosses: tuple[Gloss, ...]
    seed: int = 0
    words: tuple[str, ...] = ()


_POINT = Gloss(handshape="index", location="space_high", orientation="palm_forward", path="arc_out")
_OPEN = Gloss(handshape="5", location="space_high", orientation="palm_forward", path="shake")
_BOTH = Gloss(
    handshape="claw_5",
    location="space_high",
    orientation="palm_back",
    path="circle_side",
    hands="alternating",
)
_ASKED = Gloss(
    handshape="5",
    location="space_high",
    orientation="palm_back",
    path="up",
    mouth="mouth_o",
    brows="brows_up",
    head="head_tilt",
    shoulders="shrug",
)
_DENIED = Gloss(
    handshape="index",
    location="space_high",
    orientation="palm_forward",
    mouth="mouth_teeth",
    brows="nose_wrinkle",
    head="head_shake",
)
_SENTENCE = (
    Gloss(handshape="index", location="chest", orientation="palm_back_across", path="tap"),
    Gloss(
        handshape="flat_b",
        location="chin",
        orientation="palm_back",
        path="arc_away",
        mouth="mouth_a",
    ),
    Gloss(
        handshape="s",
        location="space",
        orientation="palm_down_ahead",
        path="tap_down",
        hands="mirror",
        mouth="mouth_press",
        brows="brows_down",
    ),
    Gloss(
        handshape="v",
        location="space_high",
        orientation="palm_forward",
        path="zigzag",
        mouth="mouth_schu",
    ),
    Gloss(
        handshape="flat_b",
        location="space",
        orientation="palm_down_across",
        path="away",
        hands="on_palm",
    ),
    Gloss(
        handshape="y",
        location="temple",
        orientation="palm_forward",
        path="shake",
        mouth="mouth_i",
        brows="brows_up",
        head="head_nod",
    ),
    Gloss(
        handshape="thumb",
        location="space",
        orientation="palm_in",
        path="up",
        hands="mirror",
        mouth="mouth_smile",
    ),
    Gloss(
        handshape="5",
        location="space_high",
        orientation="palm_forward",
        path="shake",
        head="head_tilt",
    ),
)


def _letter(handshape: str) -> Gloss:
    return Gloss(handshape=handshape, location="space_high", orientation="palm_forward")


SEQUENCES = {
    "sentence": Script(
        about="eight invented signs in a row", performer=QUICK, glosses=_SENTENCE, seed=1
    ),
    "spelled": Script(
        about="the word FLOW, a handshape a letter",
        performer=QUICK,
        glosses=tuple(map(_letter, "flow")),
        words=tuple("FLOW"),
    ),
    "pair-handshape-a": Script(about="one finger up", performer=_SLOW, glosses=(_POINT,)),
    "pair-handshape-b": Script(
        about="two fingers up, else as pair-handshape-a",
        performer=_SLOW,
        glosses=(replace(_POINT, handshape="v"),),
    ),
    "pair-orientation-a": Script(about="the palm to the front", performer=QUICK, glosses=(_OPEN,)),
    "pair-orientation-b": Script(
        about="the palm to the signer, else as pair-orientation-a",
        performer=QUICK,
        glosses=(replace(_OPEN, orientation="palm_back"),),
    ),
    "both-hands": Script(about="two hands in turn", performer=_CALM, glosses=(_BOTH,)),
    "face": Script(
        about="brows, mouth, nose, head and shoulders at work",
        performer=_NEAR,
        glosses=(_ASKED, _DENIED),
    ),
}
# Which two sequences are a minimal pair, and the parameter in which they differ.
PAIRS = {
    "handshape": ("pair-handshape-a", "pair-handshape-b"),
    "orientation": ("pair-orientation-a", "pair-orientation-b"),
}
# Invented words for invented signs.
LEXICON = {
    "BALU": Gloss(
        handshape="flat_b",
        location="chin",
        orientation="palm_back",
        path="away",
        mouth="mouth_ma",
    ),
    "KEMI": Gloss(
        handshape="s",
        location="space",
        orientation="palm_down_ahead",
        path="down",
        hands="mirror",
        mouth="mouth_press",
    ),
    "SORA": Gloss(
        handshape="5",
        location="space_high",
        orientation="palm_forward",
        path="out",
        mouth="mouth_o",
    ),
    "TIVO": Gloss(
        handshape="v",
        location="space",
        orientation="palm_forward",
        path="up",
        mouth="mouth_i",
    ),
    "NADE": Gloss(
        handshape="y",
        location="chest_side",
        orientation="palm_back_across",
        path="away",
        head="head_nod",
    ),
    "WUPI": Gloss(
        handshape="l",
        location="above",
        orientation="palm_forward",
        path="in",
        brows="brows_up",
    ),
}
