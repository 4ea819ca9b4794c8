"""Figures of retargeting on real files: handshape, touches, jitter, limbs.

``python -m tests.pose_sequences.retarget_figures [FOLDER]`` prints them; the folder holds .pose
files and is ../shared/data/poses if none is given.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pose_sequences.files import read_poses
from pose_sequences.layout import Part
from pose_sequences.retarget import measure_body, retarget
from pose_sequences.sequence import PoseSequence
from tests.pose_sequences.bodies import other_bodies

DATA = Path("../shared/data/poses")
# both hands and a face, each seen in some frames
SOURCES = (
    "pose/holistic576_v02_example",
    "pose/holistic586_two_hands",
    "segmentation/holistic576_sentence_130f",
    "spoken-to-signed/lexicon-sgg/essen",
    "spoken-to-signed/lexicon-sgg/kleine",
    "spoken-to-signed/lexicon-sgg/pizza",
)
REAL_BODIES = ("pose/wholebody133_football", "segmentation/holistic576_sentence_130f")
HANDS: tuple[Part, Part] = ("left_hand", "right_hand")
_FINGERS = [[0, *range(1 + 4 * f, 5 + 4 * f)] for f in range(5)]


@dataclass(frozen=True)
class Figures:
    """Of one source on one body.

    angle: the largest error of a finger's bend, in degrees; touches: found, kept, in place; jitter,
    limb_change: ratios of result to source, in hand and arm lengths; longest_limb: the longest
    upper arm or forearm in any frame, in shoulder widths.
    """

    source: str
    body: str
    angle: float
    touches: dict[str, tuple[int, int, int]]
    jitter: float
    limb_change: float
    longest_limb: float


def measured(folder: Path) -> Iterator[Figures]:
    """Yield the figures of every source on every other body."""
    sequences = {name: read_poses(folder / f"{name}.pose") for name in SOURCES}
    bodies = {name: read_poses(folder / f"{name}.pose") for name in REAL_BODIES} | other_bodies()
    for source, sequence in sequences.items():
        for body, reference in bodies.items():
            if body != source:
                yield figures(source, sequence, body, reference)


def figures(source: str, sequence: PoseSequence, body: str, reference: PoseSequence) -> Figures:
    """Return the figures of one pair."""
    result, report = retarget(sequence, reference)
    scale = report.scales.hand
    return Figures(
        source,
        body,
        angle=float(np.abs(bone_angles(result) - bone_angles(sequence)).max(initial=0)),
        touches={k: (t.found, t.kept, t.in_place) for k, t in report.touches.items()},
        jitter=jitter(result) / jitter(sequence) / scale,
        limb_change=limb_change(result) / limb_change(sequence) / report.scales.arm,
        longest_limb=_longest_limb(result),
    )


def bone_angles(sequence: PoseSequence) -> NDArray[np.float64]:
    """Return the angles between neighbouring finger bones, in space, of all hands seen (N,)."""
    angles = []
    for hand in HANDS:
        points, confidence = sequence.part(hand)
        seen = points[(confidence > 0).all(axis=1)].astype(np.float64)
        seen[..., 2] *= sequence.width
        for finger in _FINGERS:
            bones = np.diff(seen[:, finger], axis=1)
            before, after = bones[:, :-1], bones[:, 1:]
            # by the tangent: the cosine is blind to small angles
            across = np.linalg.norm(np.cross(before, after), axis=-1)
            angles.append(np.degrees(np.arctan2(across, (before * after).sum(axis=-1))).ravel())
    return np.concatenate(angles)


def jitter(sequence: PoseSequence) -> float:
    """Return the mean size of the second differences of all hand points, in pixels."""
    steps = []
    for hand in HANDS:
        points, confidence = sequence.part(hand)
        there = np.where(confidence[..., None] > 0, points[..., :2], np.nan)
        steps.append(np.linalg.norm(np.diff(there, n=2, axis=0), axis=-1))
    return float(np.nanmean(np.stack(steps)))


def limb_change(sequence: PoseSequence) -> float:
    """Return how much arm bones change their length from frame to frame, in pixels."""
    return float(np.nanmean(np.abs(np.diff(_limbs(sequence), axis=0))))


def _longest_limb(result: PoseSequence) -> float:
    return float(np.nanmax(_limbs(result)) / measure_body(result).shoulders)


def _limbs(sequence: PoseSequence) -> NDArray[np.float64]:
    """Return the lengths of upper arm and forearm of both sides (T, 4), NaN where missing."""
    lengths = []
    for side in ("left", "right"):
        rows = sequence.points.find(
            tuple(f"body.{side}_{joint}" for joint in ("shoulder", "elbow", "wrist"))
        )
        there = sequence.confidence[:, rows, None] > 0
        joints = np.where(there, sequence.keypoints[:, rows, :2].astype(np.float64), np.nan)
        lengths.append(np.linalg.norm(np.diff(joints, axis=1), axis=-1))
    return np.concatenate(lengths, axis=1)


@dataclass(frozen=True)
class Total:
    """What must hold, over all pairs: see Figures; kept and in_place are shares, ranges (3,)."""

    pairs: int
    angle: float
    touches: int
    kept: float
    in_place: float
    kept_of: dict[str, float]
    jitter: tuple[float, float, float]
    limb_change: tuple[float, float, float]
    longest_limb: float


def total(rows: list[Figures]) -> Total:
    """Return the figures of all pairs together; ranges are the least, the median and the most."""
    counts = {name: np.sum([row.touches[name] for row in rows], axis=0) for name in rows[0].touches}
    found, kept, in_place = np.sum(list(counts.values()), axis=0)
    return Total(
        pairs=len(rows),
        angle=max(row.angle for row in rows),
        touches=int(found),
        kept=float(kept / found),
        in_place=float(in_place / found),
        kept_of={name: float(count[1] / count[0]) for name, count in counts.items()},
        jitter=_range([row.jitter for row in rows]),
        limb_change=_range([row.limb_change for row in rows]),
        longest_limb=max(row.longest_limb for row in rows),
    )


def _range(values: list[float]) -> tuple[float, float, float]:
    return min(values), float(np.median(values)), max(values)


def main() -> None:
    """Print a line for every pair and the totals as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=DATA)
    rows = list(measured(parser.parse_args().folder))
    for row in rows:
        sys.stdout.write(
            f"{Path(row.source).name:32} {Path(row.body).name:28} angle {row.angle:.3f}  "
            f"jitter {row.jitter:.2f}  limbs {row.limb_change:.2f} {row.longest_limb:.2f}  "
            f"{row.touches}\n"
        )
    sys.stdout.write(json.dumps(asdict(total(rows))) + "\n")


if __name__ == "__main__":
    main()
