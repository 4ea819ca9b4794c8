"""What differs between a generated frame and the real one: PSNR, MAE and SSIM, frame by frame.

On the whole frame, on the crops of both hands and on the crop of the face. What a trained network
makes of the pictures is the business of perceptual.py and frechet.py.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from signgen import __version__
from signgen.evaluation.figures import Better, Chunk, Figure, Metric
from signgen.evaluation.regions import CROP_SIZE, MARGIN, RegionName, cut_out, seen
from signgen.evaluation.ssim import GAUSSIAN_11, UNIFORM_51, Pictures, ssim

HIGHEST_PSNR = 100.0  # dB; equal frames would make every mean infinite

PerFrame = NDArray[np.float64]
Compare = Callable[[Pictures, Pictures], PerFrame]

SUBJECT_REGIONS: dict[str, tuple[RegionName, ...]] = {
    "hands": ("left_hand", "right_hand"),
    "face": ("face",),
}
SUBJECTS = (*SUBJECT_REGIONS, "frame")
NO_REFERENCE = "no ground-truth video"
NO_REGION = "not in the driving poses"
NO_POSES = "no poses to find it by; give --poses, or leave out --no-detection"


def psnr(generated: Pictures, reference: Pictures) -> PerFrame:
    """Return the peak signal-to-noise ratio (N,) of pictures (N, H, W, 3), at most HIGHEST_PSNR."""
    squared = np.array([_squared(a, b) for a, b in zip(generated, reference, strict=True)])
    with np.errstate(divide="ignore"):
        return np.minimum(10 * np.log10(255**2 / squared), HIGHEST_PSNR)


def mae(generated: Pictures, reference: Pictures) -> PerFrame:
    """Return the mean absolute difference (N,) of pictures (N, H, W, 3), of 255."""
    pairs = zip(generated, reference, strict=True)
    return np.array([np.abs(_difference(a, b)).mean(dtype=np.float64) for a, b in pairs])


def gaussian_ssim(generated: Pictures, reference: Pictures) -> PerFrame:
    """Return SSIM (N,) with the Gaussian window of 11."""
    return ssim(generated, reference, GAUSSIAN_11)


def uniform_ssim(generated: Pictures, reference: Pictures) -> PerFrame:
    """Return SSIM (N,) with the uniform window of 51."""
    return ssim(generated, reference, UNIFORM_51)


COMPARISONS: dict[str, Compare] = {
    "psnr": psnr,
    "mae": mae,
    "ssim": gaussian_ssim,
    "ssim_51": uniform_ssim,
}
_LEAST_SIDE = {"ssim": GAUSSIAN_11.size, "ssim_51": UNIFORM_51.size}


def picture_settings(subject: str) -> str:
    """Return what a signature says of the pictures that a figure of ``subject`` is made of."""
    if subject == "frame":
        return "picture:whole frame"
    margin = MARGIN[SUBJECT_REGIONS[subject][0]]
    by = "driving poses,else those detected in the real clip"
    return f"crop:{subject},{margin:g}x,by:{by}|{CROP_SIZE}px bilinear"


def metric_of(
    subject: str,
    measure: str,
    *,
    words: str,
    settings: str,
    better: Better,
    ideal: float | None,
    unit: str = "",
) -> Metric:
    """Return a metric of a subject's pictures, its title and signature completed.

    words: the measure for a reader; settings: of the measure itself.
    """
    of = {"hands": "hand crops", "face": "face crops", "frame": "whole frames"}[subject]
    return Metric(
        key=f"{subject}/{measure}",
        title=f"{words} of {of}",
        unit=unit,
        better=better,
        ideal=ideal,
        signature=f"{settings}|{picture_settings(subject)}|signgen:{__version__}",
    )


def _metrics(subject: str) -> Iterator[Metric]:
    settings = f"psnr|range:255|mean of frames,at most {HIGHEST_PSNR:g} dB"
    yield metric_of(
        *(subject, "psnr"),
        **{"words": "PSNR", "settings": settings, "unit": "dB"},
        better="higher",
        ideal=HIGHEST_PSNR,
    )
    yield metric_of(
        *(subject, "mae"),
        **{"words": "Mean absolute error", "settings": "mae", "unit": "/255"},
        better="lower",
        ideal=0.0,
    )
    for measure, words, window in (
        ("ssim", "SSIM (Gaussian 11)", GAUSSIAN_11),
        ("ssim_51", "SSIM (window 51)", UNIFORM_51),
    ):
        settings = f"ssim|window:{window.name}|range:255|RGB|edges left out"
        yield metric_of(
            *(subject, measure), words=words, settings=settings, better="higher", ideal=1.0
        )


METRICS: tuple[Metric, ...] = tuple(metric for s in SUBJECTS for metric in _metrics(s))


class FrameMeasure:
    """Compares each frame with the real one; a Measure, of constant memory but for the figures.

    A frame with both hands has the mean of both crops, and counts twice.
    """

    def __init__(self) -> None:
        self._values: dict[str, list[PerFrame]] = {metric.key: [] for metric in METRICS}
        self._counts: dict[str, list[PerFrame]] = {metric.key: [] for metric in METRICS}
        self._notes: dict[str, str] = {}

    def add(self, chunk: Chunk) -> None:
        """Take the next frames."""
        for subject in SUBJECTS:
            pairs = list(subject_pairs(chunk, subject))
            for measure, compare in COMPARISONS.items():
                self._compare(f"{subject}/{measure}", compare, pairs, len(chunk))
            if not pairs:
                note = why_nothing(chunk)
                self._notes.update({f"{subject}/{measure}": note for measure in COMPARISONS})

    def figures(self) -> list[Figure]:
        """Return the figures of the frames so far."""
        return [self._figure(metric.key) for metric in METRICS]

    def _compare(self, key: str, compare: Compare, pairs: list["Pair"], num_frames: int) -> None:
        total, count = np.zeros(num_frames), np.zeros(num_frames)
        for at, generated, reference in pairs:
            least = _LEAST_SIDE.get(key.partition("/")[2], 1)
            if min(generated.shape[1:3]) < least:
                self._notes[key] = f"the pictures are smaller than the window of {least}"
                continue
            total[at] += compare(generated, reference)
            count[at] += 1
        with np.errstate(invalid="ignore"):
            self._values[key].append(total / count)
        self._counts[key].append(count)

    def _figure(self, key: str) -> Figure:
        if not self._values[key]:
            return Figure.unmeasured(key, "no frames")
        values, counts = (np.concatenate(of[key]) for of in (self._values, self._counts))
        if not counts.any():
            return Figure.unmeasured(key, self._notes[key])
        return Figure.of_frames(key, values, counts)


# which frames of a chunk (M,), and their pictures (M, h, w, 3), generated and real
Pair = tuple[NDArray[np.intp], Pictures, Pictures]


def subject_pairs(chunk: Chunk, subject: str) -> Iterator[Pair]:
    """Yield the pictures of a subject in a chunk: whole frames, or the crops of each region.

    Nothing without a reference, nor of a region that no frame has.
    """
    if chunk.reference is None:
        return
    if subject == "frame":
        yield np.arange(len(chunk)), chunk.generated, chunk.reference
        return
    for region in SUBJECT_REGIONS[subject]:
        boxes = chunk.regions.boxes(region)
        at = np.flatnonzero(seen(boxes))
        if len(at):
            yield at, cut_out(chunk.generated, boxes), cut_out(chunk.reference, boxes)


def why_nothing(chunk: Chunk) -> str:
    """Return why there are no pairs of a subject in a chunk."""
    if chunk.reference is None:
        return NO_REFERENCE
    return NO_REGION if chunk.regions.known else NO_POSES


def _difference(a: NDArray[np.generic], b: NDArray[np.generic]) -> NDArray[np.float32]:
    return a.astype(np.float32) - b.astype(np.float32)


def _squared(a: NDArray[np.generic], b: NDArray[np.generic]) -> float:
    difference = _difference(a, b).ravel()
    # pairwise in blocks: one long dot product in single precision would lose digits
    return float(np.mean(difference * difference, dtype=np.float64))
