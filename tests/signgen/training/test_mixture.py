"""A mixture's batches: of all sources alike, each signer a number of its own."""

from dataclasses import dataclass

import pytest
import torch

from signgen.data import Batch, View
from signgen.pose_maps import Points
from signgen.training.mixture import Mixture
from tests.signgen.training.tiny import CPU

pytestmark = pytest.mark.light

SIDE = 4


@dataclass
class Plain:
    """A source whose pictures are all of one value, and whose only signer has the number 0."""

    value: int
    knows: bool

    @property
    def device(self) -> torch.device:
        """Where the batches lie."""
        return CPU

    def draw(self, num_samples: int, num_frames: int, generator: torch.Generator) -> Batch:
        """Draw clips; exact points lie at (1, 1), the others at (0, 0)."""
        return Batch(
            clips=self._view(num_samples * num_frames),
            references=self._view(num_samples),
            signers=torch.zeros(num_samples, dtype=torch.int64),
        )

    def _view(self, count: int) -> View:
        frames = torch.full((count, 3, SIDE, SIDE), self.value, dtype=torch.uint8)
        exact = _points(count, 1.0) if self.knows else None
        return View(frames=frames, points=_points(count, 0.0), exact=exact)


def _points(count: int, place: float) -> Points:
    return Points(
        places=torch.full((count, 2, 2), place),
        confidence=torch.ones(count, 2),
        shoulders=torch.ones(count),
    )


def values(batch: Batch) -> list[int]:
    """Return the source of each clip by its pictures, which must be those of its reference."""
    clips = batch.clips.frames.unflatten(0, (len(batch.signers), -1)).flatten(1)
    references = batch.references.frames.flatten(1)
    assert torch.equal(clips.amin(1), clips.amax(1))
    assert torch.equal(clips[:, 0], references[:, 0])
    return references[:, 0].tolist()


@pytest.mark.parametrize("num_samples", [1, 2, 3, 4, 7])
def test_sources_have_as_many_samples_to_within_one(num_samples: int) -> None:
    mixture = Mixture([Plain(value, knows=True) for value in (1, 2, 3)])
    total = dict.fromkeys((1, 2, 3), 0)
    for seed in range(60):
        drawn = values(mixture.draw(num_samples, 2, torch.Generator().manual_seed(seed)))
        assert len(drawn) == num_samples
        counts = [drawn.count(value) for value in total]
        assert max(counts) - min(counts) <= 1
        total = {value: total[value] + drawn.count(value) for value in total}
    even = 60 * num_samples / 3
    assert all(abs(count - even) <= 12 for count in total.values())


def test_signers_of_different_sources_are_told_apart() -> None:
    mixture = Mixture([Plain(value, knows=True) for value in (1, 2)])
    batch = mixture.draw(6, 1, torch.Generator().manual_seed(0))
    signers, pictures = batch.signers.tolist(), values(batch)
    assert len(set(zip(signers, pictures, strict=True))) == len(set(signers)) == 2


@pytest.mark.parametrize(("knowing", "exact"), [((True, True), 2), ((True, False), 1)])
def test_where_exact_points_lack_the_known_ones_stand(
    knowing: tuple[bool, bool], exact: int
) -> None:
    mixture = Mixture([Plain(value, knows=knows) for value, knows in enumerate(knowing)])
    batch = mixture.draw(2, 1, torch.Generator().manual_seed(0))
    assert batch.clips.exact is not None
    assert batch.clips.exact.places.amax((1, 2)).sum() == exact
    assert batch.clips.points.places.amax() == 0


def test_no_exact_points_are_made_up() -> None:
    mixture = Mixture([Plain(value, knows=False) for value in (1, 2)])
    assert mixture.draw(4, 1, torch.Generator().manual_seed(0)).clips.exact is None


def test_a_draw_depends_on_its_generator_alone() -> None:
    mixture = Mixture([Plain(value, knows=True) for value in (1, 2, 3)])
    drawn = [values(mixture.draw(4, 1, torch.Generator().manual_seed(s))) for s in (5, 5, 6, 7, 8)]
    assert drawn[0] == drawn[1]
    assert any(one != drawn[0] for one in drawn[2:])
