"""Faults planted in a clip, and how much each metric makes of them.

``python -m tests.signgen.evaluation.faults`` prints the table of faults and metrics as Markdown.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from signgen.evaluation.figures import Chunk, Figure
from signgen.evaluation.measures import measures_of
from signgen.evaluation.regions import Boxes, Regions, find_regions, seen
from signgen.evaluation.settings import Evaluation
from tests.signer import signing
from tests.signgen.training.toy_corpus import draw_signer

SIZE = 128
NUM_FRAMES = 48
SEAM = 24
DELAY = 12  # half a second at 25 frames a second
AT_ONCE = 16

Frames = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Scene:
    """What a fault is planted in: the true frames, their boxes, another signer doing the same."""

    frames: Frames
    regions: Regions
    other: Frames


@dataclass(frozen=True)
class Fault:
    """A fault, the metrics that must tell it, and those that it is none of."""

    name: str
    plant: Callable[[Scene], Frames]
    moves: tuple[str, ...]
    spares: tuple[str, ...]


def draw_scene() -> Scene:
    """Return a clip of the procedural signer."""
    poses = signing(NUM_FRAMES)
    scale = np.float32((SIZE / poses.width, SIZE / poses.height, 1))
    poses = replace(poses, keypoints=poses.keypoints * scale, width=SIZE, height=SIZE)
    return Scene(
        frames=draw_signer(poses, 3),
        regions=find_regions(poses, (poses.width, poses.height)),
        other=draw_signer(poses, 8),
    )


def figures_of(scene: Scene, frames: Frames) -> dict[str, Figure]:
    """Return what all measures of frames say, chunk by chunk as in an evaluation."""
    measures = measures_of(Evaluation(seams=(SEAM,)), len(frames))
    for first in range(0, len(frames), AT_ONCE):
        stop = min(first + AT_ONCE, len(frames))
        chunk = Chunk(
            first=first,
            generated=frames[first:stop],
            reference=scene.frames[first:stop],
            regions=scene.regions.frames(first, stop),
        )
        for measure in measures.all:
            measure.add(chunk)
    return {figure.key: figure for figure in measures.figures()}


# key → what is ideal, and the distance from it that anybody would call a fault
SCALES = {
    "hands/psnr": (50.0, 20.0),
    "hands/ssim": (1.0, 0.1),
    "hands/motion_ratio": (1.0, 0.25),
    "face/psnr": (50.0, 20.0),
    "face/ssim": (1.0, 0.1),
    "face/motion_ratio": (1.0, 0.25),
    "face/face_colours": (0.0, 5.0),
    "time/motion_ratio": (1.0, 0.25),
    "time/motion_error": (0.0, 1.0),
    "time/tcd": (0.0, 1.0),
    "time/still_flicker": (0.0, 1.0),
    "time/jump": (0.0, 0.7),
    "time/motion_lag": (0.0, 3.0),
    "time/seam": (1.0, 1.0),
    "time/colour_drift": (0.0, 3.0),
    "time/face_colours_drift": (0.0, 10.0),
    "frame/psnr": (50.0, 20.0),
    "frame/ssim": (1.0, 0.1),
}
_BEYOND_IS_FINE = ("psnr",)


def damage(key: str, figure: Figure) -> float:
    """Return how far a figure is from its ideal, in steps that anybody would call a fault."""
    ideal, step = SCALES[key]
    away = figure.value - ideal
    if key.endswith(_BEYOND_IS_FINE):
        away = min(0.0, away)
    return abs(away) / step


def _blurred_hands(scene: Scene) -> Frames:
    return _on_boxes(scene, ("left_hand", "right_hand"), _blurred)


def _mirrored_hands(scene: Scene) -> Frames:
    return _on_boxes(scene, ("left_hand", "right_hand"), lambda patch, _: patch[:, ::-1])


def _frozen_face(scene: Scene) -> Frames:
    first = _patch(scene.frames[0], scene.regions.face[0])
    frames = scene.frames.copy()
    for frame, box in zip(frames, scene.regions.face, strict=True):
        patch = _patch(frame, box)
        rows, columns = (min(a, b) for a, b in zip(patch.shape[:2], first.shape[:2], strict=True))
        patch[:rows, :columns] = first[:rows, :columns]
    return frames


def _swapped_frame(scene: Scene) -> Frames:
    order = np.arange(NUM_FRAMES)
    order[[16, 40]] = order[[40, 16]]
    return scene.frames[order]


def _flicker(scene: Scene) -> Frames:
    sign = 1 - 2 * (np.arange(NUM_FRAMES) % 2)
    return _tinted(scene, 3 * sign[:, None])


def _slow_drift(scene: Scene) -> Frames:
    walk = np.linspace(0, 1, NUM_FRAMES)[:, None]
    return _tinted(scene, walk * np.array((8, -2, -6)))


def _seam(scene: Scene) -> Frames:
    after = (np.arange(NUM_FRAMES) >= SEAM)[:, None]
    return _tinted(scene, np.where(after, 4, -4))


def _late(scene: Scene) -> Frames:
    return scene.frames[np.maximum(np.arange(NUM_FRAMES) - DELAY, 0)]


_STEADY = ("time/still_flicker", "time/jump", "time/motion_lag", "time/seam", "time/colour_drift")
_FACE_COLOURS = ("face/face_colours", "time/face_colours_drift")
_HANDS = ("hands/psnr", "hands/ssim", "hands/motion_ratio")

FAULTS = (
    Fault(
        "blurred hands",
        _blurred_hands,
        ("hands/psnr", "hands/ssim"),
        ("time/motion_lag", "time/seam", *_FACE_COLOURS),
    ),
    Fault(
        "mirrored hands",
        _mirrored_hands,
        ("hands/psnr", "hands/ssim"),
        ("time/motion_lag", "time/seam", *_FACE_COLOURS),
    ),
    Fault("frozen face", _frozen_face, ("face/motion_ratio",), (*_STEADY, *_HANDS)),
    Fault(
        "one swapped frame",
        _swapped_frame,
        ("time/jump",),
        (
            *("hands/ssim", "hands/motion_ratio", "face/ssim", "frame/ssim"),
            *("time/motion_lag", "time/colour_drift", "time/face_colours_drift"),
        ),
    ),
    Fault(
        "added flicker",
        _flicker,
        ("time/still_flicker", "time/motion_error"),
        (
            *("hands/ssim", "face/ssim", "frame/ssim", "time/jump", "time/motion_lag"),
            *("time/seam", "time/colour_drift"),
        ),
    ),
    Fault(
        "slow colour drift",
        _slow_drift,
        ("time/colour_drift",),
        (
            *("hands/ssim", "face/ssim", "frame/ssim", "hands/motion_ratio", "time/motion_ratio"),
            *("time/still_flicker", "time/jump", "time/motion_lag", "time/seam"),
        ),
    ),
    Fault(
        "a seam",
        _seam,
        ("time/seam", "time/jump"),
        ("hands/ssim", "face/ssim", "frame/ssim", "hands/motion_ratio", "time/motion_lag"),
    ),
    Fault(
        "wrong identity",
        lambda scene: scene.other,
        ("face/psnr", "face/face_colours", "frame/psnr"),
        ("time/still_flicker", "time/motion_lag", "time/seam", "time/colour_drift"),
    ),
    Fault(
        "half a second late",
        _late,
        ("time/motion_lag", "time/motion_error", "hands/ssim"),
        ("time/still_flicker", "time/jump", "time/colour_drift", "face/face_colours"),
    ),
)


def _tinted(scene: Scene, colour: NDArray[np.floating]) -> Frames:
    """Return the frames with a colour (T, 1 or 3) added."""
    return np.clip(scene.frames + colour[:, None, None, :], 0, 255).round().astype(np.uint8)


def _on_boxes(
    scene: Scene, names: tuple[str, ...], change: Callable[[Frames, int], Frames]
) -> Frames:
    frames = scene.frames.copy()
    for name in names:
        boxes = scene.regions.boxes(name)  # type: ignore[arg-type]
        for index in np.flatnonzero(seen(boxes)):
            patch = _patch(frames[index], boxes[index])
            patch[:] = change(patch.copy(), int(index))
    return frames


def _patch(frame: Frames, box: Boxes) -> Frames:
    x0, y0, x1, y1 = box.round().astype(int)
    return frame[max(0, y0) : y1, max(0, x0) : x1]


def _blurred(patch: Frames, _index: int) -> Frames:
    pixels = torch.from_numpy(patch).float().movedim(-1, 0)[None]
    blurred = F.avg_pool2d(F.pad(pixels, (4, 4, 4, 4), mode="replicate"), 9, stride=1)
    return blurred[0].movedim(0, -1).round().byte().numpy()


def table(figures: Mapping[str, Mapping[str, Figure]]) -> Iterator[str]:
    """Yield the lines of the table: 1 is a fault that anybody sees, 0 the ideal; own ones bold.

    figures: of each fault, by its name.
    """
    yield f"| fault | {' | '.join(SCALES)} |"
    yield "|---|" + "---|" * len(SCALES)
    for fault in FAULTS:
        cells = []
        for key in SCALES:
            value = damage(key, figures[fault.name][key])
            text = f"{value:.1f}" if value < 10 else ">9"
            cells.append(f"**{text}**" if key in fault.moves else text)
        yield f"| {fault.name} | {' | '.join(cells)} |"


if __name__ == "__main__":
    torch.set_num_threads(1)
    drawn = draw_scene()
    for line in table({fault.name: figures_of(drawn, fault.plant(drawn)) for fault in FAULTS}):
        print(line)  # noqa: T201
