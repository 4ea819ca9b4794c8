"""The signs that the studio's judge knows: twelve, and of each three that differ in one thing.

Which word is which gloss is the studio's business; here is which pairs are put to the judge, and
what each of them contrasts.
"""

from dataclasses import asdict, dataclass, replace
from typing import Literal

from signgen.studio.gloss import Gloss, name

Contrast = Literal["handshape", "location", "orientation", "movement", "non-manual"]
CONTRASTS: dict[str, Contrast] = {
    "handshape": "handshape",
    "location": "location",
    "orientation": "orientation",
    "path": "movement",
    "local": "movement",
    "hands": "movement",
    "mouth": "non-manual",
    "brows": "non-manual",
    "gaze": "non-manual",
    "head": "non-manual",
    "shoulders": "non-manual",
}

# A gloss, and three changes of it, each a minimal pair. What is told to the left or to the right
# (gaze, lean) is left out: a left-handed signer, and so a mirrored clip, signs the same.
_SIGNS: tuple[tuple[dict[str, str], tuple[tuple[str, str], ...]], ...] = (
    (
        {"handshape": "flat_b", "location": "chest", "orientation": "palm_back_across"}
        | {"path": "circle", "mouth": "mouth_a"},
        (("handshape", "s"), ("location", "chin"), ("mouth", "mouth_closed")),
    ),
    (
        {"handshape": "index", "location": "chin", "orientation": "palm_back", "path": "tap"},
        (("handshape", "y"), ("location", "forehead"), ("head", "head_shake")),
    ),
    (
        {"handshape": "5", "location": "space", "orientation": "palm_forward", "path": "shake"},
        (("orientation", "palm_back"), ("path", "up"), ("brows", "brows_up")),
    ),
    (
        {"handshape": "s", "location": "space", "orientation": "palm_down_ahead"}
        | {"path": "tap_down", "hands": "mirror"},
        (("handshape", "flat_b"), ("path", "arc_out"), ("orientation", "palm_up_ahead")),
    ),
    (
        {"handshape": "v", "location": "eye", "orientation": "palm_back", "path": "away"},
        (("handshape", "5"), ("orientation", "palm_forward"), ("path", "down")),
    ),
    (
        {"handshape": "l", "location": "space_high", "orientation": "palm_forward"}
        | {"path": "out", "mouth": "mouth_i"},
        (("handshape", "s"), ("location", "space_low"), ("mouth", "mouth_o")),
    ),
    (
        {"handshape": "claw_5", "location": "space", "orientation": "palm_back"}
        | {"path": "circle_side", "hands": "alternating"},
        (("hands", "mirror"), ("handshape", "s"), ("location", "space_high")),
    ),
    (
        {"handshape": "y", "location": "temple", "orientation": "palm_forward", "path": "shake"},
        (("location", "shoulder"), ("handshape", "flat_b"), ("head", "head_nod")),
    ),
    (
        {"handshape": "flat_b", "location": "space", "orientation": "palm_down_across"}
        | {"path": "away", "hands": "on_palm"},
        (("orientation", "palm_up_across"), ("path", "tap_down"), ("brows", "brows_down")),
    ),
    (
        {"handshape": "o", "location": "mouth", "orientation": "palm_back", "path": "away"},
        (("local", "change"), ("location", "temple"), ("brows", "brows_up")),
    ),
    (
        {"handshape": "thumb", "location": "space", "orientation": "palm_in", "path": "up"}
        | {"hands": "mirror"},
        (("path", "circle"), ("orientation", "palm_down_across"), ("head", "head_shake")),
    ),
    (
        {"handshape": "c", "location": "chest_side", "orientation": "palm_in", "path": "down"},
        (("handshape", "index"), ("orientation", "palm_forward"), ("path", "out")),
    ),
)


@dataclass(frozen=True, kw_only=True)
class MinimalPair:
    """Two signs, by their names, that differ in one parameter alone, and the contrast that is."""

    first: str
    second: str
    parameter: str

    @property
    def contrast(self) -> Contrast:
        """What the pair tells apart."""
        return CONTRASTS[self.parameter]


def lexicon() -> tuple[Gloss, ...]:
    """Return the signs of the studio's judge, each followed by those that it is paired with."""
    glosses = []
    for words, changes in _SIGNS:
        gloss = Gloss(**words)
        glosses += [gloss, *(replace(gloss, **{parameter: word}) for parameter, word in changes)]
    return tuple(glosses)


def minimal_pairs(glosses: tuple[Gloss, ...]) -> tuple[MinimalPair, ...]:
    """Return every two of some glosses that differ in one parameter alone, in their order."""
    pairs = []
    for number, first in enumerate(glosses):
        for second in glosses[number + 1 :]:
            there, other = asdict(first), asdict(second)
            changed = [word for word in there if there[word] != other[word]]
            if len(changed) == 1:
                pair = MinimalPair(first=name(first), second=name(second), parameter=changed[0])
                pairs.append(pair)
    return tuple(pairs)
