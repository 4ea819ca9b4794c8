"""OpenPose keypoints as JSON: a folder with one file a frame, or one file.

The exports of DWPose nodes, a list of such frames with the size of their canvas, are read too. All
become layout openpose137; which of several people is meant is decided here.
"""

import json
import logging
import re
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

from pose_sequences.errors import PoseFileError
from pose_sequences.files.declared import NOTHING, Declared
from pose_sequences.files.landmarks import Annotations, Landmarks, build_sequence
from pose_sequences.files.openpose_frames import (
    LAYOUT,
    LISTS,
    MAX_FRAME_BYTES,
    NOBODY,
    Frame,
    Person,
    read_frames,
)
from pose_sequences.inputs import is_folder, read_input
from pose_sequences.limits import MAX_FRAMES
from pose_sequences.outputs import fresh_folder
from pose_sequences.sequence import PoseSequence

MAX_CLIP_BYTES = 256_000_000

_LARGEST_NORMALISED = 2.0  # nobody's points all lie within two pixels of the corner
_NUMBERED = re.compile(r"(?P<before>.*?)(?P<number>[0-9]+)(?P<after>[^0-9]*)", re.DOTALL)

logger = logging.getLogger(__name__)


def read_openpose(path: Path, declared: Declared = NOTHING) -> PoseSequence:
    """Read a folder of OpenPose frames, or one JSON file with a frame or a list of frames.

    The person with the highest confidence in the first frame that shows anybody is followed, to
    the nearest one in each later frame. Coordinates that are all below 2 are normalised ones. The
    frame rate has to be ``declared``, and the frame size unless the canvas is given. Raises
    PoseFileError if one is missing or the JSON is not OpenPose's.
    """
    if declared.layout not in (None, LAYOUT.name):
        raise PoseFileError(
            path,
            f"is OpenPose JSON, layout {LAYOUT.name}, but {declared.layout} is declared",
            "leave --layout out",
        )
    source = _folder_frames(path) if is_folder(path, PoseFileError) else _file_frames(path)
    people, canvas = _followed(path, source)
    landmarks = Landmarks(
        np.stack([p.keypoints for p in people]),
        np.stack([p.confidence for p in people]),
        LAYOUT.name,
    )
    stated = Declared() if canvas is None else Declared(width=canvas[0], height=canvas[1])
    coords = "normalized" if _is_normalised(path, landmarks) else "pixel"
    return build_sequence(path, landmarks, (stated, declared), coords, Annotations())


def write_openpose(sequence: PoseSequence, folder: Path, *, overwrite: bool = False) -> None:
    """Write one JSON file a frame into ``folder``, named and laid out as OpenPose does.

    The canvas size is added, as DWPose nodes do. Frame rate, depth and glosses have no place in it.
    Raises OutputError if the folder cannot be written.
    """
    written = sequence.converted(LAYOUT.name)
    if written.layout != sequence.layout:
        logger.warning("%s: %s is written as %s", folder, sequence.layout, written.layout)
    if sequence.gloss or sequence.segments:
        logger.warning("%s: OpenPose JSON has no place for glosses; they are left out", folder)
    logger.info("%s: OpenPose JSON keeps neither frame rate (%g) nor depth", folder, sequence.fps)
    with fresh_folder(folder, overwrite=overwrite, ours=_is_frame) as temporary:
        for i in range(written.num_frames):
            frame = json.dumps(_described(written, i), separators=(",", ":"))
            (temporary / f"{folder.name}_{i:012d}_keypoints.json").write_text(frame)


def _is_frame(entry: Path) -> bool:
    return entry.name.endswith("_keypoints.json") and entry.is_file()


def _described(sequence: PoseSequence, frame: int) -> dict[str, object]:
    person: dict[str, object] = {"person_id": [-1]}
    rows = np.column_stack([sequence.keypoints[frame, :, :2], sequence.confidence[frame]])
    for key, choices in LISTS.items():
        numbers = rows[choices[max(choices)]].ravel()
        person[key] = [float(str(number)) for number in numbers]  # the shortest exact decimal
    person |= {key.replace("2d", "3d"): [] for key in LISTS}
    return {
        "version": 1.3,
        "people": [person] if sequence.confidence[frame].any() else [],
        "canvas_width": sequence.width,
        "canvas_height": sequence.height,
    }


