"""How near a synthetic signer comes to real sequences; ``scripts/measure_perform`` is the door.

Errors are pixels at a shoulder width of 100 pixels, over the points that the source has itself; a
second is one of a core's time.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pose_sequences.draw.preview import fitted
from pose_sequences.extract.holistic import Holistic
from pose_sequences.files import read_poses
from pose_sequences.images import write_png
from pose_sequences.layout import Part, layout
from pose_sequences.repair.gaps import whole_hands
from pose_sequences.repair.scale import HANDS, shoulder_width
from pose_sequences.sequence import FAINT, PoseSequence
from signgen.studio.camera import Camera
from signgen.studio.clip import dress_signer, film
from signgen.studio.factory import SignerFactory
from signgen.studio.figure import Figure, Pose
from signgen.studio.keypoints import LAYOUT, project_keypoints
from signgen.studio.reenact import reenact
from signgen.studio.reenact.sheet import reenactment_sheet
from signgen.studio.reenact.sight import RIGID
from tests.signgen.studio.sightings import clips_model

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "poses"
NAMES = (
    "segmentation/holistic576_sentence_130f",
    "pose/holistic576_v02_example",
    "pose/holistic586_two_hands",
    *(f"spoken-to-signed/lexicon-sgg/{gloss}" for gloss in ("essen", "kleine", "pizza", "kinder")),
    "spoken-to-signed/fingerspelling-gsg/fs-sts0258e172d448614da0a939f3f6e57508",
    "spoken-to-signed/fingerspelling-gsg/fs-sts5ce6e9d9d7600687d44ed05348d624ca",
    "spoken-to-signed/fingerspelling-sgg/9d081cb93ff5ab1ddfa481c1df1ed3c2",
    "spoken-to-signed/fingerspelling-sgg/3a93f600da1624db1b7bd6f0f9e8da63",
)
SHOULDERS = 100.0
SHEET = (256, 256)
Floats = NDArray[np.float32]
_ELBOWS = ("body.left_elbow", "body.right_elbow")


@dataclass(frozen=True)
class Figures:
    """name; frames; hands, elbows, face, seen: errors of single points, seen with MediaPipe's eyes;
    found: how many of the hands in the source MediaPipe found again; seconds: a frame.
    """

    name: str
    frames: int
    hands: Floats
    elbows: Floats
    face: Floats
    seconds: float
    seen: Floats
    found: float

    def line(self) -> str:
        """Return one line for people."""
        told = [
            f"{what} {np.median(errors):.2f} (p90 {np.quantile(errors, 0.9):.2f})"
            for what, errors in vars(self).items()
            if isinstance(errors, np.ndarray) and len(errors)
        ]
        found = f", found again {100 * self.found:.0f} %" if len(self.seen) else ""
        return f"{self.name}: {self.frames} frames, {', '.join(told)}{found}, {self.seconds:.3f} s"


def measure(sequence: PoseSequence, figure: Figure, name: str, *, seen: bool) -> Figures:
    """Fit a sequence and compare; seen: whether MediaPipe is to look at the pictures."""
    began = time.process_time()
    reenactment = reenact(figure.signer, sequence)
    poses = list(reenactment.poses())
    seconds = (time.process_time() - began) / len(sequence)
    size = (sequence.width, sequence.height)
    exact = np.concatenate([_points(figure, pose, reenactment.camera(size)) for pose in poses])
    unit = SHOULDERS / shoulder_width(sequence)
    source = sequence.converted(LAYOUT)
    errors = unit * np.linalg.norm(exact - source.keypoints[..., :2], axis=2)
    rows = source.points
    hands = {hand: whole_hands(source, hand) for hand in HANDS}
    there = source.confidence > FAINT
    elbows, face = rows.find(_ELBOWS), rows.part("face")[list(RIGID)]
    looked, found = (
        _looked_at(figure, poses, reenactment.camera(_bounded(size)), source, hands)
        if (seen)
        else (np.zeros(0, np.float32), 0.0)
    )
    return Figures(
        name=name,
        frames=len(sequence),
        hands=_of_hands(errors, source, hands),
        elbows=errors[:, elbows][there[:, elbows]],
        face=errors[:, face][there[:, face]],
        seconds=seconds,
        seen=looked,
        found=found,
    )


def _points(figure: Figure, pose: Pose, camera: Camera) -> Floats:
    parts = [pose.chunk(first, first + 8) for first in range(0, pose.num_frames, 8)]
    points = [project_keypoints(figure, part, camera).points[..., :2] for part in parts]
    return np.asarray(torch.cat(points).numpy(), np.float32)


def _of_hands(errors: Floats, source: PoseSequence, hands: dict[Part, NDArray[np.bool_]]) -> Floats:
    chosen = [
        errors[np.ix_(there, source.points.part(hand))][
            source.confidence[np.ix_(there, source.points.part(hand))] > 0
        ]
        for hand, there in hands.items()
    ]
    return np.concatenate(chosen)


def _looked_at(
    figure: Figure,
    poses: Sequence[Pose],
    camera: Camera,
    source: PoseSequence,
    hands: dict[Part, NDArray[np.bool_]],
) -> tuple[Floats, float]:
    """Return how far MediaPipe's hands are off the source's, and how many it finds again."""
    names = [point for hand in HANDS for point in source.points.points if point.startswith(hand)]
    with Holistic(clips_model(), single_thread=True) as detector:
        found = [
            detector.detect(np.ascontiguousarray(frame))
            for pose in poses
            for shot in film(figure, pose, camera)
            for frame in shot.frames.numpy()
        ]
    rows = layout(clips_model().layout).find(tuple(names))
    points = np.stack([p[rows, :2] for p, _ in found]) * (source.width / camera.size[0])
    trust = np.stack([c[rows] for _, c in found])
    own = source.points.find(tuple(names))
    gap = np.linalg.norm(points - source.keypoints[:, own, :2], axis=2)
    wanted = np.repeat(np.stack([hands[hand] for hand in HANDS], 1), len(names) // 2, axis=1)
    both = wanted & (trust > 0) & (source.confidence[:, own] > 0)
    return gap[both] * SHOULDERS / shoulder_width(source), float(both.sum() / wanted.sum())


def _bounded(size: tuple[int, int], longest: int = 512) -> tuple[int, int]:
    factor = longest / max(size)
    width, height = (round(side * factor) for side in size)
    return width, height


def main() -> None:
    """Print a line for each sequence and one for all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="files below the folder")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--frames", type=int, help="only so many, from the middle")
    parser.add_argument("--signer", type=int, default=3)
    parser.add_argument("--seen", action="store_true", help="let MediaPipe look at the pictures")
    parser.add_argument("--sheets", type=Path, help="draw a contact sheet of each here")
    given = parser.parse_args()
    torch.set_num_threads(1)
    figure = dress_signer(SignerFactory.load(), given.signer)
    every = []
    for name in given.names or NAMES:
        sequence = read_poses(given.folder / f"{name}.pose")
        if given.frames and given.frames < len(sequence):
            first = (len(sequence) - given.frames) // 2
            sequence = sequence.frames(first, first + given.frames)
        every.append(measure(sequence, figure, name, seen=given.seen))
        sys.stdout.write(every[-1].line() + "\n")
        sys.stdout.flush()
        if given.sheets:
            cell = fitted(sequence, *SHEET)
            sheet = reenactment_sheet(figure, reenact(figure.signer, sequence), cell)
            write_png(given.sheets / f"{Path(name).name}.png", sheet, overwrite=True)
    medians = [np.median(f.hands) for f in every]
    sys.stdout.write(f"hands: the medians' worst {max(medians):.2f}\n")


if __name__ == "__main__":
    main()
