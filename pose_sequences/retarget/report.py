"""RetargetReport: what fitting a sequence to another body measured, kept and could not keep."""

from dataclasses import asdict, dataclass

import numpy as np

from pose_sequences.layout import PARTS
from pose_sequences.retarget.landmarks import SIDES, TIPS, Array, Landmarks, length
from pose_sequences.retarget.scales import Scales
from pose_sequences.retarget.touches import (
    OTHER,
    TOUCHED,
    TOUCHING,
    Surfaces,
    Touches,
    find_touches,
    place_on_bones,
    surfaces_of,
)
from pose_sequences.retarget.warp import Warp
from pose_sequences.sequence import PoseSequence

Json = dict[str, object]
Extent = tuple[float, tuple[int, ...]]  # how much, and in which frames


@dataclass(frozen=True)
class Kept:
    """The touches of fingertips with one thing, counted over all frames.

    found: in the source; kept: still touching it in the result; in_place: at most TOUCHING shoulder
    widths from the place that corresponds.
    """

    found: int
    kept: int
    in_place: int


@dataclass(frozen=True, kw_only=True)
class RetargetReport:
    """What was measured and what became of it.

    scales: of the parts, with those that could not be measured; turned: degrees, clockwise, that
    one camera was held from the other; touches: by what is touched; stretch: for each arm the
    largest share by which it had to be longer than it can be (0: none) and the frames in which it
    was; outside: for each part the share of its points that leave the frame, and the frames in
    which any does.
    """

    scales: Scales
    turned: int
    touches: dict[str, Kept]
    stretch: dict[str, Extent]
    outside: dict[str, Extent]

    def as_json(self) -> Json:
        """Return the report as plain values."""
        parts = ("shoulders", "head", "neck", "torso", "upper_arm", "forearm", "hand")
        return {
            "scales": {part: round(getattr(self.scales, part), 4) for part in parts},
            "turned": self.turned,
            "fallbacks": dict(self.scales.fallbacks),
            "touches": {name: asdict(kept) for name, kept in self.touches.items()},
            "stretch": {
                side: {"most": round(most, 4), "frames": list(frames)}
                for side, (most, frames) in self.stretch.items()
            },
            "outside": {
                part: {"share": round(share, 4), "frames": list(frames)}
                for part, (share, frames) in self.outside.items()
            },
        }


def judge(
    source: PoseSequence,
    result: PoseSequence,
    warp: Warp,
    longest: tuple[float, float],
    *,
    turned: int,
) -> RetargetReport:
    """Return the report on a source, turned already, and its result, measured on both."""
    before, after = surfaces_of(Landmarks(source)), surfaces_of(Landmarks(result))
    return RetargetReport(
        scales=warp.scales,
        turned=turned,
        touches=_kept_touches(before, after, warp),
        stretch=_stretch(after, warp, longest),
        outside=_outside(result),
    )


def _kept_touches(before: Surfaces, after: Surfaces, warp: Warp) -> dict[str, Kept]:
    unit = warp.unit * warp.scales.shoulders
    source, result = find_touches(before, warp.unit), find_touches(after, unit)
    kept = {}
    for name in TOUCHED:
        found = np.concatenate([source[side, name].found for side in SIDES])
        still = np.concatenate([result[side, name].found for side in SIDES])
        astray = np.concatenate(
            [_astray(before, after, warp, source, (side, name)) for side in SIDES]
        )
        kept[name] = Kept(
            found=int(found.sum()),
            kept=int((found & still).sum()),
            in_place=int((found & (astray <= TOUCHING * unit)).sum()),
        )
    return kept


def _astray(
    before: Surfaces, after: Surfaces, warp: Warp, source: Touches, key: tuple[str, str]
) -> Array:
    """Return how far each tip (T, 5) is from the place that corresponds, in pixels."""
    side, name = key
    tips, new_tips = before.hands[side][:, TIPS], after.hands[side][:, TIPS]
    if name in ("face", "torso"):
        place = warp.on_head(tips) if name == "face" else warp.on_torso(tips)
        return length(new_tips - place)
    place, new_place = (
        place_on_bones(surfaces, OTHER[side], name, source[key]) for surfaces in (before, after)
    )
    return length(new_tips - new_place - warp.scales.hand * (tips - place))


def _stretch(after: Surfaces, warp: Warp, longest: tuple[float, float]) -> dict[str, Extent]:
    stretch: dict[str, Extent] = {}
    for side in SIDES:
        shoulder = warp.on_torso(warp.shoulders[side][:, None])[:, 0]
        beyond = length(after.arms[side][:, 1] - shoulder) / sum(longest) - 1
        frames = np.flatnonzero(beyond > 0)
        stretch[side] = (float(max(beyond[frames], default=0.0)), tuple(frames.tolist()))
    return stretch


def _outside(result: PoseSequence) -> dict[str, Extent]:
    outside: dict[str, Extent] = {}
    for part in PARTS:
        keypoints, confidence = result.part(part)
        places, there = keypoints[..., :2], confidence > 0
        beyond = ((places < 0) | (places > (result.width, result.height))).any(axis=-1) & there
        share = float(beyond.sum() / max(there.sum(), 1))
        outside[part] = (share, tuple(np.flatnonzero(beyond.any(axis=1)).tolist()))
    return outside
