"""The skeleton: bones by name, local rotations to bone motions, axes along which fingers bend.

Space: metres, z up, the signer faces -y and their left is +x. A pose is one rotation a bone in
axes aligned with the world; the identity is the reference pose, arms 45 degrees down. How limbs
reach a place is in limbs.py; vertices follow in skin.py.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import torch
from torch import Tensor

SIDES = ("L", "R")
NUM_FINGERS = 5  # thumb, index, middle, ring, little
NUM_FINGER_JOINTS = 3  # from the palm outwards


@dataclass(frozen=True)
class Skeleton:
    """Bones as a tree in which a parent stands before its children.

    names, parents: one a bone, -1 for the root's parent.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]

    @cached_property
    def rows(self) -> dict[str, int]:
        """The row of each bone."""
        return {name: row for row, name in enumerate(self.names)}

    @cached_property
    def levels(self) -> tuple[Tensor, Tensor, tuple[int, ...]]:
        """Bones in an order in which those that can be posed together stand together.

        Returns their rows (J,), where each one's parent stands among the bones of the level before
        it (J,), and the levels' sizes, the root's first.
        """
        depth = [0] * len(self.names)
        for bone, parent in enumerate(self.parents):
            depth[bone] = 0 if parent < 0 else depth[parent] + 1
        levels = [[b for b, d in enumerate(depth) if d == n] for n in range(max(depth) + 1)]
        above = [0] + [
            before.index(self.parents[bone]) for before, level in pairwise(levels) for bone in level
        ]
        order = [bone for level in levels for bone in level]
        return torch.tensor(order), torch.tensor(above), tuple(map(len, levels))

    def chain(self, bone: str) -> list[int]:
        """Return the rows from the root to a bone, itself included."""
        rows = [self.rows[bone]]
        while self.parents[rows[-1]] >= 0:
            rows.append(self.parents[rows[-1]])
        return rows[::-1]

    def fingers(self, side: str) -> list[list[int]]:
        """Return the rows of a hand's finger bones, [finger][joint]."""
        return [
            [
                self.rows[f"finger{finger + 1}-{joint + 1}.{side}"]
                for joint in range(NUM_FINGER_JOINTS)
            ]
            for finger in range(NUM_FINGERS)
        ]


@dataclass(frozen=True)
class BoneMotion:
    """Where the bones are: turns (T, J, 3, 3) from the reference pose, heads (T, J, 3)."""

    turns: Tensor
    heads: Tensor


def rest_pose(skeleton: Skeleton, num_frames: int, like: Tensor) -> Tensor:
    """Return identity rotations (T, J, 3, 3) of the dtype and device of ``like``."""
    eye = torch.eye(3, dtype=like.dtype, device=like.device)
    return eye.repeat(num_frames, len(skeleton.names), 1, 1)


def move_bones(
    skeleton: Skeleton, heads: Tensor, rotations: Tensor, root: Tensor | None = None
) -> BoneMotion:
    """Return the bones' motion under local rotations (forward kinematics).

    heads (J, 3): joints in the reference pose; rotations (T, J, 3, 3); root (T, 3): how far the
    whole body is moved.
    """
    order, above, sizes = skeleton.levels
    order = order.to(heads.device)
    local = rotations[:, order].split(sizes, 1)
    parents = torch.tensor(skeleton.parents).to(heads.device)
    offsets = (heads - heads[parents.clamp(min=0)])[order, :, None].split(sizes)
    turns = [local[0]]
    places = [heads[:1].expand(len(rotations), 1, 3) + (0 if root is None else root[:, None])]
    for at, turn, offset in zip(
        above.to(heads.device).split(sizes)[1:], local[1:], offsets[1:], strict=True
    ):
        base = turns[-1][:, at]
        places.append(places[-1][:, at] + (base @ offset)[..., 0])
        turns.append(base @ turn)
    back = order.argsort()
    return BoneMotion(torch.cat(turns, 1)[:, back], torch.cat(places, 1)[:, back])


@dataclass(frozen=True)
class Carrier:
    """One bone as what is fixed to it sees it: at (3,) in the reference pose, turns (T, 3, 3) from
    there, heads (T, 3).
    """

    at: Tensor
    turns: Tensor
    heads: Tensor

    def carried(self, places: Tensor) -> Tensor:
        """Return where the bone takes places (T, 3) of the reference pose."""
        return (self.turns @ (places - self.at)[..., None])[..., 0] + self.heads

    def put_down(self, places: Tensor) -> Tensor:
        """Return where places (T, 3) on the bone are in the reference pose."""
        return (self.turns.mT @ (places - self.heads)[..., None])[..., 0] + self.at


