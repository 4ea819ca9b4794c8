"""Clips → tensors: the door between the numpy world and training.

A SampleSource gives batches of signed frames with their keypoints and a reference picture of the
same signer; a corpus on disk is one, the studio another.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from pose_sequences.errors import CorpusError
from pose_sequences.phoenix import Corpus
from pose_sequences.phoenix.clip import Split
from pose_sequences.sequence import PoseSequence
from pose_sequences.video import read_frames
from signgen.pose_maps import Points, shoulder_width

LAYOUT = "reduced203"  # of everything the networks see


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """Pictures and their keypoints.

    frames (N, 3, H, W) uint8; points: of the N pictures, in their pixels, in LAYOUT.
    """

    frames: Tensor
    points: Points

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.frames.shape[-1], self.frames.shape[-2]


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """B clips of T frames, and for each a picture of its signer.

    clips: a View of B*T pictures, clip by clip; references: a View of B.
    """

    clips: View
    references: View


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

    size: (width, height) that the frames are fitted into; across_clips: how often the reference
    comes from another clip of the same signer, where there is one.
    """

    def __init__(
        self,
        clips: Iterable[ClipArrays],
        *,
        size: tuple[int, int],
        device: torch.device,
        across_clips: float = 0.5,
    ) -> None:
        fitted = [(clip.signer, _fitted(clip, size)) for clip in clips]
        if not fitted:
            raise ValueError("there are no clips to train on; choose another split")
        views = [view for _, view in fitted]
        self._frames = torch.cat([view.frames for view in views]).to(device)
        self._places = torch.cat([view.points.places for view in views]).to(device)
        self._confidence = torch.cat([view.points.confidence for view in views]).to(device)
        self._shoulders = torch.cat([view.points.shoulders for view in views]).to(device)
        self._lengths = torch.tensor([len(view.frames) for view in views])
        self._starts = self._lengths.cumsum(0) - self._lengths
        self._partners = _clips_by_signer([signer for signer, _ in fitted])
        self._across_clips = across_clips

    @property
    def device(self) -> torch.device:
        """Where the frames lie."""
        return self._frames.device

    def draw(self, num_samples: int, num_frames: int, generator: torch.Generator) -> Batch:
        """Draw clips by their length; a clip that is too short stays on its last frame."""
        clip = torch.multinomial(self._lengths.float(), num_samples, True, generator=generator)
        chance = torch.rand(4, num_samples, generator=generator, dtype=torch.double)
        room = (self._lengths[clip] - num_frames).clamp(min=0) + 1
        first = (chance[0] * room).long()
        offset = first[:, None] + torch.arange(num_frames)
        offset = torch.minimum(offset, self._lengths[clip, None] - 1)
        partners, counts = self._partners
        other = partners[clip, (chance[1] * counts[clip]).long()]
        other = torch.where(chance[2] < self._across_clips, other, clip)
        shown = (chance[3] * self._lengths[other]).long()
        return Batch(
            clips=self._view((self._starts[clip, None] + offset).flatten()),
            references=self._reference(self._starts[other] + shown),
        )

    def _view(self, index: Tensor) -> View:
        if self.device.type == "cuda":
            index = index.pin_memory().to(self.device, non_blocking=True)
        return View(
            frames=self._frames[index],
            points=Points(
                places=self._places[index],
                confidence=self._confidence[index],
                shoulders=self._shoulders[index],
            ),
        )

    def _reference(self, index: Tensor) -> View:
        """A reference is a picture by itself: its strokes are as wide as it alone says."""
        view = self._view(index)
        places, confidence = view.points.places, view.points.confidence
        shoulders = shoulder_width(places, confidence, LAYOUT, view.size[1])
        return replace(view, points=replace(view.points, shoulders=shoulders))


