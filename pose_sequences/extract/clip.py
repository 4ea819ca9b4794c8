"""A clip to extract, how far it has come and what became of it: the words of the package's door."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pose_sequences.coverage import Coverage
from pose_sequences.errors import PoseSequencesError


@dataclass(frozen=True)
class ClipJob:
    """A video, frame folder or picture, and the .npz that its keypoints go to."""

    source: Path
    target: Path


@dataclass(frozen=True)
class ClipProgress:
    """How far a clip has come: ``done`` of ``total`` frames."""

    job: ClipJob
    done: int
    total: int


@dataclass(frozen=True)
class ClipResult:
    """What became of a clip.

    outcome: "kept" if the target was there before; coverage: what was not seen, of an extracted
    clip; error: of a failed one.
    """

    job: ClipJob
    outcome: Literal["extracted", "kept", "failed"]
    coverage: Coverage | None = None
    error: PoseSequencesError | None = None
