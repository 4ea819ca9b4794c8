"""Targets that an earlier run wrote and this one keeps: whether they are what was asked for now.

They are never made anew unasked; what differs is only told.
"""

from pathlib import Path

from pose_sequences.errors import PoseFileError
from pose_sequences.extract.holistic import HolisticModel, settings
from pose_sequences.files.npz import read_npz
from pose_sequences.video.clock import exact_fps


def difference(target: Path, model: HolisticModel, fps: float | None) -> str:
    """Return how a kept file differs from what ``model`` would find at ``fps``, "" if it does not.

    A file whose source does not tell its detector is judged by its layout; without ``fps`` the rate
    is the clip's own and is not judged.
    """
    try:
        kept = read_npz(target)
    except PoseFileError as error:
        return error.fault
    detector = kept.source.rpartition(" by ")[2]
    if kept.layout != model.layout:
        return f"has layout {kept.layout}, not {model.layout}"
    if detector.startswith("mediapipe-") and f" {settings(model)} " not in detector:
        return f"was made by {detector}, not with {settings(model)}"
    if fps is not None and not detector.endswith("picture"):
        asked = float(exact_fps(fps))
        if abs(kept.fps - asked) > 1e-3:
            return f"has {kept.fps:g} frames per second, not {asked:g}"
    return ""
