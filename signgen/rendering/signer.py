"""The signer of a rendering: a picture, and where in it the body is."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pose_sequences.errors import ImageError, PoseFileError
from pose_sequences.files import read_poses
from pose_sequences.images import read_image
from pose_sequences.retarget import Body, measure_body
from pose_sequences.sequence import PoseSequence, mark_missing

_SAME_SHAPE = 0.01  # of a side: what rounding to whole pixels explains

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class Signer:
    """picture (H, W, 3) uint8; keypoints: its single frame's, in its pixels; body: measured."""

    picture: NDArray[np.uint8]
    keypoints: PoseSequence
    body: Body

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the picture."""
        return self.picture.shape[1], self.picture.shape[0]


def read_signer(
    path: Path, keypoints: Path | None, found: Callable[[], PoseSequence] | None = None
) -> Signer:
    """Read a picture and find the signer in it, or take the keypoints of a pose file.

    found: what waits for the picture's own, where they are being sought already. Raises InputError
    for a file that cannot be used, and for a picture without a signer.
    """
    picture = read_image(path)
    if keypoints is None:
        from pose_sequences.extract import extract_poses

        own = found() if found else extract_poses(path)
    else:
        own = _given(keypoints, picture)
    try:
        return Signer(picture=picture, keypoints=own, body=measure_body(own))
    except ValueError as error:
        if keypoints is not None:
            raise PoseFileError(
                keypoints, f"{error}", "give the keypoints of the signer's picture"
            ) from error
        raise ImageError(
            path, f"{error}", "give a picture of one person, or --signer-keypoints"
        ) from error


def _given(path: Path, picture: NDArray[np.uint8]) -> PoseSequence:
    """Return the first frame of a pose file, in the pixels of the picture."""
    sequence = read_poses(path)
    if len(sequence) > 1:
        logger.warning("%s: the first of its %d frames is the signer's", path, len(sequence))
    height, width, _ = picture.shape
    across, down = width / sequence.width, height / sequence.height
    if abs(across / down - 1) > _SAME_SHAPE:
        raise PoseFileError(
            path,
            f"has frames of {sequence.width}x{sequence.height}, the picture {width}x{height}",
            "give the keypoints of the same picture",
        )
    return placed(sequence.frames(0, 1), (width, height))


def placed(sequence: PoseSequence, size: tuple[int, int]) -> PoseSequence:
    """Return a sequence in another frame (width, height): scaled to fit, in the middle."""
    width, height = size
    if (sequence.width, sequence.height) == size:
        return sequence
    scale = min(width / sequence.width, height / sequence.height)
    left, top = (width - scale * sequence.width) / 2, (height - scale * sequence.height) / 2
    # z counts frame widths, and the frame has another width now
    deeper = scale * sequence.width / width
    points = sequence.keypoints * np.array((scale, scale, deeper)) + np.array((left, top, 0))
    keypoints, confidence = mark_missing(points, sequence.confidence)
    return replace(sequence, keypoints=keypoints, confidence=confidence, width=width, height=height)
