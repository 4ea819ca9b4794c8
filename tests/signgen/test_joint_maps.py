"""The joints of CFLD's input: the same Gaussians as drawn in numpy."""

import numpy as np
import pytest
import torch

from pose_sequences.draw.published_styles import draw_cfld
from signgen.data import LAYOUT, to_points
from signgen.joint_maps import NUM_JOINTS, draw_joints, find_joints
from tests.signer import signing

pytestmark = pytest.mark.light


def test_joints_are_drawn_as_in_numpy() -> None:
    poses = signing(3)
    size = (poses.width, poses.height)
    joints = find_joints(to_points(poses, size), LAYOUT, size)
    drawn = draw_joints(joints, 256)
    theirs = torch.from_numpy(np.stack(list(draw_cfld(poses)))[..., 3:]).movedim(-1, 1)
    assert drawn.shape == theirs.shape == (3, NUM_JOINTS, 256, 256)
    # numpy draws them at whole pixels, as published: up to one pixel apart along each axis
    apart = joints[..., :2] * 256 - torch.trunc(joints[..., :2] * 256)
    whole = torch.cat((joints[..., :2] - apart / 256, joints[..., 2:]), dim=-1)
    torch.testing.assert_close(draw_joints(whole, 256), theirs, rtol=0, atol=1e-4)
    assert (joints[..., 2] == 1).any()


def test_a_missing_joint_is_all_zero_and_its_neighbours_stay() -> None:
    poses = signing(1)
    size = (poses.width, poses.height)
    points = to_points(poses, size)
    drawn = draw_joints(find_joints(points, LAYOUT, size), 64)
    points.confidence[:] = 0
    assert (draw_joints(find_joints(points, LAYOUT, size), 64) == 0).all()
    joints = find_joints(to_points(poses, size), LAYOUT, size)
    joints[:, 4] = 0
    fewer = draw_joints(joints, 64)
    assert (fewer[:, 4] == 0).all()
    others = [number for number in range(NUM_JOINTS) if number != 4]
    assert torch.equal(fewer[:, others], drawn[:, others])


def test_a_gaussian_stands_where_its_joint_does_at_every_size() -> None:
    joints = torch.zeros(1, NUM_JOINTS, 3)
    joints[0, 2] = torch.tensor([0.25, 0.75, 1.0])
    for side in (32, 256):
        drawn = draw_joints(joints, side)[0, 2]
        row, column = divmod(int(drawn.argmax()), side)
        assert (row, column) == (3 * side // 4, side // 4)
        assert drawn.max() == 1
