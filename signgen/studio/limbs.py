"""Arms that reach: the two-bone problem, batched over frames.

Turns here are in the world, from the reference pose; what is returned are the local rotations that
kinematics.py takes.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from signgen.studio.kinematics import Skeleton, move_bone, rotation_about, turning_vectors

FOREARM_SHARE = 0.65  # of the hand's turning about the forearm that the forearm itself makes
BLADE_SHARE = 0.22  # of the upper arm's swing that the shoulder blade makes
_PASSES = 3  # the twisting bones lie a little beside the line that they twist about
_AHEAD = (0.0, -1.0, -0.2)  # from the shoulder: where hands mostly are, and never behind it
_HANGING = (0.1, 0.25, -1.0)  # where the elbow of an arm that points ahead hangs: out, back, down


@dataclass(frozen=True)
class Reach:
    """Where a hand is wanted, over T frames.

    wrist (T, 3): the wrist's place; swivel (T,): the elbow's, radians about the line from shoulder
    to wrist, 0 hangs straight down and positive lifts it outwards; hand (T, 3, 3): the hand's turn
    from its reference pose, in the world (see hand_turn).
    """

    wrist: Tensor
    swivel: Tensor
    hand: Tensor


def reach(skeleton: Skeleton, heads: Tensor, rotations: Tensor, side: str, goal: Reach) -> Tensor:
    """Return the pose (T, J, 3, 3) with one arm reaching its goal.

    heads (J, 3): joints in the reference pose; rotations (T, J, 3, 3): the trunk's and the
    clavicle's are kept, the arm's are replaced. A goal out of reach is met as nearly as the arm is
    long.
    """
    arm = _Arm.of(skeleton, heads, side)
    posed = rotations.clone()
    moved = move_bone(skeleton, heads, posed, f"shoulder01.{side}")
    blade, place = moved.turns, moved.heads
    # the shoulder blade goes along, or the shoulder is pinched
    shoulder = place + blade @ arm.offsets[0]
    elbow, _ = _elbow(shoulder, goal.wrist, goal.swivel, arm)
    aside = blade.mT @ (elbow - shoulder)[..., None]
    lift = _between(arm.bones[0], aside[..., 0], BLADE_SHARE)
    posed[:, arm.blade] = posed[:, arm.blade] @ lift
    blade = blade @ lift
    shoulder = place + blade @ arm.offsets[0]
    wrist = goal.wrist
    for _ in range(_PASSES):
        turns = _bent_arm(blade, shoulder, arm, Reach(wrist, goal.swivel, goal.hand))
        wrist = wrist + goal.wrist - _wrist_of(blade, shoulder, arm, turns)
    for row, turn in zip(arm.rows, turns, strict=True):
        posed[:, row] = turn
    return posed


@dataclass(frozen=True)
class _Arm:
    # rows: of the five bones from the upper arm to the wrist; offsets: to each of them from the
    # one before; bones: from shoulder to elbow and from elbow to wrist; out: away from the trunk
    blade: int
    rows: tuple[int, ...]
    offsets: tuple[Tensor, ...]
    bones: tuple[Tensor, Tensor]
    out: Tensor

    @classmethod
    def of(cls, skeleton: Skeleton, heads: Tensor, side: str) -> "_Arm":
        names = ("shoulder01", "upperarm01", "upperarm02", "lowerarm01", "lowerarm02", "wrist")
        rows = tuple(skeleton.rows[f"{name}.{side}"] for name in names)
        offsets = tuple(heads[row] - heads[before] for before, row in pairwise(rows))
        bones = offsets[1] + offsets[2], offsets[3] + offsets[4]
        out = heads.new_tensor([1.0 if side == "L" else -1.0, 0.0, 0.0])
        return cls(rows[0], rows[1:], offsets, bones, out)


_Turns = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]  # of an arm's bones, (T, 3, 3) each


def _bent_arm(blade: Tensor, shoulder: Tensor, arm: _Arm, goal: Reach) -> _Turns:
    elbow, wrist = _elbow(shoulder, goal.wrist, goal.swivel, arm)
    rest_hinge = torch.linalg.cross(arm.bones[0], arm.bones[1])
    hinge = torch.linalg.cross(elbow - shoulder, wrist - elbow)
    upper_turn = _aligned(arm.bones[0], rest_hinge, elbow - shoulder, hinge)
    lower_turn = _aligned(arm.bones[1], rest_hinge, wrist - elbow, hinge)
    swing, twist = _swing_twist(blade.mT @ upper_turn, arm.bones[0])
    axis = (arm.bones[0] / arm.bones[0].norm()).expand(len(twist), 3)
    # half the upper arm's turning happens below the shoulder, or the shoulder is wrung
    half = rotation_about(axis, twist / 2)
    within = lower_turn.mT @ goal.hand
    _, twist = _swing_twist(within, arm.bones[1])
    axis = (arm.bones[1] / arm.bones[1].norm()).expand(len(twist), 3)
    turned = rotation_about(axis, FOREARM_SHARE * twist)
    return swing @ half, half, upper_turn.mT @ lower_turn, turned, turned.mT @ within


def _wrist_of(blade: Tensor, shoulder: Tensor, arm: _Arm, turns: _Turns) -> Tensor:
    turn, place = blade, shoulder
    for local, offset in zip(turns, arm.offsets[1:], strict=False):  # the wrist's own moves no more
        turn = turn @ local
        place = place + turn @ offset
    return place


def hand_turn(fingers: Tensor, palm: Tensor, rest: tuple[Tensor, Tensor]) -> Tensor:
    """Return the turn (T, 3, 3) that points a hand and its palm in the given directions.

    fingers, palm (T, 3): directions in the world, the palm's made square to the fingers'; rest:
    the same two of the reference pose (HandAxes.fingers and .palm).
    """
    return _frame(fingers, palm) @ _frame(rest[0][None], rest[1][None]).mT


def _elbow(shoulder: Tensor, wrist: Tensor, swivel: Tensor, arm: _Arm) -> tuple[Tensor, Tensor]:
    """Return the places (T, 3) of elbow and wrist, on the circle that the two bones allow."""
    upper, lower = arm.bones[0].norm(), arm.bones[1].norm()
    line = wrist - shoulder
    distance = line.norm(dim=1, keepdim=True)
    reached = distance.clamp((upper - lower).abs() * 1.05, (upper + lower) * 0.998)
    line = line / distance
    along = (upper**2 - lower**2 + reached**2) / (2 * reached)
    beside = (upper**2 - along**2).clamp(min=1e-8).sqrt()
    down, out = _hanging(line, arm)
    bend = swivel.cos()[:, None] * down + swivel.sin()[:, None] * out
    return shoulder + along * line + beside * bend, shoulder + reached * line


def _hanging(line: Tensor, arm: _Arm) -> tuple[Tensor, Tensor]:
    """Return where elbows hang and what is outwards (T, 3), square to lines from the shoulder.

    Both are known for an arm that points ahead, and go along as it is swung elsewhere by the
    shortest way. Only straight behind there is no telling; a fixed direction of hanging would have
    its blind spots above and below, where hands do come, and where elbows would jump.
    """
    ahead = line.new_tensor(_AHEAD)
    ahead = ahead / ahead.norm()
    down = line.new_tensor([_HANGING[0] * float(arm.out[0]), *_HANGING[1:]])
    down = down - (down @ ahead) * ahead
    down = down / down.norm()
    out = torch.linalg.cross(ahead, down) * arm.out[0]
    axis = torch.linalg.cross(ahead.expand_as(line), line)
    cosine = (line @ ahead)[:, None]
    swing = axis / (1 + cosine).clamp(min=1e-3)
    along = torch.stack([down, out])  # (2, 3)
    turned = (
        cosine[:, None] * along
        + torch.linalg.cross(axis[:, None].expand(-1, 2, 3), along.expand(len(line), 2, 3))
        + (along @ axis.mT).mT[..., None] * swing[:, None]
    )
    return turned[:, 0], turned[:, 1]


def _aligned(rest_along: Tensor, rest_hinge: Tensor, along: Tensor, hinge: Tensor) -> Tensor:
    return _frame(along, hinge) @ _frame(rest_along[None], rest_hinge[None]).mT


def _frame(first: Tensor, second: Tensor) -> Tensor:
    # columns: the first direction, the second made square to it, their cross product
    x = first / first.norm(dim=1, keepdim=True)
    y = second - (second * x).sum(1, keepdim=True) * x
    y = y / y.norm(dim=1, keepdim=True)
    return torch.stack([x, y, torch.linalg.cross(x, y)], 2)


def _between(start: Tensor, ends: Tensor, share: float) -> Tensor:
    """Return the rotations that go a share of the shortest way from one direction to others."""
    start, ends = start / start.norm(), ends / ends.norm(dim=1, keepdim=True)
    across = torch.linalg.cross(start.expand_as(ends), ends)
    sine, cosine = across.norm(dim=1), (ends * start).sum(1)
    axis = across / sine[:, None].clamp(min=1e-9)
    return rotation_about(axis, share * torch.atan2(sine, cosine))


def _swing_twist(rotation: Tensor, axis: Tensor) -> tuple[Tensor, Tensor]:
    """Split rotations (T, 3, 3) into a swing and then, first of all, an angle about ``axis``."""
    axis = axis / axis.norm()
    turned = rotation @ axis
    across = torch.linalg.cross(axis.expand_as(turned), turned)
    sine, cosine = across.norm(dim=1), (turned * axis).sum(1)
    swing = rotation_about(across / sine[:, None].clamp(min=1e-9), torch.atan2(sine, cosine))
    twist = swing.mT @ rotation
    trace = twist.diagonal(dim1=1, dim2=2).sum(1)
    return swing, torch.atan2((turning_vectors(twist) * axis).sum(1), trace - 1)
