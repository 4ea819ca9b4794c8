"""Bones keep their lengths, fingers bend to the palm, and arms reach what they are asked to."""

import pytest
import torch

from signgen.studio.kinematics import (
    bend_fingers,
    hand_axes,
    move_bone,
    move_bones,
    rest_pose,
    rotation_about,
    turning_vectors,
)
from signgen.studio.limbs import Reach, hand_turn, reach
from tests.signgen.studio.people import shoulders, signer

MIRROR = torch.tensor([-1.0, 1.0, 1.0])


def random_turns(count: int, size: float, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    axes = torch.nn.functional.normalize(torch.randn(count, 3, generator=generator))
    return rotation_about(axes, size * torch.randn(count, generator=generator))


def test_a_turn_tells_its_axis_and_the_sine_of_its_angle() -> None:
    axes = torch.nn.functional.normalize(
        torch.randn(5, 3, generator=torch.Generator().manual_seed(2))
    )
    angles = torch.linspace(-3, 3, 5)
    vectors = turning_vectors(rotation_about(axes, angles))
    torch.testing.assert_close(vectors, 2 * angles.sin()[:, None] * axes)


def test_the_identity_pose_is_the_reference_pose() -> None:
    person = signer(1)
    skeleton = person.anatomy.skeleton
    motion = move_bones(skeleton, person.heads, rest_pose(skeleton, 3, person.heads))
    torch.testing.assert_close(motion.heads, person.heads.expand(3, -1, 3))


def test_bones_keep_their_lengths_in_any_pose() -> None:
    person = signer(1)
    skeleton = person.anatomy.skeleton
    turns = random_turns(len(skeleton.names), 1.0, 0)[None]
    heads = move_bones(skeleton, person.heads, turns).heads[0]
    parents = torch.tensor(skeleton.parents[1:])
    posed = (heads[1:] - heads[parents]).norm(dim=1)
    torch.testing.assert_close(posed, (person.heads[1:] - person.heads[parents]).norm(dim=1))


def test_one_bone_moves_as_it_does_among_all() -> None:
    person = signer(1)
    skeleton = person.anatomy.skeleton
    turns = random_turns(3 * len(skeleton.names), 1.0, 4).unflatten(0, (3, -1))
    motion = move_bones(skeleton, person.heads, turns)
    for bone in ("root", "head", "finger3-3.R"):
        row = skeleton.rows[bone]
        alone = move_bone(skeleton, person.heads, turns, bone)
        torch.testing.assert_close(alone.turns, motion.turns[:, row])
        torch.testing.assert_close(alone.heads, motion.heads[:, row])
        places = person.heads[row] + random_turns(3, 1.0, 5)[:, 0]
        torch.testing.assert_close(alone.put_down(alone.carried(places)), places)


@pytest.mark.parametrize("side", ["L", "R"])
def test_bent_fingers_come_nearer_to_the_palm(side: str) -> None:
    person = signer(2)
    skeleton = person.anatomy.skeleton
    axes = hand_axes(skeleton, person.heads, side)
    pose = rest_pose(skeleton, 2, person.heads)
    bends = torch.stack([torch.zeros(5, 3), torch.full((5, 3), 0.8)])
    heads = move_bones(
        skeleton, person.heads, bend_fingers(pose, axes, bends, torch.zeros(2, 5))
    ).heads
    last = heads[:, torch.tensor(axes.rows)[1:, 2]]
    above = ((last[1] - last[0]) @ axes.palm).min()
    assert above > 0.01


@pytest.mark.parametrize("side", ["L", "R"])
def test_spreading_by_what_stands_apart_closes_the_hand(side: str) -> None:
    person = signer(2)
    skeleton = person.anatomy.skeleton
    axes = hand_axes(skeleton, person.heads, side)
    pose = rest_pose(skeleton, 1, person.heads)
    posed = bend_fingers(pose, axes, torch.zeros(1, 5, 3), -axes.apart[None])
    heads = move_bones(skeleton, person.heads, posed).heads[0]
    rows = torch.tensor(axes.rows)[1:]
    along = torch.nn.functional.normalize(heads[rows[:, 1]] - heads[rows[:, 0]])
    across = torch.linalg.cross(axes.palm, axes.fingers)
    assert (along @ across).std() < 0.02


def test_both_thumbs_spread_away_from_the_palm_alike() -> None:
    person = signer(3)
    skeleton = person.anatomy.skeleton
    tips = []
    for side in "LR":
        axes = hand_axes(skeleton, person.heads, side)
        spread = torch.zeros(1, 5)
        spread[0, 0] = 0.5
        pose = rest_pose(skeleton, 1, person.heads)
        posed = bend_fingers(pose, axes, torch.zeros(1, 5, 3), spread)
        tips.append(move_bones(skeleton, person.heads, posed).heads[0, axes.rows[0][2]])
    torch.testing.assert_close(tips[0], tips[1] * MIRROR, atol=0.004, rtol=0)


def goal(person_seed: int, side: str, num_frames: int = 8) -> Reach:
    generator = torch.Generator().manual_seed(person_seed)
    out = 1.0 if side == "L" else -1.0
    spread = torch.rand(num_frames, 3, generator=generator)
    offset = torch.stack(
        [out * (0.30 * spread[:, 0] - 0.02), -0.22 - 0.15 * spread[:, 1], 0.4 * spread[:, 2] - 0.3],
        1,
    )
    turns = random_turns(num_frames, 0.8, 1)
    return Reach(shoulders(signer(person_seed)) + offset, torch.rand(num_frames) * 0.8, turns)


@pytest.mark.parametrize("side", ["L", "R"])
def test_an_arm_reaches_its_goal_and_turns_the_hand_as_asked(side: str) -> None:
    person = signer(4)
    skeleton = person.anatomy.skeleton
    wanted = goal(4, side)
    pose = reach(skeleton, person.heads, rest_pose(skeleton, 8, person.heads), side, wanted)
    motion = move_bones(skeleton, person.heads, pose)
    wrist = skeleton.rows[f"wrist.{side}"]
    torch.testing.assert_close(motion.heads[:, wrist], wanted.wrist, atol=1e-3, rtol=0)
    torch.testing.assert_close(motion.turns[:, wrist], wanted.hand, atol=1e-4, rtol=0)


def test_elbows_do_not_jump_wherever_a_hand_is_led() -> None:
    person = signer(4)
    skeleton = person.anatomy.skeleton
    shoulder = person.heads[skeleton.rows["upperarm01.L"]]
    generator = torch.Generator().manual_seed(7)
    ends = torch.randn(40, 2, 3, generator=generator)
    ends[..., 1] = -ends[..., 1].abs() - 0.3  # before the shoulder, as hands are
    ends = 0.35 * ends / ends.norm(dim=2, keepdim=True)
    along = torch.linspace(0, 1, 60)[:, None]
    for start, end in ends.unbind(0):
        line = torch.lerp(start, end, along)
        line = 0.35 * line / line.norm(dim=1, keepdim=True)
        turns = torch.eye(3).expand(60, 3, 3)
        wanted = Reach(shoulder + line, torch.full((60,), 0.3), turns)
        pose = reach(skeleton, person.heads, rest_pose(skeleton, 60, person.heads), "L", wanted)
        heads = move_bones(skeleton, person.heads, pose).heads
        elbow = heads[:, skeleton.rows["lowerarm01.L"]].diff(dim=0).norm(dim=1)
        wrist = line.diff(dim=0).norm(dim=1)
        assert (elbow < 3 * wrist + 1e-3).all()


def test_a_goal_out_of_reach_stretches_the_arm_towards_it() -> None:
    person = signer(4)
    skeleton = person.anatomy.skeleton
    far = shoulders(person) + torch.tensor([[2.0, -2.0, 0.5]])
    wanted = Reach(far, torch.zeros(1), torch.eye(3)[None])
    pose = reach(skeleton, person.heads, rest_pose(skeleton, 1, person.heads), "L", wanted)
    heads = move_bones(skeleton, person.heads, pose).heads[0]
    rows = [skeleton.rows[f"{b}.L"] for b in ("upperarm01", "lowerarm01", "wrist")]
    upper, lower = torch.nn.functional.normalize(heads[rows].diff(dim=0))
    towards = torch.nn.functional.normalize(far[0] - heads[rows[0]], dim=0)
    assert upper @ towards > 0.99
    assert lower @ towards > 0.99


def test_the_trunk_carries_the_arm_that_reaches() -> None:
    person = signer(4)
    skeleton = person.anatomy.skeleton
    pose = rest_pose(skeleton, 8, person.heads)
    pose[:, skeleton.rows["spine03"]] = random_turns(8, 0.15, 2)
    wanted = goal(4, "L")
    motion = move_bones(skeleton, person.heads, reach(skeleton, person.heads, pose, "L", wanted))
    wrist = skeleton.rows["wrist.L"]
    torch.testing.assert_close(motion.heads[:, wrist], wanted.wrist, atol=1e-3, rtol=0)


def test_hands_point_where_they_are_told() -> None:
    person = signer(5)
    axes = hand_axes(person.anatomy.skeleton, person.heads, "R")
    fingers, palm = torch.tensor([[0.0, 0.0, 1.0]]), torch.tensor([[0.0, -1.0, 0.0]])
    turn = hand_turn(fingers, palm, (axes.fingers, axes.palm))[0]
    torch.testing.assert_close(turn @ axes.fingers, fingers[0], atol=1e-5, rtol=0)
    assert (turn @ axes.palm) @ palm[0] > 0.999


def test_rotations_are_rotations() -> None:
    turns = random_turns(50, 3.0, 3)
    torch.testing.assert_close(turns @ turns.mT, torch.eye(3).expand(50, 3, 3), atol=1e-5, rtol=0)
    torch.testing.assert_close(torch.linalg.det(turns), torch.ones(50))
