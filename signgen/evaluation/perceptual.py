"""How different frames look to a trained network, frame by frame: LPIPS, and one of our own.

The networks themselves are handed in; see networks.py.
"""

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from signgen.evaluation.figures import Chunk, Figure, Metric
from signgen.evaluation.frames import (
    SUBJECTS,
    PerFrame,
    metric_of,
    subject_pairs,
    why_nothing,
)
from signgen.evaluation.networks import Absent, Distances
from signgen.evaluation.ssim import Pictures

Distance = Literal["lpips", "fusion_perceptual"]
_WORDS: dict[Distance, tuple[str, str]] = {
    "lpips": ("LPIPS", "lpips:0.1|net:alexnet|input:-1 to 1"),
    "fusion_perceptual": (
        "Fusion perceptual distance",
        "fusion perceptual|net:fusion encoder of --model|layers:residual blocks,unit,unweighted",
    ),
}
_BATCH = 16  # pictures that are in a network at once


def metrics_of(distance: Distance) -> tuple[Metric, ...]:
    """Return the rows of one distance."""
    words, settings = _WORDS[distance]
    return tuple(
        metric_of(subject, distance, words=words, settings=settings, better="lower", ideal=0.0)
        for subject in SUBJECTS
    )


METRICS = (*metrics_of("lpips"), *metrics_of("fusion_perceptual"))


class PerceptualMeasure:
    """Compares each frame with the real one; a Measure.

    distance: what the rows are called; network: that says it, or why there is none.
    """

    def __init__(self, distance: Distance, network: Distances | Absent) -> None:
        self._distance, self._network = distance, network
        self._values: dict[str, list[PerFrame]] = {subject: [] for subject in SUBJECTS}
        self._counts: dict[str, list[PerFrame]] = {subject: [] for subject in SUBJECTS}
        self._nothing = ""

    def add(self, chunk: Chunk) -> None:
        """Take the next frames."""
        self._nothing = why_nothing(chunk)
        if isinstance(self._network, Absent):
            return
        for subject in SUBJECTS:
            total, count = np.zeros(len(chunk)), np.zeros(len(chunk))
            for at, generated, reference in subject_pairs(chunk, subject):
                total[at] += _compare(self._network, generated, reference)
                count[at] += 1
            with np.errstate(invalid="ignore"):
                self._values[subject].append(total / count)
            self._counts[subject].append(count)

    def figures(self) -> list[Figure]:
        """Return the figures of the frames so far."""
        return [self._figure(subject) for subject in SUBJECTS]

    def _figure(self, subject: str) -> Figure:
        key = f"{subject}/{self._distance}"
        if isinstance(self._network, Absent):
            return Figure.unmeasured(key, self._network.note)
        counts = np.concatenate([np.zeros(0), *self._counts[subject]])
        if not counts.any():
            return Figure.unmeasured(key, self._nothing)
        return Figure.of_frames(key, np.concatenate(self._values[subject]), counts)


def to_pictures(pictures: Pictures) -> Tensor:
    """Return pictures (N, H, W, 3) as (N, 3, H, W), values as they were."""
    return torch.tensor(pictures).movedim(-1, 1)  # a copy: frames may be read-only


@torch.no_grad()
def _compare(network: Distances, generated: Pictures, reference: Pictures) -> PerFrame:
    batches = zip(
        *(to_pictures(part).split(_BATCH) for part in (generated, reference)), strict=True
    )
    return torch.cat([network.compare(a, b) for a, b in batches]).double().numpy()
