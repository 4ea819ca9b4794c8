"""Which hands of a clip are shown enlarged: those not found, then those farthest off."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signgen.evaluation.figures import Figure
from signgen.evaluation.page.plots import LOST, frames_of
from signgen.evaluation.page.words import TARGETS, measured_first
from signgen.evaluation.regions import RegionName, Regions, seen
from signgen.evaluation.results import ClipFigures

NUM_PICKS = 4
SPREAD = 5  # frames between two pictures of one hand, which would look the same
_MOST_LOST = 2  # of the pictures, so that wrong hands are seen beside missing ones
HANDS: tuple[RegionName, ...] = ("left_hand", "right_hand")


@dataclass(frozen=True)
class Pick:
    """A hand in a frame, and why it is shown."""

    frame: int
    hand: RegionName
    reason: str


def worst_hands(clip: ClipFigures, regions: Regions) -> list[Pick]:
    """Return at most NUM_PICKS hands that the driving poses show, worst first.

    Where no figure says which are worst they are spread evenly over the clip, and say so.
    """
    figures = {figure.key: figure for figure in clip.figures if figure.frames is not None}
    lost = _chosen(_lost(figures, clip.num_frames, regions), _MOST_LOST, [])
    worst = _chosen(_off(figures, clip.num_frames, regions), NUM_PICKS, lost)
    return worst or _spread(regions)


def _chosen(candidates: Iterator[tuple[float, Pick]], most: int, before: list[Pick]) -> list[Pick]:
    """Return the picks chosen before and the worst others, until there are ``most`` in all."""
    chosen = list(before)
    for _, pick in sorted(candidates, key=lambda rated: (-rated[0], rated[1].frame)):
        near = (p for p in chosen if p.hand == pick.hand and abs(p.frame - pick.frame) < SPREAD)
        if len(chosen) < most and next(near, None) is None:
            chosen.append(pick)
    return chosen


def _lost(
    figures: dict[str, Figure], num_frames: int, regions: Regions
) -> Iterator[tuple[float, Pick]]:
    for hand in HANDS:
        key = measured_first(figures, [f"{hand}/missing{target}" for target in TARGETS])
        shares = frames_of(figures, key or "", num_frames)
        for frame in np.flatnonzero((shares > LOST) & seen(regions.boxes(hand))).tolist():
            yield shares[frame], Pick(frame, hand, "not found by the detector")


def _off(
    figures: dict[str, Figure], num_frames: int, regions: Regions
) -> Iterator[tuple[float, Pick]]:
    for hand in HANDS:
        key = measured_first(figures, [f"{hand}/error{target}" for target in TARGETS])
        words = "points off by {:.0f} % of the hand's size"
        if not any(figure.startswith(f"{hand}/error") for figure in figures):
            # without a detector there are the pixels alone, of both hands together
            key, words = "hands/mae", "pixels off by {:.0f} of 255, both hands"
        errors: NDArray[np.float32] = frames_of(figures, key or "", num_frames)
        for frame in np.flatnonzero(np.isfinite(errors) & seen(regions.boxes(hand))).tolist():
            yield errors[frame], Pick(frame, hand, words.format(errors[frame]))


def _spread(regions: Regions) -> list[Pick]:
    there = [
        Pick(frame, hand, "chosen evenly, nothing was measured")
        for hand in HANDS
        for frame in np.flatnonzero(seen(regions.boxes(hand))).tolist()
    ]
    places = np.linspace(0, len(there) - 1, min(NUM_PICKS, len(there))).round().astype(int)
    return [there[place] for place in places]
