"""How well the detector model does what MediaPipe does: errors, misses and gaps of both, in clips.

``scripts/measure_studio clips`` prints the table for signers and signs that the model was not
fitted to; with --fit it writes the model that ships, from all of them. ``scripts/measure_studio
shipped`` holds the shipped model against clips beyond those.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from pose_sequences.layout import Part, layout
from signgen.studio.camera import Camera
from signgen.studio.clip import (
    Take,
    draw_glosses,
    draw_vocabulary,
    dress_signer,
    rehearse,
    relative_places,
)
from signgen.studio.detector import DetectorModel
from signgen.studio.detector_fit import SeenClip, fit_detector
from signgen.studio.detector_gaps import runs
from signgen.studio.detector_sight import LAYOUT, TIPS, kind, sights
from signgen.studio.factory import SignerFactory
from signgen.studio.keypoints import Keypoints
from tests.signgen.studio.sightings import MOMENTS, Kept, Sightings, clips_model, see

CLIPS, FRAMES = 180, 64
BLURRED_EVERY = 8  # clips; these are seen through a shutter
SIZE = (256, 256)
FPS = 25.0
MOST_GLOSSES = 4
FOLDS = 3
DRAWS = 3  # of the model for each clip
LONG = 5  # frames, of a long gap
_STREAM = 77

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ROWS = layout(LAYOUT)
HANDS: tuple[Part, ...] = ("left_hand", "right_hand")
_TIPS = np.concatenate([ROWS.part(part)[list(TIPS)] for part in HANDS])
POINTS = {
    "fingertips": _TIPS,
    "wrists of hands": np.array([ROWS.part(part)[0] for part in HANDS]),
    "wrists of the body": ROWS.find(("body.left_wrist", "body.right_wrist")),
    "elbows": ROWS.find(("body.left_elbow", "body.right_elbow")),
    "shoulders": ROWS.find(("body.left_shoulder", "body.right_shoulder")),
    "face": ROWS.part("face")[:468],
}


def see_clips(
    kept: Kept, count: int = CLIPS, frames: int = FRAMES, *, first: int = 0
) -> Iterator[SeenClip]:
    """Yield clips, each of another signer with other signs, and what MediaPipe makes of them."""
    factory = SignerFactory.load()
    for number in range(first, first + count):
        rng = np.random.default_rng([_STREAM, number])
        figure = dress_signer(factory, int(rng.integers(2**31)))
        vocabulary = draw_vocabulary(MOST_GLOSSES, rng)
        take = Take(
            signer=figure.signer.seed,
            glosses=tuple(draw_glosses(vocabulary, MOST_GLOSSES, rng)),
            seed=int(rng.integers(2**31)),
            size=SIZE,
        )
        blurred = number % BLURRED_EVERY == BLURRED_EVERY - 1
        moments = MOMENTS if blurred else 1
        performance, camera = rehearse(figure, take, FPS * moments)
        shutter = float(rng.uniform(0.3, 1)) if blurred else 0.0
        length = min(frames, performance.pose.num_frames // moments)
        room = performance.pose.num_frames // moments - length + 1
        start = int(rng.integers(room))
        pose = performance.pose.chunk(start * moments, (start + length) * moments)
        make = partial(see, figure, pose, camera, clips_model(), shutter)
        yield seen_clip(kept.get(f"clip-{number:04d}-{frames}", make), camera, shutter)


def seen_clip(seen: Sightings, camera: Camera, shutter: float) -> SeenClip:
    """Return sightings of consecutive frames as a fit takes them."""
    exact = Keypoints(torch.tensor(seen.points), torch.tensor(seen.visible))
    width = camera.size[0]
    places = relative_places(exact, camera).astype(np.float64) * (1, 1, width)
    rows = ROWS.find(layout("holistic543").points)
    found, confidence = np.zeros(places.shape), np.zeros(places.shape[:2])
    found[:, rows], confidence[:, rows] = seen.found * (1, 1, width), seen.confidence
    return SeenClip(
        places=places,
        visible=seen.visible,
        size=camera.size,
        shutter=shutter,
        found=found,
        confidence=confidence,
    )


# the figures that the model is held to
HELD = (
    *(f"{name}, median px" for name in POINTS),
    *(f"{name}, 90th px" for name in POINTS),
    *(f"{name}, lag-1 correlation" for name in POINTS),
    *(f"{side} hand, missed" for side in ("left", "right")),
    *(f"{side} hand, gaps, mean length" for side in ("left", "right")),
    *(f"{side} hand, gaps, share > {LONG}" for side in ("left", "right")),
)


@dataclass(frozen=True)
class Told:
    """What a detector says of a clip: found (T, 553, 3) in pixels, confidence (T, 553)."""

    found: Floats
    confidence: Floats


def model_tells(model: DetectorModel, clip: SeenClip, rng: np.random.Generator) -> Told:
    """Return what the model says of a clip."""
    found, confidence = clip.places.copy(), np.ones(clip.places.shape[:2])
    for name, sight in sights(clip.places, clip.visible, clip.size, clip.shutter).items():
        words = kind(name)
        found[:, sight.rows] += model.errors[words].drawn(sight, rng)
        if words in model.trust:
            confidence[:, sight.rows] = model.trust[words].drawn(sight, rng)
        else:
            confidence[:, sight.rows] = ~model.gaps[words].drawn(sight, rng)[:, None]
    return Told(found, confidence)


def figures(clips: Sequence[SeenClip], told: Sequence[Told]) -> dict[str, float]:
    """Return the figures of what was told of clips, by name."""
    result: dict[str, float] = {}
    for name, rows in POINTS.items():
        errors, pairs = [], []
        for clip, says in zip(clips, told, strict=True):
            error = np.where(
                says.confidence[:, rows, None] > 0,
                (says.found - clip.places)[:, rows, :2],
                np.nan,
            )
            errors.append(np.linalg.norm(error, axis=2).flatten())
            pairs.append(_pairs(error))
        every = np.concatenate(errors)
        result[f"{name}, median px"], result[f"{name}, 90th px"] = np.nanquantile(every, (0.5, 0.9))
        before, after = np.concatenate(pairs, 1)
        result[f"{name}, lag-1 correlation"] = float(np.corrcoef(before, after)[0, 1])
    for part in HANDS:
        result |= _gap_figures(part, clips, told)
    result |= _gap_figures("face", clips, told)
    return result


def _pairs(error: Floats) -> Floats:
    """Return errors (2, N) in a frame and the next, without what the clip keeps of them."""
    with np.errstate(invalid="ignore"):
        there = np.isfinite(error[..., 0])
        count = np.maximum(there.sum(0), 1)[:, None]
        jitter = error - np.nansum(error, 0) / count
    both = there[1:] & there[:-1]
    return np.stack([jitter[:-1][both].flatten(), jitter[1:][both].flatten()])


def _gap_figures(part: Part, clips: Sequence[SeenClip], told: Sequence[Told]) -> dict[str, float]:
    rows, name = ROWS.part(part), part.replace("_", " ")
    missed = [says.confidence[:, rows[0]] == 0 for says in told]
    seen = [clip.visible[:, rows].mean(1) for clip in clips]
    every, share = np.concatenate(missed), np.concatenate(seen)
    found = {f"{name}, missed": _mean(every)}
    if part != "face":
        in_view = [m & (s > 0) for m, s in zip(missed, seen, strict=True)]
        found[f"{name}, missed with points in view"] = _mean(every[share > 0])
        found[f"{name}, missed with half of its points in view"] = _mean(every[share > 0.5])
        found |= _lengths(f"{name}, gaps in view", in_view)
    return found | _lengths(f"{name}, gaps", missed)


def _lengths(name: str, missed: Sequence[Bools]) -> dict[str, float]:
    lengths = np.array([stop - start for own in missed for start, stop in runs(own)])
    frames = sum(len(own) for own in missed)
    return {
        f"{name}, mean length": _mean(lengths),
        f"{name}, share > {LONG}": _mean(lengths > LONG),
        f"{name}, per 1000 frames": 1000 * len(lengths) / frames,
    }


def _mean(values: Floats | Bools) -> float:
    return float(values.mean()) if len(values) else 0.0


def held_out(
    clips: Sequence[SeenClip], folds: int = FOLDS
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the figures of MediaPipe, and of models that were fitted to the other folds' clips."""
    told: list[list[Told]] = [[] for _ in clips]
    for fold in range(folds):
        model = fit_detector([clip for n, clip in enumerate(clips) if n % folds != fold])
        for n in range(fold, len(clips), folds):
            rng = np.random.default_rng([fold, n])
            told[n] = [model_tells(model, clips[n], rng) for _ in range(DRAWS)]
    return _compared(clips, told)


def of_model(
    clips: Sequence[SeenClip], model: DetectorModel
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the figures of MediaPipe, and of a model, for clips that it was not fitted to."""
    dice = [np.random.default_rng([FOLDS, n]) for n in range(len(clips))]
    told = [
        [model_tells(model, clip, rng) for _ in range(DRAWS)]
        for clip, rng in zip(clips, dice, strict=True)
    ]
    return _compared(clips, told)


def _compared(
    clips: Sequence[SeenClip], told: Sequence[Sequence[Told]]
) -> tuple[dict[str, float], dict[str, float]]:
    drawn = [(clip, says) for clip, many in zip(clips, told, strict=True) for says in many]
    measured = figures(clips, [Told(clip.found, clip.confidence) for clip in clips])
    return measured, figures([clip for clip, _ in drawn], [says for _, says in drawn])


def lines(measured: dict[str, float], model: dict[str, float]) -> Iterator[str]:
    """Yield the table, one figure a line."""
    yield f"{'':52}{'MediaPipe':>10}{'model':>10}{'ratio':>8}"
    for name, value in measured.items():
        ratio = model[name] / value if value else float("nan")
        yield f"{name:52}{value:10.3f}{model[name]:10.3f}{ratio:8.2f}"