def move_bone(skeleton: Skeleton, heads: Tensor, rotations: Tensor, bone: str) -> Carrier:
    """Return the motion of one bone, as move_bones does of all; arguments as there."""
    chain = skeleton.chain(bone)
    turn, place = rotations[:, chain[0]], heads[chain[0]].expand(len(rotations), 3)
    for parent, child in pairwise(chain):
        place = place + turn @ (heads[child] - heads[parent])
        turn = turn @ rotations[:, child]
    return Carrier(heads[chain[-1]], turn, place)


def rotation_about(axis: Tensor, angle: Tensor) -> Tensor:
    """Return rotation matrices (..., 3, 3) about unit axes (..., 3) by angles (...) in radians."""
    x, y, z = axis.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).unflatten(-1, (3, 3))
    eye = torch.eye(3, dtype=axis.dtype, device=axis.device)
    sine, cosine = angle.sin()[..., None, None], angle.cos()[..., None, None]
    return eye + sine * cross + (1 - cosine) * (cross @ cross)  # Rodrigues' formula


def turning_vectors(turns: Tensor) -> Tensor:
    """Return the axes of turns (N, 3, 3), 2 sin(angle) long, (N, 3)."""
    return torch.stack(
        [
            turns[:, 2, 1] - turns[:, 1, 2],
            turns[:, 0, 2] - turns[:, 2, 0],
            turns[:, 1, 0] - turns[:, 0, 1],
        ],
        1,
    )


@dataclass(frozen=True)
class HandAxes:
    """The axes of one hand in the reference pose.

    rows (5, 3): bones; flexion (5, 3, 3): turning about it by a positive angle bends a joint
    towards the palm; spread (5, 3): by a positive angle moves a finger towards the thumb's side,
    and the thumb away from the palm;
    palm (3,): out of the palm; fingers (3,): from the wrist to the middle knuckle; apart (5,): by
    how much the reference hand is spread already (spreading by its negative closes the hand).
    """

    rows: list[list[int]]
    flexion: Tensor
    spread: Tensor
    palm: Tensor
    fingers: Tensor
    apart: Tensor


def hand_axes(skeleton: Skeleton, heads: Tensor, side: str) -> HandAxes:
    """Return a hand's axes from the joints (J, 3) of the reference pose."""
    rows = skeleton.fingers(side)
    joints = heads[torch.tensor(rows, device=heads.device)]  # (5, 3, 3)
    knuckles = joints[1:, 0]
    wrist = heads[skeleton.rows[f"wrist.{side}"]]
    fingers = _unit(knuckles[1] - wrist)
    across = knuckles[0] - knuckles[3]  # towards the thumb
    handed = 1.0 if side == "L" else -1.0
    palm = _unit(torch.linalg.cross(fingers, across)) * handed
    along = _unit(torch.cat([joints[:, 1:] - joints[:, :-1], joints[:, 2:] - joints[:, 1:2]], 1))
    flexion = _unit(torch.linalg.cross(along, palm.expand_as(along)))
    # the thumb's pad looks half across the palm, half out of it
    pad = _unit(palm - _unit(across))
    flexion = torch.cat([_unit(torch.linalg.cross(along[:1], pad.expand(1, 3, 3))), flexion[1:]])
    spread = _unit(torch.linalg.cross(along[:, 0], _unit(across).expand(NUM_FINGERS, 3)))
    thumb = handed * _unit(torch.linalg.cross(flexion[0, 0], along[0, 0]))
    spread = torch.cat([thumb[None], spread[1:]])
    return HandAxes(rows, flexion, spread, palm, fingers, _apart(along[:, 0], palm, _unit(across)))


def _apart(along: Tensor, palm: Tensor, towards_thumb: Tensor) -> Tensor:
    flat = along[1:] - (along[1:] @ palm)[:, None] * palm
    angles = (flat @ towards_thumb / flat.norm(dim=1)).asin()
    return torch.cat([angles.new_zeros(1), angles - angles[1]])


def bend_fingers(rotations: Tensor, axes: HandAxes, bends: Tensor, spreads: Tensor) -> Tensor:
    """Return the pose with one hand's fingers set, in place of what stood there.

    rotations (T, J, 3, 3); bends (T, 5, 3) and spreads (T, 5): radians.
    """
    turned = rotation_about(axes.flexion.expand(len(bends), -1, -1, -1), bends)
    spread = rotation_about(axes.spread.expand(len(bends), -1, -1), spreads)
    turned = torch.cat([(spread @ turned[:, :, 0])[:, :, None], turned[:, :, 1:]], 2)
    posed = rotations.clone()
    posed[:, torch.tensor(axes.rows, device=posed.device).flatten()] = turned.flatten(1, 2)
    return posed


def _unit(vectors: Tensor) -> Tensor:
    return vectors / vectors.norm(dim=-1, keepdim=True)
