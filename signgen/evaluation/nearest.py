"""The training frame whose pose is nearest: what a generator that only remembers would show.

Poses are compared by body and hands, in shoulder widths from between the shoulders.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pose_sequences.errors import CorpusError
from pose_sequences.images import read_image
from pose_sequences.layout import HAND_POINTS
from pose_sequences.phoenix import Corpus
from pose_sequences.phoenix.clip import Clip, Split
from pose_sequences.sequence import FAINT, PoseSequence
from pose_sequences.video import ClipReader

_SHOULDERS = ("body.left_shoulder", "body.right_shoulder")
_ARMS = tuple(f"body.{side}_{joint}" for side in ("left", "right") for joint in ("elbow", "wrist"))
_HANDS = tuple(f"{side}_hand.{point}" for side in ("left", "right") for point in HAND_POINTS)
_APART = 1.0  # shoulder widths, squared: what a point counts that only one of two poses has
_FRAMES_AT_ONCE = 8192

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Album:
    """Frames of some clips: places (F, P, 2), there (F, P), and for each its clip and number."""

    places: Floats
    there: NDArray[np.bool_]
    clips: tuple[Clip, ...]
    clip: NDArray[np.int64]
    number: NDArray[np.int64]


class NearestFrames:
    """Looks poses up among the frames of a split that has keypoints."""

    def __init__(self, corpus: Corpus, split: Split) -> None:
        cached = corpus.cached_names(split)
        self._corpus = corpus
        self._clips = [clip for clip in corpus.clips(split) if clip.name in cached]
        if not self._clips:
            raise CorpusError(
                corpus.root,
                f"has no clip with keypoints in {split}",
                f"run signgen corpus extract {corpus.root} --split {split}",
            )
        self._album = lru_cache(maxsize=1)(self._read_album)

    def frames(self, poses: PoseSequence, signer: str) -> Iterator[NDArray[np.uint8]]:
        """Yield for each pose the frame of the nearest one, of this signer where there are any."""
        known = any(clip.signer == signer for clip in self._clips)
        album = self._album(signer if known else "")
        for place, there in zip(*pose_vectors(poses), strict=True):
            row = _nearest(album, place, there)
            yield _frame(album.clips[album.clip[row]], int(album.number[row]))

    def _read_album(self, signer: str) -> _Album:
        clips = tuple(clip for clip in self._clips if signer in ("", clip.signer))
        vectors = [pose_vectors(self._corpus.keypoints(clip)) for clip in clips]
        lengths = [len(places) for places, _ in vectors]
        return _Album(
            places=np.concatenate([places for places, _ in vectors]),
            there=np.concatenate([there for _, there in vectors]),
            clips=clips,
            clip=np.repeat(np.arange(len(clips)), lengths),
            number=np.concatenate([np.arange(length) for length in lengths]),
        )


def pose_vectors(poses: PoseSequence) -> tuple[Floats, NDArray[np.bool_]]:
    """Return arms and hands in shoulder widths (T, P, 2), and which points are there (T, P)."""
    shoulders = poses.keypoints[:, poses.points.find(_SHOULDERS), :2]  # (T, 2, 2)
    rows = poses.points.find((*_ARMS, *_HANDS))
    both = (poses.confidence[:, poses.points.find(_SHOULDERS)] > FAINT).all(axis=1)
    widths = np.linalg.norm(shoulders[:, 0] - shoulders[:, 1], axis=1)
    width = float(np.median(widths[both])) if both.any() else poses.width / 3
    middle = shoulders.mean(axis=1, keepdims=True)
    there = (poses.confidence[:, rows] > FAINT) & both[:, None]
    places = (poses.keypoints[:, rows, :2] - middle) / max(width, 1.0)
    return np.where(there[..., None], places, np.float32(0)).astype(np.float32), there


def _nearest(album: _Album, place: Floats, there: NDArray[np.bool_]) -> int:
    best, row = np.inf, 0
    for first in range(0, len(album.places), _FRAMES_AT_ONCE):
        part = slice(first, first + _FRAMES_AT_ONCE)
        both = album.there[part] & there
        apart = np.square(album.places[part] - place).sum(axis=-1) * both
        lone = (album.there[part] != there).sum(axis=1) * _APART
        distance = apart.sum(axis=1) + lone
        at = int(distance.argmin())
        if distance[at] < best:
            best, row = float(distance[at]), first + at
    return row


def _frame(clip: Clip, number: int) -> NDArray[np.uint8]:
    if clip.is_video:
        return ClipReader(clip.path).read([number])[0]
    return read_image(clip.frames()[number])
