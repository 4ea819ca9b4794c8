"""What bodies allow: limits of the wrist, elbows that suit them, wrists outside head and trunk.

Limits are an adult's (AAOS ranges of motion), a little inside.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from signgen.studio.kinematics import (
    Carrier,
    move_bone,
    rest_pose,
    rotation_about,
    turning_vectors,
)
from signgen.studio.limbs import Reach, reach
from signgen.studio.locations import CHEST_BONE, HEAD_BONE, BodyMap
from signgen.studio.stance import Hand, Stance

BEND = 1.15  # radians of the wrist, to the palm and back
ASIDE = 0.55  # radians of the wrist, to either side
TWIST = 1.45  # radians of the forearm, either way
_ELBOWS = (-0.2, 0.0, 0.25, 0.5, 0.8, 1.1)  # radians about a signer's habit
_BEHIND = (0.0, 0.6, 0.0)  # of the radii of a solid
_WRIST = 0.035  # metres that the wrist's middle keeps from the body
_PASSES = 4
_OWN_SHOULDER = (0.15, 0.26, 0.15)  # metres; an elbow that bends by 145 degrees leaves 0.16


def comfortable(hand: Hand, stances: list[Stance]) -> list[Stance]:
    """Return the stances with elbows chosen for the wrists' sake and hands turned within limits."""
    turns = torch.stack([stance.turn for stance in stances])
    habit = torch.tensor([stance.swivel for stance in stances])
    elbows = torch.tensor(_ELBOWS)[:, None]
    tried = stances * len(_ELBOWS)
    _, within = _forearm_and_hand(
        hand, tried, turns.repeat(len(_ELBOWS), 1, 1), (habit + elbows).flatten()
    )
    strain = turn_angle(within.mT @ _within_limits(within, hand)).unflatten(0, (len(_ELBOWS), -1))
    swivel = habit + elbows[(strain + 0.15 * elbows.abs()).argmin(0), 0]
    for _ in range(_PASSES):  # the wrist moves as the hand turns about the point that touches
        turns = _clear_of_body(hand, stances, turns)
        forearm, within = _forearm_and_hand(hand, stances, turns, swivel)
        joints = limited(joint_angles(within, hand))
        turns = forearm @ turned_by(joints, hand)
    return [
        replace(stance, turn=turns[n], swivel=float(swivel[n]), joints=joints[n])
        for n, stance in enumerate(stances)
    ]


def limited(angles: Tensor) -> Tensor:
    """Return joint angles (N, 3) as near as the limits of joints allow; see joint_angles."""
    bent = angles[:, 1:]
    over = (bent / bent.new_tensor([BEND, ASIDE])).norm(dim=1, keepdim=True).clamp(min=1)
    return torch.cat([angles[:, :1].clamp(-TWIST, TWIST), bent / over], 1)


def joint_angles(within: Tensor, hand: Hand) -> Tensor:
    """Return twist of the forearm, bend to the back and aside (N, 3) of hands in their forearms."""
    bone, palm, across = _frame(hand)
    seen = within.mT @ bone  # the forearm from the hand
    bend, aside = seen @ palm, seen @ across
    sine = (bend**2 + aside**2).sqrt().clamp(min=1e-6)
    share = torch.atan2(sine, seen @ bone) / sine
    return torch.stack([_twist(within, bone), bend * share, aside * share], 1)


def turned_by(angles: Tensor, hand: Hand) -> Tensor:
    """Return the turns (N, 3, 3) of hands in their forearms that have these joint angles."""
    bone, palm, across = _frame(hand)
    twist, bend, aside = angles.unbind(1)
    angle = (bend**2 + aside**2).sqrt().clamp(min=1e-6)
    axis = (bend / angle)[:, None] * across - (aside / angle)[:, None] * palm
    return rotation_about(bone.expand_as(axis), twist) @ rotation_about(axis, angle)


def _frame(hand: Hand) -> tuple[Tensor, Tensor, Tensor]:
    bone = forearm_bone(hand)
    palm = _unit(hand.axes.palm - (hand.axes.palm @ bone) * bone)
    return bone, palm, torch.linalg.cross(palm, bone)


def forearm_bone(hand: Hand) -> Tensor:
    """Return the direction (3,) from elbow to wrist in the reference pose."""
    heads, rows = hand.signer.heads, hand.signer.anatomy.skeleton.rows
    return _unit(heads[rows[f"wrist.{hand.side}"]] - heads[rows[f"lowerarm01.{hand.side}"]])


def _twist(within: Tensor, bone: Tensor) -> Tensor:
    along = within @ bone
    across = torch.linalg.cross(bone.expand_as(along), along)
    sine = across.norm(dim=1)
    axis = across / sine[:, None].clamp(min=1e-9)
    swing = rotation_about(axis, torch.atan2(sine, along @ bone))
    twist = swing.mT @ within
    cosine = twist.diagonal(dim1=1, dim2=2).sum(1) - 1
    return torch.atan2(turning_vectors(twist) @ bone, cosine)


