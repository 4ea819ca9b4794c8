"""How good repair is on real files: error of filled hands, jitter taken out, speed of strokes kept.

``scripts/measure_repair`` prints the figures; test_repair_figures.py holds them to their limits.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pose_sequences.draw.preview import contact_sheet
from pose_sequences.draw.repair_timeline import repair_timeline
from pose_sequences.files import read_poses
from pose_sequences.images import write_png
from pose_sequences.layout import Part
from pose_sequences.repair import repair
from pose_sequences.repair.gaps import whole_hands
from pose_sequences.repair.scale import HANDS, shoulder_width
from pose_sequences.repair.settings import Repair
from pose_sequences.repair.smoothing import Method, smooth
from pose_sequences.sequence import PoseSequence, mark_missing

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "poses"
TWO_HANDED = (
    "pose/holistic576_v02_example.pose",
    "segmentation/holistic576_sentence_130f.pose",
    "pose/holistic586_two_hands.pose",
    *(f"spoken-to-signed/lexicon-sgg/{gloss}.pose" for gloss in ("essen", "pizza", "kleine")),
)
HIDDEN_RUN = 5
TIPS = (4, 8, 12, 16, 20)
SHOULDERS_AT_256 = 90.0  # pixels a shoulder width in a frame of 256
FAST = 3.0  # shoulder widths a second
HOLD = 20  # frames


@dataclass(frozen=True)
class Filling:
    """Errors (N, 5) of the fingertips in hidden frames, and whether the report names just those."""

    errors: Array
    named_exactly: bool


def filling(sequence: PoseSequence, settings: Repair) -> Filling:
    """Hide every second run of HIDDEN_RUN frames of both hands, repair, compare."""
    hidden = {hand: hidden_frames(sequence, hand) for hand in HANDS}
    result, report = repair(with_hands_hidden(sequence, hidden), settings)
    errors, named = [], True
    for hand in HANDS:
        whole = whole_hands(sequence, hand)
        span = np.zeros(len(whole), np.bool_)
        span[np.argmax(whole) : len(whole) - np.argmax(whole[::-1])] = True
        missing = np.flatnonzero(span & (hidden[hand] | ~whole))
        named &= report.hands[hand].frames("filled") == tuple(missing.tolist())
        way = tips(result, hand) - tips(sequence, hand)
        errors.append(np.linalg.norm(way, axis=2)[hidden[hand] & whole])
    return Filling(np.concatenate(errors) / shoulder_width(sequence), named)


def hidden_frames(sequence: PoseSequence, hand: Part) -> Mask:
    """Return (T,): every second run of HIDDEN_RUN frames between the first and last of the hand."""
    whole = np.flatnonzero(whole_hands(sequence, hand))
    hidden = np.zeros(len(sequence), np.bool_)
    for start in range(whole[0] + HIDDEN_RUN, whole[-1] - HIDDEN_RUN + 1, 2 * HIDDEN_RUN):
        hidden[start : start + HIDDEN_RUN] = True
    return hidden


def with_hands_hidden(sequence: PoseSequence, hidden: dict[Part, Mask]) -> PoseSequence:
    """Return the sequence without each hand in its frames (T,)."""
    confidence = sequence.confidence.copy()
    for hand, frames in hidden.items():
        confidence[np.ix_(frames, sequence.points.part(hand))] = 0
    keypoints, confidence = mark_missing(sequence.keypoints, confidence)
    return replace(sequence, keypoints=keypoints, confidence=confidence)


def tips(sequence: PoseSequence, hand: Part) -> Array:
    """Return the fingertips (T, 5, 2)."""
    return sequence.part(hand)[0][:, TIPS, :2].astype(np.float64)


def holds(sequence: PoseSequence, hand: Part, every: int = 7) -> Iterator[PoseSequence]:
    """Yield clips in which one frame that shows the hand is held."""
    for frame in np.flatnonzero(whole_hands(sequence, hand))[::every]:
        yield replace(
            sequence,
            keypoints=np.repeat(sequence.keypoints[frame : frame + 1], HOLD, axis=0),
            confidence=np.repeat(sequence.confidence[frame : frame + 1], HOLD, axis=0),
            segments=(),
        )


def with_jitter(
    sequence: PoseSequence, hand: Part, pixels: float, rng: np.random.Generator
) -> PoseSequence:
    """Return the sequence with a detector's jitter on a hand: half of it common to all points.

    pixels: its standard deviation in a frame of 256 pixels; it is correlated from frame to frame.
    """
    rows = sequence.points.part(hand)
    common, own = correlated((HOLD, 1, 3), rng), correlated((HOLD, len(rows), 3), rng)
    noise = (common + own) * (np.sqrt(0.5) * pixels * shoulder_width(sequence) / SHOULDERS_AT_256)
    noise[..., 2] /= sequence.width
    keypoints = sequence.keypoints.copy()
    keypoints[:, rows] += noise.astype(np.float32)
    return replace(sequence, keypoints=keypoints)


def correlated(shape: tuple[int, ...], rng: np.random.Generator, memory: float = 0.5) -> Array:
    """Return unit noise along the first axis, each frame keeping ``memory`` of the one before."""
    noise = rng.standard_normal(shape)
    for t in range(1, len(noise)):
        noise[t] = memory * noise[t - 1] + np.sqrt(1 - memory**2) * noise[t]
    return noise


def jitter_left(sequence: PoseSequence, method: Method, pixels: float, seed: int = 0) -> float:
    """Return the share of frame-to-frame movement of held hands that smoothing leaves."""
    rng = np.random.default_rng(seed)
    before, after = [], []
    for hand in HANDS:
        for clip in holds(sequence, hand):
            noisy = with_jitter(clip, hand, pixels, rng)
            before.append(_unrest(noisy, hand))
            after.append(_unrest(smooth(noisy, hand, method, 1.0), hand))
    return float(np.mean(after) / np.mean(before))


def _unrest(sequence: PoseSequence, hand: Part) -> float:
    return float(np.diff(sequence.part(hand)[0][..., :2], axis=0).std())


def strokes_kept(sequence: PoseSequence, method: Method) -> list[float]:
    """Return the share of its peak speed that smoothing leaves each fast stroke.

    A stroke of wrist or fingertips is a peak over FAST whose neighbours are fast too: one frame
    alone is jitter.
    """
    kept = []
    for hand in HANDS:
        after = smooth(sequence, hand, method, 1.0)
        for points in ((0,), TIPS):
            was, now = (_speed(s, hand, points) for s in (sequence, after))
            for t in range(2, len(was) - 2):
                near = min(was[t - 1], was[t + 1])
                if was[t] > FAST and was[t] == was[t - 2 : t + 3].max() and near > 0.4 * was[t]:
                    kept.append(float(now[t - 1 : t + 2].max() / was[t]))
    return kept


def _speed(sequence: PoseSequence, hand: Part, points: tuple[int, ...]) -> Array:
    """Return (T - 1,) in shoulder widths a second; 0 beside a gap."""
    whole = whole_hands(sequence, hand)
    path = sequence.part(hand)[0][:, points, :2].astype(np.float64)
    steps = np.linalg.norm(np.diff(path, axis=0), axis=2).mean(axis=1)
    speed: Array = steps * (whole[1:] & whole[:-1]) * sequence.fps / shoulder_width(sequence)
    return speed


def sequences(folder: Path) -> dict[str, PoseSequence]:
    """Return the two-handed sequences of the folder by name."""
    return {Path(name).stem: read_poses(folder / name) for name in TWO_HANDED}


def main() -> None:
    """Print the figures, one line each; write pictures with --sheets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--sheets", type=Path, help="write contact sheets and timelines there")
    given = parser.parse_args()
    found = sequences(given.folder)
    for line in (*filling_lines(found), *smoothing_lines(found)):
        sys.stdout.write(line + "\n")
    if given.sheets:
        write_sheets(found, given.sheets)


