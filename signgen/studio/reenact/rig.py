"""The rig as few numbers a frame: what each of them turns, how far it can, where points then are.

Differentiable and small, for a fit over many frames at once; ``rotations`` gives the same pose to
the rest of the studio. Rows of two are the left and the right side.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from pose_sequences.layout import layout
from signgen.studio.bearing import NECK, SPINE
from signgen.studio.comfort import ASIDE, BEND, TWIST
from signgen.studio.factory import Signer
from signgen.studio.keypoints import LAYOUT, bundled_correspondence
from signgen.studio.kinematics import (
    NUM_FINGER_JOINTS,
    NUM_FINGERS,
    SIDES,
    HandAxes,
    hand_axes,
    rest_pose,
)
from signgen.studio.limbs import BLADE_SHARE, FOREARM_SHARE
from signgen.studio.locations import BodyMap

_SIZES = {
    "root": (3,),
    "trunk": (3,),
    "head": (3,),
    "collar": (2, 2),
    "swing": (2, 2),
    "twist": (2,),
    "elbow": (2,),
    "forearm": (2,),
    "wrist": (2, 2),
    "bends": (2, NUM_FINGERS, NUM_FINGER_JOINTS),
    "spreads": (2, NUM_FINGERS),
}
_ARM = ("clavicle", "shoulder01", "upperarm01", "upperarm02", "lowerarm01", "lowerarm02", "wrist")
_FLEXED = 1.35  # radians of the wrist towards the palm
_STRAIGHT, _FOLDED = -0.03, 2.55  # radians between upper arm and forearm


@dataclass(frozen=True)
class Numbers:
    """T frames of the rig by name; angles in radians.

    root (T, 3): metres; trunk, head (T, 3): forward, to the left, tilted to the left; collar (T, 2,
    2): lift, forward; swing (T, 2, 2): of the upper arm, upwards and forward; twist, elbow,
    forearm (T, 2); wrist (T, 2, 2): bend to the back and aside; bends (T, 2, 5, 3) and spreads
    (T, 2, 5): of the fingers, as in bend_fingers.
    """

    root: Tensor
    trunk: Tensor
    head: Tensor
    collar: Tensor
    swing: Tensor
    twist: Tensor
    elbow: Tensor
    forearm: Tensor
    wrist: Tensor
    bends: Tensor
    spreads: Tensor

    @classmethod
    def of(cls, flat: Tensor) -> "Numbers":
        """Name the columns (T, N)."""
        parts = flat.split([torch.Size(size).numel() for size in _SIZES.values()], 1)
        sizes = _SIZES.values()
        return cls(*(p.unflatten(1, size) for p, size in zip(parts, sizes, strict=True)))

    def flat(self) -> Tensor:
        """Return the columns (T, N)."""
        return torch.cat([getattr(self, name).flatten(1) for name in _SIZES], 1)


def table(**values: object) -> Tensor:
    """Return a row (N,) from a value, or values that fit, for each name; 0 where none is given."""
    blank = Numbers.of(torch.zeros(1, NUM_NUMBERS))
    for name, value in values.items():
        getattr(blank, name)[0] = torch.as_tensor(value)
    return blank.flat()[0]


NUM_NUMBERS = sum(torch.Size(size).numel() for size in _SIZES.values())


@dataclass(frozen=True)
class Places:
    """Where T frames of the rig are, in metres of the world.

    shoulders, elbows (T, 2, 3); hands (T, 2, 21, 3): as MediaPipe's; face (T, P, 3): the chosen
    points of the face mesh, the face at rest; chest, head (T, 3, 3): turns; chest_at, head_at (T,
    3): where these bones are.
    """

    shoulders: Tensor
    elbows: Tensor
    hands: Tensor
    face: Tensor
    chest: Tensor
    chest_at: Tensor
    head: Tensor
    head_at: Tensor


@dataclass(frozen=True)
class Hinge:
    """Axes (..., 3) as what Rodrigues' formula takes of them."""

    cross: Tensor
    squared: Tensor

    @classmethod
    def about(cls, axes: Tensor) -> "Hinge":
        """Return the hinges of unit axes."""
        cross = _cross(axes)
        return cls(cross, cross @ cross)

    def turn(self, angles: Tensor) -> Tensor:
        """Return rotations (..., 3, 3)."""
        sine, lost = angles.sin()[..., None, None], (1 - angles.cos())[..., None, None]
        return _eye(angles) + sine * self.cross + lost * self.squared


