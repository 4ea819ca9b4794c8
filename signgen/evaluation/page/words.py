"""How the page says things: what a subject is, which way is better, what a missing value means.

Plain words, since a page is read by signers and by researchers of other fields.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from signgen.evaluation.figures import Figure, Metric
from signgen.evaluation.report import SystemFigures
from signgen.evaluation.results import ClipFigures

# a subject's heading, and what stands under it
HEADINGS: dict[str, tuple[str, str]] = {
    "hands": ("Hands", "Both hands together: where they are, what shape they have, how they look."),
    "left_hand": ("Left hand", "The signer's own left hand, which is on the right of the picture."),
    "right_hand": ("Right hand", "The signer's own right hand, on the left of the picture."),
    "face": ("Face", "Mouth, brows, eyes and head carry grammar."),
    "time": ("Time", "Whether the clip moves as it should: no flicker, no jump, no delay."),
    "sign": ("Sign", "Hands and body together, over the whole clip."),
    "body": ("Body", "Shoulders and arms."),
    "frame": ("Whole picture", "Most of it holds still, so a good value says little of the signs."),
}

# What is read first, in this order, by key without the poses it is held against; the rest is
# folded away.
HEADLINES = (
    *("hands/missing", "hands/pck_0.2", "hands/error", "hands/angle_error", "hands/facing"),
    *("hands/dtw_mje", "hands/psnr", "hands/ssim", "hands/lpips", "hands/motion_ratio"),
    *("left_hand/missing", "left_hand/pck_0.2", "left_hand/error"),
    *("right_hand/missing", "right_hand/pck_0.2", "right_hand/error"),
    *("face/missing", "face/error", "face/mouth_opening_follows", "face/brow_height_follows"),
    *("face/yaw_error", "face/pitch_error", "face/psnr", "face/ssim", "face/lpips"),
    *("time/motion_error", "time/still_flicker", "time/jump", "time/lag", "time/motion_lag"),
    *("time/seam", "time/seam_alone", "time/colour_drift", "time/colour_drift_alone"),
    *("sign/dtw_mje", "body/pck_0.1", "body/error"),
    *("frame/psnr", "frame/ssim", "frame/lpips", "frame/fid"),
)
# By what clips are sorted: the share of points comes first, since one not found counts against it.
HAND_ORDER = (
    *("hands/pck_0.2_vs_reference", "hands/pck_0.2_vs_driving"),
    *("hands/error_vs_reference", "hands/error_vs_driving"),
    *("hands/ssim", "hands/psnr", "hands/mae"),
)
TARGETS = ("_vs_reference", "_vs_driving")
_DIGITS = 4
_LONGEST_REASON = 60


def value_words(figure: Figure | None) -> str:
    """Return a value as it is read, and in words where there is none."""
    if figure is None:
        return "not measured"
    if not figure.weight:
        return short_reason(figure.note) if figure.note else "not seen"
    return f"{figure.value:.{_DIGITS}g}"


def short_reason(note: str) -> str:
    """Return the first clause of why a value is missing."""
    clause = note.partition(";")[0].partition(":")[0].strip()
    return clause if len(clause) <= _LONGEST_REASON else "not measured"


def best_words(metric: Metric) -> str:
    """Return which way is better, and the value of identical clips."""
    if metric.better == "same":
        return f"the closer to {metric.ideal:g}"
    return metric.better + ("" if metric.ideal is None else f", at best {metric.ideal:g}")


def title_parts(metric: Metric) -> tuple[str, str]:
    """Return the title of a metric, and against what it is measured, "" where that goes unsaid."""
    title, found, against = metric.title.partition(", against ")
    return title, f"against {against}" if found else ""


def basis_words(system: SystemFigures, key: str) -> str:
    """Return in how many clips and frames a system's value was measured."""
    found = [(clip, figure) for _, clip in system.clips for figure in clip.figures]
    measured = [(clip, figure) for clip, figure in found if figure.key == key and figure.weight]
    if not measured:
        alone = system.figures.get(key)
        return "all frames as one set" if alone is not None and alone.weight else "0 frames"
    frames = sum(num_measured(clip, figure) for clip, figure in measured)
    return f"{len(measured)} of {len(system.clips)} clips, {frames} frames"


def num_measured(clip: ClipFigures, figure: Figure) -> int:
    """Return in how many frames of a clip a figure was measured; all, where it has none a frame."""
    if figure.frames is None:
        return clip.num_frames
    return int(np.isfinite(figure.frames).sum())


def measured_first(figures: Mapping[str, Figure], keys: Iterable[str]) -> str | None:
    """Return the first of the keys that has a value."""
    return next((key for key in keys if key in figures and figures[key].weight), None)


def headlines(metrics: Iterable[Metric], figures: Mapping[str, Figure]) -> list[Metric]:
    """Return the metrics that are read first, in the order of HEADLINES."""
    found = [metric for metric in metrics if _is_headline(metric, figures)]
    return sorted(found, key=lambda metric: HEADLINES.index(stem_of(metric.key)))


def _is_headline(metric: Metric, figures: Mapping[str, Figure]) -> bool:
    """Whether a metric is read first: of its kind the one against the real clip, if measured."""
    stem = stem_of(metric.key)
    if stem not in HEADLINES:
        return False
    if stem == metric.key:
        return True
    best = measured_first(figures, [stem + target for target in TARGETS])
    return metric.key == (best or f"{stem}{TARGETS[0]}")


def stem_of(key: str) -> str:
    """Return a key without the poses it is held against."""
    for target in TARGETS:
        key = key.removesuffix(target)
    return key
