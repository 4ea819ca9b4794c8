"""Invented signs: a gloss is a tuple of parameters, and two that differ in one are a minimal pair.

What the words mean for hands and faces is said by handshapes.py, locations.py, movements.py and
nonmanual.py; motion.py performs them.
"""

from dataclasses import asdict, dataclass

import numpy as np

from signgen.studio.handshapes import HANDSHAPES
from signgen.studio.locations import LOCATIONS, ORIENTATIONS
from signgen.studio.movements import LOCALS, PATHS
from signgen.studio.nonmanual import BROWS, GAZES, HEADS, MOUTHS, SHOULDERS

# "mirror" and "alternating": both hands do the same, at once or in turn; "on_...": the strong hand
# acts on the other, which keeps still
HANDS = ("one", "mirror", "alternating", "on_palm", "on_fist", "on_arm")
PARAMETERS: dict[str, tuple[str, ...]] = {
    "handshape": tuple(HANDSHAPES),
    "location": tuple(LOCATIONS),
    "orientation": tuple(ORIENTATIONS),
    "path": tuple(PATHS),
    "local": tuple(LOCALS),
    "hands": HANDS,
    "mouth": tuple(MOUTHS),
    "brows": tuple(BROWS),
    "gaze": tuple(GAZES),
    "head": tuple(HEADS),
    "shoulders": tuple(SHOULDERS),
}
_BEFORE_BODY = ("space", "space_high", "space_low", "space_far")  # where two hands meet
_ALWAYS_NAMED = ("handshape", "location", "orientation")
# How often a parameter takes its first, plain value; signs do not move everything at once.
_PLAIN = {
    "path": 0.1,
    "local": 0.6,
    "hands": 0.45,
    "mouth": 0.3,
    "brows": 0.6,
    "gaze": 0.7,
    "head": 0.5,
    "shoulders": 0.7,
}


@dataclass(frozen=True, kw_only=True)
class Gloss:
    """One sign, by the values of PARAMETERS of the same names.

    Raises ValueError for a word that a parameter does not have, and for a tuple that no body can
    perform (see ``performable``).
    """

    handshape: str
    location: str
    orientation: str
    path: str = "hold"
    local: str = "firm"
    hands: str = "one"
    mouth: str = "mouth_closed"
    brows: str = "brows_level"
    gaze: str = "gaze_ahead"
    head: str = "head_still"
    shoulders: str = "shoulders_level"

    def __post_init__(self) -> None:
        for parameter, words in PARAMETERS.items():
            word = getattr(self, parameter)
            if word not in words:
                raise ValueError(f"{parameter} {word!r} is unknown; use one of: {', '.join(words)}")
        if not performable(self.hands, self.location, self.path):
            raise ValueError(
                f"{self.hands!r} does not go with {self.location!r} and {self.path!r}; "
                "hands meet before the body, two keep to their own sides, and turns need a path"
            )


def performable(hands: str, location: str, path: str) -> bool:
    """Return whether these words go together."""
    if hands.startswith("on_"):
        return location in _BEFORE_BODY
    if hands == "one":
        return True
    return not LOCATIONS[location].other_side and (hands == "mirror" or path != "hold")


def random_gloss(rng: np.random.Generator) -> Gloss:
    """Draw a gloss."""
    while True:
        words = {parameter: _draw(parameter, rng) for parameter in PARAMETERS}
        if performable(words["hands"], words["location"], words["path"]):
            return Gloss(**words)


def minimal_pair(gloss: Gloss, parameter: str, rng: np.random.Generator) -> Gloss:
    """Return a gloss that differs from the given one in that parameter alone.

    Raises ValueError for an unknown parameter, and for one that can take no other word here.
    """
    if parameter not in PARAMETERS:
        raise ValueError(f"parameter {parameter!r} is unknown; use one of: {', '.join(PARAMETERS)}")
    words = asdict(gloss)
    others = []
    for word in PARAMETERS[parameter]:
        changed = words | {parameter: word}
        fits = performable(changed["hands"], changed["location"], changed["path"])
        if fits and word != words[parameter]:
            others.append(word)
    if not others:
        raise ValueError(f"{name(gloss)} can take no other {parameter}; change another parameter")
    return Gloss(**words | {parameter: str(rng.choice(others))})


def name(gloss: Gloss) -> str:
    """Return the gloss's name: the words that are not plain, in capitals, as ``INDEX-CHIN-...``.

    Two glosses have the same name only if they are the same.
    """
    words = []
    for parameter, values in PARAMETERS.items():
        word = getattr(gloss, parameter)
        if parameter in _ALWAYS_NAMED or word != values[0]:
            words.append(word.upper())
    return "-".join(words)


def _draw(parameter: str, rng: np.random.Generator) -> str:
    words = PARAMETERS[parameter]
    if parameter not in _PLAIN:
        return str(rng.choice(words))
    return words[0] if rng.random() < _PLAIN[parameter] else str(rng.choice(words[1:]))
