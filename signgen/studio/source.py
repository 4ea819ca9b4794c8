"""Training samples straight from the studio: clips that are rendered when they are first drawn.

A draw is a function of its generator alone: what is kept in the device's memory only saves time.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pose_sequences.phoenix.clip import FPS
from pose_sequences.sequence import PoseSequence, concatenate
from signgen.data import Batch, View, alone, joined_views, to_points
from signgen.pose_maps import Points
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
from signgen.studio.detector import Detection, bundled_detector
from signgen.studio.factory import SignerFactory
from signgen.studio.figure import Figure, Pose
from signgen.studio.keypoints import Keypoints
from signgen.studio.shelf import CLIP, PORTRAITS, Shelf, on_device
from signgen.studio.shelf_task import fill_shelf
from signgen.studio.source_settings import StudioSettings

Value = TypeVar("Value")
Views = dict[str, View]
_EXACT = Detection(strength=0.0)
_MOMENTS = 4  # within a frame, for what the shutter blurs
_REST_SHARE = 0.5  # of the references


class StudioSource:
    """The samples of a studio; a data.SampleSource.

    It holds ``signers`` dressed figures, some 15 MB each, and ``kept`` clips as uint8.
    across_clips: how often a reference is a portrait, before a camera that stands elsewhere; else
    it is a still of the clip's own performance, as poses that are fitted to a reference have it.
    """

    def __init__(
        self, settings: StudioSettings, device: torch.device, across_clips: float = 1.0
    ) -> None:
        self.settings, self._device, self._across_clips = settings, device, across_clips
        self._factory = SignerFactory.load()
        self.vocabulary = draw_vocabulary(settings.vocabulary, self._chance("vocabulary", 0))
        self._figures = _Kept(settings.signers, self._figure)
        shelf = Shelf(Path(settings.shelf), settings.footage()) if settings.shelf else None

        def kept(most: int, kind: str, make: Callable[[int], dict[str, View]]) -> _Kept[Views]:
            take = shelf.kept(kind, make) if shelf else make
            return _Kept(most, lambda number: on_device(take(number), device))

        self._portraits = kept(settings.signers, PORTRAITS, self._film_portraits)
        self._clips = kept(settings.kept, CLIP, self._film_clip)

    @property
    def device(self) -> torch.device:
        """Where the frames are made."""
        return self._device

    def film_ahead(self, say: Callable[[str], object]) -> None:
        """Film all that is kept, so that no draw takes longer than another; say: takes progress."""
        num_clips = min(self.settings.kept, self.settings.clips)
        if self.settings.workers:
            fill_shelf(self.settings, num_clips, say)
        for number in range(num_clips):
            _ = self._clips[number], self._portraits[number % self.settings.signers]
            if not self.settings.workers and (number + 1) % max(1, num_clips // 10) == 0:
                say(f"filmed {number + 1} of {num_clips} clips")

    def film(self, numbers: Sequence[int]) -> Iterator[int]:
        """Film clips of one signer and the signer's portraits, one after the other; yield each."""
        for number in numbers:
            _ = self._clips[number], self._portraits[number % self.settings.signers]
            yield number

    def draw(self, num_samples: int, num_frames: int, generator: torch.Generator) -> Batch:
        """Draw samples from a few clips; a clip that is too short stays on its last frame."""
        settings = self.settings
        num_clips = min(settings.clips_a_draw, num_samples)
        numbers = torch.randint(settings.clips, (num_clips,), generator=generator).tolist()
        room = max(settings.clip_frames - num_frames, 0) + 1
        first = torch.randint(room, (num_samples, 1), generator=generator)
        shown = torch.randint(settings.portraits, (num_samples,), generator=generator)
        offset = (first + torch.arange(num_frames)).clamp(max=settings.clip_frames - 1)
        across = torch.rand(num_samples, generator=generator) < self._across_clips
        still = torch.randint(settings.stills, (num_samples,), generator=generator)
        clips, references, signers = [], [], []
        for number, rows in zip(
            numbers, torch.arange(num_samples).tensor_split(num_clips), strict=True
        ):
            footage, signer = self._clips[number], number % settings.signers
            clips.append(footage["clip"].rows(offset[rows].flatten()))
            stock = joined_views([self._portraits[signer]["portraits"], footage["stills"]])
            chosen = torch.where(across, shown, settings.portraits + still)
            references.append(stock.rows(chosen[rows]))
            signers += [signer] * len(rows)
        return Batch(
            clips=joined_views(clips),
            references=joined_views(references),
            signers=torch.tensor(signers),
        )

    def _chance(self, what: str, number: int) -> np.random.Generator:
        return np.random.default_rng([self.settings.seed, *what.encode(), number])

    def _figure(self, signer: int) -> Figure:
        seed = int(self._chance("signer", signer).integers(2**31))
        return dress_signer(self._factory, seed, self.settings.breadth).to(self._device)

    def _take(self, signer: int, rng: np.random.Generator) -> Take:
        figure = self._figures[signer]
        return Take(
            signer=figure.signer.seed,
            glosses=tuple(draw_glosses(self.vocabulary, self.settings.most_glosses, rng)),
            seed=int(rng.integers(2**31)),
            size=self.settings.size,
            breadth=self.settings.breadth,
        )

    def _film_clip(self, number: int) -> Views:
        """Render some frames of a sentence, and stills of all of it, before the same camera."""
        settings = self.settings
        signer = number % settings.signers
        rng = self._chance("clip", number)
        performance, camera = rehearse(self._figures[signer], self._take(signer, rng), FPS)
        pose = performance.pose
        span = settings.clip_frames * settings.every
        first = int(rng.integers(max(pose.num_frames - span, 0) + 1))
        rows = np.minimum(np.arange(first, first + span, settings.every), pose.num_frames - 1)
        at = rng.integers(pose.num_frames, size=settings.stills)
        at[rng.random(settings.stills) < _REST_SHARE] = 0
        frames, exact = self._filmed(signer, _poses(pose, rows), camera)
        stills, posed = self._filmed(signer, _poses(pose, at), camera)
        chance = self._chance("detector", number)
        told = self._told(exact, camera, chance, settings.detections())
        there = self._points(to_poses(exact, camera, FPS))
        clip = View(frames=frames, points=self._points(told), exact=there)
        references = self._references(self._worn(stills[:, None], rng), posed, camera, chance)
        return {
            "clip": self._squeezed(signer, clip),
            "stills": self._squeezed(signer, references),
        }

    def _film_portraits(self, signer: int) -> Views:
        """Render frames of a signer for references, at rest or at work, some of them worn."""
        settings = self.settings
        rng = self._chance("portraits", signer)
        fine = FPS * _MOMENTS
        performance, camera = rehearse(self._figures[signer], self._take(signer, rng), fine)
        pose = performance.pose
        at = rng.integers(max(pose.num_frames - _MOMENTS, 0) + 1, size=settings.portraits)
        at[rng.random(settings.portraits) < _REST_SHARE] = 0
        rows = (at[:, None] + np.arange(_MOMENTS)).flatten().clip(max=pose.num_frames - 1)
        frames, exact = self._filmed(signer, _poses(pose, rows), camera)
        early = Keypoints(exact.points[::_MOMENTS], exact.visible[::_MOMENTS])
        chance = self._chance("portrait detector", signer)
        worn = self._worn(frames.unflatten(0, (-1, _MOMENTS)), rng)
        references = self._references(worn, early, camera, chance)
        return {"portraits": self._squeezed(signer, references)}

    def _references(
        self, frames: Tensor, exact: Keypoints, camera: Camera, rng: np.random.Generator
    ) -> View:
        """Return pictures (N, 3, H, W), each by itself.

        Nothing before such a picture tells the detector where hands are, and its strokes are as
        wide as it alone says.
        """
        seen = Detection(strength=self.settings.detector)
        told = [
            self._told(Keypoints(points[None], visible[None]), camera, rng, seen)
            for points, visible in zip(exact.points, exact.visible, strict=True)
        ]
        return alone(View(frames=frames, points=self._points(concatenate(told))))

    def _filmed(self, signer: int, pose: Pose, camera: Camera) -> tuple[Tensor, Keypoints]:
        """Render frames (T, 3, H, W)."""
        figure = self._figures[signer]
        shots = list(film(figure, pose, camera, self.settings.supersample))
        frames = torch.cat([shot.frames for shot in shots]).movedim(-1, 1)
        return frames.contiguous(), join_points([shot.keypoints for shot in shots])

    def _told(
        self, exact: Keypoints, camera: Camera, rng: np.random.Generator, detection: Detection
    ) -> PoseSequence:
        poses = to_poses(exact, camera, FPS)
        if detection == _EXACT:
            return poses
        return bundled_detector().apply(poses, exact, camera, rng, detection)

    def _points(self, poses: PoseSequence) -> Points:
        return to_points(poses, self.settings.size).to(self._device)

    def _worn(self, moments: Tensor, rng: np.random.Generator) -> Tensor:
        """Return pictures (N, 3, H, W) of moments (N, M, 3, H, W), each by another poor camera."""
        if not self.settings.worn:
            return moments[:, 0]
        seed = int(rng.integers(2**31))
        chance = torch.Generator().manual_seed(seed)
        grain = torch.Generator(self._device).manual_seed(seed)
        worn = [wear_down(one[None] / 255, draw_wear(chance), grain) for one in moments]
        return (255 * torch.cat(worn)).round().byte()

    def _squeezed(self, signer: int, view: View) -> View:
        """Show some signers as wide as their camera has them, always the same."""
        rng = self._chance("squeeze", signer)
        squeezed, share = rng.random() < self.settings.squeezed, float(rng.uniform(0.85, 1.18))
        if not squeezed:
            return view
        return View(
            frames=(255 * squeeze(view.frames.float() / 255, share)).round().byte(),
            points=_squeezed_points(view.points, share, view.size[0]),
            exact=view.exact and _squeezed_points(view.exact, share, view.size[0]),
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


def _squeezed_points(points: Points, share: float, width: int) -> Points:
    places = squeeze_points(points.places, share, width)
    return Points(
        places=places * (points.confidence > 0)[..., None],
        confidence=points.confidence,
        shoulders=points.shoulders * share,
    )
