"""Who signs what in a corpus, from the settings and the seed alone; nothing is filmed here."""

from dataclasses import asdict, dataclass
from math import ceil
from typing import Any, Literal

import numpy as np

from pose_sequences.phoenix.clip import SPLITS, Split
from signgen import __version__
from signgen.studio.breadth import BREADTHS, Breadth
from signgen.studio.clip import Take, draw_glosses, draw_vocabulary
from signgen.studio.detector import Detection
from signgen.studio.gloss import name as gloss_name
from signgen.studio.motion_files import MotionFile

MIN_SIDE, MAX_SIDE = 32, 2048
_HELD_OUT = 10  # of so many signers or clips, one is for dev and one for test


@dataclass(frozen=True, kw_only=True)
class CorpusSettings:
    """What is built.

    signers, clips: how many in all; the signers take turns; seed: of everything; size: width and
    height in pixels; video: an MP4 a clip, not a folder of PNGs; split_by: "signer" keeps each
    signer in one split, "clip" has them in all, as the release does; vocabulary: how many glosses
    there are; most_glosses: of a sentence; max_frames: after which a clip is cut, 0 for whole
    sentences, which the tables name in any case; detector: how far keypoints err as MediaPipe's do
    (detector.Detection's strength), 0 for exact ones; breadth: how wide a world the signers are out
    of; motions: what is performed instead of sentences, in any order, the same one counting once.
    Raises ValueError if they are out of range.
    """

    signers: int
    clips: int
    seed: int = 0
    size: tuple[int, int] = (256, 256)
    video: bool = False
    split_by: Literal["signer", "clip"] = "signer"
    vocabulary: int = 200
    most_glosses: int = 5
    max_frames: int = 0
    detector: float = 0.0
    breadth: Breadth = "narrow"
    motions: tuple[MotionFile, ...] = ()

    def __post_init__(self) -> None:
        # neither where the files lie nor in what order they were given is to make a difference
        motions = {(motion.name, motion.sha256): motion for motion in self.motions}
        object.__setattr__(self, "motions", tuple(motions[key] for key in sorted(motions)))
        Detection(strength=self.detector)
        width, height = self.size
        if self.breadth not in BREADTHS:
            raise ValueError(f"breadth is {self.breadth!r}; give one of {', '.join(BREADTHS)}")
        if min(self.signers, self.vocabulary, self.most_glosses) < 1:
            raise ValueError("give at least 1 signer, a vocabulary of 1 and 1 gloss a sentence")
        if self.seed < 0 or self.max_frames < 0:
            raise ValueError(
                f"seed is {self.seed} and max_frames {self.max_frames}; give 0 or more"
            )
        if self.clips < self.signers:
            raise ValueError(
                f"{self.clips} clips are too few for {self.signers} signers; give one each at least"
            )
        if not all(MIN_SIDE <= side <= MAX_SIDE for side in self.size):
            raise ValueError(
                f"size is {width}x{height}; a side has {MIN_SIDE} to {MAX_SIDE} pixels"
            )
        if self.video and (width % 2 or height % 2):
            raise ValueError(f"size is {width}x{height}; the sides of an MP4 are even")

    def as_json(self) -> dict[str, Any]:
        """Return what a corpus says of how it was made."""
        words = asdict(self) | {"size": [*self.size]}
        words["motions"] = [{"name": m.name, "sha256": m.sha256} for m in self.motions]
        return {"made_by": f"signgen {__version__} studio", **words}


@dataclass(frozen=True, kw_only=True)
class PlannedClip:
    """A clip to film: its name, split and signer in the tables, and the take.

    motion: what is performed instead of the take's glosses, of which there are none.
    """

    name: str
    split: Split
    signer: str
    take: Take
    motion: MotionFile | None = None

    @property
    def glosses(self) -> tuple[str, ...]:
        """What is signed, as the tables have it; for a cut clip too, all that was meant to be."""
        if self.motion:
            return self.motion.glosses
        return tuple(gloss_name(gloss) for gloss in self.take.glosses)


def plan_corpus(settings: CorpusSettings) -> list[PlannedClip]:
    """Return the clips of a corpus; the same settings give the same plan."""
    vocabulary = draw_vocabulary(settings.vocabulary, _generator(settings.seed, "vocabulary"))
    by_signer = settings.split_by == "signer"
    splits = _splits(settings.signers if by_signer else settings.clips)
    motions = _motions_in_turn(settings)
    clips = []
    for number in range(settings.clips):
        signer = number % settings.signers
        rng = _generator(settings.seed, "clip", number)
        motion = motions[number] if motions else None
        glosses = [] if motion else draw_glosses(vocabulary, settings.most_glosses, rng)
        take = Take(
            signer=int(_generator(settings.seed, "signer", signer).integers(2**31)),
            glosses=tuple(glosses),
            seed=int(rng.integers(2**31)),
            size=settings.size,
            max_frames=settings.max_frames,
            breadth=settings.breadth,
        )
        clips.append(
            PlannedClip(
                name=f"signer{signer + 1:03d}-clip{number + 1:05d}",
                split=splits[signer if by_signer else number],
                signer=f"Signer{signer + 1:02d}",
                take=take,
                motion=motion,
            )
        )
    return clips


def _motions_in_turn(settings: CorpusSettings) -> list[MotionFile]:
    """Return the motion of each clip, if there are any: every one once, then all once again."""
    if not settings.motions:
        return []
    count = len(settings.motions)
    # in another order each time, or signers who take turns might have the same ones for ever
    turns = (
        _generator(settings.seed, "motions", number).permutation(count)
        for number in range(ceil(settings.clips / count))
    )
    return [settings.motions[row] for turn in turns for row in turn][: settings.clips]


def _splits(count: int) -> tuple[Split, ...]:
    """Return the split of each signer or clip; of fewer than three, all are for training."""
    held = max(1, count // _HELD_OUT) if count >= len(SPLITS) else 0
    kinds = zip(SPLITS, (count - 2 * held, held, held), strict=True)
    return tuple(split for split, number in kinds for _ in range(number))


def _generator(seed: int, what: str, number: int = 0) -> np.random.Generator:
    # a stream of its own for everything, so that one more clip changes no other
    return np.random.default_rng([seed, *what.encode(), number])
