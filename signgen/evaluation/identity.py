"""Whether the signer stays who they are: embeddings of the generated clip beside the true ones.

What an embedding knows decides what the row is called: a colour histogram of the face knows colours
and no person, the fusion encoder of a pipeline what it was trained on.
"""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from signgen import __version__
from signgen.evaluation.figures import Chunk, Figure, Metric
from signgen.evaluation.frames import why_nothing
from signgen.evaluation.networks import Features
from signgen.evaluation.perceptual import to_pictures
from signgen.evaluation.regions import cut_out, seen
from temporal import smoothness

# pictures (N, H, W, 3) of 0 to 255 → embeddings (N, D)
Embed = Callable[[NDArray[np.float32]], Tensor]

FACE_SIDE = 32
_LEVELS = 8  # of each colour channel in a histogram
_LEAST_FRAMES = 4


def metrics_of(embedding: str, subject: str, words: str, settings: str) -> tuple[Metric, ...]:
    """Return the rows of one embedding: how far from the truth, and how fast it walks away."""

    def row(key: str, title: str, ideal: float | None, against: str) -> Metric:
        return Metric(
            key=key,
            title=title,
            unit="%",
            better="lower",
            ideal=ideal,
            signature=f"1-cosine|{settings}|against:{against}|signgen:{__version__}",
        )

    return (
        row(f"{subject}/{embedding}", f"{words}: distance", 0.0, "ground truth, means over time"),
        row(
            f"time/{embedding}_drift",
            f"{words}: drift a 100 frames",
            *(0.0, "ground truth, slope over time, at least 0"),
        ),
        row(
            f"time/{embedding}_drift_alone",
            f"{words}: drift a 100 frames, by itself",
            *(None, "the clip's first quarter, slope over time, at least 0"),
        ),
    )


FACE_COLOURS = "face_colours"
FUSION = "fusion_identity"
METRICS = (
    *metrics_of(
        *(FACE_COLOURS, "face", "Colours of the face"),
        f"histogram:{_LEVELS}x{_LEVELS}x{_LEVELS} RGB, root|crop:face {FACE_SIDE}px",
    ),
    *metrics_of(
        *(FUSION, "frame", "Signer to the pipeline's fusion encoder"),
        "embedding:fusion encoder of --model|picture:whole frame",
    ),
)


class IdentityMeasure:
    """Keeps one embedding a frame; a Measure.

    embedding: FACE_COLOURS, of the crops of the face, or FUSION, of whole frames; embed: makes it.
    """

    def __init__(self, embedding: str, embed: Embed) -> None:
        self._embedding, self._embed = embedding, embed
        self._subject = "face" if embedding == FACE_COLOURS else "frame"
        self._generated: list[Tensor] = []
        self._reference: list[Tensor] = []
        self._alone = False
        self._nothing = ""

    @torch.no_grad()
    def add(self, chunk: Chunk) -> None:
        """Take the next frames; those without a face have no embedding of it."""
        self._alone = chunk.reference is None
        self._nothing = why_nothing(chunk)
        self._generated += self._embedded(chunk.generated, chunk)
        if chunk.reference is not None:
            self._reference += self._embedded(chunk.reference, chunk)

    def figures(self) -> list[Figure]:
        """Return the figures of the frames so far."""
        distance, drift = f"{self._subject}/{self._embedding}", f"time/{self._embedding}_drift"
        if self._alone:
            return [self._drift(f"{drift}_alone", None)]
        if not self._generated:
            return [Figure.unmeasured(key, self._nothing) for key in (distance, drift)]
        means = [torch.cat(part).mean(0) for part in (self._generated, self._reference)]
        a, b = (F.normalize(mean.double(), dim=0) for mean in means)
        apart = 50 * float((a - b).square().sum())  # 1 - cosine in %, 0 of what is equal
        target = torch.cat(self._reference)[None]
        weight = len(target[0])
        return [
            Figure(key=distance, value=apart, weight=weight),
            self._drift(drift, target),
        ]

    def _drift(self, key: str, target: Tensor | None) -> Figure:
        if sum(map(len, self._generated)) < _LEAST_FRAMES:
            return Figure.unmeasured(key, f"fewer than {_LEAST_FRAMES} frames with a face")
        embeddings = torch.cat(self._generated)[None]
        walk = 100 * 100 * float(smoothness.identity_drift(embeddings, target)[0])
        return Figure(key=key, value=max(0.0, walk), weight=embeddings.shape[1])

    def _embedded(self, frames: NDArray[np.uint8], chunk: Chunk) -> list[Tensor]:
        if self._embedding == FACE_COLOURS:
            if not seen(chunk.regions.face).any():
                return []
            return [self._embed(cut_out(frames, chunk.regions.face, FACE_SIDE))]
        return [self._embed(frames.astype(np.float32))]


def face_colours(crops: NDArray[np.float32]) -> Tensor:
    """Return the roots of colour histograms (N, 512): their cosine is the Bhattacharyya one."""
    levels = (crops * (_LEVELS / 256)).astype(np.int64).clip(0, _LEVELS - 1)
    bins = (levels[..., 0] * _LEVELS + levels[..., 1]) * _LEVELS + levels[..., 2]
    histograms = [np.bincount(frame.ravel(), minlength=_LEVELS**3) for frame in bins]
    return torch.from_numpy(np.sqrt(np.stack(histograms) / bins[0].size)).float()


def fusion_embedding(network: Features) -> Embed:
    """Return what a network of features sees in pictures."""
    return lambda pictures: network.embed(to_pictures(pictures))
