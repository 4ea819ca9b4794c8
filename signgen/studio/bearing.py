"""Trunk, head, eyes and face over time: the part of a performance that is not made by hands.

Everything is the sum of what each sign asks for, under an envelope, and of a signer's idle drift.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi

import numpy as np
import torch
from torch import Tensor

from signgen.studio.factory import Signer
from signgen.studio.gloss import Gloss
from signgen.studio.habits import Habits
from signgen.studio.kinematics import Skeleton, rest_pose, rotation_about
from signgen.studio.movements import smooth
from signgen.studio.nonmanual import BROWS, GAZES, HEADS, MOUTHS, SHOULDERS, Actions

_ONSET = 0.22  # seconds that a face or a head takes to come and to go
_BLINK = 0.09  # seconds that a lid takes to close, and again to open
NECK = {"neck01": 0.2, "neck02": 0.2, "neck03": 0.2, "head": 0.4}
SPINE = {"spine05": 0.2, "spine04": 0.2, "spine03": 0.3, "spine02": 0.2, "spine01": 0.1}
_LID_A_RADIAN = 1.8  # how strongly the lids follow eyes that look down


@dataclass(frozen=True)
class Span:
    """A gloss and the time, in seconds, from its preparation's end to its last moment."""

    gloss: Gloss
    begin: float
    end: float


def trunk_and_head(
    signer: Signer, habits: Habits, spans: Sequence[Span], times: Tensor, rng: np.random.Generator
) -> Tensor:
    """Return rotations (T, J, 3, 3) in which trunk, neck, head and eyes move and all else rests."""
    skeleton = signer.anatomy.skeleton
    head, trunk = _drift(times, habits, rng), 0.5 * _drift(times, habits, rng)
    eyes = torch.zeros(len(times), 2)
    lift = torch.zeros_like(times)
    for span in spans:
        weight = _envelope(times, span)
        phase = ((times - span.begin) / (span.end - span.begin)).clamp(0, 1)
        head += weight[:, None] * _head_angles(span.gloss, habits, phase, rng)
        move = SHOULDERS[span.gloss.shoulders]
        trunk += weight[:, None] * torch.tensor([move.lean, move.turn, move.sideways])
        lift += weight * move.lift
        eyes += weight[:, None] * torch.tensor(GAZES[span.gloss.gaze])
    # who leans or turns keeps looking at whom they talk to
    head = head - 0.7 * trunk
    rotations = rest_pose(skeleton, len(times), signer.heads)
    _share(rotations, skeleton, SPINE, trunk)
    _share(rotations, skeleton, NECK, head)
    _turn_eyes(rotations, skeleton, eyes - 0.3 * head[:, [1, 0]])
    for side, up in (("L", -1.0), ("R", 1.0)):
        axis = torch.tensor([0.0, 1.0, 0.0]).expand(len(times), 3)
        rotations[:, skeleton.rows[f"clavicle.{side}"]] = rotation_about(axis, up * lift)
    return rotations


def face(
    signer: Signer, habits: Habits, spans: Sequence[Span], times: Tensor, rng: np.random.Generator
) -> Tensor:
    """Return face actions (T, A) from 0 to 1."""
    names = signer.anatomy.actions
    actions = torch.zeros(len(times), len(names))
    for span in spans:
        strength = habits.mouthing * float(rng.uniform(0.8, 1.15))
        _act(actions, names, BROWS[span.gloss.brows], strength * _envelope(times, span))
        shapes = MOUTHS[span.gloss.mouth]
        length = (span.end - span.begin) / len(shapes)
        for n, shape in enumerate(shapes):
            begin = span.begin + n * length
            part = Span(span.gloss, begin, begin + length)
            _act(actions, names, shape, strength * _envelope(times, part))
        down = GAZES[span.gloss.gaze][1]
        lids: Actions = {"eyeLookDownLeft": 1.0, "eyeLookDownRight": 1.0}
        _act(actions, names, lids, _envelope(times, span) * max(down, 0.0) * _LID_A_RADIAN)
    blink = _blinks(times, habits, rng)
    for side in ("Left", "Right"):
        row = names.index(f"eyeBlink{side}")
        actions[:, row] = torch.maximum(actions[:, row], blink)
    return actions.clamp(0, 1)


def _envelope(times: Tensor, span: Span) -> Tensor:
    come = smooth((times - span.begin + _ONSET) / _ONSET)
    return come * (1 - smooth((times - span.end) / _ONSET))


def _head_angles(gloss: Gloss, habits: Habits, phase: Tensor, rng: np.random.Generator) -> Tensor:
    """Return pitch, yaw and roll (T, 3)."""
    move = HEADS[gloss.head]
    strength = habits.nodding * float(rng.uniform(0.85, 1.15))
    swing = (2 * pi * move.swings * phase).sin() if move.swings else torch.ones_like(phase)
    return strength * swing[:, None] * torch.tensor([move.pitch, move.yaw, move.roll])


def _drift(times: Tensor, habits: Habits, rng: np.random.Generator) -> Tensor:
    """Return slow wandering of three angles (T, 3)."""
    rates = torch.from_numpy(rng.uniform(0.1, 0.6, (4, 3)).astype(np.float32))
    starts = torch.from_numpy(rng.uniform(0, 2 * pi, (4, 3)).astype(np.float32))
    waves = (2 * pi * rates * times[:, None, None] + starts).sin()
    return habits.sway * waves.mean(1) * 2


def _share(rotations: Tensor, skeleton: Skeleton, shares: dict[str, float], angles: Tensor) -> None:
    axes = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    for bone, share in shares.items():
        pitch, yaw, roll = (
            rotation_about(axes[n].expand(len(angles), 3), share * angles[:, n]) for n in range(3)
        )
        rotations[:, skeleton.rows[bone]] = yaw @ pitch @ roll


def _turn_eyes(rotations: Tensor, skeleton: Skeleton, angles: Tensor) -> None:
    axes = torch.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    yaw, pitch = (rotation_about(axes[n].expand(len(angles), 3), angles[:, n]) for n in range(2))
    for side in ("L", "R"):
        rotations[:, skeleton.rows[f"eye.{side}"]] = yaw @ pitch


def _act(actions: Tensor, names: tuple[str, ...], shape: Actions, strength: Tensor) -> None:
    for action, amount in shape.items():
        actions[:, names.index(action)] += amount * strength


def _blinks(times: Tensor, habits: Habits, rng: np.random.Generator) -> Tensor:
    length = float(times[-1])
    moments = rng.uniform(0, length, rng.poisson(habits.blinks * length))
    closed = torch.zeros_like(times)
    for moment in moments:
        closed = torch.maximum(closed, 1 - smooth((times - moment).abs() / _BLINK))
    return closed
