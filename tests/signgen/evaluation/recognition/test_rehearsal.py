"""Takes without pictures: the same keypoints as of the whole figure."""

import pytest
import torch

from signgen.evaluation.recognition.lexicon import lexicon
from signgen.evaluation.recognition.rehearsal import FPS, Bare
from signgen.studio.clip import Take, rehearse
from signgen.studio.keypoints import project_keypoints
from tests.signgen.studio.people import figure

pytestmark = pytest.mark.light


def test_the_few_vertices_give_the_points_of_the_whole_figure() -> None:
    take = Take(signer=3, glosses=lexicon()[:1], seed=1, size=(256, 256), max_frames=12)
    performance, camera = rehearse(figure(3), take, FPS)
    bare = Bare.of(figure(3))
    found = project_keypoints(bare.figure, bare.posed(performance.pose), camera)
    whole = project_keypoints(figure(3), performance.pose, camera)
    assert len(bare.rows) < len(figure(3).piece.rest) / 5
    torch.testing.assert_close(found.points, whole.points, atol=1e-3, rtol=1e-5)
    assert torch.equal(found.visible, whole.visible)
