"""Noise for video: a part that all frames share and a part of each frame's own.

Together they have unit variance. Frame-major: a frame's noise depends on the seed and its index
alone, so that a longer clip starts with the same noise as a shorter one.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

SHARED = 0.5  # of the variance
OWN_PARTS = ("fresh", "progressive", "shuffled")

_FORGOTTEN = 1e-6  # what is left of a frame's noise counts as nothing
_LONGEST_MEMORY = 0.99  # of the correlation: 1,375 frames are drawn to begin anywhere


def shared_noise(
    shape: tuple[int, int, int, int, int],
    generator: torch.Generator,
    *,
    shared: float = SHARED,
) -> Tensor:
    """Return noise (B, T, c, h, w); shared: the common part's share of the variance."""
    _check_share(shared)
    num_clips, num_frames, *rest = shape
    common = torch.randn(num_clips, 1, *rest, generator=generator, device=generator.device)
    own = torch.randn(num_frames, num_clips, *rest, generator=generator, device=generator.device)
    return _mix(common, own.movedim(0, 1), shared)


def draw_seeds(num_clips: int, generator: torch.Generator) -> tuple[int, ...]:
    """Return a seed for each clip, from a generator on the CPU."""
    return tuple(torch.randint(2**63 - 1, (num_clips,), generator=generator).tolist())


@dataclass(frozen=True, kw_only=True)
class ClipNoise:
    """The noise of B clips of any length, of which every part can be made by itself.

    seeds: one a clip; shape (c, h, w): of a frame; shared: as in shared_noise. own: what the
    frames' own parts are. ``fresh``: each by itself. ``progressive``: each is the one before and
    some noise (Ge et al. 2023), and ``correlation`` what the two have in common. ``shuffled``:
    those of the first ``window`` frames come again in every window after it, each time in another
    order (Qiu et al. 2024).
    """

    seeds: tuple[int, ...]
    shape: tuple[int, int, int]
    shared: float = SHARED
    own: str = "fresh"
    correlation: float = 0.9
    window: int = 16

    def __post_init__(self) -> None:
        _check_share(self.shared)
        if self.own not in OWN_PARTS:
            raise ValueError(f"the frames' own noise is {self.own!r}; give {', '.join(OWN_PARTS)}")
        if not 0 < self.correlation <= _LONGEST_MEMORY:
            raise ValueError(
                f"the correlation is {self.correlation}; give more than 0, at most "
                f"{_LONGEST_MEMORY}; what all frames have in common is the shared part"
            )
        if self.window < 1:
            raise ValueError(
                f"noise is shuffled in windows of {self.window} frames; give 1 or more"
            )

    def frames(self, start: int, stop: int) -> Tensor:
        """Return the noise of frames ``start`` to ``stop`` (not included), (B, T, c, h, w).

        On the CPU in float32, the same whichever frames are asked for together.
        """
        if not 0 <= start < stop:
            raise ValueError(f"there is no noise of frames {start} to {stop}")
        return torch.stack([self._clip(seed, start, stop) for seed in self.seeds])

    def _clip(self, seed: int, start: int, stop: int) -> Tensor:
        """Return the noise (T, c, h, w) of one clip."""
        common = self._draw(seed, 0)
        if self.own == "progressive":
            own = torch.stack(list(self._progressive(seed, start, stop)))
        else:
            sources = (self._source(seed, frame) for frame in range(start, stop))
            own = torch.stack([self._draw(seed, 1 + source) for source in sources])
        return _mix(common, own, self.shared)

    def _source(self, seed: int, frame: int) -> int:
        """Return the frame whose noise a frame has."""
        window, place = divmod(frame, self.window)
        if self.own == "fresh" or window == 0:
            return frame
        generator = torch.Generator().manual_seed(_seed_of(seed, -window))
        return int(torch.randperm(self.window, generator=generator)[place])

    def _progressive(self, seed: int, start: int, stop: int) -> Iterator[Tensor]:
        """Yield the frames' own noise, each from the one before.

        Every so many frames the chain begins anew so far back that nothing of its beginning is
        left: so a frame is computed in one way, wherever the first is that is asked for.
        """
        memory = math.ceil(math.log(_FORGOTTEN) / math.log(self.correlation))
        for block in range(start - start % memory, stop, memory):
            first = max(0, block - memory)
            noise = self._draw(seed, 1 + first)
            for frame in range(first, min(block + memory, stop)):
                if frame > first:
                    noise = _mix(noise, self._draw(seed, 1 + frame), self.correlation**2)
                if frame >= max(start, block):
                    yield noise

    def _draw(self, seed: int, stream: int) -> Tensor:
        """Return independent noise (c, h, w) for each stream."""
        return torch.randn(
            self.shape, generator=torch.Generator().manual_seed(_seed_of(seed, stream))
        )


def _mix(common: Tensor, own: Tensor, shared: float) -> Tensor:
    return shared**0.5 * common + (1 - shared) ** 0.5 * own


def _check_share(shared: float) -> None:
    if not 0 <= shared <= 1:
        raise ValueError(f"the shared part of the noise is {shared}; give 0 to 1")


def _seed_of(seed: int, stream: int) -> int:
    """Return a generator's seed for a stream of a clip's: no two of them have the same.

    Generators on the CPU take 32 bits of it. The clip's seed says where among them its streams
    begin; a bijection then keeps neighbours apart (the finaliser of MurmurHash3).
    """
    mixed = _finalise(_finalise(seed & 0xFFFFFFFF) ^ (seed >> 32 & 0xFFFFFFFF))
    return _finalise(mixed + stream & 0xFFFFFFFF)


def _finalise(bits: int) -> int:
    bits = (bits ^ bits >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    bits = (bits ^ bits >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return bits ^ bits >> 16
