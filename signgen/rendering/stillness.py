"""Which pixels a pose sequence lets hold still from one frame to the next.

What is far from every point that moves has no reason to change: there, flicker and drift can be
told without knowing what the frames should have looked like.
"""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from pose_sequences.repair.scale import shoulder_width
from pose_sequences.sequence import FAINT, PoseSequence

_MOVES = 0.01  # shoulder widths from a frame to the next: more is motion, less a detector's noise
_REACH = 0.35  # shoulder widths around a moving point: sleeves, hair, the width of a limb
_CELLS = 64  # along the longer side of a frame
_SAMPLES = 8  # along a limb, or down the trunk
_LIMBS = tuple(
    (f"body.{side}_{a}", f"body.{side}_{b}")
    for side in ("left", "right")
    for a, b in (("shoulder", "elbow"), ("elbow", "wrist"))
)
_SHOULDERS = ("body.left_shoulder", "body.right_shoulder")
_TRUNK = 5  # lines from shoulder to shoulder that go down

Points = NDArray[np.float32]


class Stillness:
    """Tells still pixels step by step; poses: of the frames, in their pixels."""

    def __init__(self, poses: PoseSequence) -> None:
        self._poses = poses
        self._unit = max(1.0, shoulder_width(poses))
        self._cell = -(-max(poses.width, poses.height) // _CELLS)
        self._limbs = [poses.points.find(pair) for pair in _LIMBS]
        self._shoulders = poses.points.find(_SHOULDERS)

    def step(self, frame: int) -> NDArray[np.bool_]:
        """Return which pixels (H, W) hold still from the frame before to ``frame``, from 1 on."""
        sides = self._poses.height, self._poses.width
        reach = max(1, round(_REACH * self._unit / self._cell))
        # with a margin: what moves just outside the frame reaches into it
        marks = np.zeros([-(-side // self._cell) + 2 * reach for side in sides])
        cells = np.floor(self._moving(frame) / self._cell).astype(np.intp)[:, ::-1] + reach
        near = ((cells >= 0) & (cells < marks.shape)).all(axis=1)
        marks[tuple(cells[near].T)] = 1
        grown = F.max_pool2d(torch.from_numpy(marks)[None], 2 * reach + 1, stride=1)[0].numpy()
        pixels = grown.repeat(self._cell, axis=0).repeat(self._cell, axis=1)
        return np.asarray(pixels[: sides[0], : sides[1]] == 0)

    def _moving(self, frame: int) -> Points:
        """Return the points (N, 2) of both frames that are not where they were."""
        both = [self._points(at) for at in (frame - 1, frame)]
        (before, there), (after, still_there) = both
        far = np.linalg.norm(after - before, axis=1) > _MOVES * self._unit
        moves = far | (there != still_there)
        return np.concatenate((before[moves & there], after[moves & still_there]))

    def _points(self, frame: int) -> tuple[Points, NDArray[np.bool_]]:
        """Return the points of a frame (N, 2), those along limbs and trunk too, and which are."""
        points = self._poses.keypoints[frame, :, :2]
        there = self._poses.confidence[frame] > FAINT
        share = np.linspace(0, 1, _SAMPLES, dtype=np.float32)[:, None]
        places, known = [points], [there]
        for a, b in self._limbs:
            places.append(points[a] + share * (points[b] - points[a]))
            known.append(np.full(_SAMPLES, there[a] & there[b]))
        left, right = self._shoulders
        for across in np.linspace(0, 1, _TRUNK, dtype=np.float32):
            top = points[left] + across * (points[right] - points[left])
            down = np.array((0, max(0.0, self._poses.height - 1 - top[1])), np.float32)
            places.append(top + share * down)
            known.append(np.full(_SAMPLES, there[left] & there[right]))
        return np.concatenate(places), np.concatenate(known)
