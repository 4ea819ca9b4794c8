"""What a pose sequence shows of a signer, as the tensors that a fit compares the rig with.

Units are hundredths of the signer's shoulder width, counted from the middle of the picture; rows of
two are the left and the right side.
"""

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from pose_sequences.layout import HAND_POINTS, layout
from pose_sequences.repair.gaps import FILLED_CONFIDENCE
from pose_sequences.repair.scale import depth_unit, shoulder_width
from pose_sequences.sequence import FAINT, PoseSequence
from signgen.studio.keypoints import FACE_POINTS_OF_BODY, LAYOUT

SHOULDERS = 100.0  # units
# Points of the face mesh that move with the head alone: eye corners, nose, ears, forehead, and what
# stands for them in layouts of 68 points.
RIGID = (
    *(33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 1, 2, 98, 327, 97, 326, 127, 356, 234, 454),
    *(10, 109, 338, 67, 297, 54, 284, 21, 251, 162, 389, 93, 323, 9, 151),
)
_KNUCKLES = {"thumb": "thumb_mcp", "index": "index_mcp", "pinky": "pinky_mcp"}
_EXAGGERATED = 0.4  # of a body's depths that are true
_DEEPEST = 2 * SHOULDERS  # an arm is not longer; beyond, a file's unit is another
_OF_THE_BODY = 0.3  # how much the body's points are believed where a face or a hand is missing


@dataclass(frozen=True)
class Sight:
    """T frames as they were seen.

    hands (T, 2, 21, 3): x, y and depth from the wrist; shoulders, elbows (T, 2, 2); depths (T, 2,
    2): of elbow and wrist from the own shoulder; face (T, P, 3): depth from its middle. Each has
    its trust, from 0 to 1, without the last axis; a depth's own is apart.
    """

    hands: Tensor
    hands_trust: Tensor
    hands_depth_trust: Tensor
    shoulders: Tensor
    shoulders_trust: Tensor
    elbows: Tensor
    elbows_trust: Tensor
    depths: Tensor
    depths_trust: Tensor
    face: Tensor
    face_trust: Tensor
    face_depth_trust: Tensor

    def __len__(self) -> int:
        return len(self.hands)

    def rows(self, rows: Tensor | slice) -> "Sight":
        """Return some of the frames."""
        return Sight(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    @classmethod
    def of(cls, sequence: PoseSequence) -> "Sight":
        """Return what a sequence shows."""
        return _Reader(sequence).sight()


class _Reader:
    def __init__(self, sequence: PoseSequence) -> None:
        unit = SHOULDERS / shoulder_width(sequence)
        deep = depth_unit(sequence) * unit
        sequence = sequence.converted(LAYOUT)
        middle = np.array([sequence.width / 2, sequence.height / 2, 0])
        points = (sequence.keypoints - middle) * np.array([unit, unit, deep])
        self._rows = layout(LAYOUT).rows
        self._points = torch.from_numpy(points.astype(np.float32))
        trust = torch.from_numpy(sequence.confidence.copy())
        self._trust = torch.where(trust > FAINT, trust, 0.0)

    def sight(self) -> Sight:
        shoulders, shoulders_trust = self._pair("shoulder")
        elbows, elbows_trust = self._pair("elbow")
        elbows_trust = elbows_trust.sqrt()
        hands, hands_trust, deep = self._hands()
        depths, depths_trust = self._depths()
        face, face_trust, face_deep = self._face()
        return Sight(
            hands=hands,
            hands_trust=hands_trust,
            hands_depth_trust=deep,
            shoulders=shoulders[..., :2],
            shoulders_trust=shoulders_trust,
            elbows=elbows[..., :2],
            elbows_trust=elbows_trust,
            depths=depths,
            depths_trust=depths_trust,
            face=face,
            face_trust=face_trust,
            face_depth_trust=face_deep,
        )

    def _take(self, names: list[str]) -> tuple[Tensor, Tensor]:
        rows = [self._rows[name] for name in names]
        return self._points[:, rows], self._trust[:, rows]

    def _pair(self, joint: str) -> tuple[Tensor, Tensor]:
        return self._take([f"body.{side}_{joint}" for side in ("left", "right")])

    def _depths(self) -> tuple[Tensor, Tensor]:
        joints = [self._pair(joint) for joint in ("shoulder", "elbow", "wrist")]
        (start, sure), others = joints[0], joints[1:]
        depths = torch.stack([points[..., 2] - start[..., 2] for points, _ in others], 2)
        trust = torch.stack([torch.minimum(trust, sure) for _, trust in others], 2)
        depths = (depths * _EXAGGERATED).clamp(-_DEEPEST, _DEEPEST)
        depths = torch.where(trust > 0, depths, 0)
        return depths, trust * _is_deep(depths)

    def _hands(self) -> tuple[Tensor, Tensor, Tensor]:
        points, trusts, depths = [], [], []
        for side in ("left", "right"):
            hand, trust = self._take([f"{side}_hand.{point}" for point in HAND_POINTS])
            depth = hand[..., 2] - hand[:, :1, 2]
            hand = torch.cat([hand[..., :2], depth[..., None]], 2)
            trust = (trust / FILLED_CONFIDENCE).clamp(max=1)
            deep = trust * _is_deep(hand[..., 2])
            names = [f"body.{side}_wrist", *(f"body.{side}_{knuckle}" for knuckle in _KNUCKLES)]
            arm, sure = self._take(names)
            rows = [HAND_POINTS.index(point) for point in ("wrist", *_KNUCKLES.values())]
            missing = (trust > 0).sum(1) == 0
            stand_in, believed = torch.zeros_like(hand), torch.zeros_like(trust)
            stand_in[:, rows], believed[:, rows] = arm, _OF_THE_BODY * sure
            believed[:, 0] = sure[:, 0]
            points.append(torch.where(missing[:, None, None], stand_in, hand))
            trusts.append(torch.where(missing[:, None], believed, trust))
            depths.append(deep)
        return torch.stack(points, 1), torch.stack(trusts, 1), torch.stack(depths, 1)

    def _face(self) -> tuple[Tensor, Tensor, Tensor]:
        face, trust = self._take([f"face.{point}" for point in RIGID])
        face = face.clone()
        seen = (trust > 0).sum(1, keepdim=True)
        middle = torch.where(trust > 0, face[..., 2], 0).sum(1, keepdim=True) / seen.clamp(min=1)
        face[..., 2] -= middle
        deep = (trust > 0) * _is_deep(face[..., 2])
        names = {
            RIGID.index(point): name
            for name, point in FACE_POINTS_OF_BODY.items()
            if point in RIGID
        }
        body, sure = self._take([f"body.{name}" for name in names.values()])
        stand_in, believed = torch.zeros_like(face), torch.zeros_like(trust)
        stand_in[:, list(names)], believed[:, list(names)] = body, _OF_THE_BODY * sure
        missing = seen == 0
        return (
            torch.where(missing[..., None], stand_in, face),
            torch.where(missing, believed, trust),
            deep,
        )


def _is_deep(depths: Tensor) -> Tensor:
    """Return 1 if the source tells depths at all, else 0."""
    return (depths.std() > 0.01 * SHOULDERS / 100).float() if depths.numel() > 1 else depths * 0
