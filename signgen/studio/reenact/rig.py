"""The rig of one signer: how far its numbers can go, where they put the points of body and hands.

``rotations`` gives the same pose to the rest of the studio.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from pose_sequences.layout import layout
from signgen.studio.bearing import SPINE
from signgen.studio.comfort import Solid, solids
from signgen.studio.factory import Signer
from signgen.studio.keypoints import LAYOUT, bundled_correspondence
from signgen.studio.kinematics import NUM_FINGER_JOINTS, NUM_FINGERS, SIDES, rest_pose
from signgen.studio.locations import BodyMap
from signgen.studio.reenact.joints import ARM, COLUMN, Joints
from signgen.studio.reenact.numbers import Numbers, table

# The ends of an adult's range, where comfort.py keeps a little inside: radians of the wrist towards
# the palm, to the back and aside, and of the forearm's twist.
_FLEXED, _EXTENDED, _ASIDE, _TWIST = 1.45, 1.3, 0.65, 1.6
_STRAIGHT, _FOLDED = -0.03, 2.55  # radians between upper arm and forearm


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
class Rig:
    """A signer's bones, ready to be moved.

    face_points: which points of the face mesh are wanted.
    """

    signer: Signer
    joints: Joints
    body: BodyMap
    face_points: Tensor

    @classmethod
    def of(cls, signer: Signer, face_points: Tensor) -> "Rig":
        """Measure a signer."""
        return cls(signer, Joints(signer), BodyMap.of(signer), face_points)

    @cached_property
    def limits(self) -> Tensor:
        """The least and the greatest of each number (2, N)."""
        bent = self.joints.elbow_rest
        least = table(
            root=-torch.inf,
            trunk=(-0.35, -0.7, -0.35),
            head=(-0.7, -1.3, -0.6),
            collar=(-0.15, -0.30),
            swing=(-0.75, -0.75),
            twist=-1.5,
            elbow=_STRAIGHT - bent,
            forearm=-_TWIST,
            wrist=(-_FLEXED, -_ASIDE),
            bends=_fingers((-0.6, -0.7, -0.5), (-0.35, 0.0, -0.1)),
            spreads=self._spread((-1.0, -0.25, -0.25, -0.3, -0.45)),
        )
        most = table(
            root=torch.inf,
            trunk=(0.45, 0.7, 0.35),
            head=(0.7, 1.3, 0.6),
            collar=(0.45, 0.35),
            swing=(1.9, 2.1),
            twist=1.5,
            elbow=_FOLDED - bent,
            forearm=_TWIST,
            wrist=(_EXTENDED, _ASIDE),
            bends=_fingers((0.7, 1.1, 1.3), (1.6, 1.9, 1.3)),
            spreads=self._spread((0.7, 0.45, 0.3, 0.3, 0.3)),
        )
        return torch.stack([least, most])

    @cached_property
    def at_ease(self) -> Tensor:
        """The numbers (N,) of a signer whose arms hang and whose hands are slack."""
        return table(
            swing=(-0.45, 0.1),
            elbow=0.35 - self.joints.elbow_rest,
            bends=_fingers((0.05, 0.1, 0.15), (0.35, 0.35, 0.2)),
            spreads=self._spread((-0.2, 0.03, 0.0, -0.02, -0.04)),
        )

    def move(self, numbers: Tensor, hand_scale: Tensor | float = 1.0) -> Places:
        """Return where T frames of numbers (T, N) put the points; hand_scale: of both hands."""
        turns, root = self.joints.turn(numbers), Numbers.of(numbers).root
        column = _framed(turns.column, self._column_offsets)
        now, states = column[:, 0], []
        for bone in range(1, len(COLUMN)):
            states.append(now)
            now = now @ column[:, bone]
        chest, head = states[len(SPINE) - 1], now
        arms = _framed(turns.arms, self._arm_offsets)
        now, states = chest[:, None], []
        for bone in range(len(ARM)):
            now = now @ arms[:, :, bone]
            states.append(now)
        wrist = torch.cat([now[..., :3] * hand_scale, now[..., 3:]], -1)
        stations = [state[..., :3, 3] for state in states]
        shoulders, elbows = (stations[ARM.index(n)] for n in ("upperarm01", "lowerarm01"))
        hands = self._hands(_framed(turns.fingers, self._finger_offsets), wrist)
        face = self._face @ head[:, :3, :3].mT + head[:, None, :3, 3]
        return Places(
            shoulders=shoulders + root[:, None],
            elbows=elbows + root[:, None],
            hands=hands + root[:, None, None],
            face=face + root[:, None],
            chest=chest[:, :3, :3],
            chest_at=chest[:, :3, 3] + root,
            head=head[:, :3, :3],
            head_at=head[:, :3, 3] + root,
        )

    def _hands(self, fingers: Tensor, wrist: Tensor) -> Tensor:
        now, joints = wrist[:, :, None], []
        for joint in range(NUM_FINGER_JOINTS):
            now = now @ fingers[:, :, :, joint]
            joints.append(now[..., :3, 3])
        joints.append((now[..., :3, :3] @ self._tips[..., None])[..., 0] + now[..., :3, 3])
        points = torch.stack(joints, 3).flatten(2, 3)  # (T, 2, 20, 3)
        return torch.cat([wrist[:, :, None, :3, 3], points], 2)

    def rotations(self, numbers: Tensor, hand_scale: float = 1.0) -> Tensor:
        """Return the pose (T, J, 3, 3) as kinematics.py takes it, wrists scaled by hand_scale."""
        skeleton = self.signer.anatomy.skeleton
        posed = rest_pose(skeleton, len(numbers), self.signer.heads)
        turns = self.joints.turn(numbers)
        posed[:, [skeleton.rows[bone] for bone in COLUMN]] = turns.column
        for side, letter in enumerate(SIDES):
            posed[:, [skeleton.rows[f"{bone}.{letter}"] for bone in ARM]] = turns.arms[:, side]
            posed[:, skeleton.rows[f"wrist.{letter}"]] *= hand_scale
            rows = torch.tensor(self.joints.hands[side].rows).flatten()
            posed[:, rows] = turns.fingers[:, side].flatten(1, 2)
        return posed

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
        return self.joints.heads["upperarm01"] + self.offsets[0]

    @cached_property
    def solids(self) -> tuple[tuple[Solid, ...], tuple[Solid, ...]]:
        """What the left and the right hand do not enter."""
        return solids(self.body, 1.0), solids(self.body, -1.0)

    @cached_property
    def chest_rest(self) -> Tensor:
        """Where the chest's bone is in the reference pose (3,)."""
        return self._column_heads[len(SPINE) - 1]

    @cached_property
    def head_rest(self) -> Tensor:
        """Where the head's bone is in the reference pose (3,)."""
        return self._column_heads[-1]

    @cached_property
    def _column_heads(self) -> Tensor:
        rows = self.signer.anatomy.skeleton.rows
        return self.signer.heads[[rows[bone] for bone in COLUMN]]

    @cached_property
    def _column_offsets(self) -> Tensor:
        heads = self._column_heads
        return torch.cat([heads[:1], heads.diff(dim=0)])

    @cached_property
    def _arm_offsets(self) -> Tensor:
        heads = torch.stack([self.joints.heads[bone] for bone in ARM], 1)  # (2, 7, 3)
        return torch.cat([heads[:, :1] - self.chest_rest, heads.diff(dim=1)], 1)

    @cached_property
    def _finger_offsets(self) -> Tensor:
        heads = self._finger_heads  # (2, 5, 3, 3)
        wrists = self.joints.heads["wrist"][:, None, None]
        return torch.cat([heads[:, :, :1] - wrists, heads.diff(dim=2)], 2)

    @cached_property
    def _finger_heads(self) -> Tensor:
        return self.signer.heads[torch.tensor([axes.rows for axes in self.joints.hands])]

    @cached_property
    def _tips(self) -> Tensor:
        return self.body.tips - self._finger_heads[:, :, -1]

    @cached_property
    def _face(self) -> Tensor:
        return self.body.face[self.face_points] - self.head_rest

    def _spread(self, spreads: tuple[float, ...]) -> Tensor:
        return torch.tensor(spreads) - torch.stack([axes.apart for axes in self.joints.hands])


def _fingers(thumb: tuple[float, ...], finger: tuple[float, ...]) -> Tensor:
    return torch.tensor([thumb] + [finger] * (NUM_FINGERS - 1))


def _framed(turns: Tensor, offsets: Tensor) -> Tensor:
    """Return turns (T, ..., 3, 3) after offsets (..., 3) as matrices (T, ..., 4, 4)."""
    shifted = torch.cat([turns, offsets[..., None].expand(*turns.shape[:-1], 1)], -1)
    last = turns.new_tensor([0.0, 0.0, 0.0, 1.0]).expand(*turns.shape[:-2], 1, 4)
    return torch.cat([shifted, last], -2)
