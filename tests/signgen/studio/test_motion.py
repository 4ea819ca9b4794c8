"""Performances are smooth, repeatable, within joints' limits, and touch what glosses say."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from signgen.studio.comfort import comfortable, joint_angles, limited, solids, turn_angle, turned_by
from signgen.studio.figure import Pose
from signgen.studio.gloss import Gloss, minimal_pair, name, random_gloss
from signgen.studio.habits import Habits
from signgen.studio.keypoints import bundled_correspondence, keypoint_places
from signgen.studio.kinematics import SIDES, BoneMotion, move_bones
from signgen.studio.locations import LOCATIONS, ORIENTATIONS, BodyMap
from signgen.studio.motion import Performance, perform
from signgen.studio.stance import Hand
from tests.signgen.studio.people import figure, signer

FPS = 25.0
_INDEX_TIP = 33 + 478 + 8
_EVERY = 3


def words(count: int, seed: int) -> list[Gloss]:
    rng = np.random.default_rng(seed)
    return [random_gloss(rng) for _ in range(count)]


@cache
def signed(seed: int) -> Performance:
    """Return three random glosses by the signer of the seed."""
    return perform(signer(seed), words(3, seed), fps=FPS, rng=np.random.default_rng(seed))


def bones(seed: int, performance: Performance) -> BoneMotion:
    person = signer(seed)
    return move_bones(person.anatomy.skeleton, person.heads, performance.pose.rotations)


def sampled(pose: Pose) -> Pose:
    """Return every third frame: a touch is held for longer."""
    parts = (pose.rotations, pose.actions, pose.root)
    return Pose(*(part[::_EVERY] for part in parts))


def hand_of(seed: int, side: str) -> Hand:
    person = signer(seed)
    return Hand.of(person, BodyMap.of(person), "L" if side == "L" else "R", Habits.of(person))


def angles(seed: int, side: str) -> Tensor:
    motion = bones(seed, signed(seed))
    rows = signer(seed).anatomy.skeleton.rows
    forearm, wrist = (motion.turns[:, rows[f"{bone}.{side}"]] for bone in ("lowerarm01", "wrist"))
    return joint_angles(forearm.mT @ wrist, hand_of(seed, side))


def test_segments_follow_each_other_in_the_order_of_the_glosses() -> None:
    performance = signed(0)
    assert [segment[0] for segment in performance.segments] == [name(g) for g in words(3, 0)]
    bounds = [segment[1:] for segment in performance.segments]
    assert bounds[0][0] > 0
    assert bounds[-1][1] < performance.pose.num_frames
    for (start, stop), (following, _) in pairwise(bounds):
        assert start < stop == following


def test_without_rest_the_segments_cover_every_frame() -> None:
    rng = np.random.default_rng(0)
    performance = perform(signer(0), words(2, 0), fps=FPS, rng=rng, rest=False)
    assert performance.segments[0][1] == 0
    assert performance.segments[-1][2] == performance.pose.num_frames


def test_the_same_seed_gives_the_same_performance() -> None:
    again = perform(signer(0), words(3, 0), fps=FPS, rng=np.random.default_rng(0))
    torch.testing.assert_close(again.pose.rotations, signed(0).pose.rotations, atol=0, rtol=0)
    torch.testing.assert_close(again.pose.actions, signed(0).pose.actions, atol=0, rtol=0)


def test_a_sign_is_never_performed_twice_alike() -> None:
    again = perform(signer(0), words(3, 0), fps=FPS, rng=np.random.default_rng(1))
    frames = min(again.pose.num_frames, signed(0).pose.num_frames)
    change = again.pose.rotations[:frames] - signed(0).pose.rotations[:frames]
    assert change.abs().max() > 0.02


@pytest.mark.parametrize("parameter", ["handshape", "location", "orientation", "path", "mouth"])
def test_minimal_pairs_move_differently(parameter: str) -> None:
    gloss = Gloss(handshape="v", location="chin", orientation="palm_in", path="away")
    other = minimal_pair(gloss, parameter, np.random.default_rng(2))
    poses = [
        perform(signer(0), [g], fps=FPS, rng=np.random.default_rng(0)).pose for g in (gloss, other)
    ]
    frames = min(pose.num_frames for pose in poses)
    one, two = (torch.cat([p.rotations.flatten(1), p.actions], 1)[:frames] for p in poses)
    assert (one - two).abs().max() > 0.1


@pytest.mark.parametrize("seed", range(4))
def test_wrists_keep_their_limits_and_never_flip(seed: int) -> None:
    rows = signer(seed).anatomy.skeleton.rows
    for side in SIDES:
        taken = angles(seed, side)
        torch.testing.assert_close(taken, limited(taken), atol=2e-3, rtol=0)
        turns = signed(seed).pose.rotations[:, rows[f"wrist.{side}"]]
        assert (turn_angle(turns[1:] @ turns[:-1].mT) * FPS).max() < 25  # radians a second


@pytest.mark.parametrize("first", [100, 108, 116])
def test_no_joint_of_an_arm_ever_jumps_whatever_is_signed(first: int) -> None:
    for seed in range(first, first + 8):
        person = signer(seed % 10)
        rng = np.random.default_rng(seed)
        performance = perform(person, words(3, seed), fps=FPS, rng=rng)
        motion = move_bones(person.anatomy.skeleton, person.heads, performance.pose.rotations)
        rows = person.anatomy.skeleton.rows
        for side in SIDES:
            for bone in ("upperarm01", "upperarm02", "lowerarm01", "lowerarm02", "wrist"):
                turns = motion.turns[:, rows[f"{bone}.{side}"]]
                speed = turn_angle(turns[1:] @ turns[:-1].mT).max() * FPS
                assert speed < 25, (seed, bone, side)  # radians a second
            elbow = motion.heads[:, rows[f"lowerarm01.{side}"]]
            assert elbow.diff(dim=0).norm(dim=1).max() * FPS < 5, (seed, side)  # metres a second


@pytest.mark.parametrize("seed", range(4))
def test_hands_move_no_faster_than_signers_do(seed: int) -> None:
    motion = bones(seed, signed(seed))
    rows = signer(seed).anatomy.skeleton.rows
    for side in SIDES:
        places = motion.heads[:, rows[f"wrist.{side}"]]
        assert (places.diff(dim=0).norm(dim=1) * FPS).max() < 3.0  # metres a second


@pytest.mark.parametrize("seed", range(4))
def test_wrists_stay_outside_head_and_trunk(seed: int) -> None:
    motion = bones(seed, signed(seed))
    person = signer(seed)
    rows = person.anatomy.skeleton.rows
    for side in SIDES:
        for solid in solids(BodyMap.of(person), 1.0 if side == "L" else -1.0):
            row = rows[solid.bone]
            away = motion.heads[:, rows[f"wrist.{side}"]] - motion.heads[:, row]
            own = (motion.turns[:, row].mT @ away[..., None])[..., 0] + person.heads[row]
            assert ((own - solid.middle) / solid.radii).norm(dim=1).min() > 0.97


@pytest.mark.parametrize("seed", [0, 5])
def test_the_index_finger_touches_the_named_place_of_the_face(seed: int) -> None:
    person = signer(seed)
    strong = Habits.of(person).strong
    places = [word for word, location in LOCATIONS.items() if location.face is not None]
    glosses = [Gloss(handshape="index", location=w, orientation="palm_in") for w in places]
    performance = perform(person, glosses, fps=FPS, rng=np.random.default_rng(0))
    figured = figure(seed)
    posed = figured.posed(sampled(performance.pose))
    points = keypoint_places(figured, posed, bundled_correspondence())
    tip = points[:, _INDEX_TIP + (0 if strong == "L" else 21)]
    motion = posed.bones
    head = person.anatomy.skeleton.rows["head"]
    for word, (_, start, stop) in zip(places, performance.segments, strict=True):
        place = BodyMap.of(person).place(LOCATIONS[word], 1.0 if strong == "L" else -1.0)
        moved = (motion.turns[:, head] @ (place - person.heads[head])) + motion.heads[:, head]
        signing = slice(start // _EVERY + 1, stop // _EVERY)
        assert (tip - moved)[signing].norm(dim=1).min() < 0.02, word


@pytest.mark.parametrize("side", SIDES)
def test_hands_come_to_a_face_from_before_it_however_they_are_turned(side: str) -> None:
    hand = hand_of(0, side)
    glosses = [
        Gloss(handshape="b", location=location, orientation=orientation)
        for location in ("ear", "temple", "jaw")
        for orientation in ORIENTATIONS
    ]
    stances = comfortable(hand, [hand.acting(gloss) for gloss in glosses])
    wrists = torch.stack([s.place - s.turn @ s.contact for s in stances])
    assert wrists[:, 1].max() < hand.body.head[1]
    for solid in solids(hand.body, hand.out):
        assert ((wrists - solid.middle) / solid.radii).norm(dim=1).min() > 0.7


def test_joint_angles_and_turns_are_each_others_inverse() -> None:
    generator = torch.Generator().manual_seed(0)
    wanted = 1.2 * (2 * torch.rand(64, 3, generator=generator) - 1)
    hand = hand_of(0, "L")
    torch.testing.assert_close(
        joint_angles(turned_by(wanted, hand), hand), wanted, atol=1e-3, rtol=0
    )


def test_faces_act_within_their_range() -> None:
    actions = signed(1).pose.actions
    assert actions.min() >= 0
    assert actions.max() <= 1


def test_nothing_to_sign_is_refused() -> None:
    with pytest.raises(ValueError, match="no gloss"):
        perform(signer(0), [], fps=FPS, rng=np.random.default_rng(0))
