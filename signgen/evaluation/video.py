"""How a clip moves: frozen or restless, flickering, jumping, late, with seams, drifting in colour.

The definitions are those of temporal.smoothness, taken here chunk by chunk in constant memory. With
ground truth its own motion is what is asked for; without, only seams and drift can be told.
"""

from collections.abc import Collection

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from signgen import __version__
from signgen.evaluation.figures import Better, Chunk, Figure, Metric
from signgen.evaluation.frames import why_nothing
from signgen.evaluation.regions import REGIONS, Boxes, Regions, seen
from signgen.evaluation.traces import Pixels, Series
from temporal import smoothness

STILL = 2.0  # of 255: what video compression leaves of a pixel that holds still
MOVING = 8.0  # of 255: change from a frame to the next that is motion and no noise
SEAM_FLOOR = 0.1  # of 255
MOST_LAG = 25  # frames
_LEAST_CORRELATION = 0.5  # of two clips' motion, below which their lag is anybody's guess
_LEAST_OVERLAP = 8  # frames
_NO_MOTION = "nothing moves"
_TOO_SHORT = "too few frames"
_NOTHING_STILL = "no pixel of the ground truth holds still"


def _metric(
    key: str, title: str, unit: str, better: Better, ideal: float | None, settings: str
) -> Metric:
    signature = f"{key.partition('/')[2]}|range:255|{settings}|signgen:{__version__}"
    return Metric(key=key, title=title, unit=unit, better=better, ideal=ideal, signature=signature)


_OF_MOTION = f"moving:>{MOVING:g}|against:ground truth"
METRICS = (
    _metric("hands/motion_ratio", "Motion of the hands", "", "same", 1.0, _OF_MOTION),
    _metric("face/motion_ratio", "Motion of the face", "", "same", 1.0, _OF_MOTION),
    _metric("time/motion_ratio", "Motion of all that moves", "", "same", 1.0, _OF_MOTION),
    _metric(
        *("time/motion_error", "Wrong frame-to-frame change", "/255", "lower", 0.0),
        "mean:absolute|against:ground truth",
    ),
    _metric(
        *("time/tcd", "Temporal consistency difference", "/255", "lower", 0.0),
        "after:PGMM's abstract|distance:absolute|against:ground truth",
    ),
    _metric(
        *("time/still_flicker", "Flicker of what holds still", "/255", "lower", 0.0),
        f"still:std<={STILL:g}|deviation by successive differences, excess|against:ground truth",
    ),
    _metric(
        *("time/jump", "Largest jump", "/255", "lower", 0.0),
        "mean change beyond the median of 7|max over frames, excess|against:ground truth",
    ),
    _metric(
        *(
            "time/motion_lag",
            "Lag of the motion in the picture, either way",
            "frames",
            "lower",
            0.0,
        ),
        f"correlation of motion|up to:{MOST_LAG}|against:ground truth",
    ),
    _metric(
        *("time/seam", "Change at window edges, to that inside", "", "same", 1.0),
        f"excess at edges to inside|floor:{SEAM_FLOOR:g}|against:ground truth",
    ),
    _metric(
        *("time/colour_drift", "Colour drift", "/255 a 100 frames", "lower", 0.0),
        f"slope of mean RGB|pixels:still, std<={STILL:g}|against:ground truth",
    ),
    _metric(
        *("time/seam_alone", "Change at window edges, to that inside, by itself", "", "same", 1.0),
        f"floor:{SEAM_FLOOR:g}|against:nothing",
    ),
    _metric(
        *("time/colour_drift_alone", "Colour drift, by itself", "/255 a 100 frames"),
        *("lower", None, "slope of mean RGB|against:nothing"),
    ),
)


