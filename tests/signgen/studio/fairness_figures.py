"""Whether MediaPipe finds hands of every skin as often: the same pictures in five tones.

Only the skin differs, and how the studio answers it: by the exposure, and by the colour of cloth,
before which hands must stand out (dark skin also shines, flushes and freckles less). Body, pose,
camera, cut of clothes, lamps and room are the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from pose_sequences.layout import layout
from signgen.studio.breadth import Breadth
from signgen.studio.camera import Camera
from signgen.studio.clip import Take, draw_vocabulary, rehearse
from signgen.studio.complexion import linear
from signgen.studio.factory import Signer, SignerFactory
from signgen.studio.figure import Figure, Pose, dress
from signgen.studio.surroundings import look_around
from tests.signgen.studio.sightings import Kept, Sightings, pictures_model, see

TONES = {
    "very light": (238, 202, 175),
    "light": (219, 171, 135),
    "medium": (178, 126, 90),
    "dark": (128, 83, 56),
    "very dark": (84, 53, 38),
}
POSES = 700
POSES_A_SIGNER = 4
SIZE = (256, 256)
FPS = 25.0
FIRST_SEED = 8_000_000_000  # beyond all that a corpus or a training source draws
CLEAR = 0.6  # of a hand's silhouette
_LIPS = (0.85, 0.5, 0.51)  # of the skin

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Fairness:
    """found (G, N): whether each of N clear hands was found, in each of the tones."""

    found: Mask

    @property
    def rates(self) -> NDArray[np.float64]:
        """The share that was found in each tone, (G,)."""
        return self.found.mean(1)

    @property
    def gap(self) -> float:
        """How far the worst tone is below the best."""
        return float(np.ptp(self.rates))

    @property
    def doubt(self) -> float:
        """The standard error of the gap, hands being paired."""
        best, worst = (self.found[row] for row in (self.rates.argmax(), self.rates.argmin()))
        return float((best.astype(int) - worst).std() / np.sqrt(max(len(best), 1)))


def measure(kept: Kept, *, poses: int = POSES, breadth: Breadth = "wide") -> Fairness:
    """Return how often hands are found in ``poses`` pictures, each in every tone."""
    factory = SignerFactory.load()
    found = []
    for number, first in enumerate(range(0, poses, POSES_A_SIGNER)):
        count = min(POSES_A_SIGNER, poses - first)
        scene = Scene.drawn(factory, number, count, breadth)
        name = f"fairness-dressed-{breadth}-{number:03d}x{count}"
        seen = [kept.get(f"{name}-{row}", partial(scene.seen, t)) for row, t in enumerate(TONES)]
        # the silhouettes are the same in every tone
        clear = seen[0].shown.astype(np.float64) >= CLEAR
        found.append(np.stack([_found(one)[clear] for one in seen]))
    return Fairness(np.concatenate(found, 1))


@dataclass(frozen=True)
class Scene:
    """Moments (T,) of a signer's signs before one camera."""

    signer: Signer
    breadth: Breadth
    camera: Camera
    moments: Pose

    @classmethod
    def drawn(cls, factory: SignerFactory, number: int, count: int, breadth: Breadth) -> "Scene":
        """Draw one random moment of each of POSES_A_SIGNER random signs, and take ``count``."""
        rng = np.random.default_rng([FIRST_SEED, number])
        signer = factory.signer(FIRST_SEED + number, breadth)
        figure = dress(signer, look_around(signer, signer.seed, breadth))
        glosses = draw_vocabulary(POSES_A_SIGNER, rng)
        seed = int(rng.integers(2**31))
        take = Take(signer=signer.seed, glosses=glosses, seed=seed, size=SIZE)
        performance, camera = rehearse(figure, take, FPS)
        ends = np.array([(start, stop) for _, start, stop in performance.segments])
        rows = torch.from_numpy(rng.integers(ends[:, 0], ends[:, 1]))[:count]
        pose = performance.pose
        chosen = Pose(pose.rotations[rows], pose.actions[rows], pose.root[rows])
        return cls(signer, breadth, camera, chosen)

    def figure(self, tone: str) -> Figure:
        """Return the signer in a tone, as the studio films it."""
        person = toned(self.signer, tone)
        return dress(person, look_around(person, person.seed, self.breadth))

    def seen(self, tone: str) -> Sightings:
        """Return what a fresh detector makes of each picture."""
        figure, model = self.figure(tone), pictures_model()
        # even a detector of pictures remembers where hands were in the one before
        alone = [
            see(figure, self.moments.chunk(row, row + 1), self.camera, model)
            for row in range(self.moments.num_frames)
        ]
        names = Sightings.__dataclass_fields__
        return Sightings(**{n: np.concatenate([getattr(one, n) for one in alone]) for n in names})


def toned(signer: Signer, tone: str) -> Signer:
    """Return the signer with skin of a tone."""
    skin = linear(TONES[tone])
    red, green, blue = (channel * share for channel, share in zip(skin, _LIPS, strict=True))
    darkness = [*TONES].index(tone) / (len(TONES) - 1)
    complexion = replace(signer.complexion, skin=skin, lips=(red, green, blue), darkness=darkness)
    return replace(signer, complexion=complexion)


def _found(seen: Sightings) -> Mask:
    """Return whether the left and the right hand were found, (T, 2)."""
    rows = layout("holistic543").find(("left_hand.wrist", "right_hand.wrist"))
    return seen.confidence[:, rows].astype(np.float64) > 0


def lines(fairness: Fairness) -> Iterator[str]:
    """Yield the figures as they are printed."""
    count = fairness.found.shape[1]
    yield f"{count} clear hands in each of {len(TONES)} tones; found by MediaPipe:"
    for tone, rate in zip(TONES, fairness.rates, strict=True):
        yield f"  {tone}: {rate:.1%}"
    gap, doubt = 100 * fairness.gap, 100 * fairness.doubt
    yield f"the worst tone is {gap:.1f} points below the best (standard error {doubt:.1f})"
