"""Clips on the disk: batch for batch those of clips in memory, however little is kept."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pose_sequences.errors import CorpusError, ImageError
from pose_sequences.images import read_image, write_png
from pose_sequences.phoenix import Corpus
from pose_sequences.video.mp4 import write_mp4
from signgen.data import Batch, MemoryClips, SampleSource
from signgen.training.disk_clips import DiskClips
from signgen.training.settings import SampleSettings
from signgen.training.sources import Reading, open_split
from tests.signgen.training.tiny import CPU
from tests.signgen.training.toy_corpus import write_toy_corpus

SIZE = 48  # of the corpus's 64: frames are scaled when they are read


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy_corpus(tmp_path_factory.mktemp("corpus"))


def opened(
    root: Path, memory_gb: float, said: list[str] | None = None, **changes: Any
) -> SampleSource:
    settings = SampleSettings(memory_gb=memory_gb, max_frames=5, **changes)
    say = print if said is None else said.append
    reading = Reading(settings=settings, size=SIZE, device=CPU, say=say)
    return open_split(Corpus.open(root), "train", reading)


def tensors(batch: Batch) -> list[Tensor]:
    return [
        *(batch.signers, batch.clips.frames, batch.references.frames),
        *(
            part
            for points in (batch.clips.points, batch.references.points)
            for part in (points.places, points.confidence, points.shoulders)
        ),
    ]


def assert_alike(ours: SampleSource, theirs: SampleSource) -> None:
    for seed, num_frames in ((0, 1), (1, 3), (2, 8)):
        batches = [
            source.draw(6, num_frames, torch.Generator().manual_seed(seed))
            for source in (ours, theirs)
        ]
        for mine, other in zip(*map(tensors, batches), strict=True):
            assert torch.equal(mine, other)


# for nothing, for seven frames, and for all but a byte of the twenty there are
@pytest.mark.parametrize("kept", [0, 7 * 3 * SIZE**2, 20 * 3 * SIZE**2 - 1])
def test_batches_are_those_of_clips_in_memory_however_little_is_kept(root: Path, kept: int) -> None:
    in_memory, on_disk = opened(root, 1.0), opened(root, kept / 2**30)
    assert isinstance(in_memory, MemoryClips)
    assert isinstance(on_disk, DiskClips)
    assert_alike(on_disk, in_memory)


def test_triples_and_stretched_pictures_are_the_same_from_both(root: Path) -> None:
    changes = {"triples": 3, "undistort": True, "across_clips": 0.0}
    assert_alike(opened(root, 0.0, **changes), opened(root, 1.0, **changes))


def test_frames_of_videos_are_read_as_they_are_drawn_too(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / "corpus"
    shutil.copytree(root, copy)
    for folder in sorted((copy / "features").glob("*/train/*")):
        frames = [read_image(path) for path in sorted(folder.iterdir())]
        write_mp4(folder.with_suffix(".mp4"), frames, fps=25, overwrite=False)
        shutil.rmtree(folder)
    assert_alike(opened(copy, 0.0), opened(copy, 1.0))


def test_frames_are_found_by_their_numbers(root: Path) -> None:
    numbers = torch.tensor([13, 0, 13, 19])
    ours, theirs = opened(root, 0.0), opened(root, 1.0)
    assert isinstance(ours, DiskClips)
    assert isinstance(theirs, MemoryClips)
    assert torch.equal(ours.frames(numbers), theirs.frames(numbers))
    assert ours.clips == theirs.clips == [(f"clip-{s}-{c}", 5) for s in (0, 1) for c in (0, 1)]


def test_pictures_that_nobody_looks_at_are_not_read(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / "corpus"
    shutil.copytree(root, copy)
    changes = {"across_clips": 0.0, "triples": 1}
    seen = opened(root, 0.0, **changes).draw(3, 1, torch.Generator().manual_seed(0))
    assert seen.choice is not None
    target, shown = int(seen.choice.clips[0, 0]), int(seen.choice.references[0])
    assert target != shown
    source = opened(copy, 0.0, **changes)
    assert isinstance(source, DiskClips)
    name = source.clips[target // 5][0]
    (picture,) = (copy / "features").glob(f"*/train/{name}/images{target % 5 + 1:04d}.png")
    picture.write_bytes(b"damaged")
    unseen = source.draw_unseen(3, 1, torch.Generator().manual_seed(0))
    assert torch.equal(unseen.references.frames, seen.references.frames)
    assert torch.equal(unseen.clips.points.places, seen.clips.points.places)
    assert (unseen.clips.size, unseen.clips.frames.any()) == (seen.clips.size, False)
    with pytest.raises(ImageError):
        source.draw(3, 1, torch.Generator().manual_seed(0))


def test_it_is_said_where_the_frames_are(root: Path) -> None:
    said: list[str] = []
    opened(root, 1.0, said)
    opened(root, 0.0, said)
    assert "4 clips of train, 20 frames, 0.0 GiB, in the memory of cpu" in said[0]
    assert "read from disk as they are drawn (samples.memory_gb is 0)" in said[1]


def test_a_picture_of_another_size_is_named(root: Path, tmp_path: Path) -> None:
    copy = tmp_path / "corpus"
    shutil.copytree(root, copy)
    source = opened(copy, 0.0)
    for path in (copy / "features").glob("*/train/*/images0002.png"):
        write_png(path, read_image(path)[:32], overwrite=True)
    with pytest.raises(CorpusError, match=r"images0002.png: has 64x32 pixels, the corpus 64x64"):
        source.draw(16, 5, torch.Generator().manual_seed(0))
