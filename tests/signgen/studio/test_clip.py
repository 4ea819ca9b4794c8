"""Clips of the studio: frames and points belong together, and points are what a detector tells."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pose_sequences.sequence import PoseSequence
from signgen.studio.camera import CLOSE, Camera
from signgen.studio.clip import Take, draw_vocabulary, film, join_points, rehearse, to_poses
from signgen.studio.figure import Pose
from tests.signgen.studio.people import figure, hands_up, signer

SIZE = (96, 96)


def poses_of(pose: Pose, camera: Camera) -> PoseSequence:
    shots = film(figure(4), pose, camera, supersample=1)
    return to_poses(join_points([shot.keypoints for shot in shots]), camera, 25.0)


def framed() -> Camera:
    return Camera.framed(signer(4), SIZE, CLOSE)


def test_a_detector_finds_all_of_a_signer_who_shows_both_hands() -> None:
    poses = poses_of(hands_up(signer(4)), framed())
    for part in ("face", "left_hand", "right_hand"):
        assert (poses.part(part)[1] == 1).all()


def test_what_leaves_the_picture_is_missing_whole_or_less_sure_the_farther_it_is() -> None:
    camera = framed()
    centre = (camera.centre[0] - 0.35, *camera.centre[1:])
    poses = poses_of(hands_up(signer(4)), replace(camera, centre=centre))
    assert not poses.part("left_hand")[1].any()
    assert not poses.part("left_hand")[0].any()
    assert (poses.part("right_hand")[1] == 1).all()
    joints = tuple(f"body.right_{name}" for name in ("shoulder", "hip", "knee", "ankle"))
    sure = poses.confidence[0, poses.points.find(joints)]
    assert (np.diff(sure) < 0).all()
    assert sure[0] > 0.89  # a joint lies deep in the flesh


def test_depths_are_in_picture_widths_and_smaller_where_nearer() -> None:
    coarse, fine = framed(), framed().scaled(2)
    one, two = (poses_of(hands_up(signer(4), 0.6), camera) for camera in (coarse, fine))
    np.testing.assert_allclose(one.keypoints[..., 2], two.keypoints[..., 2], atol=1e-5)
    np.testing.assert_allclose(2 * one.keypoints[..., :2], two.keypoints[..., :2], atol=1e-2)
    rows = one.points.find(("left_hand.wrist", "left_hand.middle_tip", "left_hand.middle_mcp"))
    wrist, tip, knuckle = one.keypoints[0, rows, 2]
    assert wrist == 0
    assert tip < knuckle  # bent fingers point to the camera that the palm looks at


def test_a_cut_clip_is_the_beginning_of_the_whole() -> None:
    glosses = draw_vocabulary(2, np.random.default_rng(3))
    take = Take(signer=4, glosses=glosses, seed=1, size=SIZE)
    whole, camera = rehearse(figure(4), take, 25.0)
    middle = whole.segments[0][2] - 1
    cut, same = rehearse(figure(4), replace(take, max_frames=middle), 25.0)
    assert same == camera
    assert torch.equal(cut.pose.rotations, whole.pose.rotations[:middle])
    assert [segment[:2] for segment in cut.segments] == [whole.segments[0][:2]]
    assert cut.segments[0][2] == middle


@pytest.mark.parametrize("seed", [1, 2])
def test_the_camera_stands_a_little_elsewhere_each_time(seed: int) -> None:
    glosses = draw_vocabulary(1, np.random.default_rng(0))
    take = Take(signer=4, glosses=glosses, seed=seed, size=SIZE, max_frames=1)
    camera = rehearse(figure(4), take, 25.0)[1]
    plain = Camera.framed(signer(4), SIZE, figure(4).look.framing)
    assert camera.pixels_a_metre == plain.pixels_a_metre
    assert 0 < abs(camera.turn) <= 0.12
    assert 0 < abs(camera.centre[0] - plain.centre[0]) * camera.pixels_a_metre <= 0.03 * SIZE[0]
