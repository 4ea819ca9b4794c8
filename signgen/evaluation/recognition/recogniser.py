"""Who says which sign a clip shows: the one door for the studio's judge and for anybody's own.

Two methods are all that is asked for. A recogniser that looks at pictures, or at whole sentences,
comes in by what it said: see predictions.py.
"""

import importlib
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from pose_sequences.errors import InputError
from pose_sequences.sequence import PoseSequence

_LIKE = "write it as module:attribute, with methods labels() and predict(poses, start, stop)"


@runtime_checkable
class Recogniser(Protocol):
    """Tells signs from keypoints.

    It must not have learned from generated video, or it judges by what the generator does.
    """

    def labels(self) -> Sequence[str]:
        """Return the names of the signs that it knows, by which the driving poses call them."""

    def predict(self, poses: PoseSequence, start: int, stop: int) -> Sequence[float]:
        """Return a score for each label, the highest the likeliest.

        poses: of a whole clip, as a detector found them; start, stop: the frames of the sign.
        """


def load_recogniser(name: str) -> Recogniser:
    """Return what ``module:attribute`` names: a recogniser, or what makes one when called.

    Raises InputError where there is none.
    """
    module, _, attribute = name.partition(":")
    if not (module and attribute):
        raise InputError(name, "names no recogniser", _LIKE)
    try:
        found = importlib.import_module(module)
    except ImportError as error:
        raise InputError(name, f"cannot be imported ({error})", _LIKE) from error
    made = getattr(found, attribute, None)
    if isinstance(made, type) or (callable(made) and not isinstance(made, Recogniser)):
        made = made()
    if not isinstance(made, Recogniser):
        raise InputError(name, "has no labels and predict", _LIKE)
    return made
