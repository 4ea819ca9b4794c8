"""Pose files whose motion a corpus' signers perform: which there are, and a signer doing one.

How a motion gets onto a signer is the business of reenact; which clip has which one, of plan.py.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from pose_sequences.errors import PoseFileError
from pose_sequences.files import read_poses
from pose_sequences.folders import Wanted, find
from pose_sequences.inputs import is_folder
from pose_sequences.phoenix.clip import FPS
from pose_sequences.sequence import PoseSequence, Segment
from signgen.studio.camera import Camera
from signgen.studio.clip import Take, draw_camera, rehearse
from signgen.studio.figure import Figure, Pose
from signgen.studio.reenact import NoBodyError, check_body, reenact

SUFFIXES = (".npz", ".pose", ".parquet")  # and folders of OpenPose's .json
_MOTIONS = Wanted(SUFFIXES, (".json",), "pose files", ".json", PoseFileError)
_MAX_GLOSS_BYTES = 30_000  # a line of a table has them twice, in 64 kB

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class MotionFile:
    """A pose file to perform.

    path: where it lies now, which no corpus keeps; name: the file's; sha256: of the motion itself,
    the same in any file format that loses nothing; glosses: of its segments, or its own, or its
    name, each one word.
    """

    path: str
    name: str
    sha256: str
    glosses: tuple[str, ...]


@dataclass(frozen=True)
class Scene:
    """A take about to be filmed: its poses some frames at a time, and what is signed in them.

    segments: as Performance has them; gloss: all that is signed, in words.
    """

    poses: Iterable[Pose]
    camera: Camera
    segments: tuple[tuple[str, int, int], ...]
    gloss: str


def find_motions(paths: Sequence[Path]) -> list[Path]:
    """Return the pose files among files and in folders, however deep; none of them is read.

    A folder of .json files alone is one motion, as OpenPose writes it; linked folders are not
    followed. Raises PoseFileError for a folder without any.
    """
    found: list[Path] = []
    for path in paths:
        inside = find(path, _MOTIONS, logger) if is_folder(path, PoseFileError) else [path]
        if not inside:
            kinds = ", ".join(SUFFIXES)
            raise PoseFileError(path, "holds no pose file", f"put {kinds} there")
        found += inside
    return list(dict.fromkeys(found))


def read_motion(path: Path, max_frames: int = 0) -> MotionFile:
    """Return what a corpus is to know of a pose file.

    max_frames: how many of its frames, at the corpus' rate, will be performed; 0 for all. Raises
    PoseFileError if it cannot be used, and if its signer is never seen in them.
    """
    sequence = _read(path)
    glosses = _glosses(path, sequence)
    _shortened(path, sequence, max_frames)
    return MotionFile(str(path), path.name, _hash(sequence), glosses)


def rehearse_take(figure: Figure, take: Take) -> Scene:
    """Return the signer performing the glosses of the take."""
    performance, camera = rehearse(figure, take, FPS)
    gloss = " ".join(name for name, _, _ in performance.segments)
    return Scene([performance.pose], camera, performance.segments, gloss)


def rehearse_motion(figure: Figure, take: Take, motion: MotionFile) -> Scene:
    """Return the signer performing a motion, at the rate of a corpus, before the take's camera.

    Raises PoseFileError if the file cannot be used, or holds another motion by now.
    """
    path = Path(motion.path)
    sequence = _read(path)
    if _hash(sequence) != motion.sha256:
        raise PoseFileError(path, "changed while it was used", "leave it alone, and run it again")
    sequence = _shortened(path, sequence, take.max_frames)
    segments = tuple(
        (word, segment.start, segment.stop)
        for segment in sequence.segments
        if (word := _word(segment.gloss))
    )
    gloss = " ".join(word for word, _, _ in segments) or " ".join(motion.glosses)
    camera = draw_camera(figure, take, np.random.default_rng(take.seed))
    return Scene(reenact(figure.signer, sequence).poses(), camera, segments, gloss)


def _read(path: Path) -> PoseSequence:
    try:
        return read_poses(path)
    except PoseFileError as error:
        if not error.remedy.startswith("pass --"):
            raise
        remedy = f"{error.remedy} to `signgen poses convert`, and give what that writes"
        raise PoseFileError(error.path, error.fault, remedy) from error


def _shortened(path: Path, sequence: PoseSequence, max_frames: int) -> PoseSequence:
    """Return what will be performed of a sequence; raises PoseFileError if nobody can do that."""
    try:
        sequence = sequence.resampled(FPS) if sequence.fps != FPS else sequence
    except ValueError as error:
        raise PoseFileError(path, str(error), "cut it into shorter files") from error
    cut = 0 < max_frames < len(sequence)
    if cut:
        sequence = sequence.frames(0, max_frames)
    try:
        check_body(sequence)
    except NoBodyError as error:
        fault = f"{error} of the first {max_frames}" if cut else str(error)
        remedy = "take it out, or give one of a signer with a body"
        raise PoseFileError(path, fault, remedy) from error
    return sequence


def _glosses(path: Path, sequence: PoseSequence) -> tuple[str, ...]:
    """Return what a table says is signed."""
    segments: Iterator[str] = (segment.gloss for segment in sequence.segments)
    candidates = (segments, sequence.gloss.split(), [path.stem], ["motion"])
    glosses = next(words for each in candidates if (words := tuple(filter(None, map(_word, each)))))
    size = len(" ".join(glosses).encode())
    if size > _MAX_GLOSS_BYTES:
        raise PoseFileError(
            path,
            f"has {size} bytes of glosses, {_MAX_GLOSS_BYTES} are possible",
            "cut it into shorter files",
        )
    return glosses


def _word(text: str) -> str:
    """Return a text as one word of a table, whose columns ``|`` parts."""
    return "-".join("".join(c if c.isprintable() and c != "|" else " " for c in text).split())


def _hash(sequence: PoseSequence) -> str:
    """Return a hash of all that makes a difference to a clip."""
    said: list[str | float | Segment] = [sequence.layout, sequence.fps, sequence.gloss]
    said += [sequence.width, sequence.height, *sequence.segments]
    found = sha256(repr(said).encode())
    for numbers in (sequence.keypoints, sequence.confidence):
        found.update(numbers.astype("<f4").tobytes())
    return found.hexdigest()
