"""How steady a film is, told while it is made: flicker, seams and drift, without ground truth.

The definitions are those of temporal.smoothness; of each frame two numbers are kept, and of 240 at
most an embedding, so that memory grows by no picture.
"""

import math
from collections.abc import Collection
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pose_sequences.sequence import PoseSequence
from signgen.evaluation.figures import Chunk
from signgen.evaluation.identity import FACE_COLOURS, FUSION, Embed, IdentityMeasure, face_colours
from signgen.evaluation.regions import find_regions
from signgen.evaluation.traces import Pixels
from signgen.evaluation.video import SEAM_FLOOR
from signgen.rendering.stillness import Stillness
from temporal import smoothness

_SAMPLES = 240  # frames that are looked at for the signer's identity, at most
_DIGITS = 4
_WORDS = {
    "flicker, still_flicker": "/255, where the poses hold still",
    "seam_score": "change at window edges to that inside, 1 is none",
    "colour_drift": "/255 in 100 frames, where the poses hold still",
    "identity_drift": "% in 100 frames, away from the clip's first quarter",
}


class Steadiness:
    """Looks at one frame after the other.

    poses: of the frames, in their pixels; seams: the frames that windows begin with; fusion: what
    the pipeline's fusion encoder sees in pictures, None without one.
    """

    def __init__(self, poses: PoseSequence, seams: Collection[int], fusion: Embed | None) -> None:
        self._stillness = Stillness(poses)
        self._regions = find_regions(poses, (poses.width, poses.height))
        self._seams = tuple(seams)
        self._pixels = Pixels()
        self._still = torch.ones(1, 1, poses.height, poses.width, dtype=torch.bool)
        self._changes: list[float] = []
        self._still_changes: list[float] = []
        self._last: Tensor | None = None
        self._every = -(-len(poses) // _SAMPLES)
        self._identity = {FACE_COLOURS: IdentityMeasure(FACE_COLOURS, face_colours)}
        if fusion is not None:
            self._identity[FUSION] = IdentityMeasure(FUSION, fusion)

    @property
    def num_frames(self) -> int:
        """The number of frames so far."""
        return 0 if self._last is None else len(self._changes) + 1

    @property
    def flicker(self) -> list[float | None]:
        """The mean change of still pixels since the frame before; None where nothing is still."""
        return [None, *map(_number, self._still_changes)][: self.num_frames]

    def write(self, frame: NDArray[np.uint8]) -> None:
        """Look at the next frame (H, W, 3)."""
        number = self.num_frames
        new = torch.from_numpy(frame.astype(np.float32)).movedim(-1, 0)[None]  # (1, 3, H, W)
        recent = new if self._last is None else torch.cat((self._last, new))
        self._pixels.add(recent, 1)
        if number:
            self._compare(recent, torch.from_numpy(self._stillness.step(number)))
        if number % self._every == 0:
            chunk = Chunk(
                first=number,
                generated=frame[None],
                reference=None,
                regions=self._regions.frames(number, number + 1),
            )
            for measure in self._identity.values():
                measure.add(chunk)
        self._last = new

    def as_json(self) -> dict[str, Any]:
        """Return what was found as plain values for JSON, null where it could not be measured."""
        moves = self.num_frames > 1
        return {
            "still_share": _number(float(self._still.float().mean())),
            "still_flicker": self._still_flicker() if moves else None,
            "seam_score": self._seam_score(self._changes),
            "seam_score_still": self._seam_score(self._still_changes),
            "colour_drift": self._colour_drift() if moves else None,
            "identity_drift": {name: self._drift(name) for name in self._identity},
            "units": _WORDS,
        }

    def _compare(self, recent: Tensor, still: Tensor) -> None:
        change = recent.diff(dim=0)[0].abs().mean(dim=0)  # (H, W)
        self._changes.append(float(change.mean()))
        self._still_changes.append(float(change[still].mean()) if still.any() else math.nan)
        self._still &= still

    def _still_flicker(self) -> float | None:
        nothing = torch.zeros(1)
        return _number(
            float(smoothness.excess_flicker(self._pixels.flicker(), nothing, self._still))
        )

    def _seam_score(self, changes: list[float]) -> float | None:
        known = [at for at, change in enumerate(changes, 1) if math.isfinite(change)]
        if not known:
            return None
        steps = torch.tensor([changes[at - 1] for at in known])[None]
        edges = [step for step, at in enumerate(known, 1) if at in self._seams]
        return _number(float(smoothness.seam_score(steps, edges, floor=SEAM_FLOOR)))

    def _colour_drift(self) -> float | None:
        return _number(100 * float(smoothness.still_walk(self._pixels.slope(), self._still)))

    def _drift(self, name: str) -> float | None:
        (figure,) = self._identity[name].figures()
        return _number(figure.value / self._every)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, _DIGITS)
