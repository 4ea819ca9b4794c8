"""What must hold of retargeting on real files, wherever they lie beside the checkout."""

import pytest

from tests.pose_sequences.retarget_figures import DATA, measured, total


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason=f"there are no real pose files at {DATA}")
def test_real_signing_on_other_bodies_keeps_handshapes_and_touches() -> None:
    figures = total(list(measured(DATA)))
    assert figures.angle <= 3
    assert min(figures.kept, *figures.kept_of.values()) >= 0.95
    assert figures.jitter[1] <= 1.1
    assert figures.longest_limb <= 1.2
