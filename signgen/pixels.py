"""Pixels of a clip of any length, as its latents stream.

The signer is encoded once, poses are drawn when their frames begin, and what is finished is decoded
and leaves: memory does not know how long the clip is.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from signgen.conditioner import StreamConditioner
from signgen.conditioning import Conditioning
from signgen.latents import Autoencoder, Surroundings, decode
from signgen.performance import Performance
from signgen.stream import Source

_AT_ONCE = 8  # frames that are decoded together


def stream_pixels(
    performance: Performance,
    conditioner: StreamConditioner,
    autoencoder: Autoencoder,
    latents: Callable[[Source], Iterator[Tensor]],
) -> Iterator[Tensor]:
    """Yield the pixels (B, t, 3, H, W) of some frames after the other, about in [-1, 1].

    latents: what streams those of a source, such as stream_latents with its plan.
    """
    signer = performance.signer
    shared = conditioner.of_signer(signer)
    begun = _Maps()

    def conditions(start: int, stop: int) -> Conditioning:
        poses = performance.poses(start, stop)
        begun.add(poses.maps)
        return conditioner.of_frames(shared, poses)

    for finished in latents(Source(noise=performance.noise, conditions=conditions)):
        for part in finished.split(_AT_ONCE, dim=1):
            surroundings = Surroundings(
                maps=begun.take(part.shape[1]),
                reference=signer.reference,
                reference_maps=signer.reference_maps,
            )
            yield decode(autoencoder, part, surroundings)


class _Maps:
    """The maps (B, T, 3, H, W) of the frames that are begun and not decoded."""

    def __init__(self) -> None:
        self._parts: list[Tensor] = []

    def add(self, maps: Tensor) -> None:
        """Keep the maps of the next frames."""
        self._parts.append(maps)

    def take(self, count: int) -> Tensor:
        """Return the maps of the first frames, and forget them."""
        taken, rest = torch.cat(self._parts, dim=1).tensor_split((count,), dim=1)
        self._parts = [rest.clone()]  # a copy: a part of a tensor keeps all of it in memory
        return taken
