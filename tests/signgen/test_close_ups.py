"""Close-ups: hands and face upright and of one size, and back where they were."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from pose_sequences.layout import layout
from signgen.close_ups import PARTS, are_there, cut_out, feather, find_close_ups, put_back
from signgen.data import LAYOUT, to_points
from signgen.pose_maps import Points
from tests.signer import signing

SIZE = (256, 256)
SIDE = 64
FACE = [name for name in layout(LAYOUT).points if name.startswith("face.")]
CHIN, FOREHEAD = FACE.index("face.152"), FACE.index("face.10")
POINTS = to_points(signing(3), SIZE)


def rows(part: str) -> Tensor:
    return torch.from_numpy(layout(LAYOUT).part(part))  # type: ignore[arg-type]


def in_square(points: Points, part: int) -> Tensor:
    """Return a part's points in the coordinates of its square, (N, P, 2)."""
    squares = find_close_ups(points, LAYOUT, SIZE)[:, part]
    places = points.places[:, rows(PARTS[part]), :2] * (2 / torch.tensor(SIZE)) - 1
    return (places - squares[:, None, :, 2]) @ torch.linalg.inv(squares[..., :2]).mT


def turned(points: Points, angle: float, scale: float, shift: float) -> Points:
    """Return points turned about the picture's middle, larger and moved."""
    turn = scale * torch.tensor(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    )
    flat = (points.places[..., :2] - 128) @ turn.T + 128 + shift
    places = torch.cat((flat, points.places[..., 2:]), dim=-1)
    return replace(points, places=places, shoulders=points.shoulders * scale)


@pytest.mark.parametrize("part", range(3))
def test_all_points_lie_inside_their_square_and_fill_it(part: int) -> None:
    places = in_square(POINTS, part)
    assert places.abs().max() < 1
    assert places.norm(dim=-1).amax() > 0.7


@pytest.mark.parametrize("part", range(3))
def test_a_square_turns_grows_and_moves_with_its_part(part: int) -> None:
    other = turned(POINTS, 0.7, 0.6, 9.0)
    torch.testing.assert_close(in_square(other, part), in_square(POINTS, part), rtol=0, atol=1e-3)


@pytest.mark.parametrize("part", range(3))
def test_a_part_stands_upright_in_its_square(part: int) -> None:
    ends = {0: (0, 9), 1: (0, 9), 2: (CHIN, FOREHEAD)}[part]
    for points in (POINTS, turned(POINTS, 2.0, 1.2, 3.0)):
        low, high = in_square(points, part)[:, ends].unbind(1)
        torch.testing.assert_close(low[:, 0], high[:, 0], rtol=0, atol=1e-4)
        assert (high[:, 1] < low[:, 1] - 0.3).all()


def test_a_left_hand_looks_like_a_right_one() -> None:
    left, right = rows("left_hand"), rows("right_hand")
    places = POINTS.places.clone()
    places[:, left] = POINTS.places[:, right] * torch.tensor([-1.0, 1.0, 1.0])
    places[:, left, 0] += SIZE[0]
    mirrored = replace(POINTS, places=places)
    torch.testing.assert_close(in_square(mirrored, 0), in_square(POINTS, 1), rtol=0, atol=1e-4)


@pytest.mark.parametrize("part", range(3))
def test_what_was_cut_out_is_put_back_where_it_was(part: int) -> None:
    squares = find_close_ups(POINTS, LAYOUT, SIZE)
    small = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    pictures = torch.nn.functional.interpolate(small, SIZE[::-1], mode="bicubic")
    faded = feather(SIDE, pictures.device)
    alone = torch.zeros_like(squares)
    alone[:, part] = squares[:, part]
    blank = torch.zeros_like(pictures)
    back = put_back(blank, cut_out(pictures, alone, SIDE) * faded, alone)
    share = put_back(blank[:, :1], faded.expand(3, 3, 1, SIDE, SIDE), alone)
    inside = share > 0.99
    assert 0.005 < inside.float().mean() < 0.3
    assert ((back - pictures).abs() * inside).max() < 0.03
    assert (back * (share == 0)).abs().max() == 0


def test_where_squares_overlap_a_change_counts_once() -> None:
    squares = find_close_ups(POINTS, LAYOUT, SIZE)
    same = squares[:, 2:].expand(-1, 3, -1, -1)
    changes = feather(SIDE, squares.device).expand(3, 3, 1, SIDE, SIDE)
    alone = torch.zeros_like(squares)
    alone[:, 2] = squares[:, 2]
    blank = torch.zeros(3, 1, 256, 256)
    thrice, once = put_back(blank, changes, same), put_back(blank, changes, alone)
    assert once.max() > 0.99
    assert thrice.max() <= 1 + 1e-5
    torch.testing.assert_close(thrice[once > 0.99], once[once > 0.99], rtol=0, atol=0.02)


def test_a_part_that_is_not_seen_changes_nothing() -> None:
    confidence = POINTS.confidence.clone()
    confidence[1, rows("left_hand")] = 0
    squares = find_close_ups(replace(POINTS, confidence=confidence), LAYOUT, SIZE)
    assert are_there(squares).tolist() == [[True] * 3, [False, True, True], [True] * 3]
    pictures = torch.rand(3, 3, 256, 256)
    cut = cut_out(pictures, squares, SIDE)
    assert (cut[1, 0] == 0).all()
    changes = torch.zeros(3, 3, 3, SIDE, SIDE)
    changes[:, 0] = 1.0
    changed = (put_back(pictures, changes, squares) - pictures).abs().amax(dim=(1, 2, 3))
    assert changed[0] > 0.9
    assert changed[1] == 0


def test_pictures_of_another_shape_have_squares_that_are_square() -> None:
    squares = find_close_ups(POINTS, LAYOUT, (512, 256))
    sides = (squares[..., :2] * torch.tensor([[256.0], [128.0]])).norm(dim=2)
    torch.testing.assert_close(sides[..., 0], sides[..., 1], rtol=1e-4, atol=1e-3)
