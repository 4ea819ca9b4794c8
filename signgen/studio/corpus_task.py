"""One clip of a corpus from the plan to the disk, inside a child process of the build.

``python -m signgen.studio.corpus_task`` serves a crew with it; only words about a clip come back.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pose_sequences.errors import PathError
from pose_sequences.extract.answers import answers
from pose_sequences.extract.crew import serve
from pose_sequences.files import write_poses
from pose_sequences.images import write_png
from pose_sequences.outputs import fresh_folder
from pose_sequences.phoenix import HOLISTIC_LAYOUTS, KEYPOINTS
from pose_sequences.phoenix.clip import FPS, frame_name
from pose_sequences.sequence import PoseSequence
from pose_sequences.video.mp4 import Mp4Writer
from signgen import __version__
from signgen.studio.clip import Take, dress_signer, film, join_points, to_poses
from signgen.studio.detector import Detection, bundled_detector
from signgen.studio.factory import SignerFactory
from signgen.studio.figure import Figure
from signgen.studio.gloss import Gloss
from signgen.studio.keypoints import Keypoints
from signgen.studio.motion_files import MotionFile, Scene, rehearse_motion, rehearse_take

Write = Callable[[NDArray[np.uint8]], None]


@dataclass(frozen=True)
class Place:
    """Where a corpus keeps its clips.

    root: its folder; frames: the folder of the frames in it; video: whether a clip is an MP4.
    """

    root: str
    frames: str
    video: bool

    def clip(self, split: str, name: str) -> Path:
        """Return the clip's folder of frames, or its MP4."""
        return Path(self.root, self.frames, split, f"{name}.mp4" if self.video else name)

    def keypoints(self, layout: str, split: str, name: str) -> Path:
        """Return the clip's keypoints."""
        return Path(self.root, KEYPOINTS, layout, split, f"{name}.npz")

    def holds(self, split: str, name: str) -> bool:
        """Return whether all of the clip is there."""
        keypoints = (self.keypoints(layout, split, name) for layout in HOLISTIC_LAYOUTS)
        return self.clip(split, name).exists() and all(path.exists() for path in keypoints)


@dataclass(frozen=True, kw_only=True)
class FilmTask:
    """One clip to film.

    detector: how far its keypoints err, 0 for exact ones; motion: what is performed instead of the
    take's glosses.
    """

    place: Place
    split: str
    name: str
    take: Take
    detector: float = 0.0
    motion: MotionFile | None = None

    def to_text(self) -> str:
        """Return the task as the child reads it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "FilmTask":
        """Return the task that a text holds."""
        words = json.loads(text)
        take = words.pop("take")
        glosses = tuple(Gloss(**gloss) for gloss in take.pop("glosses"))
        size = tuple(take.pop("size"))
        place = Place(**words.pop("place"))
        motion = words.pop("motion")
        if motion:
            motion = MotionFile(glosses=tuple(motion.pop("glosses")), **motion)
        take = Take(glosses=glosses, size=size, **take)
        return cls(place=place, take=take, motion=motion, **words)


def work(text: str) -> Iterator[str]:
    """Do a task given as text; yield what ``understand`` reads."""
    return answers(_film(FilmTask.from_text(text)), PathError)


def _film(task: FilmTask) -> Iterator[int]:
    """Write the clip, yielding the number of frames that each shot has."""
    seen = []
    # the pictures appear last: where they are, the keypoints are, too
    with _opened(task) as write:
        figure = dress_signer(_factory(), task.take.signer, task.take.breadth)
        scene = _rehearsed(figure, task)
        for pose in scene.poses:
            for shot in film(figure, pose, scene.camera):
                for frame in shot.frames.numpy():
                    write(frame)
                seen.append(shot.keypoints)
                yield len(shot.frames)
        poses = _seen(task, scene, join_points(seen))
        for layout in HOLISTIC_LAYOUTS:
            path = task.place.keypoints(layout, task.split, task.name)
            write_poses(poses.converted(layout), path, overwrite=True)


def _rehearsed(figure: Figure, task: FilmTask) -> Scene:
    if task.motion:
        return rehearse_motion(figure, task.take, task.motion)
    return rehearse_take(figure, task.take)


def _seen(task: FilmTask, scene: Scene, exact: Keypoints) -> PoseSequence:
    """Return the points of a whole clip as exactly as the task wants them."""
    poses = to_poses(exact, scene.camera, FPS, scene.segments)
    poses = replace(poses, gloss=scene.gloss)
    if not task.detector:
        return poses
    chance = np.random.default_rng([task.take.seed, *b"detector"])
    detection = Detection(strength=task.detector)
    return bundled_detector().apply(poses, exact, scene.camera, chance, detection)


@contextmanager
def _opened(task: FilmTask) -> Iterator[Write]:
    """Give the function that takes the next frame, until the clip gets its name."""
    path = task.place.clip(task.split, task.name)
    if task.place.video:
        comment = f"signgen {__version__} studio: a synthetic signer, seed {task.take.signer}"
        with Mp4Writer(path, *task.take.size, FPS, overwrite=True, comment=comment) as video:
            yield video.write
        return
    with fresh_folder(path, overwrite=True, ours=lambda entry: entry.suffix == ".png") as folder:
        written = 0

        def write(frame: NDArray[np.uint8]) -> None:
            nonlocal written
            written += 1
            write_png(folder / frame_name(written), frame, overwrite=False)

        yield write


@cache
def _factory() -> SignerFactory:
    return SignerFactory.load()


def _main() -> None:
    import torch

    # one core a worker: many threads on small tensors wait for each other
    torch.set_num_threads(1)
    serve(work)


if __name__ == "__main__":
    _main()
