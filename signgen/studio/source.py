"""Training samples straight from the studio: clips that are rendered when they are first drawn.

A draw is a function of its generator alone: what is kept in the device's memory only saves time.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pose_sequences.phoenix.clip import FPS
from signgen.data import LAYOUT, Batch, View, to_points
from signgen.pose_maps import Points, shoulder_width
from signgen.studio.camera import Camera
from signgen.studio.clip import (
    Take,
    draw_glosses,
    draw_vocabulary,
    dress_signer,
    film,
    join_points,
    rehearse,
    to_poses,
)
from signgen.studio.degrade import draw_wear, squeeze, squeeze_points, wear_down
from signgen.studio.factory import SignerFactory
from signgen.studio.figure import Figure, Pose

Value = TypeVar("Value")
_MOMENTS = 4  # within a frame, for what the shutter blurs
_REST_SHARE = 0.5  # of the portraits


@dataclass(frozen=True, kw_only=True)
class StudioSettings:
    """What there is to draw from.

    signers: how many people; clips: how many there are in all, each of ``clip_frames`` frames;
    clips_a_draw: how many of them a batch is taken from; kept: how many stay in memory; portraits:
    references of a signer; size: width and height in pixels; worn: whether references look as if a
    poor camera had made them; squeezed: share of the signers who are shown too wide or too narrow;
    vocabulary, most_glosses: as in plan.CorpusSettings; supersample: samples a pixel, each way.
    """

    size: tuple[int, int] = (256, 256)
    seed: int = 0
    signers: int = 64
    clips: int = 1024
    clip_frames: int = 64
    clips_a_draw: int = 8
    kept: int = 1024
    portraits: int = 12
    worn: bool = True
    squeezed: float = 0.3
    vocabulary: int = 2000
    most_glosses: int = 4
    supersample: int = 2

    def __post_init__(self) -> None:
        for name in ("signers", "clips", "clip_frames", "clips_a_draw", "kept", "portraits"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; give at least 1")


class StudioSource:
    """The samples of a studio; a data.SampleSource.

    It holds ``signers`` dressed figures, some 15 MB each, and ``kept`` clips as uint8.
    """

    def __init__(self, settings: StudioSettings, device: torch.device) -> None:
        self.settings, self._device = settings, device
        self._factory = SignerFactory.load()
        self._vocabulary = draw_vocabulary(settings.vocabulary, self._chance("vocabulary", 0))
        self._figures = _Kept(settings.signers, self._figure)
        self._portraits = _Kept(settings.signers, self._film_portraits)
        self._clips = _Kept(settings.kept, self._film_clip)

    @property
    def device(self) -> torch.device:
        """Where the frames are made."""
        return self._device

    def draw(self, num_samples: int, num_frames: int, generator: torch.Generator) -> Batch:
        """Draw samples from a few clips; a clip that is too short stays on its last frame."""
        settings = self.settings
        num_clips = min(settings.clips_a_draw, num_samples)
        numbers = torch.randint(settings.clips, (num_clips,), generator=generator).tolist()
        room = max(settings.clip_frames - num_frames, 0) + 1
        first = torch.randint(room, (num_samples, 1), generator=generator)
        shown = torch.randint(settings.portraits, (num_samples,), generator=generator)
        offset = (first + torch.arange(num_frames)).clamp(max=settings.clip_frames - 1)
        clips, references = [], []
        for number, rows in zip(
            numbers, torch.arange(num_samples).tensor_split(num_clips), strict=True
        ):
            clips.append(_rows(self._clips[number], offset[rows].flatten()))
            references.append(_rows(self._portraits[number % settings.signers], shown[rows]))
        return Batch(clips=_joined(clips), references=_joined(references))

    def _chance(self, what: str, number: int) -> np.random.Generator:
        return np.random.default_rng([self.settings.seed, *what.encode(), number])

    def _figure(self, signer: int) -> Figure:
        seed = int(self._chance("signer", signer).integers(2**31))
        return dress_signer(self._factory, seed).to(self._device)

    def _take(self, signer: int, rng: np.random.Generator) -> Take:
        figure = self._figures[signer]
        return Take(
            signer=figure.signer.seed,
            glosses=tuple(draw_glosses(self._vocabulary, self.settings.most_glosses, rng)),
            seed=int(rng.integers(2**31)),
            size=self.settings.size,
        )

    def _film_clip(self, number: int) -> View:
        """Render some consecutive frames of a sentence."""
        settings = self.settings
        signer = number % settings.signers
        rng = self._chance("clip", number)
        performance, camera = rehearse(self._figures[signer], self._take(signer, rng), FPS)
        pose = performance.pose
        first = int(rng.integers(max(pose.num_frames - settings.clip_frames, 0) + 1))
        rows = np.minimum(np.arange(first, first + settings.clip_frames), pose.num_frames - 1)
        return self._squeezed(signer, self._seen(signer, _poses(pose, rows), camera))

    def _film_portraits(self, signer: int) -> View:
        """Render frames of a signer for references, at rest or at work, some of them worn."""
        settings = self.settings
        rng = self._chance("portraits", signer)
        fine = FPS * _MOMENTS
        performance, camera = rehearse(self._figures[signer], self._take(signer, rng), fine)
        pose = performance.pose
        at = rng.integers(max(pose.num_frames - _MOMENTS, 0) + 1, size=settings.portraits)
        at[rng.random(settings.portraits) < _REST_SHARE] = 0
        rows = (at[:, None] + np.arange(_MOMENTS)).flatten().clip(max=pose.num_frames - 1)
        seen = self._seen(signer, _poses(pose, rows), camera)
        alone = _rows(seen, torch.arange(0, len(rows), _MOMENTS))
        # a reference is a picture by itself: its strokes are as wide as it alone says
        points = alone.points
        widths = shoulder_width(points.places, points.confidence, LAYOUT, settings.size[1])
        points = replace(points, shoulders=widths)
        frames = self._worn(seen.frames, rng) if settings.worn else alone.frames
        return self._squeezed(signer, View(frames=frames, points=points))

    def _seen(self, signer: int, pose: Pose, camera: Camera) -> View:
        figure = self._figures[signer]
        shots = list(film(figure, pose, camera, self.settings.supersample))
        points = join_points([shot.keypoints for shot in shots])
        poses = to_poses(points, camera, FPS)
        frames = torch.cat([shot.frames for shot in shots]).movedim(-1, 1)  # (T, 3, H, W)
        return View(
            frames=frames.contiguous(),
            points=to_points(poses, self.settings.size).to(self._device),
        )

    def _worn(self, frames: Tensor, rng: np.random.Generator) -> Tensor:
        """Return a picture (N, 3, H, W) of each ``_MOMENTS`` frames, each by another camera."""
        seed = int(rng.integers(2**31))
        chance = torch.Generator().manual_seed(seed)
        grain = torch.Generator(self._device).manual_seed(seed)
        moments = (frames.float() / 255).unflatten(0, (-1, 1, _MOMENTS))
        worn = [wear_down(one, draw_wear(chance), grain) for one in moments]
        return (255 * torch.cat(worn)).round().byte()

    def _squeezed(self, signer: int, view: View) -> View:
        """Show some signers as wide as their camera has them, always the same."""
        rng = self._chance("squeeze", signer)
        squeezed, share = rng.random() < self.settings.squeezed, float(rng.uniform(0.85, 1.18))
        if not squeezed:
            return view
        points = view.points
        places = squeeze_points(points.places, share, view.size[0])
        return View(
            frames=(255 * squeeze(view.frames.float() / 255, share)).round().byte(),
            points=Points(
                places=places * (points.confidence > 0)[..., None],
                confidence=points.confidence,
                shoulders=points.shoulders * share,
            ),
        )


class _Kept(Generic[Value]):
    """What was made last, by number; the rest is made anew when it is asked for."""

    def __init__(self, most: int, make: Callable[[int], Value]) -> None:
        self._most, self._make = most, make
        self._values: OrderedDict[int, Value] = OrderedDict()

    def __getitem__(self, number: int) -> Value:
        if number not in self._values:
            self._values[number] = self._make(number)
            if len(self._values) > self._most:
                self._values.popitem(last=False)
        self._values.move_to_end(number)
        return self._values[number]


def _poses(pose: Pose, rows: NDArray[np.int64]) -> Pose:
    chosen = torch.from_numpy(rows)
    return Pose(pose.rotations[chosen], pose.actions[chosen], pose.root[chosen])


def _rows(view: View, rows: Tensor) -> View:
    rows = rows.to(view.frames.device)
    points = view.points
    return View(
        frames=view.frames[rows],
        points=Points(
            places=points.places[rows],
            confidence=points.confidence[rows],
            shoulders=points.shoulders[rows],
        ),
    )


def _joined(views: list[View]) -> View:
    return View(
        frames=torch.cat([view.frames for view in views]),
        points=Points(
            places=torch.cat([view.points.places for view in views]),
            confidence=torch.cat([view.points.confidence for view in views]),
            shoulders=torch.cat([view.points.shoulders for view in views]),
        ),
    )
