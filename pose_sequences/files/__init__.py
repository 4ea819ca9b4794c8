"""Pose files of every kind: which reader reads a path, and which writer writes one.

What a format looks like is known by its own module; here stands only who is asked.
"""

from collections.abc import Callable
from pathlib import Path

from pose_sequences.errors import OutputError, PoseFileError
from pose_sequences.files.declared import NOTHING, Declared
from pose_sequences.files.dot_pose import read_dot_pose, write_dot_pose
from pose_sequences.files.npz import read_npy, read_npz, write_npz
from pose_sequences.files.openpose import read_openpose, write_openpose
from pose_sequences.files.parquet import read_parquet, write_parquet
from pose_sequences.inputs import is_folder, read_head
from pose_sequences.sequence import PoseSequence

__all__ = ["Declared", "read_poses", "write_poses"]

_READERS: dict[str, Callable[[Path, Declared], PoseSequence]] = {
    ".npz": read_npz,
    ".npy": read_npy,
    ".pose": read_dot_pose,
    ".parquet": read_parquet,
    ".json": read_openpose,
}
# these first bytes say more than a name
_MAGIC = {b"PK\x03\x04": ".npz", b"\x93NUMPY": ".npy", b"PAR1": ".parquet"}
_MAGIC_BYTES = 6
_PICKLES = (".pkl", ".pickle", ".p", ".pt", ".pth")
_READABLE = f"a folder of OpenPose JSON, {', '.join(_READERS)}"


def read_poses(path: str | Path, declared: Declared = NOTHING) -> PoseSequence:
    """Read the keypoints of one signer.

    path: an .npz or .npy of arrays, a .pose file, a .parquet in Kaggle's layouts, a .json of one
    frame, or a folder of them. declared: facts that the file does not say; what it says, wins.
    Raises PoseFileError for a file that cannot be used, that contradicts ``declared``, or that
    leaves open what nobody declared; ToolError where parquet needs an extra.
    """
    path = Path(path)
    if is_folder(path, PoseFileError):
        return read_openpose(path, declared)
    head = read_head(path, PoseFileError, _MAGIC_BYTES)
    kinds = [kind for magic, kind in _MAGIC.items() if head.startswith(magic)]
    suffix = path.suffix.lower()
    reader = _READERS.get(kinds[0] if kinds else suffix)
    if reader is None and suffix in _PICKLES:
        raise PoseFileError(
            path, "a pickle runs code when it is loaded, so it is not", "save arrays as .npz"
        )
    if reader is None:
        raise PoseFileError(path, "is of no known kind", f"these are read: {_READABLE}")
    return reader(path, declared)


def write_poses(sequence: PoseSequence, path: str | Path, *, overwrite: bool = False) -> None:
    """Write the keypoints in the format that the name asks for.

    path: .npz (keeps everything), .pose, .parquet (Kaggle's layout), or a name without suffix for
    a folder of OpenPose JSON. Raises OutputError for other names and where it cannot stand.
    """
    path = Path(path)
    match path.suffix.lower():
        case ".npz":
            write_npz(sequence, path, overwrite=overwrite)
        case ".pose":
            write_dot_pose(sequence, path, overwrite=overwrite)
        case ".parquet":
            write_parquet(sequence, path, overwrite=overwrite)
        case "":
            write_openpose(sequence, path, overwrite=overwrite)
        case _:
            raise OutputError(
                path,
                "names no format that is written",
                "end it in .npz, .pose or .parquet, or in nothing for a folder of OpenPose JSON",
            )
