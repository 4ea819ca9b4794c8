"""A toy corpus in the Phoenix layout: procedural signers of few colours, with exact keypoints."""

from pathlib import Path

import numpy as np

from pose_sequences.draw.strokes import Strokes, paint
from pose_sequences.files import write_poses
from pose_sequences.images import write_png
from pose_sequences.sequence import PoseSequence
from tests.pose_sequences.tiny_phoenix import write_table
from tests.signer import signing

_LIMBS = (
    ("body.left_shoulder", "body.right_shoulder", 16, "cloth"),
    ("body.left_hip", "body.right_hip", 22, "cloth"),
    ("body.left_shoulder", "body.left_hip", 20, "cloth"),
    ("body.right_shoulder", "body.right_hip", 20, "cloth"),
    ("body.left_shoulder", "body.left_elbow", 11, "cloth"),
    ("body.left_elbow", "body.left_wrist", 9, "cloth"),
    ("body.right_shoulder", "body.right_elbow", 11, "cloth"),
    ("body.right_elbow", "body.right_wrist", 9, "cloth"),
    ("face.10", "face.152", 21, "skin"),
    ("face.61", "face.291", 3, "lips"),
    ("face.33", "face.133", 2, "lips"),
    ("face.263", "face.362", 2, "lips"),
)
_FINGERS = tuple(
    (f"{side}_hand.{a}", f"{side}_hand.{b}", 3, "skin")
    for side in ("left", "right")
    for finger in ("thumb", "index", "middle", "ring", "pinky")
    for a, b in (
        ("wrist", f"{finger}_{'cmc' if finger == 'thumb' else 'mcp'}"),
        (f"{finger}_{'cmc' if finger == 'thumb' else 'mcp'}", f"{finger}_tip"),
    )
)


def write_toy_corpus(
    root: Path,
    *,
    num_signers: int = 2,
    num_dev_signers: int = 0,
    clips_each: int = 2,
    num_frames: int = 6,
    size: int = 64,
) -> Path:
    """Write clips of coloured signers and their keypoints; return the corpus folder.

    num_dev_signers: beside those of train; test has none.
    """
    rows: dict[str, list[str]] = {"train": [], "dev": [], "test": []}
    for signer in range(num_signers + num_dev_signers):
        split = "train" if signer < num_signers else "dev"
        for clip in range(clips_each):
            name = f"clip-{signer}-{clip}"
            rows[split].append(f"{name}|{name}/1/*.png|-1|-1|Signer{signer:02d}|TOY|toy")
            poses = _cut(signing(seed=10 * signer + clip), num_frames, 5 * clip, size)
            folder = root / "features" / f"fullFrame-{size}x{size}px" / split / name
            folder.mkdir(parents=True)
            for number, frame in enumerate(draw_signer(poses, signer), start=1):
                write_png(folder / f"images{number:04d}.png", frame, overwrite=False)
            target = root / "keypoints" / "holistic543" / split / f"{name}.npz"
            target.parent.mkdir(parents=True, exist_ok=True)
            write_poses(poses.converted("holistic543"), target, overwrite=False)
    for split, own in rows.items():
        write_table(root, split, *own, prefix="toy")
    return root


def draw_signer(poses: PoseSequence, signer: int) -> np.ndarray:
    """Return frames (T, H, W, 3) of a signer whose number says their colours."""
    rng = np.random.default_rng(signer)
    colours = {
        "cloth": rng.uniform(20, 230, 3),
        "skin": rng.uniform((120, 80, 60), (240, 200, 180)),
        "lips": np.array((120, 20, 30)),
    }
    limbs = [*_LIMBS, *_FINGERS]
    rows = poses.points
    ends = [rows.find((a, b)) for a, b, _, _ in limbs]
    unit = poses.width / 256
    places = poses.keypoints[:, :, :2]
    shape = (len(poses), len(limbs))
    strokes = Strokes(
        start=places[:, [e[0] for e in ends]],
        end=places[:, [e[1] for e in ends]],
        radius=np.broadcast_to(np.float32([r * unit for _, _, r, _ in limbs]), shape),
        colour=np.broadcast_to(np.float32([colours[c] for *_, c in limbs]), (*shape, 3)),
        opacity=np.ones(shape, np.float32),
        halo=np.zeros(shape, np.float32),
        layer=np.arange(len(limbs)),
    )
    frames = paint(strokes, poses.width, poses.height)
    ground = rng.uniform(60, 220, 3).astype(np.uint8)
    return np.where(frames.any(axis=-1, keepdims=True), frames, ground)


def _cut(poses: PoseSequence, num_frames: int, start: int, size: int) -> PoseSequence:
    from dataclasses import replace

    part = poses.frames(start + 4, start + 4 + num_frames)
    scale = np.float32((size / 256, size / 256, 1))
    return replace(part, keypoints=part.keypoints * scale, width=size, height=size)
