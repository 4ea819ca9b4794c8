"""Where a hand stands in one sign: from a gloss's words to places, directions and angles.

A stance is a hand's alone; stances in turn become a track (track.py).
"""

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from signgen.studio.factory import Signer
from signgen.studio.gloss import Gloss
from signgen.studio.habits import Habits
from signgen.studio.handshapes import HANDSHAPES, REST, Handshape
from signgen.studio.kinematics import HandAxes, bend_fingers, hand_axes, move_bone, rest_pose
from signgen.studio.limbs import hand_turn
from signgen.studio.locations import (
    HEAD_BONE,
    LOCATIONS,
    ORIENTATIONS,
    BodyMap,
    Location,
)
from signgen.studio.movements import LOCALS, PATHS, Local, Path, Play

Side = Literal["L", "R"]
SKIN = 0.008  # metres between a place on the skin and the middle of the fingertip that touches it
_BETWEEN_HANDS = 0.045  # metres that a hand of two keeps from the middle
_INTO = 0.5  # how much fingers point into the surface that they touch, at least
_OTHER = {"open": HANDSHAPES["5"], "closed": HANDSHAPES["s"]}
_BASES = {"on_palm": "flat_b", "on_fist": "s", "on_arm": "flat_b"}
_BASE_DIRECTIONS = {
    "on_palm": ((-0.75, 0.6, 0.1), (0.0, -0.1, 1.0)),
    "on_fist": ((-0.6, 0.8, 0.1), (0.0, 0.0, -1.0)),
    "on_arm": ((-1.0, 0.25, 0.1), (0.0, 0.1, -1.0)),
}
# From the base hand's touching point to where the strong hand touches it, in its own out, forward
# and up.
_ON_BASE = {
    "on_palm": (0.06, -0.05, 0.03),
    "on_fist": (0.03, 0.0, 0.05),
    "on_arm": (0.24, 0.0, 0.06),
}
_RESTING = {
    "lap": (Location(None, (0.10, 0.24, -0.52)), ((-0.75, 0.6, -0.1), (0.0, -0.1, -1.0))),
    "sides": (Location(None, (0.26, 0.08, -0.66)), ((0.05, 0.25, -1.0), (-1.0, 0.0, 0.0))),
    "clasped": (Location(None, (0.02, 0.24, -0.40)), ((-0.9, 0.3, -0.3), (0.0, -1.0, -0.2))),
}


@dataclass(frozen=True)
class Stance:
    """One hand in one sign; the world is the signer's at rest.

    place (3,): of the point that touches; by_head: whether the head carries it; touching: whether
    it lies on the skin; contact (3,): that point from the wrist, in the reference pose; turn (3,
    3): of the hand; bends (5, 3), spreads (5,), other_bends, other_spreads: of the fingers, and of
    those that they open or close to; path and local: how it moves, backwards: the path from its
    end, scale (3,): of the path; swivel: of the elbow; joints (3,): the angles of forearm and wrist
    that all this takes (comfort.joint_angles), once they are known.
    """

    place: Tensor
    by_head: bool
    touching: bool
    contact: Tensor
    turn: Tensor
    bends: Tensor
    spreads: Tensor
    other_bends: Tensor
    other_spreads: Tensor
    path: Path
    local: Local
    backwards: bool
    scale: Tensor
    swivel: float
    joints: Tensor

    def moved(self, phase: Tensor) -> Tensor:
        """Return how far the path has led (N, 3)."""
        start = self.path(1 - phase.clamp(0, 1)) if self.backwards else self.path(phase)
        return start * self.scale

    def play(self, phase: Tensor) -> Play:
        """Return what fingers and hand do."""
        return self.local(phase.clamp(0, 1))


