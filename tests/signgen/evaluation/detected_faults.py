"""Faults planted in a filmed studio clip, as the detector sees them: what each does to the poses.

``python -m tests.signgen.evaluation.detected_faults`` prints the table of faults and measures as
Markdown; it takes minutes. faults.py has the faults themselves, and what pixels say of them.
"""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from pose_sequences.sequence import PoseSequence
from pose_sequences.video import read_frames
from pose_sequences.video.mp4 import write_mp4
from signgen.evaluation.poses import detect_poses, measure_poses
from signgen.evaluation.regions import find_regions
from signgen.studio.clip import (
    Take,
    draw_vocabulary,
    dress_signer,
    film,
    join_points,
    rehearse,
    to_poses,
)
from signgen.studio.factory import SignerFactory
from tests.signgen.evaluation.faults import FAULTS, NUM_FRAMES, Frames, Scene

FPS = 25
HEALTHY = "none, as H.264"
PLANTED = ("blurred hands", "mirrored hands", "frozen face", "wrong identity", "half a second late")
_SIGNERS = (4, 11)
_FIRST = 10  # before it the hands rest
_CRF = 23

# what stands in the table, by key without the clip that it is held against
KEYS = (
    *("hands/missing", "hands/pck_0.2", "hands/error", "hands/angle_error", "hands/facing"),
    *("hands/dtw_mje", "face/error", "face/mouth_opening_error", "face/mouth_opening_follows"),
    *("face/yaw_follows", "time/lag", "body/pck_0.1", "body/error"),
)


@dataclass(frozen=True, eq=False)
class FilmedScene:
    """A scene of the studio with the poses that drove it."""

    scene: Scene
    poses: PoseSequence


def film_scene() -> FilmedScene:
    """Return one signer's sentence, and another signer in the same pose all the time."""
    factory = SignerFactory.load()
    figures = [dress_signer(factory, seed) for seed in _SIGNERS]
    glosses = draw_vocabulary(3, np.random.default_rng(5))
    take = Take(signer=_SIGNERS[0], glosses=glosses, seed=5, size=(256, 256))
    performance, camera = rehearse(figures[0], take, FPS)
    pose = performance.pose.chunk(_FIRST, _FIRST + NUM_FRAMES)
    own, other = (list(film(figure, pose, camera)) for figure in figures)
    poses = to_poses(join_points([shot.keypoints for shot in own]), camera, FPS)
    frames, others = (torch.cat([shot.frames for shot in shots]).numpy() for shots in (own, other))
    scene = Scene(frames=frames, regions=find_regions(poses, camera.size), other=others)
    return FilmedScene(scene, poses)


def planted(filmed: FilmedScene) -> dict[str, dict[str, float]]:
    """Return what the poses of each planted fault come to against the real clip, by key."""
    clips = {HEALTHY: _reencoded(filmed.scene.frames)}
    clips |= {f.name: f.plant(filmed.scene) for f in FAULTS if f.name in PLANTED}
    real = detect_poses(filmed.scene.frames, fps=FPS, name="real")
    found = {}
    for name, frames in clips.items():
        seen = detect_poses(frames, fps=FPS, name=name)
        figures = measure_poses(filmed.poses, seen, real)
        found[name] = {figure.key.removesuffix("_vs_reference"): figure.value for figure in figures}
    return found


def table(figures: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """Yield the lines of the table, a row a fault."""
    yield f"| fault | {' | '.join(KEYS)} |"
    yield "|---|" + "---|" * len(KEYS)
    for name, of_fault in figures.items():
        yield f"| {name} | {' | '.join(f'{of_fault[key]:.3g}' for key in KEYS)} |"


def _reencoded(frames: Frames) -> Frames:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "clip.mp4")
        write_mp4(path, frames, FPS, crf=_CRF)
        return np.stack(list(read_frames(path)))


if __name__ == "__main__":
    torch.set_num_threads(1)
    for line in table(planted(film_scene())):
        print(line)  # noqa: T201
