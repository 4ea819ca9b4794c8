"""Pixels of a clip of any length, as its latents stream.

The signer is encoded once, poses are drawn when their frames begin, and what is finished is decoded
and leaves: memory does not know how long the clip is.
"""

from collections.abc import Callable, Iterator

from torch import Tensor

from signgen.conditioner import PoseEvidence, SignerEvidence, StreamConditioner
from signgen.conditioning import Conditioning
from signgen.latents import Autoencoder, Surroundings, decode
from signgen.performance import Performance
from signgen.stream import Source

# pixels (B, t, 3, H, W), whose and in which poses → pixels of the same shape
Finish = Callable[[Tensor, SignerEvidence, PoseEvidence], Tensor]

_AT_ONCE = 8  # frames that are decoded together


def stream_pixels(
    performance: Performance,
    conditioner: StreamConditioner,
    autoencoder: Autoencoder,
    latents: Callable[[Source], Iterator[Tensor]],
    finish: Finish | None = None,
) -> Iterator[Tensor]:
    """Yield the pixels (B, t, 3, H, W) of some frames after the other, about in [-1, 1].

    latents: what streams those of a source, such as stream_latents with its plan; finish: what is
    done with decoded pixels, None for nothing.
    """
    signer = performance.signer
    shared = conditioner.of_signer(signer)
    begun = _Begun()

    def conditions(start: int, stop: int) -> Conditioning:
        poses = performance.poses(start, stop)
        begun.add(poses)
        return conditioner.of_frames(shared, poses)

    for finished in latents(Source(noise=performance.noise, conditions=conditions)):
        for part in finished.split(_AT_ONCE, dim=1):
            poses = begun.take(part.shape[1])
            surroundings = Surroundings(
                maps=poses.maps, reference=signer.reference, reference_maps=signer.reference_maps
            )
            pixels = decode(autoencoder, part, surroundings)
            yield pixels if finish is None else finish(pixels, signer, poses)


class _Begun:
    """The poses of the frames that are begun and not decoded."""

    def __init__(self) -> None:
        self._parts: list[PoseEvidence] = []

    def add(self, poses: PoseEvidence) -> None:
        """Keep the poses of the next frames."""
        self._parts.append(poses)

    def take(self, count: int) -> PoseEvidence:
        """Return the poses of the first frames, and forget them."""
        whole = PoseEvidence.joined(self._parts)
        rest = whole.frames(count, whole.maps.shape[1])
        self._parts = [PoseEvidence.joined([rest])]  # a copy: a part keeps all of it in memory
        return whole.frames(0, count)