class VideoMeasure:
    """Looks at a clip's motion; a Measure.

    edges: the frames that windows of the generated clip begin with, where they are known.
    """

    def __init__(self, edges: Collection[int] = ()) -> None:
        self._edges = tuple(edges)
        self._generated, self._reference = Series(), Series()
        self._pixels = Pixels(), Pixels()
        self._tail: tuple[Tensor, ...] = ()
        self._errors: list[Tensor] = []
        self._tcd: list[Tensor] = []
        self._shown: list[NDArray[np.float64]] = []
        self._asked: list[NDArray[np.float64]] = []
        self._num_frames = 0
        self._alone = False
        self._nothing = ""  # why there is no region

    def add(self, chunk: Chunk) -> None:
        """Take the next frames."""
        self._alone = chunk.reference is None
        self._nothing = why_nothing(chunk)
        pictures = (
            [chunk.generated] if chunk.reference is None else [chunk.generated, chunk.reference]
        )
        new = [torch.from_numpy(p).float().movedim(-1, 1)[None] for p in pictures]
        if self._num_frames:
            clips = [torch.cat(pair, dim=1) for pair in zip(self._tail, new, strict=True)]
        else:
            clips = new
        # one frame before the new ones for changes, two for what looks back and ahead
        recent = [clip[:, -len(chunk) - 1 :] for clip in clips]
        for series, clip in zip((self._generated, self._reference), recent, strict=False):
            series.add(clip, len(chunk))
        if not self._alone:
            self._compare(clips, recent, chunk.regions)
        self._tail = tuple(clip[:, -2:].clone() for clip in clips)
        self._num_frames += len(chunk)

    def _compare(self, clips: list[Tensor], recent: list[Tensor], regions: Regions) -> None:
        for pixels, clip in zip(self._pixels, recent, strict=True):
            pixels.add(clip[0], len(regions))
        self._errors.append(smoothness.motion_error(*recent)[0])
        self._tcd.append(smoothness.consistency_difference(*clips)[0])
        moving = smoothness.moving_pixels(recent[1], MOVING)[0]
        shown, asked = (
            (clip[0].diff(dim=0).abs() * moving).sum(1).numpy() for clip in recent
        )  # (N, H, W)
        boxes = regions.frames(len(regions) - len(shown), len(regions))
        self._shown.append(_sums(shown, boxes))
        self._asked.append(_sums(asked, boxes))

    def figures(self) -> list[Figure]:
        """Return the figures of the frames so far."""
        if self._alone:
            return [*self._seam("time/seam_alone", None), self._drift_alone()]
        steps = self._reference.all_steps()
        errors = torch.cat(self._errors).numpy()
        tcd = torch.cat(self._tcd).numpy()
        return [
            *self._ratios(),
            _of_series("time/motion_error", errors, self._num_frames),
            _of_series("time/tcd", tcd, self._num_frames),
            self._still_flicker(),
            self._jump(),
            self._lag(),
            *self._seam("time/seam", steps),
            self._drift(),
        ]

    def _ratios(self) -> list[Figure]:
        shown, asked = (np.concatenate(parts) for parts in (self._shown, self._asked))
        keys = ("hands/motion_ratio", "face/motion_ratio", "time/motion_ratio")
        return [
            _ratio(key, shown[:, column], asked[:, column], self._nothing)
            for column, key in enumerate(keys)
        ]

    def _still_flicker(self) -> Figure:
        key = "time/still_flicker"
        if self._num_frames < 2:
            return Figure.unmeasured(key, _TOO_SHORT)
        generated, reference = (pixels.flicker() for pixels in self._pixels)
        value = float(smoothness.excess_flicker(generated, reference, self._pixels[1].still(STILL)))
        return _whole(key, value, self._num_frames, _NOTHING_STILL)

    def _jump(self) -> Figure:
        if self._num_frames < 2:
            return Figure.unmeasured("time/jump", _TOO_SHORT)
        shown, asked = (smoothness.jumps(series.all_steps())[0] for series in self._both())
        frames = np.append(np.float32(np.nan), shown.numpy())
        value = max(0.0, float(shown.max() - asked.max()))
        return Figure(key="time/jump", value=value, weight=len(shown), frames=frames)

    def _lag(self) -> Figure:
        steps = (series.all_steps()[0].double().numpy() for series in self._both())
        return _whole(
            "time/motion_lag", best_lag(*steps), self._num_frames, "motions are too unlike"
        )

    def _seam(self, key: str, expected: Tensor | None) -> list[Figure]:
        if not self._edges:
            return []
        score = smoothness.seam_score(
            self._generated.all_steps(), self._edges, expected=expected, floor=SEAM_FLOOR
        )
        return [_whole(key, float(score), self._num_frames, "no edge lies inside the clip")]

    def _drift(self) -> Figure:
        key = "time/colour_drift"
        if self._num_frames < 2:
            return Figure.unmeasured(key, _TOO_SHORT)
        walks, still = [pixels.slope() for pixels in self._pixels], self._pixels[1].still(STILL)
        walk = float(smoothness.still_walk(walks[0] - walks[1], still))
        return _whole(key, 100 * walk, self._num_frames, _NOTHING_STILL)

    def _drift_alone(self) -> Figure:
        key = "time/colour_drift_alone"
        if self._num_frames < 2:
            return Figure.unmeasured(key, _TOO_SHORT)
        walk = smoothness.mean_colour_drift(self._generated.all_colours())
        return _whole(key, 100 * float(walk), self._num_frames, _TOO_SHORT)

    def _both(self) -> tuple[Series, Series]:
        return self._generated, self._reference


