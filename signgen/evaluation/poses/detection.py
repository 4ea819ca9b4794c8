"""Frames become poses: MediaPipe Holistic looks at a clip, in a process of its own.

Clips that are files go straight to ``pose_sequences.extract.extract_clips`` with
``Detector.extraction``, many at a time; here are the frames that no file holds.
"""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pose_sequences.errors import InputError
from pose_sequences.extract import ClipJob, ClipResult, Extraction, extract_clips, extract_poses
from pose_sequences.extract.holistic import HolisticModel, settings
from pose_sequences.files.npz import read_npz
from pose_sequences.images import write_png
from pose_sequences.sequence import PoseSequence, concatenate


@dataclass(frozen=True, kw_only=True)
class Detector:
    """Which detector looks at clips.

    refine_face: with irises, more exact at eyes and lips; complexity: of the body model, 0 to 2;
    tracks: follow and smooth landmarks from frame to frame (video mode), else see each frame as a
    picture (static mode), which is many times slower. Raises ValueError for another complexity.
    """

    refine_face: bool = True
    complexity: int = 1
    tracks: bool = True

    def __post_init__(self) -> None:
        self.extraction()

    @property
    def signature(self) -> str:
        """Which detector, version, layout, complexity and mode, as poses keep it in ``source``."""
        model = HolisticModel(refine_face=self.refine_face, complexity=self.complexity)
        mode = "video" if self.tracks else "picture"
        return f"mediapipe-{_version()} {settings(model)} {mode}"

    def extraction(self, fps: float | None = None) -> Extraction:
        """Return the settings that extract_clips takes; fps: as there."""
        return Extraction(refine_face=self.refine_face, complexity=self.complexity, fps=fps)


_DEFAULT = Detector()


def detect_poses(
    frames: Iterable[NDArray[np.uint8]], *, fps: float, name: str, detector: Detector = _DEFAULT
) -> PoseSequence:
    """Return what a detector finds in the frames of a clip; they pass through a temporary folder.

    frames: uint8 (H, W, 3), one after another; fps: their rate; name: of the clip, for errors and
    for the poses' source. The same as extract_poses on a lossless video of these frames.
    Raises ValueError without a frame, InputError where the detector fails on them, and ToolError
    where this machine lacks it.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "frames"
        folder.mkdir()
        pictures = _write(frames, folder)
        try:
            if detector.tracks:
                found = extract_poses(folder, detector.extraction(fps))
            else:
                found = replace(concatenate(list(_one_by_one(pictures, detector))), fps=fps)
        except InputError as error:
            raise InputError(name, error.fault, error.remedy) from error
    return replace(found, source=f"{name} by {found.source.rpartition(' by ')[2]}")


def _write(frames: Iterable[NDArray[np.uint8]], folder: Path) -> list[Path]:
    pictures = []
    for index, frame in enumerate(frames):
        pictures.append(folder / f"{index:06d}.png")
        write_png(pictures[-1], frame, overwrite=False)
    if not pictures:
        raise ValueError("there is no frame to look at; give at least one")
    return pictures


def _one_by_one(pictures: list[Path], detector: Detector) -> Iterator[PoseSequence]:
    jobs = [ClipJob(picture, picture.with_suffix(".npz")) for picture in pictures]
    with closing(extract_clips(jobs, detector.extraction())) as events:
        for event in events:
            if isinstance(event, ClipResult) and event.error is not None:
                raise event.error
    for job in jobs:
        yield read_npz(job.target)


def _version() -> str:
    try:
        return metadata.version("mediapipe")
    except metadata.PackageNotFoundError:
        return "none"
