"""Whether MediaPipe takes synthetic signers for people: how often it finds them, and how exactly.

``scripts/measure_studio pictures`` prints the figures of 600 pictures of 60 signers. What it says
of clips, and how the detector model follows it there, is detector_figures.py's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from pose_sequences.extract.holistic import HolisticModel
from pose_sequences.layout import layout
from signgen.studio.camera import Camera
from signgen.studio.clip import Take, draw_vocabulary, dress_signer, rehearse
from signgen.studio.factory import SignerFactory
from signgen.studio.figure import Figure, Pose
from signgen.studio.gloss import Gloss
from signgen.studio.habits import Habits
from tests.signgen.studio.sightings import Kept, Sightings, clips_model, pictures_model, see

SIGNERS, PICTURES = 60, 10
SIZE = (256, 256)
FPS = 25.0
FIRST_SEED = 7_000_000_000  # beyond all that a corpus or a training source draws
CLEAR = 0.6  # of a hand's silhouette
REPEATS = 3  # of a picture, for a detector that tracks
TIPS = (4, 8, 12, 16, 20)
_WORST = 8  # rows of a table
_FEW = 8  # hands, of which no rate is told

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Hands:
    """N hands in pictures.

    side: 0 left, 1 right; shown: share of the silhouette; found; errors (N, 5): pixels at the
    fingertips, NaN where there is no hand; shape, tone, light, framing, garment: words to count by.
    """

    side: NDArray[np.int64]
    shown: Floats
    found: Mask
    errors: Floats
    words: dict[str, NDArray[np.str_]]

    @property
    def clear(self) -> Mask:
        """Which of them a detector ought to find."""
        return self.shown >= CLEAR


@dataclass(frozen=True)
class Figures:
    """What came of all pictures: the share in which body and face were found, and the hands."""

    body: float
    face: float
    hands: Hands


def measure(
    kept: Kept, *, signers: int = SIGNERS, pictures: int = PICTURES, tracks: bool = False
) -> Figures:
    """Return the figures of ``signers`` people in ``pictures`` random moments of random signs.

    tracks: show each picture REPEATS times to a detector of clips, and take what it says last.
    """
    factory = SignerFactory.load()
    mode = f"repeated{REPEATS}" if tracks else "alone"
    sightings, hands = [], []
    for number in range(signers):
        model = clips_model() if tracks else pictures_model()
        scene = _Scene.drawn(factory, number, pictures)
        seen = kept.get(f"{mode}-{number:03d}of{pictures}", lambda s=scene, m=model: s.seen(m))
        sightings.append(seen)
        hands.append(_hands(scene, seen))
    confidence = np.concatenate([seen.confidence for seen in sightings])
    rows = layout("holistic543")
    return Figures(
        body=float((confidence[:, rows.part("body")] > 0).any(1).mean()),
        face=float((confidence[:, rows.part("face")] > 0).any(1).mean()),
        hands=_joined(hands),
    )


@dataclass(frozen=True)
class _Scene:
    figure: Figure
    camera: Camera
    pose: Pose
    glosses: tuple[Gloss, ...]  # of each picture

    @classmethod
    def drawn(cls, factory: SignerFactory, number: int, pictures: int) -> "_Scene":
        """One random moment of each of some random signs."""
        rng = np.random.default_rng([FIRST_SEED, number])
        figure = dress_signer(factory, FIRST_SEED + number)
        glosses = draw_vocabulary(pictures, rng)
        take = Take(
            signer=figure.signer.seed,
            glosses=glosses,
            seed=int(rng.integers(2**31)),
            size=SIZE,
        )
        performance, camera = rehearse(figure, take, FPS)
        ends = np.array([(start, stop) for _, start, stop in performance.segments])
        rows = torch.from_numpy(rng.integers(ends[:, 0], ends[:, 1]))
        pose = performance.pose
        chosen = Pose(pose.rotations[rows], pose.actions[rows], pose.root[rows])
        return cls(figure, camera, chosen, glosses)

    def seen(self, model: HolisticModel) -> Sightings:
        """What the detector makes of each picture, with nothing known of the one before."""
        # a fresh detector each: even one of pictures remembers where hands were in the one before
        repeats = REPEATS if model.tracks else 1
        alone = [
            see(self.figure, _repeated(self.pose, row, repeats), self.camera, model)
            for row in range(self.pose.num_frames)
        ]
        names = Sightings.__dataclass_fields__
        return Sightings(**{n: np.concatenate([getattr(s, n)[-1:] for s in alone]) for n in names})


def _repeated(pose: Pose, row: int, times: int) -> Pose:
    one = pose.chunk(row, row + 1)
    return Pose(
        one.rotations.expand(times, -1, -1, -1),
        one.actions.expand(times, -1),
        one.root.expand(times, -1),
    )


def _hands(scene: _Scene, seen: Sightings) -> Hands:
    strong = 0 if Habits.of(scene.figure.signer).strong == "L" else 1
    sides, errors, found, shapes = [], [], [], []
    for side, part in enumerate(("left_hand", "right_hand")):
        there, here = layout("holistic543").part(part)[list(TIPS)], layout("holistic553").part(part)
        gap = seen.found[:, there, :2] - seen.points[:, here[list(TIPS)], :2]
        hit = seen.confidence[:, there[0]] > 0
        errors.append(np.where(hit[:, None], np.linalg.norm(gap, axis=2), np.nan))
        found.append(hit)
        sides.append(np.full(len(hit), side))
        shapes += [_shape(gloss, side == strong) for gloss in scene.glosses]
    return Hands(
        side=np.concatenate(sides),
        shown=seen.shown.T.flatten().astype(np.float64),
        found=np.concatenate(found),
        errors=np.concatenate(errors),
        words={"handshape": np.array(shapes)} | _surroundings(scene, len(shapes)),
    )


def _shape(gloss: Gloss, strong: bool) -> str:
    if strong or gloss.hands in ("mirror", "alternating"):
        return gloss.handshape
    return "rest" if gloss.hands == "one" else gloss.hands


def _surroundings(scene: _Scene, count: int) -> dict[str, NDArray[np.str_]]:
    look, complexion = scene.figure.look, scene.figure.signer.complexion
    words = {
        "skin, 0 light to 4 dark": f"{int(4.999 * complexion.darkness)}",
        "key light": f"{look.light.key:.1f}",
        "exposure": f"{look.light.exposure:.1f}",
        "sleeves": "long" if look.garment.sleeve > 0.8 else "short",
        "framing, in shoulders": f"{look.framing.width_in_shoulders:.2f}",
    }
    return {key: np.full(count, word) for key, word in words.items()}


def _joined(parts: Sequence[Hands]) -> Hands:
    return Hands(
        side=np.concatenate([part.side for part in parts]),
        shown=np.concatenate([part.shown for part in parts]),
        found=np.concatenate([part.found for part in parts]),
        errors=np.concatenate([part.errors for part in parts]),
        words={k: np.concatenate([part.words[k] for part in parts]) for k in parts[0].words},
    )


def lines(figures: Figures) -> Iterator[str]:
    """Yield the figures as they are printed."""
    hands = figures.hands
    yield f"body found in {figures.body:.2%} of pictures, face in {figures.face:.2%}"
    for side, name in enumerate(("left", "right")):
        own = hands.side == side
        yield (
            f"{name} hand: {_rate(hands, own & hands.clear)} of those shown to {CLEAR:.0%}, "
            f"{_rate(hands, own & (hands.shown > 0))} of those shown at all, "
            f"{_rate(hands, own)} of all"
        )
    for name, chosen in (("clear", hands.clear), ("all", np.ones_like(hands.clear))):
        median, worse = np.nanquantile(hands.errors[chosen], (0.5, 0.9))
        yield f"fingertips of {name} hands: {median:.1f} px off (median), {worse:.1f} (90th)"
    for key in hands.words:
        yield from _table(hands, key)


def _rate(hands: Hands, chosen: Mask) -> str:
    return f"{hands.found[chosen].mean():.1%} ({hands.found[chosen].sum()}/{chosen.sum()})"


def _table(hands: Hands, key: str) -> Iterator[str]:
    """Yield the rows of clear hands that are found most rarely."""
    rows = []
    for word in np.unique(hands.words[key]):
        chosen = hands.clear & (hands.words[key] == word)
        if chosen.sum() >= _FEW:
            rows.append((hands.found[chosen].mean(), str(word), chosen))
    yield f"clear hands by {key}, the worst {min(_WORST, len(rows))} of {len(rows)}:"
    for _, word, chosen in sorted(rows, key=lambda row: row[:2])[:_WORST]:
        found = hands.errors[chosen & hands.found]
        yield f"  {word}: {_rate(hands, chosen)}, fingertips {np.median(found):.1f} px off"