def best_lag(shown: NDArray[np.float64], asked: NDArray[np.float64]) -> float:
    """Return by how many frames the motion of a clip is early or late; nan where none fits.

    shown, asked (T-1,): the changes from frame to frame. The smallest lag of the highest
    correlation counts.
    """
    best, lag = _LEAST_CORRELATION, np.nan
    most = min(MOST_LAG, len(asked) - _LEAST_OVERLAP)
    for late in sorted(range(-most, most + 1), key=abs):
        a = shown[late:] if late >= 0 else shown[:late]
        b = asked[: len(asked) - late] if late >= 0 else asked[-late:]
        if a.std() < SEAM_FLOOR or b.std() < SEAM_FLOOR:
            continue
        found = float(np.corrcoef(a, b)[0, 1])
        if found > best + 1e-9:
            best, lag = found, float(abs(late))
    return lag


def _sums(change: NDArray[np.float32], regions: Regions) -> NDArray[np.float64]:
    """Return the change (N, H, W) inside the hands' boxes, the face's, and in all, (N, 3).

    Nan where there is no box.
    """
    parts = {name: _sum_boxes(change, regions.boxes(name)) for name in REGIONS}
    hands = np.stack((parts["left_hand"], parts["right_hand"]))
    both = np.where(np.isnan(hands).all(axis=0), np.nan, np.nansum(hands, axis=0))
    return np.stack((both, parts["face"], change.sum(axis=(1, 2))), axis=1)


def _sum_boxes(change: NDArray[np.float32], boxes: Boxes) -> NDArray[np.float64]:
    sums = np.full(len(change), np.nan)
    for i in np.flatnonzero(seen(boxes)):
        x0, y0, x1, y1 = boxes[i].round().astype(int)
        sums[i] = change[i, max(0, y0) : y1, max(0, x0) : x1].sum()
    return sums


def _ratio(
    key: str, shown: NDArray[np.float64], asked: NDArray[np.float64], nothing: str
) -> Figure:
    moves = asked > 0
    frames = np.full(len(asked) + 1, np.nan, np.float32)
    frames[1:][moves] = shown[moves] / asked[moves]
    if not moves.any():
        return Figure.unmeasured(key, nothing if np.isnan(asked).all() else _NO_MOTION)
    value = float(shown[moves].sum() / asked[moves].sum())
    return Figure(key=key, value=value, weight=float(moves.sum()), frames=frames)


def _of_series(key: str, values: NDArray[np.float32], num_frames: int) -> Figure:
    """Return the mean of values of frames, the first of which have none."""
    frames = np.full(num_frames, np.nan, np.float32)
    frames[1 : 1 + len(values)] = values
    if not len(values):
        return Figure.unmeasured(key, _TOO_SHORT)
    return Figure.of_frames(key, frames)


def _whole(key: str, value: float, num_frames: int, lacking: str) -> Figure:
    if np.isnan(value):
        return Figure.unmeasured(key, lacking)
    return Figure(key=key, value=value, weight=num_frames)
