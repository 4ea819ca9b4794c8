"""What the studio films for training: how many people, clips and frames, and how they are seen."""

from dataclasses import asdict, dataclass

from signgen import __version__
from signgen.studio.breadth import BREADTHS, Breadth
from signgen.studio.detector import Detection

_COUNTS = (  # of the settings
    *("signers", "clips", "clip_frames", "every", "stills", "clips_a_draw", "kept", "portraits"),
    *("vocabulary", "most_glosses", "supersample"),
)
_FREE = ("clips", "clips_a_draw", "kept", "ahead", "shelf", "workers")  # change no footage


@dataclass(frozen=True, kw_only=True)
class StudioSettings:
    """What there is to draw from.

    signers: how many people; clips: how many there are in all, each of ``clip_frames`` frames, one
    of ``every`` so many of the performance; stills: of a clip, as references of itself;
    clips_a_draw: how many of them a batch is taken from; kept: how many stay in memory; portraits:
    references of a signer, out of no clip; size: width and height in pixels; worn: whether
    references look as if a poor camera had made them; squeezed: share of the signers who are shown
    too wide or too narrow; detector: how far points err as MediaPipe's do, 0 for exact ones, as
    detector.Detection's strength; long_gaps, lost_hands: shares of the clips, as there; pictures
    are exact in any case; vocabulary, most_glosses: as in plan.CorpusSettings; supersample: samples
    a pixel, each way; ahead: whether all that is kept is filmed before training begins; shelf: the
    folder where footage stays for other runs too, none if it is empty; workers: processes that film
    ahead onto the shelf, a core each, 0 for this one alone; breadth: how wide a world the signers
    are out of.
    """

    size: tuple[int, int] = (256, 256)
    seed: int = 0
    signers: int = 64
    clips: int = 1024
    clip_frames: int = 64
    every: int = 1
    stills: int = 4
    clips_a_draw: int = 8
    kept: int = 1024
    portraits: int = 12
    worn: bool = True
    squeezed: float = 0.3
    detector: float = 1.0
    long_gaps: float = 0.0
    lost_hands: float = 0.0
    vocabulary: int = 2000
    most_glosses: int = 4
    supersample: int = 2
    ahead: bool = False
    shelf: str = ""
    workers: int = 0
    breadth: Breadth = "narrow"

    def __post_init__(self) -> None:
        for name in _COUNTS:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; give at least 1")
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}; give 0 or more")
        if self.breadth not in BREADTHS:
            raise ValueError(f"breadth is {self.breadth!r}; give one of {', '.join(BREADTHS)}")
        if self.workers < 0:
            raise ValueError(f"workers is {self.workers}; give 0 or more")
        if self.workers and not (self.shelf and self.ahead):
            raise ValueError(
                "workers film ahead onto a shelf; give shelf=FOLDER and ahead=true too"
            )
        if not 0 <= self.squeezed <= 1:
            raise ValueError(f"squeezed is {self.squeezed}; 0 to 1 is possible")
        self.detections()

    def footage(self) -> dict[str, object]:
        """Return what decides how a clip of a number looks; other versions film otherwise."""
        return {key: value for key, value in asdict(self).items() if key not in _FREE} | {
            "size": list(self.size),
            "version": __version__,
        }

    def detections(self) -> Detection:
        """Return how the points of a clip are seen."""
        return Detection(
            strength=self.detector, long_gaps=self.long_gaps, lost_hands=self.lost_hands
        )