@dataclass(frozen=True)
class Hand:
    """One hand of a signer, ready to take stances."""

    side: Side
    signer: Signer
    body: BodyMap
    axes: HandAxes
    habits: Habits

    @classmethod
    def of(cls, signer: Signer, body: BodyMap, side: Side, habits: Habits) -> "Hand":
        """Return a signer's hand."""
        axes = hand_axes(signer.anatomy.skeleton, signer.heads, side)
        return cls(side, signer, body, axes, habits)

    @property
    def out(self) -> float:
        """1 for the left hand, whose own side is +x, and -1 for the right."""
        return 1.0 if self.side == "L" else -1.0

    def resting(self) -> Stance:
        """Return the hand at rest."""
        location, directions = _RESTING[self.habits.resting]
        return self._stance(REST, self.body.place(location, self.out), directions)

    def acting(self, gloss: Gloss) -> Stance:
        """Return the hand that the gloss describes, signing alone."""
        location = LOCATIONS[gloss.location]
        place = self.body.place(location, self.out)
        directions = ORIENTATIONS[gloss.orientation]
        if location.bone is not None:
            normal = self._normal(location, place)
            place = place + SKIN * normal
            directions = _into(directions, normal * torch.tensor([self.out, -1.0, 1.0]))
        shape = HANDSHAPES[gloss.handshape]
        stance = self._stance(shape, place, directions, other=_counterpart(shape))
        return replace(
            stance,
            by_head=location.bone == HEAD_BONE,
            touching=location.bone is not None,
            path=PATHS[gloss.path],
            local=LOCALS[gloss.local],
            scale=stance.scale * self.habits.size,
        )

    def beside_other(self, gloss: Gloss, *, backwards: bool) -> Stance:
        """Return this hand of two that do the same, on its own side of the middle."""
        stance = replace(self.acting(gloss), backwards=backwards)
        inward = (stance.moved(torch.linspace(0, 1, 9))[:, 0] * self.out).min()
        beside = stance.place[0] * self.out + inward
        shift = (_BETWEEN_HANDS - beside).clamp(min=0) * self.out
        return replace(stance, place=stance.place + torch.stack([shift, shift * 0, shift * 0]))

    def base(self, gloss: Gloss) -> Stance:
        """Return this hand as the one that the other acts on."""
        place = self.body.place(LOCATIONS[gloss.location], self.out)
        place[0] -= 0.08 * self.out  # before the middle, where the strong hand comes easily
        shape = HANDSHAPES[_BASES[gloss.hands]]
        return self._stance(shape, place, _BASE_DIRECTIONS[gloss.hands])

    def on(self, base: Stance, gloss: Gloss) -> Stance:
        """Return this hand acting on the other one, whose stance is given."""
        stance = self.acting(gloss)
        offset = torch.tensor(_ON_BASE[gloss.hands]) * torch.tensor([-self.out, -1.0, 1.0])
        return replace(stance, place=base.place + self.body.size * offset)

    def _stance(
        self,
        shape: Handshape,
        place: Tensor,
        directions: tuple[tuple[float, float, float], tuple[float, float, float]],
        other: Handshape = REST,
    ) -> Stance:
        own = torch.tensor([self.out, -1.0, 1.0])
        fingers, palm = (own * torch.tensor(direction) for direction in directions)
        turn = hand_turn(fingers[None], palm[None], (self.axes.fingers, self.axes.palm))[0]
        bends, spreads = self._fingers(shape)
        other_bends, other_spreads = self._fingers(other)
        return Stance(
            place=place,
            by_head=False,
            touching=False,
            contact=self._contact(shape, bends, spreads),
            turn=turn,
            bends=bends,
            spreads=spreads,
            other_bends=other_bends,
            other_spreads=other_spreads,
            path=PATHS["hold"],
            local=LOCALS["firm"],
            backwards=False,
            scale=own * self.body.size,
            swivel=self.habits.swivel,
            joints=torch.zeros(3),
        )

    def _fingers(self, shape: Handshape) -> tuple[Tensor, Tensor]:
        # nobody's shapes are quite those of the book
        bends = torch.lerp(shape.bends, REST.bends, self.habits.slack)
        return bends, shape.spreads - self.axes.apart

    def _contact(self, shape: Handshape, bends: Tensor, spreads: Tensor) -> Tensor:
        """Return the touching point (3,) from the wrist, in the reference pose."""
        skeleton, heads = self.signer.anatomy.skeleton, self.signer.heads
        pose = bend_fingers(rest_pose(skeleton, 1, heads), self.axes, bends[None], spreads[None])
        wrist = heads[skeleton.rows[f"wrist.{self.side}"]]
        if shape.contact is None:
            knuckles = [skeleton.names[self.axes.rows[finger][1]] for finger in (1, 2)]
            moved = [move_bone(skeleton, heads, pose, bone).heads[0] for bone in knuckles]
            return torch.stack(moved).mean(0) - wrist
        bone = skeleton.names[self.axes.rows[shape.contact][2]]
        tip = self.body.tips["LR".index(self.side), shape.contact]
        return move_bone(skeleton, heads, pose, bone).carried(tip[None])[0] - wrist

    def _normal(self, location: Location, place: Tensor) -> Tensor:
        """Return the direction (3,) out of the skin at a place, level with the ground."""
        if location.bone != HEAD_BONE:
            return torch.tensor([0.0, -1.0, 0.0])
        away = place - self.body.head
        away = away * torch.tensor([1.0, 1.0, 0.0])
        return away / away.norm()


def _into(
    directions: tuple[tuple[float, float, float], tuple[float, float, float]], normal: Tensor
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Turn the fingers towards the skin, for a hand that comes from within would pass the body."""
    fingers = torch.tensor(directions[0])
    fingers = fingers / fingers.norm()
    excess = (fingers @ normal + _INTO).clamp(min=0)
    out, forward, up = (fingers - excess * normal).tolist()
    return (out, forward, up), directions[1]


def _counterpart(shape: Handshape) -> Handshape:
    bent = float(shape.bends[1:, :2].mean())
    return _OTHER["open"] if bent > 0.5 else _OTHER["closed"]
