"""Pictures of minimal pairs: filmed, rendered by a model, and looked at by MediaPipe.

Everything is kept in a folder and made once; a run that was stopped goes on with what is there.
"""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import torch

from pose_sequences.errors import PoseSequencesError
from pose_sequences.extract import ClipProgress
from pose_sequences.files import read_poses, write_poses
from pose_sequences.images import read_image, write_png
from pose_sequences.sequence import PoseSequence
from pose_sequences.video.mp4 import write_mp4
from signgen.evaluation.detections import content_hash, detect
from signgen.evaluation.recognition.rehearsal import FPS
from signgen.pipeline import SignVideoPipeline
from signgen.sampling import Steps
from signgen.studio.camera import Camera
from signgen.studio.clip import Take, dress_signer, film, join_points, rehearse, to_poses
from signgen.studio.factory import SignerFactory
from signgen.studio.figure import Figure, Pose
from tests.signgen.bundled.minimal_pairs import MEMBERS, Pair, exam_takes, excerpt


@dataclass(frozen=True)
class PairClip:
    """One filmed excerpt: who signs which of a pair's two signs, and where its files stand."""

    pair: Pair
    person: int
    member: int
    folder: Path

    @property
    def name(self) -> str:
        """The name of its files: the person's number and a letter for the sign."""
        return f"{self.person + 1}{MEMBERS[self.member]}"

    @property
    def video(self) -> Path:
        """The frames of the excerpt."""
        return self.folder / f"{self.name}.mp4"

    @property
    def poses(self) -> Path:
        """Their exact poses."""
        return self.folder / f"{self.name}.npz"

    @property
    def picture(self) -> Path:
        """Another picture of the signer before the same camera, at rest."""
        return self.folder / f"{self.name}-rest.png"

    @property
    def picture_poses(self) -> Path:
        """The exact pose of the picture."""
        return self.folder / f"{self.name}-rest.npz"


def film_pair(
    factory: SignerFactory, pair: Pair, folder: Path, *, takes: int, num_frames: int, seed: int
) -> list[PairClip]:
    """Film what is not there yet of so many takes of each sign, each by another signer."""
    clips = []
    for person in range(takes):
        own = [PairClip(pair, person, member, folder) for member in range(len(MEMBERS))]
        lacking = [clip for clip in own if not clip.video.exists()]
        if lacking:
            both = exam_takes(pair, person, seed)
            figure = dress_signer(factory, both[0].signer)
            for clip in lacking:
                _film(clip, figure, both[clip.member], num_frames)
        clips += own
    return clips


def _film(clip: PairClip, figure: Figure, take: Take, num_frames: int) -> None:
    performance, camera = rehearse(figure, take, FPS)
    clip.folder.mkdir(parents=True, exist_ok=True)
    frames, poses = _shot(figure, performance.pose.chunk(0, 1), camera)
    write_png(clip.picture, frames[0].numpy(), overwrite=True)
    write_poses(poses, clip.picture_poses, overwrite=True)
    frames, poses = _shot(figure, excerpt(performance, num_frames).pose, camera)
    write_poses(poses, clip.poses, overwrite=True)
    # the video appears last: where it is, the rest is, too
    write_mp4(clip.video, iter(frames.numpy()), FPS)


def _shot(figure: Figure, pose: Pose, camera: Camera) -> tuple[torch.Tensor, PoseSequence]:
    """Return the frames (T, H, W, 3) of a pose, and their exact points."""
    shots = list(film(figure, pose, camera))
    points = join_points([shot.keypoints for shot in shots])
    return torch.cat([shot.frames for shot in shots]), to_poses(points, camera, FPS)


def render_clip(pipeline: SignVideoPipeline, steps: Steps, clip: PairClip, target: Path) -> None:
    """Render the clip's exact poses from the signer at rest, unless it is there."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    frames = pipeline.stream(
        read_image(clip.picture),
        read_poses(clip.picture_poses),
        read_poses(clip.poses),
        generator=torch.Generator().manual_seed(0),
        steps=steps,
    )
    write_mp4(target, frames, FPS)


def look(videos: Iterable[Path], cache: Path, *, workers: int) -> dict[Path, PoseSequence]:
    """Return what MediaPipe finds in each video; cache: keeps it.

    Raises PoseSequencesError where one cannot be looked at.
    """
    jobs = [(video, content_hash(video)) for video in videos]
    found = {}
    with closing(detect(jobs, cache, workers=workers)) as events:
        for event in events:
            if isinstance(event, ClipProgress):
                continue
            if event.poses is None:
                raise event.error or PoseSequencesError(f"{event.clip}: nothing was found")
            found[event.clip] = read_poses(event.poses)
    return found
