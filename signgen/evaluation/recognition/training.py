"""A judge learns: studio signers sign its glosses, and a linear discriminant is fitted to them.

One matrix and one solution, no steps and no learning rate: a convolutional network of 200,000
weights told fewer signs of the same people. It never learns from generated video.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from signgen.evaluation.recognition.features import features, resampled
from signgen.evaluation.recognition.judge import LOUDEST, Accuracy, Judge
from signgen.evaluation.recognition.rehearsal import Rehearsed, rehearse_takes
from signgen.studio.clip import Take
from signgen.studio.detector import Detection
from signgen.studio.factory import SignerFactory
from signgen.studio.gloss import Gloss, name

_SIZE = (256, 256)
_SENTENCES = (4, 1, 3, 4, 2, 4)  # signs each, in turn
_LEAST_SPREAD = 1e-3


@dataclass(frozen=True, kw_only=True)
class JudgeTraining:
    """How a judge is trained.

    signers: that sign every gloss once; held_out: more of them, to be told without having been
    learned from; strengths: each take is seen once with each of these errors of the detector;
    steps: moments of a sign; ridge: share of an even covariance in the fitted one; seed: of
    everything. Raises ValueError if they are out of range.
    """

    signers: int = 80
    held_out: int = 8
    strengths: tuple[float, ...] = (0.0, 0.5, 1.0, 1.0)
    steps: int = 12
    ridge: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        if self.signers < 2 or self.held_out < 1:
            raise ValueError(
                f"{self.signers} signers and {self.held_out} held out are too few; give 2 and 1"
            )
        if not self.strengths or self.steps < 2:
            raise ValueError("give at least one strength of the detector's errors and 2 steps")
        if not 0 < self.ridge <= 1:
            raise ValueError(f"ridge is {self.ridge}; above 0 and up to 1 is possible")
        for strength in self.strengths:
            Detection(strength=strength)


@dataclass(frozen=True, eq=False)
class Signs:
    """Signs as rows (N, D), and the numbers of their glosses (N,)."""

    rows: NDArray[np.float32]
    labels: NDArray[np.intp]


def sign_all(
    glosses: Sequence[Gloss], training: JudgeTraining, factory: SignerFactory
) -> Iterator[Signs]:
    """Yield the signs of one signer after the other, the held-out ones last."""
    for person in range(training.signers + training.held_out):
        rng = np.random.default_rng([training.seed, person, *b"judge"])
        takes = training_takes(glosses, person, rng)
        yield signs_of(glosses, rehearse_takes(factory, takes), training, rng)


def signs_of(
    glosses: Sequence[Gloss],
    takes: Sequence[Rehearsed],
    training: JudgeTraining,
    rng: np.random.Generator,
) -> Signs:
    """Return the signs of takes, each once with every strength of the detector's errors."""
    numbers = {name(gloss): number for number, gloss in enumerate(glosses)}
    rows, labels = [], []
    for rehearsed in takes:
        for strength in training.strengths:
            poses = rehearsed.poses
            if strength:
                poses = rehearsed.seen(rng, Detection(strength=strength))
            found = features(poses)
            for sign in poses.segments:
                part = found.part(sign.start, sign.stop)
                rows.append(resampled(part, training.steps).ravel())
                labels.append(numbers[sign.gloss])
    return Signs(np.stack(rows), np.array(labels, np.intp))


def fit_judge(glosses: Sequence[Gloss], training: JudgeTraining, people: Sequence[Signs]) -> Judge:
    """Return the judge of what ``sign_all`` yielded, with how it did on those held out.

    Raises ValueError for another number of people than the training has.
    """
    if len(people) != training.signers + training.held_out:
        raise ValueError(
            f"there are signs of {len(people)} people; {training.signers + training.held_out} "
            "belong to this training"
        )
    learned, others = people[: training.signers], people[training.signers :]
    mean, scale, weights, bias = _discriminant(_joined(learned), len(glosses), training.ridge)
    test = _joined(others)
    scores = _standard(torch.from_numpy(test.rows), mean, scale) @ weights + bias
    right = int((scores.argmax(1).numpy() == test.labels).sum())
    return Judge(
        glosses=tuple(glosses),
        steps=training.steps,
        settings={**asdict(training), "strengths": list(training.strengths)},
        held_out=Accuracy(right, len(test.labels), "studio signers, the detector's model"),
        mean=mean.float().numpy(),
        scale=scale.float().numpy(),
        weights=weights.float().numpy(),
        bias=bias.float().numpy(),
    )


def training_takes(glosses: Sequence[Gloss], person: int, rng: np.random.Generator) -> list[Take]:
    """Return takes in which the person signs every gloss once."""
    signer = int(rng.integers(2**29))  # exam.py's begin above
    order = rng.permutation(len(glosses))
    takes: list[Take] = []
    first = 0
    while first < len(order):
        last = first + _SENTENCES[(person + len(takes)) % len(_SENTENCES)]
        signs = tuple(glosses[row] for row in order[first:last])
        takes.append(Take(signer=signer, glosses=signs, seed=int(rng.integers(2**31)), size=_SIZE))
        first = last
    return takes


def _joined(people: Sequence[Signs]) -> Signs:
    return Signs(
        np.concatenate([signs.rows for signs in people]),
        np.concatenate([signs.labels for signs in people]),
    )


def _discriminant(
    signs: Signs, num_labels: int, ridge: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return mean and scale (D,), weights (D, L) and bias (L,) of the linear discriminant of signs
    with one covariance, which is shrunk towards an even one (Friedman 1989).
    """
    rows = torch.from_numpy(signs.rows).double()
    labels = torch.from_numpy(signs.labels)
    mean, scale = rows.mean(0), 1 / (rows.std(0) + _LEAST_SPREAD)
    standard = _standard(rows, mean, scale)
    middles = torch.stack([standard[labels == label].mean(0) for label in range(num_labels)])
    around = standard - middles[labels]
    covariance = around.T @ around / len(around)
    even = covariance.diagonal().mean() * torch.eye(len(covariance), dtype=rows.dtype)
    shrunk = (1 - ridge) * covariance + ridge * even
    weights = torch.linalg.solve(shrunk, middles.T)
    return mean, scale, weights, -(middles.T * weights).sum(0) / 2


def _standard(rows: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    standard = (rows.double() - mean.double()) * scale.double()
    return standard.clamp(-LOUDEST, LOUDEST)
