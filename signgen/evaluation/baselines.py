"""Ceilings and floors: clips that a generator has to beat, or cannot, made in place of its own.

Written as clips, they pass the same detector and the same measures; nothing is measured here.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pose_sequences.errors import InputError, PathError
from pose_sequences.files import read_poses
from pose_sequences.images import write_png
from pose_sequences.phoenix import Corpus
from pose_sequences.phoenix.clip import frame_name
from pose_sequences.video import open_frames, read_frames
from pose_sequences.video.mp4 import write_mp4
from signgen.evaluation.nearest import NearestFrames
from signgen.evaluation.pairs import ClipPair

CRF = 23  # of H.264: what x264 takes where nobody says otherwise
_AT_ONCE = 8

Frame = NDArray[np.uint8]
# writes the clip of a pair to a name without suffix and returns where it is
Make = Callable[[ClipPair, Path], Path]

ABOUT = {
    "copy-reference": "the first frame of the ground truth, all the time",
    "nearest-frame": "for each frame the training frame of the nearest pose, of the same signer "
    "where the training split has them",
    "autoencoder": "the ground truth through the autoencoder of --model, at its size and back",
    "components": "the ground truth through the linear components of that autoencoder alone",
    "reencoded": f"the ground truth as H.264, crf {CRF}",
}

_OF_MODEL = ("autoencoder", "components")


@dataclass(frozen=True, kw_only=True)
class BaselineSources:
    """What baselines are made from: corpus: the root with the training split; model: a pipeline
    folder; either is needed by one of them.
    """

    corpus: Path | None = None
    model: Path | None = None


@contextmanager
def baseline_clips(
    name: str, pairs: Sequence[ClipPair], sources: BaselineSources, cache: Path
) -> Iterator[tuple[tuple[ClipPair, ...], tuple[str, ...]]]:
    """Make a baseline's clips, for as long as the block lasts; give them, and a line a failure.

    name: one of ABOUT; cache: the folder under which they lie, a lossless picture a frame. Raises
    InputError where the corpus or the model that the baseline needs is not there.
    """
    make = _maker(name, sources)
    cache.mkdir(parents=True, exist_ok=True)
    made: list[ClipPair] = []
    faults: list[str] = []
    with tempfile.TemporaryDirectory(dir=cache, prefix=f"{name}-") as folder:
        # signer by signer: of their training frames there is a long list to be kept
        for number, pair in enumerate(sorted(pairs, key=lambda pair: (pair.signer, pair.name))):
            try:
                made.append(replace(pair, generated=make(pair, Path(folder, f"{number:06d}"))))
            except PathError as error:
                faults.append(str(error))
        order = {pair.name: place for place, pair in enumerate(pairs)}
        yield tuple(sorted(made, key=lambda pair: order[pair.name])), tuple(faults)


def check_baselines(names: Iterable[str], sources: BaselineSources) -> None:
    """Raise ValueError for a name that is none of ABOUT, or one that a source is not given for."""
    for name in names:
        if name not in ABOUT:
            raise ValueError(f"there is no baseline {name!r}; {', '.join(ABOUT)} are possible")
        if name == "nearest-frame" and sources.corpus is None:
            raise ValueError("the nearest frame is sought in a corpus; give one, with --split")
        if name in _OF_MODEL and sources.model is None:
            raise ValueError("the autoencoder is a model's; give its pipeline folder by --model")


def _maker(name: str, sources: BaselineSources) -> Make:
    check_baselines([name], sources)
    if name == "copy-reference":
        return _copy_reference
    if name == "nearest-frame" and sources.corpus is not None:
        return partial(_nearest, NearestFrames(Corpus.open(sources.corpus), "train"))
    if name in _OF_MODEL and sources.model is not None:
        return _through_autoencoder(sources.model, linear=name == "components")
    return _reencoded


def _copy_reference(pair: ClipPair, target: Path) -> Path:
    info, frames = open_frames(_truth(pair))
    first = next(frames)
    return _write(target, (first for _ in range(info.num_frames)))


def _reencoded(pair: ClipPair, target: Path) -> Path:
    info, frames = open_frames(_truth(pair))
    path = target.with_suffix(".mp4")
    write_mp4(path, frames, info.fps, crf=CRF)
    return path


def _nearest(training: NearestFrames, pair: ClipPair, target: Path) -> Path:
    return _write(target, training.frames(read_poses(_poses(pair)), pair.signer))


def _through_autoencoder(model: Path, *, linear: bool) -> Make:
    from signgen.evaluation.autoencoded import Autoencoded

    network = Autoencoded(model, linear=linear)

    def make(pair: ClipPair, target: Path) -> Path:
        poses = read_poses(_poses(pair))
        frames = read_frames(_truth(pair))
        return _write(target, network.frames(_in_chunks(frames), poses))

    return make


def _in_chunks(frames: Iterator[Frame]) -> Iterator[NDArray[np.uint8]]:
    while chunk := list(islice(frames, _AT_ONCE)):
        yield np.stack(chunk)


def _write(folder: Path, frames: Iterator[Frame]) -> Path:
    folder.mkdir()
    for number, frame in enumerate(frames, start=1):
        write_png(folder / frame_name(number), frame, overwrite=False)
    return folder


def _truth(pair: ClipPair) -> Path:
    assert pair.reference is not None, "baselines are made of ground truth"
    return pair.reference


def _poses(pair: ClipPair) -> Path:
    if pair.poses is None:
        raise InputError(
            pair.generated, "has no poses, which this baseline goes by", "give them by --poses"
        )
    return pair.poses
