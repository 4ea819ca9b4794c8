"""Fréchet distance of two sets of pictures in a network's features: FID, and one of our own.

Moments merge over clips and processes; a mean of distances a clip would be another number.
"""

from typing import Literal

import torch
from torch import Tensor

from signgen.evaluation.figures import Chunk, Figure, Metric
from signgen.evaluation.frames import SUBJECTS, metric_of, subject_pairs, why_nothing
from signgen.evaluation.networks import Absent, Features
from signgen.evaluation.perceptual import to_pictures

Frechet = Literal["fid", "fid_torchvision", "fusion_distance"]
_WORDS: dict[Frechet, tuple[str, str]] = {
    "fid": ("FID", "fid|net:inception-v3 2015-12-05 (TensorFlow),2048|resize:299 bilinear squash"),
    "fid_torchvision": (
        "FID (torchvision)",
        "fid|net:inception-v3 torchvision ImageNet,2048,affine input|resize:299 bilinear squash",
    ),
    "fusion_distance": (
        "Fusion distance",
        "frechet|net:fusion encoder of --model|resize:fitted into the pipeline's frames",
    ),
}
_BATCH = 16


def metrics_of(distance: Frechet, every: int = 1) -> tuple[Metric, ...]:
    """Return the rows of one distance, of every so many frames."""
    words, settings = _WORDS[distance]
    settings = f"{settings}|sample covariance|frames:every {every}"
    return tuple(
        metric_of(subject, distance, words=words, settings=settings, better="lower", ideal=0.0)
        for subject in SUBJECTS
    )


METRICS = (*metrics_of("fid"), *metrics_of("fusion_distance"))


class Moments:
    """How many vectors there were, their mean and their covariance.

    The vectors themselves are kept until there are as many as they are wide: of a clip they are
    smaller than a covariance, and exact. width: D.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._rows: list[Tensor] = []  # float32 (n, D)
        self._folded = 0
        self._mean = torch.zeros(width, dtype=torch.float64)
        self._scatter: Tensor | None = None  # (D, D) about the mean, of the folded ones

    @property
    def count(self) -> int:
        """The number of vectors."""
        return self._folded + sum(map(len, self._rows))

    def add(self, vectors: Tensor) -> None:
        """Take vectors (N, D); raises ValueError for another width."""
        if vectors.ndim != 2 or vectors.shape[1] != self.width:
            raise ValueError(f"features are {tuple(vectors.shape)}; (N, {self.width}) is needed")
        self._rows.append(vectors.detach().to("cpu", torch.float32))
        if sum(map(len, self._rows)) >= self.width:
            self._fold()

    def merge(self, other: "Moments") -> None:
        """Take what other moments have seen; they stay as they are."""
        for rows in other._rows:
            self.add(rows)
        if other._scatter is not None:
            self._absorb(other._folded, other._mean, other._scatter)

    def mean(self) -> Tensor:
        """Return the mean (D,)."""
        rows = torch.cat([torch.zeros(0, self.width), *self._rows]).double()
        return (self._mean * self._folded + rows.sum(dim=0)) / max(1, self.count)

    def factor(self) -> Tensor:
        """Return A (R, D), A'A being the covariance of the sample; needs two vectors."""
        if self._scatter is None:
            rows = torch.cat(self._rows).double()
            return (rows - rows.mean(dim=0)) / (len(rows) - 1) ** 0.5
        self._fold()
        values, vectors = torch.linalg.eigh(self._scatter / (self.count - 1))
        return values.clamp(min=0).sqrt()[:, None] * vectors.mT

    def tensors(self) -> dict[str, Tensor]:
        """Return everything as tensors, for a file of safetensors."""
        rows = torch.cat([torch.zeros(0, self.width), *self._rows])
        if self._scatter is None:
            return {"rows": rows}
        folded = torch.tensor(self._folded)
        return {"rows": rows, "folded": folded, "mean": self._mean, "scatter": self._scatter}

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "Moments":
        """Return the moments that ``tensors`` were of."""
        moments = cls(tensors["rows"].shape[1])
        moments._rows = [tensors["rows"]]
        if "scatter" in tensors:
            moments._absorb(int(tensors["folded"]), tensors["mean"], tensors["scatter"])
        return moments

    def _fold(self) -> None:
        if not sum(map(len, self._rows)):
            return
        rows = torch.cat(self._rows).double()
        self._rows = []
        mean = rows.mean(dim=0)
        self._absorb(len(rows), mean, (rows - mean).mT @ (rows - mean))

    def _absorb(self, count: int, mean: Tensor, scatter: Tensor) -> None:
        # Chan et al. 1979: sums of squares about two means become one about the common mean
        apart, total = mean - self._mean, self._folded + count
        between = torch.outer(apart, apart) * (self._folded * count / total)
        self._scatter = scatter + between + (0 if self._scatter is None else self._scatter)
        self._mean = self._mean + apart * (count / total)
        self._folded = total


