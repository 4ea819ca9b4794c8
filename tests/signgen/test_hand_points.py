"""Numbers that describe hands, and the regions that count more."""

import pytest
import torch

from pose_sequences.layout import layout
from signgen.data import LAYOUT, to_points
from signgen.hand_points import HAND_FEATURES, describe_hands, region_weights
from signgen.pose_maps import Points
from tests.signer import signing

SIZE = (256, 256)


def moved(points: Points, scale: float, shift: float) -> Points:
    places = points.places * torch.tensor((scale, scale, scale)) + torch.tensor((shift, 0, 0))
    return Points(places=places, confidence=points.confidence, shoulders=points.shoulders * scale)


def test_a_handshape_is_described_alike_near_and_far() -> None:
    points = to_points(signing(6), SIZE)
    near = describe_hands(points, LAYOUT, SIZE)
    far = describe_hands(moved(points, 0.5, 20.0), LAYOUT, SIZE)
    assert near.shape == (6, 2, HAND_FEATURES)
    torch.testing.assert_close(near[..., :84], far[..., :84], rtol=1e-4, atol=1e-4)


def test_a_missing_hand_is_all_zero() -> None:
    points = to_points(signing(2), SIZE)
    confidence = points.confidence.clone()
    confidence[:, layout(LAYOUT).part("left_hand")] = 0
    hidden = Points(places=points.places, confidence=confidence, shoulders=points.shoulders)
    described = describe_hands(hidden, LAYOUT, SIZE)
    assert (described[:, 0] == 0).all()
    assert (described[:, 1, -1] == 1).all()


def test_weights_have_mean_one_and_hands_count_four_times_the_ground() -> None:
    points = to_points(signing(20).frames(10, 11), SIZE)
    weights = region_weights(points, LAYOUT, SIZE, (32, 32))
    assert float(weights.mean()) == pytest.approx(1)
    wrist = points.places[0, layout(LAYOUT).rows["right_hand.wrist"], :2] / 8
    column, row = wrist.long().tolist()
    assert float(weights[0, 0, row, column] / weights.min()) == pytest.approx(4)
