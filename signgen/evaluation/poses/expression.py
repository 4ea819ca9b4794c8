"""Whether the face says the same: mouth, brows, eyes, gaze and head, over time.

Two numbers each: how far it is off, and whether it moves when it should. A face that stands still
while it should move follows with correlation 0; where there is nothing to follow there is none.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from signgen.evaluation.figures import Figure
from signgen.evaluation.poses import head
from signgen.evaluation.poses.head import Feature, Head
from signgen.evaluation.poses.marks import Array, Pair, lengths
from signgen.evaluation.poses.rows import Row

FEWEST_FRAMES = 8


@dataclass(frozen=True, kw_only=True)
class _Trait:
    """Something a face does; moves_from: a target that varies less (standard deviation over time)
    does not move: that is the detector's noise.
    """

    name: str
    title: str
    unit: str
    feature: Feature
    moves_from: float


_OF_EYES = "% of eye distance"
_OF_EYE = "% of eye width"
_TRAITS = tuple(
    _Trait(name=name, title=title, unit=unit, feature=feature, moves_from=moves_from)
    for name, title, unit, feature, moves_from in (
        ("mouth_opening", "Mouth opening", _OF_EYES, head.mouth_opening, 3.0),
        ("mouth_width", "Mouth width", _OF_EYES, head.mouth_width, 3.0),
        ("brow_height", "Brow height", _OF_EYES, head.brow_height, 1.0),
        ("eye_aperture", "Eye aperture", _OF_EYE, head.eye_aperture, 3.0),
        ("gaze", "Gaze", _OF_EYE, head.gaze, 2.0),
        ("yaw", "Head turn", "°", head.yaw, 1.0),
        ("pitch", "Head bow", "°", head.pitch, 2.0),
        ("roll", "Head tilt", "°", head.roll, 1.0),
    )
)


def expression_figures(pair: Pair) -> Iterator[Figure]:
    """Yield the figures of ROWS."""
    target = Head.of(pair.target.places["face"], deep=pair.deep)
    generated = Head.of(pair.generated.places["face"], deep=pair.deep)
    for trait in _TRAITS:
        wanted, found = trait.feature(target), trait.feature(generated)
        off = np.abs(found - wanted).mean(axis=1)
        yield Figure.of_frames(pair.key(f"face/{trait.name}_error"), off)
        yield _correlation(pair, trait, wanted, found)
    apart = lengths(target.lips() - generated.lips())  # (T, 40)
    lip_error = 100 * np.sqrt(np.square(apart).mean(axis=1))
    yield Figure.of_frames(pair.key("face/lip_shape_error"), lip_error)


def correlation(wanted: Array, found: Array, moves_from: float) -> Array:
    """Return Pearson's correlation of tracks (T, D) over time (D,).

    NaN where ``wanted`` has a standard deviation below ``moves_from``; 0 where ``found`` has none.
    """
    a, b = wanted - wanted.mean(axis=0), found - found.mean(axis=0)
    spread_a, spread_b = a.std(axis=0), b.std(axis=0)
    still = spread_b <= 1e-6 * moves_from
    product = np.where(still, 1, spread_a * spread_b)
    follows = np.where(still, 0.0, (a * b).mean(axis=0) / np.where(product > 0, product, 1))
    return np.where(spread_a < moves_from, np.nan, np.clip(follows, -1, 1))


def _correlation(pair: Pair, trait: _Trait, wanted: Array, found: Array) -> Figure:
    key = pair.key(f"face/{trait.name}_follows")
    both = np.isfinite(wanted).all(axis=1) & np.isfinite(found).all(axis=1)
    if both.sum() < FEWEST_FRAMES:
        return Figure.unmeasured(key, f"seen in both in fewer than {FEWEST_FRAMES} frames")
    tracks = correlation(wanted[both], found[both], trait.moves_from)
    tracks = tracks[np.isfinite(tracks)]
    if not len(tracks):
        return Figure.unmeasured(key, f"does not move in the {pair.against} poses")
    return Figure(key=key, value=float(tracks.mean()), weight=float(both.sum()))


def _rows() -> Iterator[Row]:
    dims = "dims:xyz where both have depths"
    for trait in _TRAITS:
        yield Row(
            key=f"face/{trait.name}_error",
            title=f"{trait.title}: mean difference",
            unit=trait.unit,
            better="lower",
            ideal=0.0,
            settings=f"mean absolute difference|over:frames that show the face in both|{dims}",
        )
        yield Row(
            key=f"face/{trait.name}_follows",
            title=f"{trait.title}: correlation over time",
            unit="",
            better="higher",
            ideal=1.0,
            settings=(
                f"pearson|target moves:std from {trait.moves_from:g} {trait.unit}|still:0|"
                f"frames:{FEWEST_FRAMES} or more|{dims}"
            ),
        )
    yield Row(
        key="face/lip_shape_error",
        title="Lip shape: 40 points from their middle, in the head's axes",
        unit=_OF_EYES,
        better="lower",
        ideal=0.0,
        settings=f"rms over points|mean over frames|{dims}",
    )


ROWS = tuple(_rows())
