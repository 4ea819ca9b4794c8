"""Scales: how many times larger one body is than another, part by part, and how surely.

What either body does not show, or shows in a way no body has, is judged by shoulders and head.
"""

from dataclasses import dataclass, field
from math import sqrt

from pose_sequences.retarget.proportions import Body

FEW_FRAMES = 8  # with fewer, a limb that looks short may as well point at the camera
# A part this much off the rest of the body was measured wrongly; hands differ least and are seen
# worst, held towards the camera or turned away from it.
MOST_UNUSUAL = {"neck": 1.45, "torso": 1.45, "upper_arm": 1.45, "forearm": 1.45, "hand": 1.25}
_MAY_BE_FORESHORTENED = ("upper_arm", "forearm", "hand")


@dataclass(frozen=True, kw_only=True)
class Scales:
    """How many times larger each part of the reference is, in pixels.

    fallbacks: for each part that was not measured but judged by others, why.
    """

    shoulders: float
    head: float
    neck: float
    torso: float
    upper_arm: float
    forearm: float
    hand: float
    fallbacks: dict[str, str] = field(default_factory=dict)

    @property
    def arm(self) -> float:
        """The scale of the whole arm."""
        return sqrt(self.upper_arm * self.forearm)


def scales(source: Body, reference: Body) -> Scales:
    """Return the scales that turn the source's body into the reference's."""
    fallbacks: dict[str, str] = {}
    shoulders = _measured("shoulders", source, reference)
    if shoulders is None:
        shoulders = reference.shoulders / source.shoulders
        fallbacks["shoulders"] = "not seen in both; judged by the face"
    head = _measured("face", source, reference) or _measured("eyes", source, reference)
    if head is None:
        head = shoulders
        fallbacks["head"] = "no face seen in both; as the shoulders"
    # Long limbs go with broad shoulders and with a large head.
    usual = sqrt(shoulders * head)
    parts = {}
    for name in MOST_UNUSUAL:
        scale = _measured(name, source, reference)
        doubt = _doubt(name, scale, usual, reference)
        if scale is None or doubt:
            fallbacks[name] = f"{doubt}; as shoulders and head"
            scale = usual
        parts[name] = scale
    return Scales(shoulders=shoulders, head=head, fallbacks=fallbacks, **parts)


def _measured(name: str, source: Body, reference: Body) -> float | None:
    have, want = source.lengths.get(name), reference.lengths.get(name)
    return want / have if have and want else None


def _doubt(name: str, scale: float | None, usual: float, reference: Body) -> str:
    """Return why a part's measured scale is not believed; nothing if it is."""
    if scale is None:
        return f"not seen in the {'source' if name in reference.lengths else 'reference'}"
    if not 1 / MOST_UNUSUAL[name] < scale / usual < MOST_UNUSUAL[name]:
        return f"measured {scale / usual:.2f} times what goes with them"
    if scale < usual and reference.num_frames < FEW_FRAMES and name in _MAY_BE_FORESHORTENED:
        return f"{reference.num_frames} frames do not tell short from foreshortened"
    return ""
