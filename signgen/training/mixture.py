"""Several sources as one: a batch has samples of each, as evenly as its size allows."""

from collections.abc import Sequence

import torch

from signgen.data import Batch, SampleSource, joined_views
from signgen.training.cache import NumberedFrames


class Mixture:
    """A data.SampleSource of others, whose frames have one size and lie on one device."""

    def __init__(self, sources: Sequence[SampleSource]) -> None:
        self._sources = tuple(sources)

    @property
    def device(self) -> torch.device:
        """Where the batches lie."""
        return self._sources[0].device

    def draw(self, num_samples: int, num_frames: int, generator: torch.Generator) -> Batch:
        """Draw from the sources in turn, beginning with a random one, and shuffle the samples."""
        count = len(self._sources)
        first = int(torch.randint(count, (1,), generator=generator))
        shares = [len(range((row - first) % count, num_samples, count)) for row in range(count)]
        drawn = {
            row: source.draw(share, num_frames, generator)
            for row, (source, share) in enumerate(zip(self._sources, shares, strict=True))
            if share
        }
        # what takes a part of a batch, or compares neighbours, is to find all sources there
        order = torch.randperm(num_samples, generator=generator)
        rows = (order[:, None] * num_frames + torch.arange(num_frames)).flatten()
        # numbers that no other source has
        signers = torch.cat([batch.signers * count + row for row, batch in drawn.items()])
        return Batch(
            clips=joined_views([batch.clips for batch in drawn.values()]).rows(rows),
            references=joined_views([batch.references for batch in drawn.values()]).rows(order),
            signers=signers[order],
        )

    def without_self_pairs(self) -> "Mixture":
        """Return the same sources, no frame of which is a reference of itself on purpose."""
        return Mixture(
            [
                source.without_self_pairs() if isinstance(source, NumberedFrames) else source
                for source in self._sources
            ]
        )
