"""A contact sheet of signers, each at rest and at moments of a sentence, and what it covers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from pose_sequences.phoenix.clip import FPS
from signgen.studio.breadth import Breadth
from signgen.studio.clip import Take, draw_glosses, draw_vocabulary, dress_signer, film, rehearse
from signgen.studio.coverage import Measures, measured
from signgen.studio.factory import SignerFactory
from signgen.studio.figure import Pose

_GLOSSES = 4


@dataclass(frozen=True)
class SheetRow:
    """One signer: picture (H, moments * W, 3), and what the moments show."""

    picture: NDArray[np.uint8]
    measures: Measures


def sheet_rows(
    seed: int,
    num_signers: int,
    moments: int,
    size: tuple[int, int],
    breadth: Breadth = "narrow",
) -> Iterator[SheetRow]:
    """Yield the row of each of the signers ``seed``, ``seed + 1`` and so on.

    moments: one of rest and the others spread over the signs, or 1 for one of a sign alone; size:
    width and height of one of them in pixels.
    """
    factory = SignerFactory.load()
    for signer in range(seed, seed + num_signers):
        rng = np.random.default_rng(signer)
        glosses = draw_glosses(draw_vocabulary(_GLOSSES, rng), _GLOSSES, rng)
        figure = dress_signer(factory, signer, breadth)
        take = Take(signer=signer, glosses=tuple(glosses), seed=signer, size=size, breadth=breadth)
        performance, camera = rehearse(figure, take, FPS)
        pose = performance.pose
        rows = _moments(performance.segments[0][1], performance.segments[-1][2], moments)
        chosen = Pose(pose.rotations[rows], pose.actions[rows], pose.root[rows])
        shots = list(film(figure, chosen, camera))
        frames = torch.cat([shot.frames for shot in shots])
        yield SheetRow(np.concatenate(frames.numpy(), axis=1), measured(figure, shots))


def tiled(pictures: Sequence[NDArray[np.uint8]], columns: int) -> NDArray[np.uint8]:
    """Return pictures of one size in lines of ``columns``, the last filled up with black."""
    blank = np.zeros_like(pictures[0])
    lines = [
        np.concatenate([*some, *[blank] * (columns - len(some))], axis=1)
        for first in range(0, len(pictures), columns)
        for some in [pictures[first : first + columns]]
    ]
    return np.concatenate(lines)


def _moments(first: int, last: int, moments: int) -> torch.Tensor:
    """Return the frames of a sentence that a sheet shows."""
    if moments == 1:
        return torch.tensor([(first + last) // 2])
    signing = torch.linspace(first, last, moments + 1)[1:-1].long()
    return torch.cat([torch.zeros(1, dtype=torch.long), signing])
