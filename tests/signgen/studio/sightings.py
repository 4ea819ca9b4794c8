"""Synthetic signers seen by real MediaPipe: pictures, exact points and detections side by side.

What was seen is kept in a folder that is named after the code and data it depends on, so that a run
that was stopped goes on, and one after a change begins anew.
"""

import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import mediapipe
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import signgen.studio
from pose_sequences.extract.holistic import Holistic, HolisticModel
from pose_sequences.files.archive import Array, read_archive, write_archive
from signgen.studio.camera import Camera
from signgen.studio.degrade import blur_shutter
from signgen.studio.figure import Figure, Pose
from signgen.studio.keypoints import project_keypoints
from signgen.studio.picture import Pictures, render
from signgen.studio.pieces import Part
from signgen.studio.raster import Mesh, rasterise

HANDS = (Part.LEFT_HAND, Part.RIGHT_HAND)
_AT_ONCE = 4  # frames
_ROOM = 2  # how many picture widths and heights a hand may stray to

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Sightings:
    """T pictures of one signer, by themselves or a clip.

    points (T, 553, 3), visible (T, 553): as keypoints.Keypoints; shown (T, 2): which share of the
    left and the right hand's silhouette is in the picture and not covered; found (T, 543, 3),
    confidence (T, 543): what MediaPipe says.
    """

    points: Array
    visible: Array
    shown: Array
    found: Array
    confidence: Array


def see(
    figure: Figure, pose: Pose, camera: Camera, model: HolisticModel, shutter: float = 0.0
) -> Sightings:
    """Render a pose's pictures and show them to MediaPipe.

    shutter: 0 for sharp pictures; else the pose has MOMENTS for each picture, and the shutter is
    open for that share of them.
    """
    moments = MOMENTS if shutter else 1
    parts = []
    with Holistic(model, single_thread=True) as detector:
        for first in range(0, pose.num_frames, _AT_ONCE * moments):
            shot = pose.chunk(first, first + _AT_ONCE * moments)
            parts.append(_shot(figure, shot, camera, shutter, detector))
    names = Sightings.__dataclass_fields__
    return Sightings(**{n: np.concatenate([getattr(part, n) for part in parts]) for n in names})


MOMENTS = 4


def _shot(
    figure: Figure, pose: Pose, camera: Camera, shutter: float, detector: Holistic
) -> Sightings:
    pictures = render(figure, pose, camera)
    frames = pictures.frames
    if shutter:
        moments = (frames.movedim(-1, 1).float() / 255).unflatten(0, (-1, MOMENTS))
        frames = (255 * blur_shutter(moments, shutter)).round().byte().movedim(1, -1)
        every = slice(None, None, MOMENTS)
        pose = Pose(pose.rotations[every], pose.actions[every], pose.root[every])
        pictures = Pictures(frames, pictures.parts[every], pictures.depth[every])
    exact = project_keypoints(figure, pose, camera, pictures.depth)
    seen = [detector.detect(np.ascontiguousarray(frame)) for frame in frames.numpy()]
    return Sightings(
        points=exact.points.numpy(),
        visible=exact.visible.numpy(),
        shown=shown_share(figure, pose, camera, pictures.parts).numpy(),
        found=np.stack([points for points, _ in seen]),
        confidence=np.stack([trust for _, trust in seen]),
    )


def shown_share(figure: Figure, pose: Pose, camera: Camera, parts: Tensor) -> Tensor:
    """Return (T, 2): which share of each hand's silhouette the pictures show, by their part masks.

    parts (T, H, W): of the pictures; a silhouette counts whole, however far it leaves the picture.
    """
    width, height = camera.size
    wide = replace(camera, size=(_ROOM * width, _ROOM * height))
    screen = wide.project(figure.posed(pose).vertices)
    shares = []
    for part in HANDS:
        own, mesh = figure.piece.part == part, figure.mesh
        hand = Mesh(mesh.triangles[own], mesh.two_sided[own], mesh.cut, mesh.frayed[own])
        fragments = rasterise(hand, screen, wide.size)
        whole = fragments.frame.bincount(minlength=pose.num_frames)
        shares.append((parts == part).flatten(1).sum(1) / whole.clamp(min=1))
    return torch.stack(shares, 1)


class Kept:
    """Sightings on disk, made when they are first asked for.

    folder: where the folder of this state of the studio is, the system's own for temporary files if
    none is given.
    """

    def __init__(self, folder: Path | None = None) -> None:
        root = folder or Path(tempfile.gettempdir()) / "signgen-sightings"
        self._folder = root / studio_digest()

    def get(self, name: str, make: Callable[[], Sightings]) -> Sightings:
        """Return what is kept under a name, or make and keep it."""
        path = self._folder / f"{name}.npz"
        if not path.exists():
            write_archive(path, vars(make()), overwrite=False)
        return Sightings(**read_archive(path))


def studio_digest() -> str:
    """Return a word that changes with whatever decides what MediaPipe sees."""
    folder = Path(signgen.studio.__file__).parent
    digest = hashlib.sha256(json.dumps([mediapipe.__version__, torch.__version__]).encode())
    for path in sorted([*folder.glob("*.py"), *folder.glob("*.safetensors"), Path(__file__)]):
        if not path.name.startswith(("detector", "source", "corpus", "plan")):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def pictures_model() -> HolisticModel:
    """Return the detector of pictures by themselves, as an extraction runs it."""
    return HolisticModel(tracks=False)


def clips_model() -> HolisticModel:
    """Return the detector of clips, as an extraction runs it."""
    return HolisticModel()
