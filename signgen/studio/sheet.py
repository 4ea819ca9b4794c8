"""A contact sheet of signers: each in a row, at rest and at moments of a sentence."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from pose_sequences.phoenix.clip import FPS
from signgen.studio.clip import Take, draw_glosses, draw_vocabulary, dress_signer, film, rehearse
from signgen.studio.factory import SignerFactory
from signgen.studio.figure import Pose

_GLOSSES = 4


def sheet_rows(
    seed: int, num_signers: int, moments: int, size: tuple[int, int]
) -> Iterator[NDArray[np.uint8]]:
    """Yield a picture (H, moments * W, 3) of each of the signers ``seed``, ``seed + 1`` and so on.

    moments: at least 2, one of rest and the others spread over the signs; size: width and height of
    one of them in pixels.
    """
    factory = SignerFactory.load()
    for signer in range(seed, seed + num_signers):
        rng = np.random.default_rng(signer)
        glosses = draw_glosses(draw_vocabulary(_GLOSSES, rng), _GLOSSES, rng)
        figure = dress_signer(factory, signer)
        take = Take(signer=signer, glosses=tuple(glosses), seed=signer, size=size)
        performance, camera = rehearse(figure, take, FPS)
        pose = performance.pose
        first, last = performance.segments[0][1], performance.segments[-1][2]
        signing = torch.linspace(first, last, moments + 1)[1:-1].long()
        rows = torch.cat([torch.zeros(1, dtype=torch.long), signing])
        chosen = Pose(pose.rotations[rows], pose.actions[rows], pose.root[rows])
        frames = torch.cat([shot.frames for shot in film(figure, chosen, camera)])
        yield np.concatenate(frames.numpy(), axis=1)
