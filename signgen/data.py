"""Clips → tensors: the door between the numpy world and training.

A SampleSource gives batches of signed frames with their keypoints and a reference picture of the
same signer; a corpus on disk is one, the studio another.
"""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from pose_sequences.errors import CorpusError
from pose_sequences.phoenix import Corpus
from pose_sequences.phoenix.clip import Clip, Split
from pose_sequences.sequence import PoseSequence
from pose_sequences.video import read_frames
from signgen.choice import HALF_ACROSS, Choice, Chooser, Pairing
from signgen.pose_maps import Points, shoulder_width

LAYOUT = "reduced203"  # of everything the networks see


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """Pictures and their keypoints.

    frames (N, 3, H, W) uint8; points: of the N pictures, in their pixels, in LAYOUT, as a detector
    tells them; exact: where they are indeed, None where nobody knows.
    """

    frames: Tensor
    points: Points
    exact: Points | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.frames.shape[-1], self.frames.shape[-2]

    @property
    def shown(self) -> Points:
        """What the pictures show, as far as it is known: also a hand that no detector has found."""
        return self.points if self.exact is None else self.exact

    def rows(self, index: Tensor) -> "View":
        """Return some of the pictures; index (M,) counts them."""
        index = index.to(self.frames.device)
        return View(
            frames=self.frames[index],
            points=chosen(self.points, index),
            exact=None if self.exact is None else chosen(self.exact, index),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """B clips of T frames, and for each a picture of its signer.

    clips: a View of B*T pictures, clip by clip; references: a View of B; signers (B,): their
    numbers, on the CPU; choice: which frames of the source they are, where it numbers them.
    """

    clips: View
    references: View
    signers: Tensor
    choice: Choice | None = None


class SampleSource(Protocol):
    """Whatever training samples come from."""

    @property
    def device(self) -> torch.device:
        """Where the batches lie."""
        ...

    def draw(self, num_samples: int, num_frames: int, generator: torch.Generator) -> Batch:
        """Draw clips of ``num_frames`` consecutive frames; all chance comes from the generator.

        The generator is on the CPU, so that the same clips are drawn for every device.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class ClipArrays:
    """A clip as it was read: frames (T, H, W, 3) uint8 and its poses, T of them."""

    name: str
    signer: str
    frames: NDArray[np.uint8]
    poses: PoseSequence


class MemoryClips:
    """All frames of some clips in a device's memory, as uint8.

    size: (width, height) that the frames are fitted into; stretch: as in fit_frames.
    """

    def __init__(
        self,
        clips: Iterable[ClipArrays],
        *,
        size: tuple[int, int],
        device: torch.device,
        pairing: Pairing = HALF_ACROSS,
        stretch: float = 1.0,
    ) -> None:
        views, names, signers = [], [], []
        for clip in clips:
            views.append(fitted(clip, size, stretch))
            names.append(clip.name)
            signers.append(clip.signer)
        lengths = [len(view.frames) for view in views]
        self._clips = list(zip(names, lengths, strict=True))
        self._chooser = Chooser(lengths, signers, pairing)
        self._points = joined([view.points for view in views]).to(device)
        self._frames = torch.empty(
            sum(lengths), 3, size[1], size[0], dtype=torch.uint8, device=device
        )
        for home in self._frames.split(lengths):
            home.copy_(views.pop(0).frames)  # one after the other: there may not be room for both

    @property
    def device(self) -> torch.device:
        """Where the frames lie."""
        return self._frames.device

    def draw(self, num_samples: int, num_frames: int, generator: torch.Generator) -> Batch:
        """Draw clips of consecutive frames, as Chooser chooses them."""
        choice = self._chooser.choose(num_samples, num_frames, generator)
        return Batch(
            clips=self._view(choice.clips.flatten()),
            references=alone(self._view(choice.references)),
            signers=choice.signers,
            choice=choice,
        )

    def draw_unseen(self, num_samples: int, num_frames: int, generator: torch.Generator) -> Batch:
        """Draw the same as draw(), but for the pictures of the clips: these are blank."""
        choice = self._chooser.choose(num_samples, num_frames, generator)
        index = choice.clips.flatten()
        return Batch(
            clips=blank(chosen(self._points, index.to(self.device)), self._frames.shape[-2:]),
            references=alone(self._view(choice.references)),
            signers=choice.signers,
            choice=choice,
        )

    def without_self_pairs(self) -> Self:
        """Return the same clips, but none of them a reference of itself on purpose."""
        other = copy.copy(self)
        other._chooser = self._chooser.without_self_pairs()
        return other

    @property
    def clips(self) -> list[tuple[str, int]]:
        """The name and the number of frames of each clip."""
        return self._clips

    def frames(self, numbers: Tensor) -> Tensor:
        """Return frames (M, 3, H, W), uint8, by their numbers (M,) through all clips."""
        return self._frames[numbers.to(self.device)]

    def _view(self, index: Tensor) -> View:
        if self.device.type == "cuda":
            index = index.pin_memory().to(self.device, non_blocking=True)
        return View(frames=self._frames[index], points=chosen(self._points, index))


def blank(points: Points, size: Sequence[int]) -> View:
    """Return pictures that nobody looks at, of a size (H, W) but without memory; and points."""
    nothing = torch.zeros(1, dtype=torch.uint8, device=points.places.device)
    return View(frames=nothing.expand(len(points.places), 3, *size), points=points)


def alone(view: View) -> View:
    """Return pictures each by itself, as references are: strokes as wide as it alone says."""
    places, confidence = view.points.places, view.points.confidence
    shoulders = shoulder_width(places, confidence, LAYOUT, view.size[1])
    return replace(view, points=replace(view.points, shoulders=shoulders))


def chosen(points: Points, index: Tensor) -> Points:
    """Return the points of some pictures; index (M,) counts them."""
    return Points(
        places=points.places[index],
        confidence=points.confidence[index],
        shoulders=points.shoulders[index],
    )


def joined(points: Sequence[Points]) -> Points:
    """Return the points of all these pictures, one after the other."""
    return Points(
        places=torch.cat([part.places for part in points]),
        confidence=torch.cat([part.confidence for part in points]),
        shoulders=torch.cat([part.shoulders for part in points]),
    )


def joined_views(views: Sequence[View]) -> View:
    """Return all these pictures, one after the other, with exact points if any have them.

    Where others lack theirs, the points that are known of them stand instead.
    """
    exact = any(view.exact is not None for view in views)
    return View(
        frames=torch.cat([view.frames for view in views]),
        points=joined([view.points for view in views]),
        exact=joined([view.shown for view in views]) if exact else None,
    )


def read_corpus(corpus: Corpus, split: Split, *, max_frames: int = 0) -> Iterable[ClipArrays]:
    """Read the clips of a split that have keypoints, the whole of each or its first frames.

    max_frames: of a clip, 0 for all. Raises CorpusError if no clip has keypoints.
    """
    for clip in clips_with_keypoints(corpus, split):
        yield read_clip(clip, corpus.keypoints(clip), max_frames=max_frames)


def clips_with_keypoints(corpus: Corpus, split: Split) -> list[Clip]:
    """Return the clips of a split that have keypoints; raises CorpusError if there is none."""
    cached = corpus.cached_names(split)
    clips = [clip for clip in corpus.clips(split) if clip.name in cached]
    if not clips:
        raise CorpusError(
            corpus.root,
            f"has no clip with keypoints in {split}",
            f"run signgen corpus extract {corpus.root} --split {split}",
        )
    return clips


def read_clip(clip: Clip, poses: PoseSequence, *, max_frames: int = 0) -> ClipArrays:
    """Read a clip's frames, all of them or the first ``max_frames``, to the poses of all."""
    count = min(max_frames or len(poses), len(poses))
    frames = np.stack(list(read_frames(clip.path, max_frames=count)))
    return ClipArrays(
        name=clip.name, signer=clip.signer, frames=frames, poses=poses.frames(0, len(frames))
    )


def to_points(poses: PoseSequence, size: tuple[int, int], stretch: float = 1.0) -> Points:
    """Return a sequence's points in a picture of ``size``, strokes as wide as all of it says.

    The signer keeps their proportions: the frame is scaled to fit and put in the middle. stretch:
    as in fit_frames.
    """
    poses = poses.converted(LAYOUT)
    scale, left, top = fit((poses.width, poses.height * stretch), size)
    confidence = torch.tensor(poses.confidence)
    places = torch.tensor(poses.keypoints)
    places = places * torch.tensor((scale, scale * stretch, 1.0)) + torch.tensor((left, top, 0.0))
    places = places * (confidence > 0)[..., None]
    widths = shoulder_width(places, confidence, LAYOUT, size[1])
    return Points(
        places=places, confidence=confidence, shoulders=widths.median().expand(len(places)).clone()
    )


def fit_frames(frames: Tensor, size: tuple[int, int], stretch: float = 1.0) -> Tensor:
    """Return uint8 frames (N, 3, H, W) scaled into ``size``; the edge fills what they leave.

    stretch: how much taller than it is stored a picture has natural proportions.
    """
    width, height = size
    natural = frames.shape[-1], frames.shape[-2] * stretch
    scale, left, top = fit(natural, size)
    inner = (round(natural[1] * scale), round(natural[0] * scale))
    if inner != tuple(frames.shape[-2:]):
        frames = F.interpolate(frames.float(), inner, mode="bilinear", antialias=True)
        frames = frames.round().clamp(0, 255).byte()
    left, top = round(left), round(top)
    sides = (left, width - inner[1] - left, top, height - inner[0] - top)
    return F.pad(frames.float(), sides, mode="replicate").byte() if any(sides) else frames


def fit(of: tuple[float, float], into: tuple[int, int]) -> tuple[float, float, float]:
    """Return (scale, left, top) that put a picture of one (width, height) into another's middle."""
    scale = min(into[0] / of[0], into[1] / of[1])
    left, top = ((i - round(o * scale)) // 2 for i, o in zip(into, of, strict=True))
    return scale, float(left), float(top)


def fitted(clip: ClipArrays, size: tuple[int, int], stretch: float = 1.0) -> View:
    """Return a clip's pictures and points, scaled into ``size``; stretch: as in fit_frames."""
    frames = torch.from_numpy(clip.frames).movedim(-1, 1)  # (T, 3, H, W)
    return View(
        frames=fit_frames(frames, size, stretch), points=to_points(clip.poses, size, stretch)
    )
