"""MediaPipe Holistic, the landmark detector: one frame in, one row of keypoints out.

The one module that imports mediapipe, which brings OpenCV with it and writes to standard error
before anybody can stop it: task.py runs it in a process of its own.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pose_sequences.errors import ToolError
from pose_sequences.layout import PARTS, Part, layout
from pose_sequences.sequence import Floats

INSTALL = "run: pip install 'mediapipe>=0.10.14,<0.10.30'"
_LIBRARY = re.compile(r"(?P<name>lib\S+\.so\S*): cannot open shared object file")
_POSE_MODELS = ("pose_landmark_lite", "pose_landmark_full", "pose_landmark_heavy")
_MODELS_URL = "https://storage.googleapis.com/mediapipe-assets"
_FIELDS: dict[Part, str] = {
    "body": "pose_landmarks",
    "face": "face_landmarks",
    # of the unmirrored picture: the hand at the end of the signer's left arm
    "left_hand": "left_hand_landmarks",
    "right_hand": "right_hand_landmarks",
}


@dataclass(frozen=True, kw_only=True)
class HolisticModel:
    """Which detector it is: what it finds depends on these and on the frames alone.

    refine_face: 478 face points with irises, more exact at eyes and lips, instead of 468;
    complexity: of the body model, 0 to 2; tracks: follow and smooth landmarks from frame to frame.
    """

    refine_face: bool = False
    complexity: int = 1
    tracks: bool = True

    @property
    def layout(self) -> str:
        """The layout of what it finds."""
        return "holistic553" if self.refine_face else "holistic543"


class Holistic:
    """A loaded detector for one clip: ``with Holistic(model) as detector: detector.detect(frame)``.

    single_thread: keep to one core. MediaPipe's own threads take 1.3 cores, which is faster alone
    and slower where every core has a detector; the keypoints are the same to the last bit.
    Raises ToolError if MediaPipe, a library it needs or the model is not on this machine.
    """

    def __init__(self, model: HolisticModel, *, single_thread: bool) -> None:
        self._rows = {part: layout(model.layout).part(part) for part in PARTS}
        self._num_points = len(layout(model.layout).points)
        self._graph = _start(_solution(), model, single_thread=single_thread)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._graph.close()

    def detect(self, frame: NDArray[np.uint8]) -> tuple[Floats, Floats]:
        """Find the signer in a frame (H, W, 3), the next one of the clip if the model tracks.

        Returns keypoints (K, 3), x and y in pixels, z as MediaPipe gives it; confidence (K,):
        visibility for the body, 1 for a face or hand that was found, 0 for what was not.
        """
        height, width, _ = frame.shape
        points = np.zeros((self._num_points, 4), np.float32)
        found = self._graph.process(frame)
        for part, field in _FIELDS.items():
            landmarks = getattr(found, field)
            if landmarks is not None:
                points[self._rows[part]] = [
                    (p.x * width, p.y * height, p.z, p.visibility if part == "body" else 1)
                    for p in landmarks.landmark
                ]
        return points[:, :3], points[:, 3]


def describe(model: HolisticModel) -> str:
    """Return the words that a pose file keeps on what made it: version, layout and settings."""
    import mediapipe

    mode = "video" if model.tracks else "picture"
    version = f"mediapipe-{mediapipe.__version__}"
    return f"{version} {settings(model)} {mode}"


def settings(model: HolisticModel) -> str:
    """Return the words of ``describe`` on what was asked for, without loading MediaPipe."""
    return f"{model.layout} complexity={model.complexity}"


def _solution() -> ModuleType:
    # matplotlib, which mediapipe imports, refuses to start on the backend inherited from a notebook
    os.environ["MPLBACKEND"] = "agg"
    try:
        from mediapipe.python.solutions import holistic
    except ModuleNotFoundError as error:
        raise ToolError(f"MediaPipe with Holistic is not installed ({error}); {INSTALL}") from error
    except ImportError as error:
        lacking = _LIBRARY.search(str(error))
        if lacking is None:
            raise ToolError(f"MediaPipe cannot be imported ({error}); {INSTALL}") from error
        raise ToolError(
            f"MediaPipe needs {lacking['name']}, which is not on this machine; "
            "run: apt-get install -y libgl1 libglib2.0-0"
        ) from error
    return holistic


def _start(holistic: ModuleType, model: HolisticModel, *, single_thread: bool) -> Any:
    _check_model(Path(holistic.__file__ or "").parents[2], model.complexity)

    class SingleThreaded(holistic.Holistic):  # type: ignore[misc, name-defined]  # untyped base
        def _initialize_graph_interface(self, *args: Any, **kwargs: Any) -> Any:
            # the only place between reading the graph and starting it
            graph = super()._initialize_graph_interface(*args, **kwargs)
            del graph.executor[:]
            graph.executor.add(type="ApplicationThreadExecutor")
            return graph

    kind = SingleThreaded if single_thread else holistic.Holistic
    return kind(
        static_image_mode=not model.tracks,
        model_complexity=model.complexity,
        refine_face_landmarks=model.refine_face,
        min_detection_confidence=0.5,
        min_tracking_confidence=0.5,
    )


def _check_model(package: Path, complexity: int) -> None:
    """MediaPipe would fetch a lacking model on its own, without a word and without a check."""
    file = package / "modules" / "pose_landmark" / f"{_POSE_MODELS[complexity]}.tflite"
    if not file.exists():
        raise ToolError(
            f"MediaPipe's model for complexity {complexity} is not installed; "
            f"run: curl -o {file} {_MODELS_URL}/{file.name}"
        )
