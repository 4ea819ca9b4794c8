"""PoseSequence: the keypoints of one signer over time, as one immutable value.

Reading and writing it is the business of files/; changing what a landmark means, of layout.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pose_sequences.layout import Layout, Part, conversion, layout
from pose_sequences.limits import MAX_FPS, MAX_FRAMES, MAX_SIDE, MIN_FPS

Floats = NDArray[np.float32]

FARTHEST = 1e6  # pixels; NaN and infinity fail this comparison too
FAINT = 0.05  # a point that is not surer than this is not drawn and does not count as seen

_SHOULDERS = ("body.left_shoulder", "body.right_shoulder")


@dataclass(frozen=True)
class Segment:
    """A gloss and its frames, ``start`` included and ``stop`` not."""

    gloss: str
    start: int
    stop: int


@dataclass(frozen=True, kw_only=True, eq=False)
class PoseSequence:
    """Keypoints of one signer.

    keypoints (T, K, 3): x right and y down in pixels of width x height, may lie outside; z in the
    source's own unit, smaller is nearer, compared only inside one part. confidence (T, K) in
    [0, 1]; 0 means missing, and a missing point is all zeros. fps: frames a second. layout: a name
    of layout.py. Raises ValueError if the parts do not fit together.
    """

    keypoints: Floats
    confidence: Floats
    fps: float
    width: int
    height: int
    layout: str
    gloss: str = ""
    segments: tuple[Segment, ...] = ()
    handedness: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        keypoints = np.array(self.keypoints, np.float32, order="C")
        confidence = np.array(self.confidence, np.float32, order="C")
        _check_arrays(keypoints, confidence, layout(self.layout))
        _check_numbers(self)
        for segment in self.segments:
            if not 0 <= segment.start <= segment.stop <= len(keypoints):
                raise ValueError(
                    f"segment {segment.gloss!r} runs from frame {segment.start} to {segment.stop}, "
                    f"outside the {len(keypoints)} frames"
                )
        keypoints.flags.writeable = confidence.flags.writeable = False
        object.__setattr__(self, "keypoints", keypoints)
        object.__setattr__(self, "confidence", confidence)
        object.__setattr__(self, "fps", float(self.fps))

    def __len__(self) -> int:
        return len(self.keypoints)

    @property
    def num_frames(self) -> int:
        """The number of frames T."""
        return len(self.keypoints)

    @property
    def seconds(self) -> float:
        """The duration: every frame is shown for 1 / fps."""
        return self.num_frames / self.fps

    @property
    def points(self) -> Layout:
        """The layout that names the rows."""
        return layout(self.layout)

    def part(self, part: Part) -> tuple[Floats, Floats]:
        """Return keypoints (T, P, 3) and confidence (T, P) of one part."""
        rows = self.points.part(part)
        return self.keypoints[:, rows], self.confidence[:, rows]

    def seen(self, part: Part) -> NDArray[np.bool_]:
        """Return (T,): whether at least half of the part's points are there, sure enough to draw.

        Of the body the shoulders count: most pictures end above its other half.
        """
        rows = self.points.find(_SHOULDERS) if part == "body" else self.points.part(part)
        return np.asarray((self.confidence[:, rows] > FAINT).mean(axis=1) >= 0.5)

    def frames(self, start: int, stop: int) -> "PoseSequence":
        """Return frames ``start`` to ``stop`` (not included); segments are cut to what remains.

        Raises ValueError unless 0 <= start < stop <= T.
        """
        if not 0 <= start < stop <= self.num_frames:
            raise ValueError(
                f"frames {start} to {stop} are not inside the {self.num_frames} frames there are"
            )
        cut = (
            Segment(s.gloss, max(s.start, start) - start, min(s.stop, stop) - start)
            for s in self.segments
        )
        return replace(
            self,
            keypoints=self.keypoints[start:stop],
            confidence=self.confidence[start:stop],
            segments=tuple(s for s in cut if s.start < s.stop),
        )

    def between(self, start: float, end: float | None) -> "PoseSequence":
        """Return the frames shown from ``start`` to ``end`` seconds (None: to the end)."""
        last = self.num_frames if end is None else round(end * self.fps)
        return self.frames(round(start * self.fps), min(last, self.num_frames))

    def converted(self, name: str) -> "PoseSequence":
        """Return the sequence in another layout; points without a source are missing."""
        if name == self.layout:
            return self
        sources = conversion(self.layout, name).sources
        # A mean of two points is as trustworthy as the worse of them, and missing without either.
        confidence = np.minimum(
            self.confidence[:, sources[:, 0]], self.confidence[:, sources[:, 1]]
        )
        confidence = np.where(sources[:, 0] >= 0, confidence, np.float32(0))
        keypoints = self.keypoints[:, sources].mean(axis=2)  # (T, K, 2, 3) -> (T, K, 3)
        keypoints = np.where(confidence[..., None] > 0, keypoints, np.float32(0))
        return replace(self, keypoints=keypoints, confidence=confidence, layout=name)

    def resampled(self, fps: float) -> "PoseSequence":
        """Return the sequence at another frame rate, of the same duration to half a frame.

        Points are interpolated where both neighbours have them, else taken from the nearer one.
        Raises ValueError for a frame rate out of range, and for one that makes too many frames.
        """
        _check_fps(fps)
        num_frames = max(1, round(self.num_frames * fps / self.fps))
        if num_frames > MAX_FRAMES:
            raise ValueError(
                f"{self.seconds:g} seconds at {fps:g} fps have {num_frames} frames; "
                f"at most {MAX_FRAMES} are possible"
            )
        # The middle of each new frame, on the old frames' count.
        at = (np.arange(num_frames) + 0.5) * (self.fps / fps) - 0.5
        at = np.clip(at, 0, self.num_frames - 1)
        before = np.floor(at).astype(np.intp)
        after = np.minimum(before + 1, self.num_frames - 1)
        share = (at - before).astype(np.float32)[:, None]
        nearest = np.where(share < 0.5, before[:, None], after[:, None])[:, 0]
        both = (self.confidence[before] > 0) & (self.confidence[after] > 0)
        confidence = np.where(
            both,
            self.confidence[before] * (1 - share) + self.confidence[after] * share,
            self.confidence[nearest],
        )
        blend = self.keypoints[before] * (1 - share[..., None])
        blend += self.keypoints[after] * share[..., None]
        keypoints = np.where(both[..., None], blend, self.keypoints[nearest])
        ratio = num_frames / self.num_frames
        segments = tuple(
            Segment(s.gloss, round(s.start * ratio), round(s.stop * ratio)) for s in self.segments
        )
        return replace(self, keypoints=keypoints, confidence=confidence, fps=fps, segments=segments)


def concatenate(sequences: Sequence[PoseSequence]) -> PoseSequence:
    """Return one sequence after another; layout, fps and frame size must agree.

    Raises ValueError naming the first that differs.
    """
    if not sequences:
        raise ValueError("nothing to concatenate; give at least one sequence")
    first = sequences[0]
    segments: list[Segment] = []
    offset = 0
    for i, sequence in enumerate(sequences):
        for key in ("layout", "fps", "width", "height"):
            if getattr(sequence, key) != getattr(first, key):
                raise ValueError(
                    f"sequence {i} has {key} {getattr(sequence, key)}, the first "
                    f"{getattr(first, key)}; convert or resample it"
                )
        segments += [Segment(s.gloss, s.start + offset, s.stop + offset) for s in sequence.segments]
        offset += sequence.num_frames
    return replace(
        first,
        keypoints=np.concatenate([s.keypoints for s in sequences]),
        confidence=np.concatenate([s.confidence for s in sequences]),
        gloss=" ".join(s.gloss for s in sequences if s.gloss),
        segments=tuple(segments),
    )


def mark_missing(
    keypoints: NDArray[np.floating[Any]], confidence: NDArray[np.floating[Any]]
) -> tuple[Floats, Floats]:
    """Return keypoints (T, K, 3) and confidence (T, K) in the one form that a PoseSequence takes.

    A point is missing, confidence 0 and all zeros, where a coordinate is not finite (or beyond
    anything a frame can hold), where all are zero, or where its confidence is not above 0;
    confidence above 1 becomes 1.
    """
    # judged in 32 bits: what is not 0 in 64 can be 0 there, and what is finite infinite
    with np.errstate(over="ignore", invalid="ignore"):
        points, clean = keypoints.astype(np.float32), confidence.astype(np.float32)
        there = (np.abs(points) <= FARTHEST).all(axis=2) & (points != 0).any(axis=2)
        there &= np.isfinite(clean) & (clean > 0)
    points[~there] = 0
    return points, np.where(there, np.minimum(clean, 1), np.float32(0))


def _check_arrays(keypoints: Floats, confidence: Floats, rows: Layout) -> None:
    expected = (len(keypoints), len(rows.points), 3)
    if keypoints.shape != expected or not len(keypoints):
        raise ValueError(
            f"keypoints have shape {keypoints.shape}; layout {rows.name} needs "
            f"(T, {len(rows.points)}, 3) with T at least 1"
        )
    if confidence.shape != expected[:2]:
        raise ValueError(f"confidence has shape {confidence.shape}; {expected[:2]} is needed")
    if not np.isfinite(keypoints).all():
        raise ValueError("keypoints hold NaN or infinity; pass them through mark_missing")
    if not ((confidence >= 0) & (confidence <= 1)).all():
        raise ValueError("confidence leaves [0, 1]; pass it through mark_missing")
    if keypoints[confidence == 0].any():
        raise ValueError("missing points hold coordinates; pass them through mark_missing")


def _check_fps(fps: float) -> None:
    if not MIN_FPS <= fps <= MAX_FPS:
        raise ValueError(f"fps is {fps}; {MIN_FPS:g} to {MAX_FPS:g} is possible")


def _check_numbers(sequence: PoseSequence) -> None:
    _check_fps(sequence.fps)
    if not (0 < sequence.width <= MAX_SIDE and 0 < sequence.height <= MAX_SIDE):
        raise ValueError(
            f"the frame size is {sequence.width}x{sequence.height}; 1 to {MAX_SIDE} is possible"
        )
    if sequence.handedness not in ("", "left", "right"):
        raise ValueError(f"handedness is {sequence.handedness!r}; left, right or nothing")
