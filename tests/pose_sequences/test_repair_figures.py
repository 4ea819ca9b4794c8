"""What repair promises on real files; ``scripts/measure_repair`` prints the figures."""

import numpy as np
import pytest

from pose_sequences.repair import Repair
from pose_sequences.sequence import PoseSequence
from tests.pose_sequences import repair_figures as figures

pytestmark = pytest.mark.skipif(not figures.FOLDER.exists(), reason="no real pose files here")


@pytest.fixture(scope="module")
def found() -> dict[str, PoseSequence]:
    return figures.sequences(figures.FOLDER)


def test_hidden_hands_come_back_near_where_they_were_and_are_named(
    found: dict[str, PoseSequence],
) -> None:
    results = [figures.filling(sequence, Repair()) for sequence in found.values()]
    assert all(result.named_exactly for result in results)
    assert np.median(np.concatenate([result.errors for result in results])) < 0.08


def test_smoothing_takes_jitter_and_leaves_strokes(found: dict[str, PoseSequence]) -> None:
    left = [figures.jitter_left(sequence, "one-euro", 1.5) for sequence in found.values()]
    assert np.mean(left) < 0.4
    kept = [s for sequence in found.values() for s in figures.strokes_kept(sequence, "one-euro")]
    assert np.quantile(kept, 0.25) > 0.9
