"""Clips of single signs as lexicons hold them: the signer rests, raises the hands, signs, rests."""

from dataclasses import replace

import numpy as np

from pose_sequences.join.clip import Clip
from pose_sequences.join.transitions import between
from pose_sequences.sequence import PoseSequence, concatenate
from tests.signer import SIGNS, signing

GLOSSES = tuple(gloss for gloss, *_ in SIGNS)
REST = 6  # frames
RAISE = 5  # frames, well above the speed of a hold


def bare_sign(gloss: str, seed: int = 0, *, name: str = "reduced203") -> PoseSequence:
    """Return a sign's own frames: the hands get there, and stay."""
    performed = signing(seed=seed, name=name)
    segment = next(s for s in performed.segments if s.gloss == gloss)
    settled = segment.start + (segment.stop - segment.start) // 3
    return replace(performed.frames(settled, segment.stop - 1), gloss=gloss, segments=())


def recorded(gloss: str, seed: int = 0, *, name: str = "reduced203") -> PoseSequence:
    """Return a sign between two rests, from which the hands come and to which they go back."""
    sign = bare_sign(gloss, seed, name=name)
    rest = repeated(signing(seed=seed, name=name).frames(0, 1), REST)
    up = between(rest, sign, RAISE, fastest=0.0)
    down = between(sign, rest, RAISE, fastest=0.0)
    whole = concatenate([replace(part, segments=()) for part in (rest, up, sign, down, rest)])
    return replace(whole, gloss=gloss)


def repeated(sequence: PoseSequence, num_frames: int) -> PoseSequence:
    """Return the last frame as often as said."""
    frames = np.full(num_frames, len(sequence) - 1)
    return replace(
        sequence,
        keypoints=sequence.keypoints[frames],
        confidence=sequence.confidence[frames],
        segments=(),
    )


def without(sequence: PoseSequence, *points: str) -> PoseSequence:
    """Return the sequence without the points of these names, or beginnings of names."""
    rows = [r for name, r in sequence.points.rows.items() if name.startswith(points)]
    keypoints, confidence = sequence.keypoints.copy(), sequence.confidence.copy()
    keypoints[:, rows], confidence[:, rows] = 0, 0
    return replace(sequence, keypoints=keypoints, confidence=confidence)


def lexicon_clips(*glosses: str) -> list[Clip]:
    """Return recorded signs of one signer."""
    return [Clip(gloss, recorded(gloss)) for gloss in glosses]
