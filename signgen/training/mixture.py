"""Several sources as one: a batch has samples of each, as evenly as its size allows."""

from collections.abc import Sequence

import torch

from signgen.data import Batch, SampleSource, View, joined, joined_views


class Mixture:
    """A data.SampleSource of others, whose frames have one size and lie on one device."""

    def __init__(self, sources: Sequence[SampleSource]) -> None:
        self._sources = tuple(sources)

    @property
    def device(self) -> torch.device:
        """Where the batches lie."""
        return self._sources[0].device

    def draw(self, num_samples: int, num_frames: int, generator: torch.Generator) -> Batch:
        """Draw from the sources in turn, beginning with a random one, so that none is favoured."""
        count = len(self._sources)
        first = int(torch.randint(count, (1,), generator=generator))
        shares = [len(range((row - first) % count, num_samples, count)) for row in range(count)]
        drawn = {
            row: source.draw(share, num_frames, generator)
            for row, (source, share) in enumerate(zip(self._sources, shares, strict=True))
            if share
        }
        return Batch(
            clips=_together([batch.clips for batch in drawn.values()]),
            references=_together([batch.references for batch in drawn.values()]),
            # numbers that no other source has
            signers=torch.cat([batch.signers * count + row for row, batch in drawn.items()]),
        )


def _together(views: Sequence[View]) -> View:
    """Return all pictures; where only some have exact points, the others' are as good as known."""
    view = joined_views(views)
    if all((one.exact is None) == (views[0].exact is None) for one in views):
        return view
    return View(frames=view.frames, points=view.points, exact=joined([one.shown for one in views]))
