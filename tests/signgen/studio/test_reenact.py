"""Reenactment: what a signer did is found again from their points, within what joints allow."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor

from pose_sequences.layout import LAYOUTS, layout
from pose_sequences.repair.gaps import whole_hands
from pose_sequences.repair.scale import HANDS, shoulder_width
from pose_sequences.repair.settings import Repair
from pose_sequences.sequence import PoseSequence, mark_missing
from signgen.studio.camera import CLOSE, Camera
from signgen.studio.clip import Take, draw_vocabulary, rehearse, to_poses
from signgen.studio.figure import Pose
from signgen.studio.keypoints import LAYOUT, project_keypoints
from signgen.studio.kinematics import SIDES, move_bones
from signgen.studio.reenact import NoBodyError, Reenactment, reenact
from signgen.studio.reenact.bodies import inside
from signgen.studio.reenact.face import face_actions
from signgen.studio.reenact.fit import fit_frames
from signgen.studio.reenact.numbers import NUM_NUMBERS, Numbers
from signgen.studio.reenact.rig import Rig
from signgen.studio.reenact.sight import Sight
from tests.signgen.studio.people import figure, hands_up, signer, still

SIZE = (256, 256)
SEED = 4
FPS = 25.0
FRAMES = 14
SMOOTHLY = Repair(smooth="none")


def camera() -> Camera:
    return Camera.framed(signer(SEED), SIZE, CLOSE)


def shown(pose: Pose) -> PoseSequence:
    return to_poses(project_keypoints(figure(SEED), pose, camera()), camera(), FPS)


@cache
def signed() -> PoseSequence:
    """Return the last frames of an invented sign of both hands."""
    glosses = draw_vocabulary(20, np.random.default_rng(1))
    glosses = tuple(gloss for gloss in glosses if gloss.hands == "alternating")[:1]
    take = Take(signer=SEED, glosses=glosses, seed=1, size=SIZE)
    performance = rehearse(figure(SEED), take, FPS)[0]
    stop = performance.segments[0][2]
    return shown(performance.pose.chunk(stop - FRAMES, stop))


@cache
def reenacted() -> Reenactment:
    return reenact(signer(SEED), signed(), SMOOTHLY)


@cache
def whole() -> Tensor:
    """Return the numbers of the sign, fitted in one stretch."""
    parts = reenacted()
    return torch.cat(list(fit_frames(parts.rig, parts.arms, parts.sight, parts.shared, FPS)))


def without(sequence: PoseSequence, *points: str) -> PoseSequence:
    confidence = sequence.confidence.copy()
    confidence[:, sequence.points.find(points)] = 0
    keypoints, confidence = mark_missing(sequence.keypoints, confidence)
    return replace(sequence, keypoints=keypoints, confidence=confidence)


def left_arm(*, body: bool) -> tuple[str, ...]:
    names = tuple(p for p in layout(LAYOUT).points if p.startswith("left_hand"))
    joints = ("elbow", "wrist", "pinky", "index", "thumb") if body else ()
    return (*names, *(f"body.left_{joint}" for joint in joints))


def any_numbers(rig: Rig, count: int) -> Tensor:
    least, most = rig.limits.clamp(-2, 3)
    share = torch.rand(count, NUM_NUMBERS, generator=torch.Generator().manual_seed(0))
    return least + (most - least) * share


def test_the_rig_and_the_skeleton_put_joints_in_the_same_places() -> None:
    person = signer(SEED)
    rig = Rig.of(person, torch.arange(10))
    numbers = any_numbers(rig, 3)
    places = rig.move(numbers, 1.1)
    skeleton = person.anatomy.skeleton
    root = Numbers.of(numbers).root
    bones = move_bones(skeleton, person.heads, rig.rotations(numbers, 1.1), root)
    for side, letter in enumerate(SIDES):
        wanted = {
            "upperarm01": places.shoulders[:, side],
            "lowerarm01": places.elbows[:, side],
            "wrist": places.hands[:, side, 0],
            "finger1-3": places.hands[:, side, 3],
            "finger4-2": places.hands[:, side, 14],
        }
        for name, place in wanted.items():
            torch.testing.assert_close(bones.heads[:, skeleton.rows[f"{name}.{letter}"]], place)


def test_a_signers_own_motion_is_found_again_from_its_points() -> None:
    reenactment = reenacted()
    (pose,) = reenactment.poses()
    assert torch.equal(
        pose.rotations, reenactment.rig.rotations(whole(), reenactment.shared.values()[2])
    )
    camera = reenactment.camera(SIZE)
    found = project_keypoints(figure(SEED), pose, camera).points[..., :2].numpy()
    source = signed()
    gap = np.linalg.norm(found - source.keypoints[..., :2], axis=2)
    gap *= 100 / shoulder_width(source)
    for hand in HANDS:
        there = whole_hands(source, hand)
        assert there.any()
        assert np.median(gap[np.ix_(there, source.points.part(hand))]) < 1.5
    assert np.median(gap[:, source.points.find(("body.left_elbow", "body.right_elbow"))]) < 4
    assert np.median(gap[:, source.points.part("face")]) < 3


def test_no_joint_leaves_its_limits_and_no_wrist_the_air() -> None:
    reenactment = reenacted()
    rig = reenactment.rig
    numbers = whole()
    least, most = rig.limits
    assert ((numbers >= least - 1e-5) & (numbers <= most + 1e-5)).all()
    assert inside(rig, rig.move(numbers)).max() < 0.05


def test_stretches_leave_no_seam() -> None:
    reenactment = reenacted()
    parts = (reenactment.rig, reenactment.arms, reenactment.sight, reenactment.shared, FPS)
    stretches = list(fit_frames(*parts, stretch=FRAMES // 2))
    assert [len(stretch) for stretch in stretches] == [FRAMES // 2] * 2
    apart = [reenactment.rig.move(n).hands for n in (whole(), torch.cat(stretches))]
    assert (apart[0] - apart[1]).norm(dim=-1).median() < 0.01  # metres


def test_hands_hang_from_their_arms_and_unseen_arms_hang_down() -> None:
    gone = (*left_arm(body=True), *(p.replace("left", "right") for p in left_arm(body=False)))
    sequence = replace(without(shown(hands_up(signer(SEED), 0.4)), *gone), fps=1000.0)
    reenactment = reenact(signer(SEED), sequence)
    for hand in HANDS:
        assert reenactment.report.hands[hand].counts() == {"hidden": 1}
    rig, shared = reenactment.rig, reenactment.shared
    (numbers,) = fit_frames(rig, reenactment.arms, reenactment.sight, shared, sequence.fps)
    assert len(numbers) == 1
    left, ease = Numbers.of(numbers), Numbers.of(rig.at_ease[None])
    for name in ("swing", "elbow", "bends"):
        hangs, rest = getattr(left, name)[:, 0], getattr(ease, name)[:, 0]
        torch.testing.assert_close(hangs, rest, atol=0.1, rtol=0)
    pose = Pose(rig.rotations(numbers), reenactment.actions, left.root - reenactment.middle)
    found = project_keypoints(figure(SEED), pose, reenactment.camera(SIZE))
    rows = sequence.points.find(("body.right_wrist", "body.right_elbow"))
    gap = found.points[0, rows, :2].numpy() - sequence.keypoints[0, rows, :2]
    assert np.linalg.norm(gap, axis=1).max() < 6


def test_without_shoulders_there_is_no_telling() -> None:
    sequence = without(signed(), "body.left_shoulder")
    with pytest.raises(NoBodyError, match="shows both shoulders in no frame"):
        reenact(signer(SEED), sequence)


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_any_layout_shows_the_same_hands(name: str) -> None:
    one, other = Sight.of(signed()), Sight.of(signed().converted(name))
    torch.testing.assert_close(one.hands, other.hands)
    torch.testing.assert_close(one.shoulders, other.shoulders)
    assert (other.face_trust > 0).any()


def test_depths_in_pixels_and_in_frame_widths_are_the_same_sight() -> None:
    sequence = signed()
    keypoints = sequence.keypoints * np.array([1, 1, sequence.width], np.float32)
    one, other = Sight.of(sequence), Sight.of(replace(sequence, keypoints=keypoints))
    torch.testing.assert_close(one.hands, other.hands)
    torch.testing.assert_close(one.depths, other.depths)


@pytest.mark.parametrize(
    ("names", "amount"),
    [
        (("eyeBlinkLeft", "eyeBlinkRight"), 0.9),
        (("mouthPucker",), 0.8),
        (("mouthSmileLeft", "mouthSmileRight"), 0.7),
        (("browOuterUpLeft", "browOuterUpRight"), 0.8),
        (("browDownLeft", "browDownRight"), 0.8),
    ],
)
def test_what_a_face_does_is_read_from_its_ratios(names: tuple[str, ...], amount: float) -> None:
    person = signer(SEED)
    actions = person.anatomy.actions
    num_frames = 30
    pose = still(hands_up(person, 0.2, num_frames).rotations, person)
    for name in names:
        pose.actions[: num_frames // 6, actions.index(name)] = amount
    found = face_actions(person, shown(pose))
    calm = found[num_frames // 6 :].max()
    for name in names:
        seen = found[: num_frames // 6, actions.index(name)]
        assert seen.min() > 0.6 * amount
        assert calm < 0.3


def test_a_mouth_opens_as_far_as_lips_are_apart() -> None:
    person = signer(SEED)
    jaw = person.anatomy.actions.index("jawOpen")
    pose = still(hands_up(person, 0.2, 4).rotations, person)
    pose.actions[:, jaw] = torch.tensor([0.0, 0.2, 0.4, 0.6])
    found = face_actions(person, shown(pose))[:, jaw]
    torch.testing.assert_close(found, pose.actions[:, jaw], rtol=0, atol=0.08)
