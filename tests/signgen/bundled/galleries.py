"""Pictures among which a model has to find the right one: by its fusions, and by a face.

Signers share their poses, so that neither the pose nor the backdrop gives one away.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pose_sequences.layout import layout
from pose_sequences.sequence import PoseSequence
from signgen.data import LAYOUT, to_points
from signgen.evaluation.recognition.exam import FIRST_SIGNER
from signgen.latents import to_pixels
from signgen.pipeline import SignVideoPipeline
from signgen.pose_maps import draw_pose_maps
from signgen.studio.camera import PHOENIX, Camera
from signgen.studio.clip import draw_vocabulary, film, join_points, to_poses
from signgen.studio.complexion import linear
from signgen.studio.factory import SignerFactory
from signgen.studio.figure import Figure, Pose, dress
from signgen.studio.motion import perform
from signgen.studio.wardrobe import Background, Look, draw_look
from signgen.training.retrieval import Gallery

SIZE = (256, 256)
_FPS = 25.0
_APART = 0.10  # of the shoulder width, at some fingertip
_TIPS = tuple(
    f"{hand}.{finger}_tip"
    for hand in ("left_hand", "right_hand")
    for finger in ("thumb", "index", "middle", "ring", "pinky")
)
_HEAD = 1.9  # sides of a head's crop in heights of its face
_CROP = 48


@dataclass(frozen=True, kw_only=True, eq=False)
class Shots:
    """Pictures of one signer: frames (N, 3, H, W) uint8 and their poses."""

    frames: Tensor
    poses: PoseSequence


def shoot(figure: Figure, pose: Pose, shift: float = 0.0) -> Shots:
    """Render a figure in N poses, before its own camera."""
    framing = replace(figure.look.framing, shift=shift)
    camera = Camera.framed(figure.signer, SIZE, framing)
    shots = list(film(figure, pose, camera))
    frames = torch.cat([shot.frames for shot in shots]).movedim(-1, 1)
    return Shots(
        frames=frames,
        poses=to_poses(join_points([shot.keypoints for shot in shots]), camera, _FPS),
    )


def signs(num_frames: int, figure: Figure, seed: int) -> Pose:
    """Return a rest pose and then frames of signs that no two have alike, all different."""
    rng = np.random.default_rng([seed, *b"gallery"])
    performance = perform(figure.signer, draw_vocabulary(60, rng)[:24], fps=_FPS, rng=rng)
    pose = performance.pose
    shots = shoot(figure, _rows(pose, list(range(0, pose.num_frames, 3))))
    kept = _different(shots.poses, num_frames)
    return _rows(pose, [0, *(3 * row for row in kept)])


def _different(poses: PoseSequence, count: int) -> list[int]:
    """Return frames with both hands in view, each of which has a fingertip elsewhere than all."""
    rows = layout(poses.layout).find(_TIPS)
    width = poses.width
    ends = layout(poses.layout).find(("body.left_shoulder", "body.right_shoulder"))
    points = poses.keypoints[..., :2]
    width = float(np.linalg.norm(points[0, ends[0]] - points[0, ends[1]]))
    there = (poses.confidence[:, rows] > 0).all(axis=1)
    kept: list[int] = []
    for frame in np.flatnonzero(there):
        gaps = [np.linalg.norm(points[frame, rows] - points[k, rows], axis=1).max() for k in kept]
        if all(gap > _APART * width for gap in gaps):
            kept.append(int(frame))
        if len(kept) == count:
            return kept
    raise ValueError(f"there are {len(kept)} different frames, not {count}")


def people(count: int, seed: int, *, alike: bool) -> list[Figure]:
    """Return signers; alike: before one grey backdrop, every other one in the same garment."""
    rng = np.random.default_rng([seed, *b"people"])
    factory = SignerFactory.load()
    grey = linear((128, 128, 128))
    figures: list[Figure] = []
    for number in range(count):
        signer = factory.signer(FIRST_SIGNER + int(rng.integers(FIRST_SIGNER)))
        look: Look = draw_look(signer, signer.seed)
        if alike:
            garment = figures[0].look.garment if number and number % 2 else look.garment
            look = replace(
                look, background=Background(grey, grey, 0.0), garment=garment, framing=PHOENIX
            )
        figures.append(dress(signer, look))
    return figures


def fusion_gallery(num_signers: int, num_poses: int, seed: int) -> Gallery:
    """Return every signer in every pose, and of each a reference at rest."""
    figures = people(num_signers, seed, alike=False)
    pose = signs(num_poses, figures[0], seed)
    shots = [shoot(figure, pose) for figure in figures]
    pixels = torch.stack([to_pixels(shot.frames) for shot in shots])
    maps = torch.stack([_maps(shot.poses) for shot in shots])
    return Gallery(references=pixels[:, 0], maps=maps[:, 1:], pictures=pixels[:, 1:])


@torch.no_grad()
def recognised(pipeline: SignVideoPipeline, num_signers: int, seed: int) -> tuple[float, float]:
    """Return the shares of signers who are nearest to their own reference, rendered and real.

    Compared are crops of the head; the real ones are of the same pose as the rendered.
    """
    figures = people(num_signers, seed, alike=True)
    pose = signs(3, figures[0], seed)
    shots = [shoot(figure, pose) for figure in figures]
    made = [
        pipeline.render_frames(
            shot.frames[0].movedim(0, -1).numpy(),
            shot.poses.frames(0, 1),
            shot.poses.frames(1, len(shot.poses)),
            generator=torch.Generator().manual_seed(0),
        )[1]
        for shot in shots
    ]
    rendered = torch.from_numpy(np.stack(made)).movedim(-1, 1)
    real = torch.stack([shot.frames[2] for shot in shots])
    at = [shot.poses.frames(2, 3) for shot in shots]
    references = torch.stack([shot.frames[0] for shot in shots])
    homes = _heads(references, [shot.poses.frames(0, 1) for shot in shots])
    return _found(_heads(rendered, at), homes), _found(_heads(real, at), homes)


def _found(heads: Tensor, homes: Tensor) -> float:
    nearest = torch.cdist(heads.flatten(1), homes.flatten(1)).argmin(dim=1)
    return float((nearest == torch.arange(len(heads))).float().mean())


def _heads(frames: Tensor, poses: list[PoseSequence]) -> Tensor:
    """Return crops of heads (N, 3, S, S) of frames (N, 3, H, W), the face in the same place."""
    crops = []
    for frame, sequence in zip(frames, poses, strict=True):
        rows = layout(sequence.layout).part("face")
        points = sequence.keypoints[0, rows, :2]
        low, high = points.min(axis=0), points.max(axis=0)
        centre, half = (low + high) / 2, _HEAD * (high[1] - low[1]) / 2
        left, top = np.floor(centre - half).astype(int).clip(0)
        right, bottom = np.ceil(centre + half).astype(int)
        part = frame[None, :, top:bottom, left:right].float()
        crops.append(F.interpolate(part, (_CROP, _CROP), mode="bilinear", antialias=True))
    return torch.cat(crops)


def _maps(poses: PoseSequence) -> Tensor:
    return draw_pose_maps(to_points(poses, SIZE), LAYOUT, SIZE)


def _rows(pose: Pose, rows: list[int]) -> Pose:
    chosen = torch.tensor(rows)
    return Pose(pose.rotations[chosen], pose.actions[chosen], pose.root[chosen])
