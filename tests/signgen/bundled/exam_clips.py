"""Clips that a bundled model is examined on: signers, takes and signs that training never saw.

Filmed without sensor noise, and rendered by a model from each clip's first frame.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from pose_sequences.errors import InputError
from pose_sequences.extract.answers import understand
from pose_sequences.extract.crew import Lost, run_tasks
from pose_sequences.files import read_poses
from pose_sequences.video import read_frames
from pose_sequences.video.mp4 import write_mp4
from signgen.evaluation.recognition.exam import FIRST_SIGNER
from signgen.pipeline import SignVideoPipeline
from signgen.sampling import Steps
from signgen.studio.breadth import Breadth
from signgen.studio.clip import Take, draw_glosses, draw_vocabulary
from signgen.studio.corpus_task import FilmTask, Place
from signgen.studio.gloss import Gloss
from signgen.take import Windows

SIZE = (256, 256)
SPLIT, LAYOUT = "test", "holistic553"
_CHILD = "signgen.studio.corpus_task"
_STALL_SECONDS = 600.0
_VOCABULARY = 400


@dataclass(frozen=True, kw_only=True)
class ExamClip:
    """A filmed clip: frames, a folder of PNGs, and its exact poses."""

    name: str
    frames: Path
    poses: Path


def exam_takes(
    num_clips: int,
    num_frames: int,
    seen: frozenset[Gloss],
    seed: int,
    breadth: Breadth = "narrow",
) -> list[Take]:
    """Return what is filmed, each clip of another signer; seen: signs of the training.

    The signs are the same in either breadth.
    """
    rng = np.random.default_rng([seed, *b"exam clips"])
    new = tuple(sign for sign in draw_vocabulary(_VOCABULARY, rng) if sign not in seen)
    return [
        Take(
            signer=FIRST_SIGNER + int(rng.integers(FIRST_SIGNER)),
            glosses=tuple(draw_glosses(new, 3, rng)),
            seed=int(rng.integers(2**31)),
            size=SIZE,
            max_frames=num_frames,
            breadth=breadth,
        )
        for _ in range(num_clips)
    ]


def film_clips(folder: Path, takes: list[Take], *, workers: int) -> list[ExamClip]:
    """Film the clips that are not there yet; raises InputError for one that cannot be filmed."""
    place = Place(str(folder), "clips", video=False)
    kinds = {"narrow": "clip", "wide": "wide"}
    names = [f"{kinds[take.breadth]}{number + 1:04d}" for number, take in enumerate(takes)]
    tasks = [
        FilmTask(place=place, split=SPLIT, name=name, take=take).to_text()
        for name, take in zip(names, takes, strict=True)
        if not place.holds(SPLIT, name)
    ]
    crew = run_tasks(_CHILD, tasks, workers=workers, stall_seconds=_STALL_SECONDS)
    with closing(crew) as answers:
        for answer in answers:
            lost = isinstance(answer, Lost)
            error = answer.reason if isinstance(answer, Lost) else understand(answer.text).error
            if lost or error:
                raise InputError(folder, f"has a clip that failed ({error})", "run it again")
    return [
        ExamClip(
            name=name,
            frames=place.clip(SPLIT, name),
            poses=place.keypoints(LAYOUT, SPLIT, name),
        )
        for name in names
    ]


@dataclass(frozen=True, kw_only=True)
class Shoot:
    """How clips are rendered: steps, None for the model's; windows; seed of the noise."""

    steps: Steps | None = None
    windows: Windows | None = None
    seed: int = 0


def render_clips(
    pipeline: SignVideoPipeline, clips: list[ExamClip], output: Path, shoot: Shoot
) -> Iterator[int]:
    """Render clips from their first frames, with exact points; yield the frames of each."""
    for clip in clips:
        target = output / f"{clip.name}.mp4"
        if target.exists():
            continue
        poses = read_poses(clip.poses)
        frames = pipeline.stream(
            next(iter(read_frames(clip.frames))),
            poses.frames(0, 1),
            poses,
            generator=torch.Generator().manual_seed(shoot.seed),
            steps=shoot.steps,
            windows=shoot.windows,
        )
        write_mp4(target, frames, poses.fps)
        yield len(poses)
