"""The report of what the generator covers: known colours, places and sizes are told as they are."""

from typing import Literal

import pytest
import torch

from pose_sequences.layout import layout
from signgen.studio.clip import Shot
from signgen.studio.complexion import linear
from signgen.studio.coverage import NUMBERS, SKIN_GROUPS, lab, lines, measured, report, skin_group
from signgen.studio.keypoints import LAYOUT, Keypoints
from signgen.studio.pieces import Part
from tests.signgen.studio.people import figure

SIDE = 100
HANDS: tuple[tuple[Literal["left_hand", "right_hand"], Part, int], ...] = (
    ("right_hand", Part.RIGHT_HAND, 30),
    ("left_hand", Part.LEFT_HAND, 70),
)
HAND, CLOTH, WALL = (200, 150, 120), (30, 40, 80), (120, 130, 140)


def shot(*, hidden: bool = False) -> Shot:
    """Return a picture with a hand of 20 x 30 pixels on cloth, and one on the wall."""
    frames = torch.tensor(WALL, dtype=torch.uint8).expand(1, SIDE, SIDE, 3).clone()
    parts = torch.full((1, SIDE, SIDE), int(Part.BACKGROUND), dtype=torch.uint8)
    frames[0, 40:, 20:60] = torch.tensor(CLOTH, dtype=torch.uint8)
    parts[0, 40:, 20:60] = Part.BODY
    rows = layout(LAYOUT)
    points, visible = torch.zeros(1, len(rows.points), 3), torch.zeros(1, len(rows.points)).bool()
    for part, value, left in HANDS:
        frames[0, 50:80, left : left + 20] = torch.tensor(HAND, dtype=torch.uint8)
        parts[0, 50:80, left : left + 20] = value
        own = torch.from_numpy(rows.part(part))
        points[0, own, 0] = torch.linspace(left, left + 20, len(own))
        points[0, own, 1] = torch.linspace(50, 80, len(own))
        visible[0, own] = not hidden
    shoulders = rows.find(("body.left_shoulder", "body.right_shoulder"))
    points[0, shoulders] = torch.tensor([[60.0, 40.0, 2.6], [20.0, 40.0, 2.6]])
    return Shot(frames, Keypoints(points, visible), parts)


def difference(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    first, second = (torch.tensor([(c / 255) ** 2.2 for c in colour]) for colour in (one, other))
    return float((lab(first) - lab(second)).norm())


def test_colours_are_those_of_cielab() -> None:
    assert lab(torch.ones(3)).tolist() == pytest.approx([100, 0, 0], abs=0.1)
    assert lab(torch.tensor([1.0, 0.0, 0.0])).tolist() == pytest.approx([53.2, 80.1, 67.2], abs=0.2)
    assert lab(torch.full((3,), 0.001)).tolist()[0] == pytest.approx(0.9, abs=0.01)


def test_hands_are_told_against_what_is_around_them() -> None:
    numbers = measured(figure(4), [shot()]).numbers
    assert numbers["hand on cloth"] == pytest.approx([difference(HAND, CLOTH)], rel=1e-3)
    assert numbers["hand on background"] == pytest.approx([difference(HAND, WALL)], rel=1e-3)
    assert numbers["hand on face"] == []
    assert numbers["hand size"] == pytest.approx([30, 30])
    assert numbers["shoulder width"] == pytest.approx([0.4])
    assert numbers["tilt"] == pytest.approx([0], abs=1e-5)


def test_a_hand_that_is_not_seen_is_not_told() -> None:
    numbers = measured(figure(4), [shot(hidden=True)]).numbers
    assert numbers["hand size"] == numbers["hand on cloth"] == []


def test_lighter_skins_are_never_in_a_darker_group() -> None:
    skins = [linear((240 - 20 * n, 210 - 20 * n, 190 - 20 * n)) for n in range(10)]
    groups = [[*SKIN_GROUPS].index(skin_group(skin)) for skin in skins]
    assert groups == sorted(groups)
    assert len(set(groups)) >= 5


def test_a_report_counts_signers_and_ranks_numbers() -> None:
    told = report([measured(figure(seed), [shot()]) for seed in (1, 2, 4)])
    assert told["signers"] == 3
    assert sum(told["skin"].values()) == 3
    assert told["room"] == {"plain": 3}
    assert told["numbers"]["hand size"] == {"count": 6} | {
        f"p{share}": 30.0 for share in (5, 25, 50, 75, 95)
    }
    assert told["numbers"]["hand on face"]["p50"] is None
    table = list(lines(told))
    assert "plain 3" in table[1]
    assert len(table) == 3 + 2 * len(NUMBERS)
