"""Pose measures: whether the signer in the clip does what the keypoints say.

The door: ``measure_poses`` and its rows. A detector (detection.py) looks at the generated clip and,
where there is one, at the real clip; the first is measured against the second, and against the
driving poses, under names of their own: errors against another look of one detector leave out what
the detector does to both.
"""

from pose_sequences.sequence import PoseSequence
from signgen.evaluation.figures import Figure, Metric
from signgen.evaluation.poses import (
    bones,
    expression,
    handshape,
    points,
    presence,
    timing,
    warping,
)
from signgen.evaluation.poses.detection import Detector, detect_poses
from signgen.evaluation.poses.marks import TARGETS, Target, pair_up
from signgen.evaluation.poses.rows import metrics_of

__all__ = [
    "HEADLINES",
    "METRICS",
    "Detector",
    "detect_poses",
    "measure_poses",
    "pose_metrics",
]

_MEASURES = (
    (presence.ROWS, presence.presence_figures),
    (points.ROWS, points.point_figures),
    (handshape.ROWS, handshape.handshape_figures),
    (warping.ROWS, warping.warping_figures),
    (timing.ROWS, timing.timing_figures),
    (expression.ROWS, expression.expression_figures),
    (bones.ROWS, bones.bone_figures),
)
_ROWS = tuple(row for rows, _ in _MEASURES for row in rows)


def pose_metrics(detector: Detector) -> tuple[Metric, ...]:
    """Return the rows of ``measure_poses`` for what this detector found."""
    return metrics_of(_ROWS, detector.signature)


METRICS = pose_metrics(Detector())

# What a short table shows: the figures that move most with what a signer would miss.
HEADLINES = tuple(
    f"{key}_vs_{against}"
    for against in TARGETS
    for key in (
        *("hands/missing", "hands/pck_0.2", "hands/error", "hands/angle_error", "hands/facing"),
        *("face/missing", "face/mouth_opening_follows", "face/brow_height_follows"),
        *("face/yaw_error", "face/pitch_error", "time/lag", "hands/dtw_mje", "sign/dtw_mje"),
        "body/pck_0.1",
    )
)


def measure_poses(
    driving: PoseSequence, generated: PoseSequence, reference: PoseSequence | None
) -> list[Figure]:
    """Return every figure of METRICS for one clip.

    driving: what the clip was made from, fitted to its signer and frame; generated, reference: what
    a detector found in the generated and in the real clip. Without a reference, its rows are not
    measured. Raises ValueError where lengths or shapes of frames differ.
    """
    targets: tuple[tuple[Target, PoseSequence | None], ...] = (
        ("reference", reference),
        ("driving", driving),
    )
    figures: list[Figure] = []
    for against, target in targets:
        if target is None:
            note = "there is no real clip"
            figures += [Figure.unmeasured(f"{row.key}_vs_{against}", note) for row in _ROWS]
            continue
        pair = pair_up(target, generated, against)
        for _, measure in _MEASURES:
            figures += measure(pair)
    return figures