def _folder_frames(folder: Path) -> Iterator[Frame]:
    for path in _frame_files(folder):
        frames = list(islice(_frames(path, MAX_FRAME_BYTES), 2))
        if len(frames) != 1:
            raise PoseFileError(
                path, "holds not exactly one frame", "keep one frame a file, or one file alone"
            )
        yield frames[0]


def _file_frames(path: Path) -> Iterator[Frame]:
    for i, frame in enumerate(_frames(path, MAX_CLIP_BYTES)):
        if i == MAX_FRAMES:
            raise PoseFileError(path, f"holds over {MAX_FRAMES} frames", "cut it in shorter clips")
        yield frame


def _frames(path: Path, limit: int) -> Iterator[Frame]:
    return read_frames(path, read_input(path, PoseFileError, limit, "cut it into shorter clips"))


def _frame_files(folder: Path) -> list[Path]:
    try:
        files = [path for path in folder.iterdir() if path.suffix.lower() == ".json"]
    except OSError as error:
        raise PoseFileError(
            folder, f"cannot be listed ({error.strerror})", "check its permissions"
        ) from error
    files = [path for path in files if path.stem.endswith("_keypoints")] or files
    if not 0 < len(files) <= MAX_FRAMES:
        raise PoseFileError(
            folder,
            f"holds {len(files)} .json files, 1 to {MAX_FRAMES} are possible",
            "give the folder that OpenPose wrote one clip to",
        )
    numbered = sorted((*_numbered(path), path) for path in files)
    for (clip, number, path), (other_clip, other, another) in pairwise(numbered):
        if clip != other_clip or number == other:
            raise PoseFileError(
                folder,
                f"{path.name} and {another.name} are not two frames of one clip",
                "keep one clip a folder, with a number in each name",
            )
    first, last = numbered[0][1], numbered[-1][1]
    if last - first + 1 != len(files):
        gap = last - first + 1 - len(files)
        logger.warning(
            "%s: %d frames between %d and %d are not there; the rest are joined",
            *(folder, gap, first, last),
        )
    return [path for _, _, path in numbered]


def _numbered(path: Path) -> tuple[str, int]:
    # The clip that a name belongs to, and the frame's number in it.
    match = _NUMBERED.fullmatch(path.stem)
    if match is None:
        return path.stem, 0
    return f"{match['before']}*{match['after']}", int(match["number"])


def _followed(path: Path, frames: Iterable[Frame]) -> tuple[list[Person], tuple[int, int] | None]:
    # The person of each frame, and the canvas that the frames agree on.
    chosen: list[Person] = []
    canvas: tuple[int, int] | None = None
    last: Person | None = None
    crowded = 0
    for i, frame in enumerate(frames):
        if canvas and frame.size and canvas != frame.size:
            raise PoseFileError(
                path,
                f"changes its canvas from {canvas[0]}x{canvas[1]} to {frame.size[0]}x"
                f"{frame.size[1]} in frame {i}",
                "export the clip at one size",
            )
        canvas = canvas or frame.size
        crowded += len(frame.people) > 1
        last = _next(last, frame.people)
        chosen.append(last if frame.people and last else NOBODY)
    if not chosen:
        raise PoseFileError(path, "holds no frames", "export it again")
    if crowded:
        logger.warning("%s: several people in %d frames; one is followed", path, crowded)
    return chosen, canvas


def _next(last: Person | None, people: tuple[Person, ...]) -> Person | None:
    if last is None or not people:
        return max(people, key=lambda person: person.confidence.sum(), default=last)
    centre = last.centre
    return min(people, key=lambda person: float(np.hypot(*(person.centre - centre))))


def _is_normalised(path: Path, landmarks: Landmarks) -> bool:
    points = landmarks.points
    if not points.any() or np.abs(points).max() > _LARGEST_NORMALISED:
        return False
    if points.min() < -0.5:
        raise PoseFileError(
            path,
            "its coordinates run from -1 to 1",
            "export pixels (OpenPose's --keypoint_scale 0) or 0 to 1 (3)",
        )
    logger.info("%s: normalised coordinates, scaled to the frame size", path)
    return True
