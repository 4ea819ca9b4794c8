"""Clips that do not fit into memory: frames are read when they are drawn, and the last ones kept.

Pictures in a folder are read one by one; a video as a whole, since its frames need each other.
"""

import copy
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pose_sequences.errors import CorpusError
from pose_sequences.images import read_image
from pose_sequences.phoenix.clip import Clip
from pose_sequences.sequence import PoseSequence
from pose_sequences.video import read_frames
from signgen.choice import Chooser, Pairing
from signgen.data import Batch, View, alone, blank, chosen, fit_frames, joined, to_points
from signgen.training.settings import SampleSettings

_MOST_READERS = 8
_Key = tuple[int, int]  # (clip, frame)


class DiskClips:
    """As data.MemoryClips, and batch for batch the same, but the frames stay on the disk.

    clips: with the poses of the frames that are used; settings: how they are drawn, of which
    memory_gb of frames stay in memory; size: (width, height) that the frames are fitted into;
    device: of the batches.
    """

    def __init__(
        self,
        clips: Sequence[tuple[Clip, PoseSequence]],
        *,
        settings: SampleSettings,
        size: tuple[int, int],
        device: torch.device,
    ) -> None:
        self._clips = [clip for clip, _ in clips]
        self._lengths = [len(poses) for _, poses in clips]
        signers = [clip.signer for clip in self._clips]
        self._chooser = Chooser(self._lengths, signers, pairing_of(settings))
        self._stretch = settings.stretch
        self._starts = np.cumsum([0, *self._lengths])
        self._points = joined([to_points(poses, size, settings.stretch) for _, poses in clips])
        self._size, self._device = size, device
        self._kept: OrderedDict[_Key, Tensor] = OrderedDict()
        self._most_kept = int(settings.memory_gb * 2**30) // (3 * size[0] * size[1])
        self._readers = ThreadPoolExecutor(min(_MOST_READERS, os.cpu_count() or 1))
        self._one_at_a_time = threading.Lock()  # a sheet may be drawn while a batch is drawn ahead

    @property
    def device(self) -> torch.device:
        """Where the batches lie."""
        return self._device

    def draw(self, num_samples: int, num_frames: int, generator: torch.Generator) -> Batch:
        """Draw clips of consecutive frames, as Chooser chooses them."""
        choice = self._chooser.choose(num_samples, num_frames, generator)
        index = torch.cat((choice.clips.flatten(), choice.references))
        view = View(frames=self.frames(index), points=chosen(self._points, index).to(self._device))
        clips, references = _split(view, choice.clips.numel())
        return Batch(
            clips=clips, references=alone(references), signers=choice.signers, choice=choice
        )

    def draw_unseen(self, num_samples: int, num_frames: int, generator: torch.Generator) -> Batch:
        """Draw the same as draw(), but for the pictures of the clips: these are never read."""
        choice = self._chooser.choose(num_samples, num_frames, generator)
        clips, references = (
            chosen(self._points, index).to(self._device)
            for index in (choice.clips.flatten(), choice.references)
        )
        shown = View(frames=self.frames(choice.references), points=references)
        return Batch(
            clips=blank(clips, self._size[::-1]),
            references=alone(shown),
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
        names = [clip.name for clip in self._clips]
        return list(zip(names, self._lengths, strict=True))

    def frames(self, numbers: Tensor) -> Tensor:
        """Return frames (M, 3, H, W), uint8, by their numbers (M,) through all clips."""
        with self._one_at_a_time:
            return self._frames(numbers.tolist()).to(self._device)

    def _frames(self, index: list[int]) -> Tensor:
        clip_of = np.searchsorted(self._starts, index, side="right") - 1
        keys = [(int(c), int(i - self._starts[c])) for c, i in zip(clip_of, index, strict=True)]
        found = {key: self._kept[key] for key in keys if key in self._kept}
        lacking = groupby(sorted(set(keys) - found.keys()), key=lambda key: key[0])
        jobs = [(clip, [frame for _, frame in own]) for clip, own in lacking]
        for read in self._readers.map(self._read, jobs):
            found |= read
        for key, frame in found.items():
            self._kept[key] = frame
            self._kept.move_to_end(key)
        while len(self._kept) > self._most_kept:
            self._kept.popitem(last=False)
        return torch.stack([found[key] for key in keys])

    def _read(self, job: tuple[int, list[int]]) -> dict[_Key, Tensor]:
        """Read frames of a clip, or all of a video's."""
        number, wanted = job
        clip, length = self._clips[number], self._lengths[number]
        if clip.is_video:
            pictures = np.stack(list(read_frames(clip.path, max_frames=length)))
            wanted = list(range(len(pictures)))
        else:
            pictures = _pictures(clip, wanted)
        frames = fit_frames(torch.from_numpy(pictures).movedim(-1, 1), self._size, self._stretch)
        # each with memory of its own, so that forgetting one frees it
        return {(number, row): frame.clone() for row, frame in zip(wanted, frames, strict=True)}


def pairing_of(settings: SampleSettings) -> Pairing:
    """Return how the settings pair references with clips."""
    return Pairing(
        across_clips=settings.across_clips,
        self_pairs=settings.self_pairs,
        triples=settings.triples,
    )


def _pictures(clip: Clip, rows: Sequence[int]) -> NDArray[np.uint8]:
    """Read some frames (M, H, W, 3) of a folder; raises CorpusError if one has another size."""
    files = clip.frames()
    pictures = []
    for row in rows:
        picture = read_image(files[row])
        height, width = picture.shape[:2]
        if (width, height) != (clip.width, clip.height):
            raise CorpusError(
                files[row],
                f"has {width}x{height} pixels, the corpus {clip.width}x{clip.height}",
                "extract the archive again",
            )
        pictures.append(picture)
    return np.stack(pictures)


def _split(view: View, count: int) -> tuple[View, View]:
    """Return the first ``count`` pictures, and the others."""
    rows = torch.arange(len(view.frames), device=view.frames.device)
    return view.rows(rows[:count]), view.rows(rows[count:])
