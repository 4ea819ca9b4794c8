"""Small generated clips on disk with their true clips, poses and corpora, for the tests."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from pose_sequences.files import write_poses
from pose_sequences.images import write_png
from pose_sequences.sequence import PoseSequence
from signgen.evaluation.pairs import ClipPair
from tests.signer import signing
from tests.signgen.training.toy_corpus import draw_signer, write_toy_corpus

SIZE = 64
NUM_FRAMES = 9


def poses(num_frames: int = NUM_FRAMES) -> PoseSequence:
    """Return poses at SIZE, in the middle of a sign."""
    sequence = signing().frames(20, 20 + num_frames)
    scale = np.float32((SIZE / 256, SIZE / 256, 1))
    return replace(sequence, keypoints=sequence.keypoints * scale, width=SIZE, height=SIZE)


def write_frames(folder: Path, frames: np.ndarray) -> Path:
    for number, frame in enumerate(frames):
        write_png(folder / f"{number:03d}.png", frame, overwrite=True)
    return folder


def write_pair(root: Path, name: str, *, noise: float = 0, signer: int = 1) -> ClipPair:
    """Write a clip, the noisy copy that was generated, and its poses."""
    clean = draw_signer(poses(), signer)
    rng = np.random.default_rng(signer)
    made = np.clip(clean + noise * rng.normal(size=clean.shape), 0, 255).astype(np.uint8)
    (root / "poses").mkdir(parents=True, exist_ok=True)
    write_poses(poses(), root / "poses" / f"{name}.npz", overwrite=True)
    return ClipPair(
        name=name,
        generated=write_frames(root / "made" / name, made),
        reference=write_frames(root / "true" / name, clean),
        poses=root / "poses" / f"{name}.npz",
    )


def corpus(tmp_path: Path) -> tuple[Path, Path]:
    """Return a corpus and a folder with one clip of its training split and one of another."""
    root = write_toy_corpus(tmp_path / "corpus", clips_each=1, num_frames=4, size=SIZE)
    made = tmp_path / "made"
    for name in ("clip-0-0", "stranger"):
        write_frames(made / name, np.zeros((4, SIZE, SIZE, 3), np.uint8))
    return root, made
