"""What MediaPipe sees in the clips, kept by what they hold, so that nothing is detected twice.

The detection itself, with its processes, is pose_sequences.extract; here is the folder of results.
"""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pose_sequences.errors import InputError, PoseSequencesError
from pose_sequences.extract import ClipJob, ClipProgress, Extraction, extract_clips
from pose_sequences.inputs import is_folder, open_input
from pose_sequences.video import FOLDER_FPS
from signgen.evaluation.poses.detection import Detector

DETECTOR = Detector()
_HASH_CHARACTERS = 32
_PIECE = 1 << 20


@dataclass(frozen=True)
class Detection:
    """What became of a clip: the file of its poses, or why there is none."""

    clip: Path
    poses: Path | None
    error: PoseSequencesError | None = None


def content_hash(path: Path) -> str:
    """Return a hash of a file's bytes, or of the files of a folder with their names.

    Raises InputError where it cannot be read.
    """
    found = sha256()
    if is_folder(path, InputError):
        for file in _files(path):
            found.update(f"{file.name}\0{_file_hash(file)}\0".encode())
        return found.hexdigest()[:_HASH_CHARACTERS]
    return _file_hash(path)[:_HASH_CHARACTERS]


def detect(
    clips: Sequence[tuple[Path, str]], cache: Path, *, workers: int
) -> Generator[ClipProgress | Detection, None, None]:
    """Detect the poses of clips that are not in the cache yet; yield progress, and each clip once.

    clips: with their content_hash; those of the same content are looked at once.
    """
    targets = {found: _target(found, cache) for _, found in clips}
    sources: dict[Path, list[Path]] = {}
    for clip, found in clips:
        sources.setdefault(targets[found], []).append(clip)
    jobs = [ClipJob(same[0], target) for target, same in sources.items()]
    for batch, options in _batches(jobs):
        with closing(extract_clips(batch, options, workers=workers)) as events:
            for event in events:
                if isinstance(event, ClipProgress):
                    yield event
                    continue
                poses = None if event.error else event.job.target
                for clip in sources[event.job.target]:
                    yield Detection(clip, poses, event.error)


def kept_poses(clip: Path, cache: Path) -> Path | None:
    """Return the file of what was detected in a clip before, None where nothing was.

    Raises InputError where the clip cannot be read.
    """
    target = _target(content_hash(clip), cache)
    return target if target.is_file() else None


def _target(found: str, cache: Path) -> Path:
    return cache / "poses" / DETECTOR.signature.replace(" ", "-") / f"{found}.npz"


def _batches(jobs: Sequence[ClipJob]) -> list[tuple[list[ClipJob], Extraction]]:
    folders = [job for job in jobs if job.source.is_dir()]
    videos = [job for job in jobs if not job.source.is_dir()]
    # a video keeps its own rate, so that it gets a pose for each of its frames
    return [
        (folders, DETECTOR.extraction(float(FOLDER_FPS))),
        (videos, DETECTOR.extraction()),
    ]


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if entry.is_file())
    except OSError as error:
        raise InputError(
            folder, f"cannot be listed ({error.strerror})", "check the permissions"
        ) from error


def _file_hash(path: Path) -> str:
    found = sha256()
    with open_input(path, InputError) as file:
        try:
            while piece := file.read(_PIECE):
                found.update(piece)
        except OSError as error:
            raise InputError(
                path, f"cannot be read ({error.strerror})", "check the disk"
            ) from error
    return found.hexdigest()