@dataclass(frozen=True)
class Rig:
    """A signer's bones, ready to be moved.

    face_points: which points of the face mesh are wanted.
    """

    signer: Signer
    body: BodyMap
    face_points: Tensor

    @classmethod
    def of(cls, signer: Signer, face_points: Tensor) -> "Rig":
        """Measure a signer."""
        return cls(signer, BodyMap.of(signer), face_points)

    @cached_property
    def limits(self) -> Tensor:
        """The least and the greatest of each number (2, N)."""
        least = table(
            root=-torch.inf,
            trunk=(-0.35, -0.7, -0.35),
            head=(-0.7, -1.3, -0.6),
            collar=(-0.15, -0.30),
            swing=(-0.75, -0.75),
            twist=-1.5,
            elbow=_STRAIGHT - self._elbow_rest,
            forearm=-TWIST,
            wrist=(-_FLEXED, -ASIDE),
            bends=_finger_table((-0.6, -0.7, -0.5), (-0.35, 0.0, -0.1)),
            spreads=self._spread_table((-1.0, -0.25, -0.25, -0.3, -0.45)),
        )
        most = table(
            root=torch.inf,
            trunk=(0.45, 0.7, 0.35),
            head=(0.7, 1.3, 0.6),
            collar=(0.45, 0.35),
            swing=(1.9, 2.1),
            twist=1.5,
            elbow=_FOLDED - self._elbow_rest,
            forearm=TWIST,
            wrist=(BEND, ASIDE),
            bends=_finger_table((0.7, 1.1, 1.3), (1.6, 1.9, 1.3)),
            spreads=self._spread_table((0.7, 0.45, 0.3, 0.3, 0.3)),
        )
        return torch.stack([least, most])

    @cached_property
    def at_ease(self) -> Tensor:
        """The numbers (N,) of a signer whose arms hang and whose hands are slack."""
        return table(
            swing=(-0.45, 0.1),
            elbow=0.35 - self._elbow_rest,
            bends=_finger_table((0.05, 0.1, 0.15), (0.35, 0.35, 0.2)),
            spreads=self._spread_table((-0.2, 0.03, 0.0, -0.02, -0.04)),
        )

    def move(self, numbers: Numbers, hand_scale: Tensor | float = 1.0) -> Places:
        """Return where T frames of numbers put the points; hand_scale: of both hands."""
        chest, chest_at, head, head_at = self._spine(numbers)
        turn, place = self._arm_turns(numbers), chest_at[:, None]
        now, at = chest[:, None], self._heads[_ARM[0]]
        place = place + (now @ (at - self._spine_heads[4])[..., None])[..., 0]
        stations = []
        for name, after in zip(_ARM, (*_ARM[1:], None), strict=True):
            now = now @ turn[name]
            stations.append(place)
            if after:
                offset = self._heads[after] - self._heads[name]
                place = place + (now @ offset[..., None])[..., 0]
        hands = self._hands(numbers, now * hand_scale, place)
        offset = self._face - self._spine_heads[-1]
        face = head_at[:, None] + (head[:, None] @ offset[..., None])[..., 0]
        return Places(stations[2], stations[4], hands, face, chest, chest_at, head, head_at)

    @cached_property
    def offsets(self) -> Tensor:
        """From the rig's shoulders and elbows to MediaPipe's (2, 2, 3), in the chest's axes."""
        rows = layout(LAYOUT).find(
            tuple(f"body.{side}_{j}" for j in ("shoulder", "elbow") for side in ("left", "right"))
        )
        return bundled_correspondence().offsets[torch.from_numpy(rows)].unflatten(0, (2, 2))

    @cached_property
    def body_shoulders(self) -> Tensor:
        """The shoulders that MediaPipe sees of the signer at rest, (2, 3)."""
        return self._heads["upperarm01"] + self.offsets[0]

    @cached_property
    def chest_rest(self) -> Tensor:
        """Where the chest's bone is in the reference pose (3,)."""
        return self._spine_heads[len(SPINE) - 1]

    @cached_property
    def head_rest(self) -> Tensor:
        """Where the head's bone is in the reference pose (3,)."""
        return self._spine_heads[-1]

    def rotations(self, numbers: Numbers, hand_scale: float = 1.0) -> Tensor:
        """Return the pose (T, J, 3, 3) as kinematics.py takes it, wrists scaled by hand_scale."""
        skeleton, heads = self.signer.anatomy.skeleton, self.signer.heads
        posed = rest_pose(skeleton, len(numbers.root), heads)
        spine = self._spine_turns(numbers)
        for n, bone in enumerate((*SPINE, *NECK)):
            posed[:, skeleton.rows[bone]] = spine[:, n]
        arm = self._arm_turns(numbers)
        arm["wrist"] = arm["wrist"] * hand_scale
        fingers = self._finger_turns(numbers)
        for side, letter in enumerate(SIDES):
            for name, turn in arm.items():
                posed[:, skeleton.rows[f"{name}.{letter}"]] = turn[:, side]
            rows = torch.tensor(self._axes[side].rows).flatten()
            posed[:, rows] = fingers[:, side].flatten(1, 2)
        return posed

    # the spine

    @cached_property
    def _spine_heads(self) -> Tensor:
        rows = self.signer.anatomy.skeleton.rows
        return self.signer.heads[[rows[bone] for bone in (*SPINE, *NECK)]]

    @cached_property
    def _face(self) -> Tensor:
        return self.body.face[self.face_points]

    def _spine_turns(self, numbers: Numbers) -> Tensor:
        trunk = numbers.trunk[:, None] * numbers.trunk.new_tensor([*SPINE.values()])[:, None]
        neck = numbers.head[:, None] * numbers.head.new_tensor([*NECK.values()])[:, None]
        angles = torch.cat([trunk, neck], 1)
        pitch, yaw, roll = (h.turn(angles[..., n]) for n, h in enumerate(_SPINE_HINGES))
        return yaw @ pitch @ roll

    def _spine(self, numbers: Numbers) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the chest's and the head's turn (T, 3, 3) and place (T, 3)."""
        turns = self._spine_turns(numbers)
        place = self._spine_heads[0] + numbers.root
        now = turns[:, 0]
        states = [(now, place)]
        for n in range(1, turns.shape[1]):
            offset = self._spine_heads[n] - self._spine_heads[n - 1]
            place = place + now @ offset
            now = now @ turns[:, n]
            states.append((now, place))
        return *states[len(SPINE) - 1], *states[-1]

    # the arms

    @cached_property
    def _axes(self) -> tuple[HandAxes, HandAxes]:
        left, right = (
            hand_axes(self.signer.anatomy.skeleton, self.signer.heads, side) for side in SIDES
        )
        return left, right

    @cached_property
    def _heads(self) -> dict[str, Tensor]:
        rows = self.signer.anatomy.skeleton.rows
        return {
            name: torch.stack([self.signer.heads[rows[f"{name}.{side}"]] for side in SIDES])
            for name in _ARM
        }

    @cached_property
    def _bones(self) -> tuple[Tensor, Tensor]:
        """The directions (2, 3) of upper arm and forearm in the reference pose."""
        heads = self._heads
        upper = heads["lowerarm01"] - heads["upperarm01"]
        lower = heads["wrist"] - heads["lowerarm01"]
        return _unit(upper), _unit(lower)

    @cached_property
    def _elbow_rest(self) -> float:
        upper, lower = self._bones
        return float((upper * lower).sum(1).mean().acos())

    @cached_property
    def _swing_axes(self) -> Tensor:
        """What the upper arm is swung about (2, 2, 3): upwards, forward; both square to it."""
        upper, _ = self._bones
        towards = torch.tensor([[0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
        return _unit(torch.linalg.cross(upper[:, None].expand(2, 2, 3), towards.expand(2, 2, 3)))

    @cached_property
    def _hinges(self) -> dict[str, Hinge]:
        upper, lower = self._bones
        handed = torch.tensor([[1.0], [-1.0]])
        palm = torch.stack([axes.palm for axes in self._axes])
        palm = _unit(palm - (palm * lower).sum(1, keepdim=True) * lower)
        return {
            "lift": Hinge.about(torch.tensor([0.0, 1.0, 0.0]) * -handed),
            "forward": Hinge.about(torch.tensor([0.0, 0.0, 1.0]) * -handed),
            "twist": Hinge.about(upper * handed),
            "elbow": Hinge.about(_unit(torch.linalg.cross(upper, lower))),
            "forearm": Hinge.about(lower * handed),
            "bend": Hinge.about(torch.linalg.cross(palm, lower)),
            "aside": Hinge.about(-palm * handed),
        }

    def _arm_turns(self, numbers: Numbers) -> dict[str, Tensor]:
        hinges = self._hinges
        swing = (numbers.swing[..., None] * self._swing_axes).sum(2)
        half = hinges["twist"].turn(numbers.twist / 2)
        forearm = hinges["forearm"].turn(FOREARM_SHARE * numbers.forearm)
        wrist = hinges["forearm"].turn((1 - FOREARM_SHARE) * numbers.forearm)
        wrist = wrist @ hinges["bend"].turn(numbers.wrist[..., 0])
        return {
            "clavicle": hinges["lift"].turn(numbers.collar[..., 0])
            @ hinges["forward"].turn(numbers.collar[..., 1]),
            "shoulder01": _turned(BLADE_SHARE * swing),
            "upperarm01": _turned((1 - BLADE_SHARE) * swing) @ half,
            "upperarm02": half,
            "lowerarm01": hinges["elbow"].turn(numbers.elbow),
            "lowerarm02": forearm,
            "wrist": wrist @ hinges["aside"].turn(numbers.wrist[..., 1]),
        }

    # the hands

    @cached_property
    def _hand_heads(self) -> Tensor:
        """Joints and tips of the fingers (2, 5, 4, 3) in the reference pose."""
        rows = torch.tensor([axes.rows for axes in self._axes])
        return torch.cat([self.signer.heads[rows], self.body.tips[:, :, None]], 2)

    @cached_property
    def _finger_hinges(self) -> tuple[Hinge, Hinge]:
        flexion = torch.stack([axes.flexion for axes in self._axes])
        return Hinge.about(flexion), Hinge.about(torch.stack([a.spread for a in self._axes]))

    def _spread_table(self, spreads: tuple[float, ...]) -> Tensor:
        return torch.tensor(spreads) - torch.stack([axes.apart for axes in self._axes])

    def _finger_turns(self, numbers: Numbers) -> Tensor:
        """Return the fingers' local turns (T, 2, 5, 3, 3, 3)."""
        flexion, spread = self._finger_hinges
        bent = flexion.turn(numbers.bends)
        first = spread.turn(numbers.spreads) @ bent[..., 0, :, :]
        return torch.cat([first[..., None, :, :], bent[..., 1:, :, :]], 3)

    def _hands(self, numbers: Numbers, turn: Tensor, wrist: Tensor) -> Tensor:
        local, heads = self._finger_turns(numbers), self._hand_heads
        offset = heads[:, :, 0] - self._heads["wrist"][:, None]
        now = turn[:, :, None]
        place = wrist[:, :, None] + (now @ offset[..., None])[..., 0]
        joints = [place]
        for n in range(NUM_FINGER_JOINTS):
            now = now @ local[..., n, :, :]
            offset = heads[:, :, n + 1] - heads[:, :, n]
            place = place + (now @ offset[..., None])[..., 0]
            joints.append(place)
        return torch.cat([wrist[:, :, None], torch.stack(joints, 3).flatten(2, 3)], 2)


def _finger_table(thumb: tuple[float, ...], finger: tuple[float, ...]) -> Tensor:
    return torch.tensor([thumb] + [finger] * (NUM_FINGERS - 1))


def _cross(vectors: Tensor) -> Tensor:
    x, y, z = vectors.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).unflatten(-1, (3, 3))


def _turned(vectors: Tensor) -> Tensor:
    """Return rotations (..., 3, 3) about vectors (..., 3) by their lengths, smooth at zero."""
    squared = (vectors**2).sum(-1)[..., None, None] + 1e-8
    angle, cross = squared.sqrt(), _cross(vectors)
    turned = angle.sin() / angle * cross + (1 - angle.cos()) / squared * (cross @ cross)
    return _eye(vectors) + turned


def _eye(like: Tensor) -> Tensor:
    return torch.eye(3, dtype=like.dtype, device=like.device)


def _unit(vectors: Tensor) -> Tensor:
    return vectors / vectors.norm(dim=-1, keepdim=True)


_SPINE_HINGES = tuple(Hinge.about(axis) for axis in torch.eye(3)[[0, 2, 1]])