def read_corpus(corpus: Corpus, split: Split, *, max_frames: int = 0) -> Iterable[ClipArrays]:
    """Read the clips of a split that have keypoints, the whole of each or its first frames.

    max_frames: of a clip, 0 for all. Raises CorpusError if no clip has keypoints.
    """
    clips = [clip for clip in corpus.clips(split) if clip.name in corpus.cached_names(split)]
    if not clips:
        raise CorpusError(
            corpus.root,
            f"has no clip with keypoints in {split}",
            f"run signgen corpus extract {corpus.root} --split {split}",
        )
    for clip in clips:
        poses = corpus.keypoints(clip)
        count = min(max_frames or len(poses), len(poses))
        frames = np.stack(list(read_frames(clip.path, max_frames=count)))
        yield ClipArrays(
            name=clip.name, signer=clip.signer, frames=frames, poses=poses.frames(0, len(frames))
        )


def open_corpus(
    root: Path, *, size: tuple[int, int], device: torch.device, max_frames: int, across_clips: float
) -> MemoryClips:
    """Read the training split of a corpus into a device's memory; arguments as the two above."""
    clips = read_corpus(Corpus.open(root), "train", max_frames=max_frames)
    return MemoryClips(clips, size=size, device=device, across_clips=across_clips)


def to_points(poses: PoseSequence, size: tuple[int, int]) -> Points:
    """Return a sequence's points in a picture of ``size``, strokes as wide as all of it says.

    The signer keeps their proportions: the frame is scaled to fit and put in the middle.
    """
    poses = poses.converted(LAYOUT)
    scale, left, top = fit((poses.width, poses.height), size)
    confidence = torch.tensor(poses.confidence)
    places = torch.tensor(poses.keypoints)
    places = places * torch.tensor((scale, scale, 1.0)) + torch.tensor((left, top, 0.0))
    places = places * (confidence > 0)[..., None]
    widths = shoulder_width(places, confidence, LAYOUT, size[1])
    return Points(
        places=places, confidence=confidence, shoulders=widths.median().expand(len(places)).clone()
    )


def fit_frames(frames: Tensor, size: tuple[int, int]) -> Tensor:
    """Return uint8 frames (N, 3, H, W) scaled into ``size``; the edge fills what they leave."""
    width, height = size
    scale, left, top = fit((frames.shape[-1], frames.shape[-2]), size)
    inner = (round(frames.shape[-2] * scale), round(frames.shape[-1] * scale))
    if inner != tuple(frames.shape[-2:]):
        frames = F.interpolate(frames.float(), inner, mode="bilinear", antialias=True)
        frames = frames.round().clamp(0, 255).byte()
    sides = (
        round(left),
        width - inner[1] - round(left),
        round(top),
        height - inner[0] - round(top),
    )
    return F.pad(frames.float(), sides, mode="replicate").byte() if any(sides) else frames


def fit(of: tuple[int, int], into: tuple[int, int]) -> tuple[float, float, float]:
    """Return (scale, left, top) that put a picture of one (width, height) into another's middle."""
    scale = min(into[0] / of[0], into[1] / of[1])
    left, top = ((i - round(o * scale)) // 2 for i, o in zip(into, of, strict=True))
    return scale, float(left), float(top)


def _fitted(clip: ClipArrays, size: tuple[int, int]) -> View:
    frames = torch.from_numpy(clip.frames).movedim(-1, 1)  # (T, 3, H, W)
    return View(frames=fit_frames(frames, size), points=to_points(clip.poses, size))


def _clips_by_signer(signers: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Return for each clip the clips of its signer, padded (N, M), and how many there are (N,)."""
    clips: dict[str, list[int]] = {}
    for clip, signer in enumerate(signers):
        clips.setdefault(signer, []).append(clip)
    most = max(len(own) for own in clips.values())
    padded = [clips[signer] + [0] * (most - len(clips[signer])) for signer in signers]
    return torch.tensor(padded), torch.tensor([len(clips[signer]) for signer in signers])
