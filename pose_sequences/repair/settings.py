"""What a repair is to do: one flat value, checked where it is made."""

from dataclasses import dataclass
from typing import get_args

from pose_sequences.layout import Part
from pose_sequences.repair.gaps import Policy
from pose_sequences.repair.smoothing import Method

_MOST = {"max_gap": 60.0, "smooth_body": 10.0, "smooth_face": 10.0, "smooth_hands": 10.0}


@dataclass(frozen=True, kw_only=True)
class Repair:
    """What to do; the defaults suit signing at any frame rate.

    missing_hands: ``interpolate`` gaps of at most ``max_gap`` and hide longer ones, ``hold`` the
    handshape before (at the beginning: after) for as long as it takes, ``hide`` all, or ``fail``.
    max_gap: seconds, also for single points of body, face and hands. fix_swaps, remove_spikes,
    fix_bones: give exchanged hands their names back; replace points that leap out of their path and
    back, and points at bones too long to be true. smooth: a method, with a strength for each part:
    0 for none, 1 for what suits signing. Raises ValueError for values that make no sense.
    """

    missing_hands: Policy = "interpolate"
    max_gap: float = 0.4
    fix_swaps: bool = True
    remove_spikes: bool = True
    fix_bones: bool = True
    smooth: Method = "one-euro"
    smooth_body: float = 1.0
    smooth_face: float = 1.0
    smooth_hands: float = 1.0

    def __post_init__(self) -> None:
        for key, kinds in (("missing_hands", get_args(Policy)), ("smooth", get_args(Method))):
            if getattr(self, key) not in kinds:
                raise ValueError(f"{key} is {getattr(self, key)!r}; there are {', '.join(kinds)}")
        for key, most in _MOST.items():
            if not 0 <= getattr(self, key) <= most:
                raise ValueError(f"{key} is {getattr(self, key)}; 0 to {most:g} is possible")

    def strength(self, part: Part) -> float:
        """Return the strength of smoothing for a part."""
        strengths = {"body": self.smooth_body, "face": self.smooth_face}
        return strengths.get(part, self.smooth_hands)