def turn_angle(turns: Tensor) -> Tensor:
    """Return the angles (N,) of turns (N, 3, 3)."""
    cosine = (turns.diagonal(dim1=1, dim2=2).sum(1) - 1) / 2
    return cosine.clamp(-1, 1).acos()


@dataclass(frozen=True)
class Solid:
    """An ellipsoid that a bone carries; middle and radii (3,) in the reference pose."""

    bone: str
    middle: Tensor
    radii: Tensor

    def cleared(self, points: Tensor, carrier: Carrier) -> Tensor:
        """Return points (T, 3), those inside moved out, away from the back."""
        own = carrier.put_down(points)
        unit = (own - self.middle) / self.radii
        # along the ray from a point behind the middle, where no wrist ever is
        ray = unit - unit.new_tensor(_BEHIND)
        ray = ray / ray.norm(dim=1, keepdim=True).clamp(min=1e-6)
        ahead = ray[:, 1:2] * _BEHIND[1]
        far = (ahead**2 + 1 - _BEHIND[1] ** 2).sqrt() - ahead
        surface = self.middle + (unit.new_tensor(_BEHIND) + far * ray) * self.radii
        out = torch.where(unit.norm(dim=1, keepdim=True) < 1, surface, own)
        return carrier.carried(out)


def solids(body: BodyMap, out: float) -> tuple[Solid, ...]:
    """Return what the wrist of a hand on the side ``out``, 1 for the left, does not enter.

    That is the head, the trunk, the neck with the room above the shoulders, and the room before and
    behind the own shoulder, which an elbow would have to bend farther than it can to get into.
    """
    width = float((body.face[454] - body.face[234]).norm()) / 2
    deep = float(body.head[1] - body.face[4, 1])
    tall = float(body.face[10, 2] - body.face[152, 2])
    head = torch.tensor([width + _WRIST, deep + _WRIST * 0.5, 0.62 * tall + _WRIST])
    chest = body.shoulders - torch.tensor([0.0, 0.0, 0.22 * body.size])
    front = float(body.shoulders[1] - body.front[:, 1].min())
    trunk = torch.tensor([0.16 * body.size + _WRIST, front + _WRIST, 0.34 * body.size])
    neck = body.shoulders + torch.tensor([0.0, 0.0, 0.08 * body.size])
    above = torch.tensor([0.22, 0.17, 0.15]) * body.size
    own = body.shoulders + body.size * torch.tensor([0.185 * out, 0.10, 0.0])
    return (
        Solid(HEAD_BONE, body.head, head),
        Solid(CHEST_BONE, chest, trunk),
        Solid(CHEST_BONE, neck, above),
        Solid(CHEST_BONE, own, body.size * torch.tensor(_OWN_SHOULDER)),
    )


def _clear_of_body(hand: Hand, stances: list[Stance], turns: Tensor) -> Tensor:
    """Return turns (N, 3, 3) about the touching points that take the wrists out of the body."""
    skeleton, heads = hand.signer.anatomy.skeleton, hand.signer.heads
    pose = rest_pose(skeleton, len(stances), heads)
    places, wrists = _wrists(stances, turns)
    cleared = wrists
    for solid in solids(hand.body, hand.out):
        cleared = solid.cleared(cleared, move_bone(skeleton, heads, pose, solid.bone))
    # hands come to a face from before it: behind it nobody could read them
    ahead = min(float(hand.body.head[1]), float(hand.body.shoulders[1])) - _WRIST
    cleared = torch.cat([cleared[:, :1], cleared[:, 1:2].clamp(max=ahead), cleared[:, 2:]], 1)
    start, end = wrists - places, cleared - places
    axis = torch.linalg.cross(start, end)
    sine = axis.norm(dim=1)
    angle = torch.atan2(sine, (start * end).sum(1))
    return rotation_about(axis / sine[:, None].clamp(min=1e-9), angle) @ turns


def _wrists(stances: list[Stance], turns: Tensor) -> tuple[Tensor, Tensor]:
    """Return the touching points and the wrists (N, 3) of hands turned so."""
    places = torch.stack([stance.place for stance in stances])
    contacts = torch.stack([stance.contact for stance in stances])
    return places, places - (turns @ contacts[..., None])[..., 0]


def _within_limits(within: Tensor, hand: Hand) -> Tensor:
    return turned_by(limited(joint_angles(within, hand)), hand)


def _forearm_and_hand(
    hand: Hand, stances: list[Stance], turns: Tensor, swivel: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the forearm's turns in the world, and the hand's in the forearm, (N, 3, 3) each."""
    _, wrist = _wrists(stances, turns)
    skeleton, heads = hand.signer.anatomy.skeleton, hand.signer.heads
    pose = rest_pose(skeleton, len(stances), heads)
    pose = reach(skeleton, heads, pose, hand.side, Reach(wrist, swivel, turns))
    forearm = move_bone(skeleton, heads, pose, f"lowerarm01.{hand.side}").turns
    return forearm, forearm.mT @ turns


def _unit(vector: Tensor) -> Tensor:
    return vector / vector.norm()
