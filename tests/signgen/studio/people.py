"""Signers, poses and figures for the studio's tests, made once a process."""

from functools import cache

import torch
from torch import Tensor

from signgen.studio.factory import Signer, SignerFactory
from signgen.studio.figure import Figure, Pose, dress
from signgen.studio.kinematics import bend_fingers, hand_axes, rest_pose
from signgen.studio.limbs import Reach, hand_turn, reach
from signgen.studio.wardrobe import draw_look


@cache
def factory() -> SignerFactory:
    """Return the bundled factory."""
    return SignerFactory.load()


@cache
def signer(seed: int) -> Signer:
    """Return a signer."""
    return factory().signer(seed)


@cache
def figure(seed: int) -> Figure:
    """Return a signer in the look of the same seed."""
    return dress(signer(seed), draw_look(signer(seed), seed))


@cache
def wide_signer(seed: int) -> Signer:
    """Return a signer of the wide studio."""
    return factory().signer(seed, "wide")


@cache
def wide_figure(seed: int) -> Figure:
    """Return a signer of the wide studio in the look of the same seed."""
    return dress(wide_signer(seed), draw_look(wide_signer(seed), seed, "wide"))


def still(rotations: Tensor, person: Signer) -> Pose:
    """Return rotations (T, J, 3, 3) as a pose with a calm face."""
    num_frames = len(rotations)
    actions = torch.zeros(num_frames, len(person.anatomy.actions))
    return Pose(rotations, actions, torch.zeros(num_frames, 3))


def shoulders(person: Signer) -> Tensor:
    """Return the middle between the shoulder joints, (3,)."""
    rows = person.anatomy.skeleton.rows
    return (person.heads[rows["upperarm01.L"]] + person.heads[rows["upperarm01.R"]]) / 2


def hands_up(person: Signer, bends: float = 0.0, num_frames: int = 1) -> Pose:
    """Return both hands beside the shoulders, palms to the camera, fingers bent by ``bends``."""
    skeleton, heads = person.anatomy.skeleton, person.heads
    rotations = rest_pose(skeleton, num_frames, heads)
    for side, out in (("L", 1.0), ("R", -1.0)):
        axes = hand_axes(skeleton, heads, side)
        fingers, palm = torch.tensor([[0.0, -0.1, 1.0]]), torch.tensor([[0.0, -1.0, 0.0]])
        place = shoulders(person) + torch.tensor([out * 0.22, -0.30, -0.02])
        goal = Reach(
            place.expand(num_frames, 3),
            torch.full((num_frames,), 0.3),
            hand_turn(fingers, palm, (axes.fingers, axes.palm)).expand(num_frames, 3, 3),
        )
        rotations = reach(skeleton, heads, rotations, side, goal)
        bend = torch.full((num_frames, 5, 3), bends)
        rotations = bend_fingers(rotations, axes, bend, torch.zeros(num_frames, 5))
    return still(rotations, person)
