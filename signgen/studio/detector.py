"""What MediaPipe Holistic would have said of a clip, from its exact points and without MediaPipe.

The parameters are fitted once on renders that MediaPipe saw (detector_fit.py) and ship with the
package; what is drawn from them is drawn on the CPU, by numpy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from pose_sequences.layout import Part, layout
from pose_sequences.outputs import fresh_file
from pose_sequences.sequence import PoseSequence, mark_missing
from signgen.studio.camera import Camera
from signgen.studio.clip import relative_places
from signgen.studio.detector_error import ErrorModel, TrustModel
from signgen.studio.detector_gaps import GapModel
from signgen.studio.detector_sight import LAYOUT, Sight, kind, sights
from signgen.studio.keypoints import Keypoints
from signgen.weights import writing_tensors

BUNDLED = Path(__file__).with_name("detector.safetensors")
LONGEST_GAP = 40  # frames, of those that are added
_SHORTEST_GAP = 6
_HANDS: tuple[Part, ...] = ("left_hand", "right_hand")

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Detection:
    """How a clip is seen.

    strength: of errors, 0 for exact points, 1 for MediaPipe's, up to 4; below 1 it is also the
    share of hands and faces that are missed as MediaPipe does, the others being found wherever they
    can be seen, and above 1 the odds of a miss over MediaPipe's; shutter: share of a frame's time
    for which it is open, 0 for sharp pictures; long_gaps: how often a clip loses one hand for up to
    LONGEST_GAP frames more; lost_hands: how often one hand is not found in all of a clip. Raises
    ValueError if they are out of range.
    """

    strength: float = 1.0
    shutter: float = 0.0
    long_gaps: float = 0.0
    lost_hands: float = 0.0

    def __post_init__(self) -> None:
        for field, most in zip(fields(self), (4, 1, 1, 1), strict=True):
            value = getattr(self, field.name)
            if not 0 <= value <= most:
                raise ValueError(f"{field.name} is {value}; 0 to {most} is possible")


_AS_IT_IS = Detection()


@dataclass(frozen=True)
class DetectorModel:
    """By the kinds of detector_sight.KINDS: errors of all, trust in the body's, others' gaps."""

    errors: Mapping[str, ErrorModel]
    trust: Mapping[str, TrustModel]
    gaps: Mapping[str, GapModel]

    @classmethod
    def load(cls, path: Path = BUNDLED) -> Self:
        """Read a model; without a path, the one that comes with the package."""
        return cls(**_unpacked(load_file(path)))

    def save(self, path: Path, *, overwrite: bool = False) -> None:
        """Write the model as safetensors of 16 bits a number."""
        tensors = {}
        for group in fields(self):
            for name, model in getattr(self, group.name).items():
                for field in fields(model):
                    value = np.ascontiguousarray(getattr(model, field.name), np.float16)
                    tensors[f"{group.name}.{name}.{field.name}"] = value
        with fresh_file(path, overwrite=overwrite) as temporary, writing_tensors(path):
            save_file(tensors, temporary)

    def apply(
        self,
        poses: PoseSequence,
        keypoints: Keypoints,
        camera: Camera,
        rng: np.random.Generator,
        detection: Detection = _AS_IT_IS,
    ) -> PoseSequence:
        """Return what MediaPipe would have said of a clip, the same for the same generator.

        poses, keypoints: exact, of consecutive frames in holistic553, as clip.to_poses and
        clip.film give them; where nothing was rendered, keypoints.visible comes from
        ``detector_cover.estimate_visible``. Raises ValueError if the two do not belong together.
        """
        if poses.layout != LAYOUT or len(poses) != len(keypoints.points):
            raise ValueError(
                f"{len(poses)} poses in {poses.layout} do not go with "
                f"{len(keypoints.points)} frames of points; give a clip's own, in {LAYOUT}"
            )
        places = relative_places(keypoints, camera).astype(np.float64)  # (T, 553, 3)
        places[..., 2] *= camera.size[0]
        visible = keypoints.visible.cpu().numpy()
        confidence = poses.confidence.astype(np.float64)
        for name, sight in sights(places, visible, camera.size, detection.shutter).items():
            sure = confidence[:, sight.rows]
            errors, confidence[:, sight.rows] = self._seen(
                kind(name), sight, sure, rng, detection.strength
            )
            places[:, sight.rows] += errors
        _lose_hands(confidence, rng, detection)
        places[..., 2] /= camera.size[0]
        clean, trusted = mark_missing(places, confidence)
        return replace(poses, keypoints=clean, confidence=trusted)

    def _seen(
        self, name: str, sight: Sight, sure: Floats, rng: np.random.Generator, strength: float
    ) -> tuple[Floats, Floats]:
        """Return a part's errors (T, K, 3) and confidence (T, K), from the exact one."""
        errors, share = strength * self.errors[name].drawn(sight, rng), min(strength, 1.0)
        if name in self.trust:
            return errors, sure + share * (self.trust[name].drawn(sight, rng) - sure)
        gaps = self.gaps[name].drawn(sight, rng, max(strength, 1.0))
        missed = gaps if rng.random() < share else sure[:, 0] == 0
        return errors, np.broadcast_to(~missed[:, None], sure.shape).astype(np.float64)


def _lose_hands(confidence: Floats, rng: np.random.Generator, detection: Detection) -> None:
    """Take a hand out of some frames, or out of all, as often as was asked for."""
    num_frames = len(confidence)
    chance, hands = rng.random(2), rng.integers(len(_HANDS), size=2)
    length = min(int(rng.integers(_SHORTEST_GAP, LONGEST_GAP + 1)), num_frames)
    first = int(rng.integers(num_frames - length + 1))
    if chance[0] < detection.long_gaps:
        rows = layout(LAYOUT).part(_HANDS[hands[0]])
        confidence[first : first + length, rows] = 0
    if chance[1] < detection.lost_hands:
        confidence[:, layout(LAYOUT).part(_HANDS[hands[1]])] = 0


@cache
def bundled_detector() -> DetectorModel:
    """Return the fitted model that comes with the package."""
    return DetectorModel.load()


def _unpacked(tensors: Mapping[str, NDArray[np.float16]]) -> dict[str, dict[str, Any]]:
    """Return the groups of a DetectorModel from tensors named ``group.kind.field``."""
    kinds: dict[str, type[ErrorModel] | type[TrustModel] | type[GapModel]] = {
        "errors": ErrorModel,
        "trust": TrustModel,
        "gaps": GapModel,
    }
    values: dict[str, dict[str, dict[str, Floats]]] = {group: {} for group in kinds}
    for key, tensor in tensors.items():
        group, name, field = key.split(".")
        values[group].setdefault(name, {})[field] = tensor.astype(np.float64)
    return {
        group: {name: kinds[group](**parts) for name, parts in named.items()}
        for group, named in values.items()
    }