def filling_lines(found: dict[str, PoseSequence]) -> Iterator[str]:
    """Yield the error of each sequence and of all."""
    results = {name: filling(sequence, Repair()) for name, sequence in found.items()}
    for name, result in results.items():
        named = "names exactly the hidden frames" if result.named_exactly else "NAMES OTHER FRAMES"
        yield f"fill {name}: {_percent(result.errors)}; {named}"
    yield f"fill all: {_percent(np.concatenate([r.errors for r in results.values()]))}"


def _percent(errors: Array) -> str:
    median, worse = 100 * np.quantile(errors, (0.5, 0.9))
    return f"fingertips off by {median:.1f} % of shoulder width (median), {worse:.1f} % (90th)"


def smoothing_lines(found: dict[str, PoseSequence]) -> Iterator[str]:
    """Yield what the methods take out of holds and out of strokes."""
    methods: tuple[Method, ...] = ("one-euro", "savgol")
    for method in methods:
        for pixels in (1.0, 1.5, 2.0):
            left = np.mean([jitter_left(s, method, pixels) for s in found.values()])
            yield f"{method}: jitter of {pixels} px cut by {1 - left:.1%}"
        lost = 1 - np.array([share for s in found.values() for share in strokes_kept(s, method)])
        quantiles = ", ".join(f"{q:.1%}" for q in np.quantile(lost, (0.5, 0.75, 0.9)))
        yield f"{method}: {len(lost)} strokes lose {quantiles} of peak speed (median, 75th, 90th)"


def write_sheets(found: dict[str, PoseSequence], folder: Path) -> None:
    """Write the contact sheets before and after and the timeline of each sequence."""
    for name, sequence in found.items():
        result, report = repair(sequence)
        pictures = {
            "before": contact_sheet(sequence, num_frames=16),
            "after": contact_sheet(result, num_frames=16),
            "timeline": repair_timeline(report),
        }
        for kind, picture in pictures.items():
            write_png(folder / f"{name}_{kind}.png", picture, overwrite=True)


if __name__ == "__main__":
    main()
