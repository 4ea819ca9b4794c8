"""How an evaluation is done: what changes a figure stands here, and nothing else does."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from signgen import __version__
from signgen.evaluation.figures import Metric


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What is measured.

    detection: whether MediaPipe looks at the clips; resize: whether a generated clip of another
    size is brought to the reference's; seams: frames that windows begin with; window, overlap: of
    the windows that a clip was rendered in, 0 where they are unknown; model: a pipeline folder
    whose networks look at the frames, "" for none; protocol: which clips it is done with, in the
    words of corpus_protocols, "" where nobody says.
    Raises ValueError for windows that do not advance.
    """

    detection: bool = True
    resize: bool = False
    seams: tuple[int, ...] = ()
    window: int = 0
    overlap: int = 0
    model: str = ""
    protocol: str = ""

    def __post_init__(self) -> None:
        if self.overlap and not 0 <= self.overlap < self.window:
            raise ValueError(
                f"windows of {self.window} frames cannot overlap by {self.overlap}; "
                "give --window more frames than --overlap"
            )

    def edges(self, num_frames: int) -> tuple[int, ...]:
        """Return the frames of a clip at which a window begins or ends."""
        if not self.window:
            return self.seams
        starts = range(self.window - self.overlap, num_frames, self.window - self.overlap)
        ends = range(self.window, num_frames, self.window - self.overlap)
        return tuple(sorted({*self.seams, *starts, *ends}))

    def as_json(self) -> dict[str, object]:
        """Return the settings and the version that gives them their meaning."""
        return {**asdict(self), "seams": list(self.seams), "signgen": __version__}

    @classmethod
    def from_json(cls, words: Mapping[str, object]) -> "Evaluation":
        """Return the settings that ``as_json`` wrote."""
        fields = {key: value for key, value in words.items() if key != "signgen"}
        return cls(**{**fields, "seams": tuple(fields["seams"])})  # type: ignore[arg-type]

    def sign(self, metrics: Iterable[Metric]) -> tuple[Metric, ...]:
        """Return the metrics with signatures that say what was done to every frame."""
        words = "|resize:bicubic to the reference" if self.resize else ""
        words += f"|protocol:{self.protocol}" if self.protocol else ""
        return tuple(replace(metric, signature=metric.signature + words) for metric in metrics)

    @property
    def pipeline(self) -> Path | None:
        """The pipeline folder, if one was given."""
        return Path(self.model) if self.model else None
