"""One clip of the studio: who signs what before which camera, its pictures and its exact points.

A Take says all of it in numbers and words, so that any process films the same. Where clips are kept
is the business of corpus.py and source.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from pose_sequences.layout import layout
from pose_sequences.sequence import Floats, PoseSequence, Segment, mark_missing
from signgen.studio.breadth import Breadth
from signgen.studio.camera import Camera
from signgen.studio.factory import SignerFactory
from signgen.studio.figure import Figure, Pose, dress
from signgen.studio.gloss import Gloss, random_gloss
from signgen.studio.keypoints import LAYOUT, Keypoints, project_keypoints
from signgen.studio.motion import Performance, perform
from signgen.studio.picture import render_posed
from signgen.studio.surroundings import look_around

_AT_ONCE = 8  # frames; fixed, so that the pictures cannot depend on the machine's memory
_MOST_SHIFT = 0.03  # of the picture's width
_MOST_TURN = 0.12  # radians
SEEN_SHARE = 0.45  # of a hand's or a face's points, from which on a detector finds all of it
_HIDDEN = 0.9  # how sure a detector is of a joint behind something
_FADE = 0.25  # picture heights outside the picture in which it becomes 1/e as sure


@dataclass(frozen=True, kw_only=True)
class Take:
    """What is filmed.

    signer: seed of the person and their look; glosses: what they sign; seed: of how they do it and
    how the camera stands; size: width and height in pixels; max_frames: 0 for all; breadth: of the
    world that the signer is out of.
    """

    signer: int
    glosses: tuple[Gloss, ...]
    seed: int
    size: tuple[int, int]
    max_frames: int = 0
    breadth: Breadth = "narrow"


@dataclass(frozen=True)
class Shot:
    """Some consecutive frames of a clip: frames (T, H, W, 3) uint8, their points, and parts
    (T, H, W), see picture.Pictures.
    """

    frames: Tensor
    keypoints: Keypoints
    parts: Tensor


def dress_signer(factory: SignerFactory, seed: int, breadth: Breadth = "narrow") -> Figure:
    """Return the signer of a seed in the clothes and light of the same seed."""
    signer = factory.signer(seed, breadth)
    return dress(signer, look_around(signer, seed, breadth))


def draw_glosses(vocabulary: tuple[Gloss, ...], most: int, rng: np.random.Generator) -> list[Gloss]:
    """Return a sentence of 1 to ``most`` glosses, each as often as any other."""
    count = int(rng.integers(1, most + 1))
    return [vocabulary[row] for row in rng.integers(len(vocabulary), size=count)]


def draw_vocabulary(size: int, rng: np.random.Generator) -> tuple[Gloss, ...]:
    """Return ``size`` different glosses."""
    glosses: dict[Gloss, None] = {}
    while len(glosses) < size:
        glosses[random_gloss(rng)] = None
    return tuple(glosses)


def rehearse(figure: Figure, take: Take, fps: float) -> tuple[Performance, Camera]:
    """Return how the signer performs the take, and the camera that will film it."""
    rng = np.random.default_rng(take.seed)
    camera = draw_camera(figure, take, rng)
    performance = perform(figure.signer, take.glosses, fps=fps, rng=rng)
    return _cut(performance, take.max_frames), camera


def draw_camera(figure: Figure, take: Take, rng: np.random.Generator) -> Camera:
    """Return the camera for a take, a little beside where the signer's look wants it."""
    shift, turn = rng.uniform(-1, 1, 2)
    framing = figure.look.framing
    framing = replace(
        framing,
        shift=framing.shift + _MOST_SHIFT * float(shift),
        turn=framing.turn + _MOST_TURN * float(turn),
    )
    return Camera.framed(figure.signer, take.size, framing)


def film(figure: Figure, pose: Pose, camera: Camera, supersample: int = 2) -> Iterator[Shot]:
    """Yield the frames of a pose a few at a time, on the figure's device.

    pose: on any device.
    """
    device = figure.heads.device
    for first in range(0, pose.num_frames, _AT_ONCE):
        part = pose.chunk(first, first + _AT_ONCE)
        part = Pose(part.rotations.to(device), part.actions.to(device), part.root.to(device))
        posed = figure.posed(part)
        pictures = render_posed(figure, posed, camera, supersample)
        keypoints = project_keypoints(figure, posed, camera, pictures.depth)
        yield Shot(pictures.frames, keypoints, pictures.parts)


def join_points(parts: Sequence[Keypoints]) -> Keypoints:
    """Return the points of consecutive shots as one."""
    points = torch.cat([part.points for part in parts])
    return Keypoints(points, torch.cat([part.visible for part in parts]))


def to_poses(
    keypoints: Keypoints,
    camera: Camera,
    fps: float,
    segments: tuple[tuple[str, int, int], ...] = (),
) -> PoseSequence:
    """Return exact points as a detector that never errs would give them.

    A hand or a face is found whole or not at all; of the body's joints it is the less sure the
    farther outside they are; z is in picture widths from the middle of each part, nearer smaller.
    """
    points = relative_places(keypoints, camera)
    visible = keypoints.visible.cpu().numpy()
    width, height = camera.size
    outside = _outside(points, camera.size)
    confidence = np.where(visible, 1.0, _HIDDEN * np.exp(-outside / (_FADE * height)))
    rows = layout(LAYOUT)
    for part in ("face", "left_hand", "right_hand"):
        own = rows.part(part)
        found = visible[:, own].mean(axis=1, keepdims=True) >= SEEN_SHARE
        confidence[:, own] = np.where(found, 1.0, 0.0)
    clean, trusted = mark_missing(points, confidence)
    return PoseSequence(
        keypoints=clean,
        confidence=trusted,
        fps=fps,
        width=width,
        height=height,
        layout=LAYOUT,
        gloss=" ".join(name for name, _, _ in segments),
        segments=tuple(Segment(*segment) for segment in segments),
        source="signgen studio",
    )


def relative_places(keypoints: Keypoints, camera: Camera) -> Floats:
    """Return exact points (T, 553, 3) as MediaPipe tells them, found or not.

    x and y in pixels; z in picture widths from the middle of each part, nearer smaller.
    """
    points = keypoints.points.cpu().numpy().astype(np.float32)
    rows = layout(LAYOUT)
    for part in ("face", "left_hand", "right_hand"):
        own = rows.part(part)
        # MediaPipe's depths count from the wrist, from the middle of the face and of the hips
        origin = own if part == "face" else own[:1]
        points[:, own, 2] -= points[:, origin, 2].mean(axis=1, keepdims=True)
    body, hips = rows.part("body"), rows.find(("body.left_hip", "body.right_hip"))
    points[:, body, 2] -= points[:, hips, 2].mean(axis=1, keepdims=True)
    points[..., 2] *= camera.pixels_a_metre / camera.size[0]
    return points


def _cut(performance: Performance, max_frames: int) -> Performance:
    num_frames = performance.pose.num_frames
    if not 0 < max_frames < num_frames:
        return performance
    segments = tuple(
        (name, start, min(stop, max_frames))
        for name, start, stop in performance.segments
        if start < max_frames
    )
    return Performance(performance.pose.chunk(0, max_frames), segments, performance.fps)


def _outside(points: Floats, size: tuple[int, int]) -> Floats:
    """Return how many pixels points (T, K, 3) lie outside a picture, (T, K)."""
    limit = np.array(size, np.float32)
    over = np.maximum(np.maximum(-points[..., :2], points[..., :2] - limit), 0)
    return np.linalg.norm(over, axis=-1)