def frechet_distance(first: Moments, second: Moments) -> float:
    """Return |m1 - m2|² + tr(S1 + S2 - 2 (S1 S2)^½) of two sets of at least two vectors each.

    With S1 = A'A and S2 = B'B the last trace is the sum of the singular values of A B': no root of
    a matrix is taken that rounding could make complex, and few vectors make a small matrix.
    """
    a, b = first.factor(), second.factor()
    cross = torch.linalg.svdvals(a @ b.mT).sum()
    means = (first.mean() - second.mean()).square().sum()
    return max(0.0, float(means + a.square().sum() + b.square().sum() - 2 * cross))


class FrechetMeasure:
    """Compares the set of generated pictures with the set of real ones.

    Its figures are those of all it was given: clips are merged, never averaged. distance: what the
    rows are called; network: that makes the features, or why there is none; every: takes the frames
    whose number it divides.
    """

    def __init__(self, distance: Frechet, network: Features | Absent, every: int = 1) -> None:
        self._distance, self._network, self._every = distance, network, every
        self._nothing = ""
        self.moments: dict[str, tuple[Moments, Moments]] = {}  # of a subject, generated and real
        if isinstance(network, Features):
            self.moments = {s: (Moments(network.width), Moments(network.width)) for s in SUBJECTS}

    def add(self, chunk: Chunk) -> None:
        """Take the next frames."""
        self._nothing = why_nothing(chunk)
        for subject, moments in self.moments.items():
            for at, *pair in subject_pairs(chunk, subject):
                chosen = (at + chunk.first) % self._every == 0
                for part, pictures in zip(moments, pair, strict=True):
                    self._embed(part, to_pictures(pictures[chosen]))

    def merge(self, other: "FrechetMeasure") -> None:
        """Take what another such measure has seen."""
        self._nothing = self._nothing or other._nothing
        for subject, moments in self.moments.items():
            for part, more in zip(moments, other.moments[subject], strict=True):
                part.merge(more)

    def figures(self) -> list[Figure]:
        """Return the figures of all pictures so far."""
        return [self._figure(subject) for subject in SUBJECTS]

    @torch.no_grad()
    def _embed(self, moments: Moments, pictures: Tensor) -> None:
        if isinstance(self._network, Features) and len(pictures):
            for batch in pictures.split(_BATCH):
                moments.add(self._network.embed(batch))

    def _figure(self, subject: str) -> Figure:
        key = f"{subject}/{self._distance}"
        if isinstance(self._network, Absent):
            return Figure.unmeasured(key, self._network.note)
        first, second = self.moments[subject]
        fewest = min(first.count, second.count)
        if fewest == 0:
            return Figure.unmeasured(key, self._nothing)
        return distance_of(key, first, second)


def distance_of(key: str, first: Moments, second: Moments) -> Figure:
    """Return the distance as a figure that says how many pictures it rests on."""
    fewest = min(first.count, second.count)
    note = f"{first.count} pictures against {second.count}"
    if fewest < 2:
        return Figure.unmeasured(key, f"{note}: two of each are needed")
    if fewest <= first.width:
        note += f": too few for {first.width} features, so too high"
    value = frechet_distance(first, second)
    return Figure(key=key, value=value, weight=float(first.count), note=note)
