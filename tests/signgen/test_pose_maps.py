"""The torch pose maps are the numpy ones."""

import numpy as np
import pytest
import torch

from pose_sequences.draw import draw
from pose_sequences.draw.signgen_style import shoulder_width as numpy_shoulder_width
from pose_sequences.sequence import PoseSequence, mark_missing
from signgen.pose_maps import Points, draw_pose_maps
from tests.signer import signing


def in_torch(sequence: PoseSequence, size: tuple[int, int]) -> np.ndarray:
    scale = torch.tensor([size[0] / sequence.width, size[1] / sequence.height, 1.0])
    unit = numpy_shoulder_width(sequence, *size)
    points = Points(
        places=torch.tensor(sequence.keypoints) * scale,
        confidence=torch.tensor(sequence.confidence),
        shoulders=torch.full((len(sequence),), unit),
    )
    maps = draw_pose_maps(points, sequence.layout, size)
    return (maps.movedim(1, -1) * 255).numpy()


def in_numpy(sequence: PoseSequence, size: tuple[int, int]) -> np.ndarray:
    return np.stack(list(draw(sequence, size=size)))


@pytest.mark.parametrize("name", ["reduced203", "holistic553", "wholebody133"])
@pytest.mark.parametrize("size", [(256, 256), (96, 128)])
def test_both_draw_the_same_picture(name: str, size: tuple[int, int]) -> None:
    sequence = signing(12, name=name).frames(6, 12)
    assert np.abs(in_torch(sequence, size) - in_numpy(sequence, size)).max() <= 2


def test_both_leave_out_and_dim_the_same_points() -> None:
    sequence = signing(30, name="reduced203").frames(24, 30)
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0, 1, sequence.confidence.shape) * (
        rng.uniform(0, 1, sequence.confidence.shape) > 0.3
    )
    keypoints, confidence = mark_missing(sequence.keypoints, confidence)
    worn = PoseSequence(
        keypoints=keypoints,
        confidence=confidence,
        fps=25,
        width=256,
        height=256,
        layout="reduced203",
    )
    assert np.abs(in_torch(worn, (256, 256)) - in_numpy(worn, (256, 256))).max() <= 2


def test_a_picture_does_not_depend_on_its_neighbours_in_the_batch() -> None:
    sequence = signing(4, name="reduced203")
    together = in_torch(sequence, (64, 64))
    alone = in_torch(sequence.frames(2, 3), (64, 64))
    unit = [numpy_shoulder_width(s, 64, 64) for s in (sequence, sequence.frames(2, 3))]
    assert unit[0] == pytest.approx(unit[1])
    np.testing.assert_allclose(together[2:3], alone, atol=1e-3)
