"""The joints of one signer: what each number turns, about which axis and by which share.

Differentiable and small: all hinges turn at once, since a fit asks for them some hundred times.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from signgen.studio.bearing import NECK, SPINE
from signgen.studio.factory import Signer
from signgen.studio.kinematics import SIDES, HandAxes, hand_axes
from signgen.studio.limbs import BLADE_SHARE, FOREARM_SHARE
from signgen.studio.reenact.numbers import NUM_NUMBERS, Numbers

COLUMN = (*SPINE, *NECK)  # from the hips to the head
ARM = ("clavicle", "shoulder01", "upperarm01", "upperarm02", "lowerarm01", "lowerarm02", "wrist")


@dataclass(frozen=True)
class Turns:
    """Local turns of T frames: column (T, 9, 3, 3), arms (T, 2, 7, 3, 3), fingers (T, 2, 5, 3, 3,
    3), in the order of COLUMN, ARM and HandAxes.rows.
    """

    column: Tensor
    arms: Tensor
    fingers: Tensor


@dataclass(frozen=True)
class _Hinges:
    # columns, shares (...): which number turns it, and by how much; axes (..., 3)
    columns: Tensor
    shares: Tensor
    axes: Tensor


@dataclass(frozen=True)
class Joints:
    """The joints of a signer."""

    signer: Signer

    def turn(self, numbers: Tensor) -> Turns:
        """Return the turns of T frames of numbers (T, N)."""
        columns, shares, cross, squared = self._table
        angles = (numbers[:, columns] * shares)[..., None, None]
        every = torch.eye(3) + angles.sin() * cross + (1 - angles.cos()) * squared
        blocks = self._hinges
        parts = every.split([block.columns.numel() for block in blocks.values()], 1)
        turn = {
            name: part.unflatten(1, block.columns.shape)
            for (name, block), part in zip(blocks.items(), parts, strict=True)
        }
        first = turn["spread"] @ turn["bend"][..., 0, :, :]
        return Turns(
            column=turn["yaw"] @ turn["pitch"] @ turn["roll"],
            arms=self._arms(numbers, turn),
            fingers=torch.cat([first[..., None, :, :], turn["bend"][..., 1:, :, :]], 3),
        )

    def _arms(self, numbers: Tensor, turn: dict[str, Tensor]) -> Tensor:
        swing = (Numbers.of(numbers).swing[..., None] * self._swing_axes).sum(2)
        shares = swing.new_tensor([BLADE_SHARE, 1 - BLADE_SHARE])
        blade, upper = _turned(swing[:, :, None] * shares[:, None]).unbind(2)
        half = turn["half twist"]
        wrist = turn["hand twist"] @ turn["back"] @ turn["aside"]
        bones = (
            turn["lift"] @ turn["forward"],
            blade,
            upper @ half,
            half,
            turn["elbow"],
            turn["forearm"],
            wrist,
        )
        return torch.stack(bones, 2)

    @cached_property
    def hands(self) -> tuple[HandAxes, HandAxes]:
        """The axes of the left and the right hand."""
        left, right = (
            hand_axes(self.signer.anatomy.skeleton, self.signer.heads, side) for side in SIDES
        )
        return left, right

    @cached_property
    def heads(self) -> dict[str, Tensor]:
        """The joints of the arms in the reference pose, (2, 3) by name."""
        rows = self.signer.anatomy.skeleton.rows
        return {
            name: torch.stack([self.signer.heads[rows[f"{name}.{side}"]] for side in SIDES])
            for name in ARM
        }

    @cached_property
    def elbow_rest(self) -> float:
        """By how much elbows are bent in the reference pose."""
        upper, lower = self._bones
        return float((upper * lower).sum(1).mean().acos())

    @cached_property
    def _bones(self) -> tuple[Tensor, Tensor]:
        """The directions (2, 3) of upper arm and forearm in the reference pose."""
        heads = self.heads
        upper = heads["lowerarm01"] - heads["upperarm01"]
        lower = heads["wrist"] - heads["lowerarm01"]
        return _unit(upper), _unit(lower)

    @cached_property
    def _swing_axes(self) -> Tensor:
        """What the upper arm is swung about (2, 2, 3): upwards, forward; both square to it."""
        upper, _ = self._bones
        towards = torch.tensor([[0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
        return _unit(torch.linalg.cross(upper[:, None].expand(2, 2, 3), towards.expand(2, 2, 3)))

    @cached_property
    def _hinges(self) -> dict[str, _Hinges]:
        column = Numbers.of(torch.arange(NUM_NUMBERS)[None])
        upper, lower = self._bones
        # what is turned to the left on one side is turned to the right on the other
        handed = torch.tensor([[1.0], [-1.0]])
        palm = torch.stack([axes.palm for axes in self.hands])
        palm = _unit(palm - (palm * lower).sum(1, keepdim=True) * lower)
        x, y, z = torch.eye(3)
        spine = torch.cat([column.trunk.expand(len(SPINE), 3), column.head.expand(len(NECK), 3)])
        shares = torch.tensor([*SPINE.values(), *NECK.values()])
        one = torch.ones(())
        return {
            **{
                name: _Hinges(spine[:, n], shares, axis.expand(len(COLUMN), 3))
                for n, (name, axis) in enumerate({"pitch": x, "yaw": z, "roll": y}.items())
            },
            "lift": _Hinges(column.collar[0, :, 0], one, -handed * y),
            "forward": _Hinges(column.collar[0, :, 1], one, -handed * z),
            "half twist": _Hinges(column.twist[0], one / 2, handed * upper),
            "elbow": _Hinges(column.elbow[0], one, _unit(torch.linalg.cross(upper, lower))),
            "forearm": _Hinges(column.forearm[0], one * FOREARM_SHARE, handed * lower),
            "hand twist": _Hinges(column.forearm[0], one * (1 - FOREARM_SHARE), handed * lower),
            "back": _Hinges(column.wrist[0, :, 0], one, torch.linalg.cross(palm, lower)),
            "aside": _Hinges(column.wrist[0, :, 1], one, -handed * palm),
            "bend": _Hinges(column.bends[0], one, torch.stack([a.flexion for a in self.hands])),
            "spread": _Hinges(column.spreads[0], one, torch.stack([a.spread for a in self.hands])),
        }

    @cached_property
    def _table(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """All hinges in a row: columns, shares (M,), and what Rodrigues' formula takes of axes."""
        blocks = self._hinges.values()
        columns = torch.cat([block.columns.flatten() for block in blocks])
        shares = torch.cat([block.shares.expand(block.columns.shape).flatten() for block in blocks])
        cross = _cross(torch.cat([block.axes.reshape(-1, 3) for block in blocks]))
        return columns, shares, cross, cross @ cross


def _cross(vectors: Tensor) -> Tensor:
    x, y, z = vectors.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).unflatten(-1, (3, 3))


def _turned(vectors: Tensor) -> Tensor:
    """Return rotations (..., 3, 3) about vectors (..., 3) by their lengths, smooth at zero."""
    squared = (vectors**2).sum(-1)[..., None, None] + 1e-8
    angle, cross = squared.sqrt(), _cross(vectors)
    turned = angle.sin() / angle * cross + (1 - angle.cos()) / squared * (cross @ cross)
    return torch.eye(3) + turned


def _unit(vectors: Tensor) -> Tensor:
    return vectors / vectors.norm(dim=-1, keepdim=True)
