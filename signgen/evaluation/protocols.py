"""The picture metrics of the person-image literature (GFLA, PIDM, CFLD, FPDM): folder to folder.

Their numbers compare with each other and with nothing else: other sizes, another SSIM, another FID.
Where their programs are at odds, the signatures say what is done here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from pose_sequences.errors import ImageError
from pose_sequences.images import read_image
from pose_sequences.video.folder import frame_files
from signgen import __version__
from signgen.evaluation.figures import Better, Figure, Metric
from signgen.evaluation.frames import HIGHEST_PSNR, PerFrame, psnr
from signgen.evaluation.frechet import Moments, distance_of
from signgen.evaluation.networks import Absent, Distances, Features
from signgen.evaluation.perceptual import to_pictures
from signgen.evaluation.ssim import GAUSSIAN_11, UNIFORM_51, ssim

Picture = NDArray[np.uint8]
Item = TypeVar("Item")
_BATCH = 16
_PER_PAIR = ("psnr", "l1", "mae_relative", "ssim_51", "ssim_256")


@dataclass(frozen=True, kw_only=True)
class ImageProtocol:
    """How pictures are compared.

    name: of it; size: (width, height) to which both pictures of a pair are brought; fid_set: which
    real pictures the published FID is against, the targets of the test pairs or those of training.
    """

    name: str
    size: tuple[int, int]
    fid_set: Literal["test", "train"]


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        ImageProtocol(name="fpdm-256", size=(176, 256), fid_set="test"),
        ImageProtocol(name="fpdm-512", size=(352, 512), fid_set="test"),
        ImageProtocol(name="cfld-256", size=(176, 256), fid_set="train"),
        ImageProtocol(name="cfld-512", size=(352, 512), fid_set="train"),
    )
}


@dataclass(frozen=True, kw_only=True)
class Judges:
    """The trained networks of a protocol, or why there are none; Inception is torchvision's."""

    lpips: Distances | Absent
    inception: Features | Absent


@dataclass(frozen=True, kw_only=True)
class PictureSets:
    """What is compared.

    pairs: generated pictures and their targets; train: the real pictures of training, for the FID
    against them, empty without.
    """

    pairs: Sequence[tuple[Path, Path]]
    train: Sequence[Path] = field(default=())

    @property
    def targets(self) -> list[Path]:
        """The targets, each once, in order."""
        return list(dict.fromkeys(target for _, target in self.pairs))


def pair_pictures(generated: Path, reference: Path) -> list[tuple[Path, Path]]:
    """Pair the pictures of a folder with their targets in another, by name.

    ``a.png`` belongs to ``a.jpg``, and ``SOURCE_2_a.png``, as FPDM names its results, too. Targets
    without a generated picture are left out. Raises ImageError naming the first picture without a
    target, and for a name that two targets bear; VideoError for a folder without pictures.
    """
    targets: dict[str, Path] = {}
    for path in frame_files(reference):
        if path.stem in targets:
            raise ImageError(path, f"has the name of {targets[path.stem].name}", "remove one")
        targets[path.stem] = path
    pairs = []
    for path in frame_files(generated):
        target = targets.get(path.stem) or targets.get(path.stem.rpartition("_2_")[2])
        if target is None:
            raise ImageError(path, f"has no target in {reference}", "give both the same name")
        pairs.append((path, target))
    return pairs


def metrics_of(protocol: ImageProtocol) -> tuple[Metric, ...]:
    """Return the rows of a protocol; the FID that its authors report comes first of the two."""
    mean = "mean of pairs,none dropped"
    rows: list[tuple[str, str, str, Better, float, str]] = [
        ("psnr", "PSNR", "dB", "higher", HIGHEST_PSNR, f"psnr|range:255|{mean}"),
        ("l1", "L1", "", "lower", 0.0, f"l1|range:1|{mean}"),
        ("mae_relative", "Relative MAE", "", "lower", 0.0, f"sum|a-b| / sum(a+b)|{mean}"),
        ("ssim_51", "SSIM", "", "higher", 1.0, f"ssim|window:{UNIFORM_51.name}|range:255|{mean}"),
        (
            *("ssim_256", "SSIM_256", "", "higher", 1.0),
            f"ssim|window:{GAUSSIAN_11.name}|range:max-min of the generated picture|{mean}",
        ),
        ("lpips", "LPIPS", "", "lower", 0.0, f"lpips:0.1|net:alexnet|{mean}"),
    ]
    for name in sorted(("test", "train"), key=lambda name: name != protocol.fid_set):
        settings = "net:inception-v3 torchvision ImageNet,2048,affine input|resize:299 bilinear"
        against = {"test": "targets of the pairs,each once", "train": "pictures of training"}[name]
        rows.append(
            (f"fid_{name}", f"FID ({name})", "", "lower", 0.0, f"fid|{settings}|against:{against}")
        )
    of_all = "pictures:{}x{} PIL bicubic of both|protocol:{}".format(*protocol.size, protocol.name)
    return tuple(
        Metric(
            key=f"frame/{measure}",
            title=title,
            unit=unit,
            better=better,
            ideal=ideal,
            signature=f"{settings}|{of_all}|signgen:{__version__}",
        )
        for measure, title, unit, better, ideal, settings in rows
    )


def measure_pictures(protocol: ImageProtocol, sets: PictureSets, judges: Judges) -> list[Figure]:
    """Return the figures of a protocol, in the order of its rows; ``frames`` is one value a pair.

    Memory does not grow with the pictures. Raises ValueError without a pair, and ImageError for a
    picture that cannot be read.
    """
    if not sets.pairs:
        raise ValueError("there are no pairs of pictures to compare")
    values: dict[str, list[PerFrame]] = {measure: [] for measure in (*_PER_PAIR, "lpips")}
    for batch in _batches(sets.pairs):
        generated, target = (_read(paths, protocol.size) for paths in zip(*batch, strict=True))
        for measure, compared in compare_pictures(generated, target).items():
            values[measure].append(compared)
        if isinstance(judges.lpips, Distances):
            values["lpips"].append(_compare(judges.lpips, generated, target))
    figures = {
        measure: Figure.of_frames(f"frame/{measure}", np.concatenate([np.zeros(0), *found]))
        for measure, found in values.items()
    }
    if isinstance(judges.lpips, Absent):
        figures["lpips"] = Figure.unmeasured("frame/lpips", judges.lpips.note)
    figures |= _fids(protocol, sets, judges.inception)
    return [figures[metric.key.partition("/")[2]] for metric in metrics_of(protocol)]


def compare_pictures(generated: Picture, target: Picture) -> dict[str, PerFrame]:
    """Return what needs no network, (N,) each, of pictures (N, H, W, 3)."""
    a, b = (part.astype(np.float64).reshape(len(part), -1) for part in (generated, target))
    apart, total = np.abs(a - b), (a + b).sum(axis=1)
    ranges = a.max(axis=1) - a.min(axis=1)
    return {
        "psnr": psnr(generated, target),
        "l1": apart.mean(axis=1) / 255,
        # two black pictures are equal
        "mae_relative": np.divide(apart.sum(axis=1), total, out=np.zeros(len(a)), where=total > 0),
        "ssim_51": ssim(generated, target, UNIFORM_51),
        "ssim_256": np.concatenate(
            [
                ssim(generated[i : i + 1], target[i : i + 1], GAUSSIAN_11, data_range=max(r, 1.0))
                for i, r in enumerate(ranges.tolist())
            ]
        ),
    }


def _fids(
    protocol: ImageProtocol, sets: PictureSets, inception: Features | Absent
) -> dict[str, Figure]:
    if isinstance(inception, Absent):
        return {
            name: Figure.unmeasured(f"frame/{name}", inception.note)
            for name in ("fid_test", "fid_train")
        }
    generated = _moments([path for path, _ in sets.pairs], protocol.size, inception)
    figures = {}
    for name, paths in (("fid_test", sets.targets), ("fid_train", sets.train)):
        if paths:
            real = _moments(paths, protocol.size, inception)
            figures[name] = distance_of(f"frame/{name}", generated, real)
        else:
            note = "no folder of the pictures of training was given"
            figures[name] = Figure.unmeasured(f"frame/{name}", note)
    return figures


@torch.no_grad()
def _moments(paths: Sequence[Path], size: tuple[int, int], inception: Features) -> Moments:
    moments = Moments(inception.width)
    for batch in _batches(paths):
        moments.add(inception.embed(to_pictures(_read(batch, size))))
    return moments


@torch.no_grad()
def _compare(network: Distances, generated: Picture, target: Picture) -> PerFrame:
    return network.compare(to_pictures(generated), to_pictures(target)).double().numpy()


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]


def _read(paths: Iterable[Path], size: tuple[int, int]) -> Picture:
    return np.stack([resized(read_image(path), size) for path in paths])


def resized(picture: Picture, size: tuple[int, int]) -> Picture:
    """Return a picture (H, W, 3) at ``size`` (width, height), by Pillow's bicubic filter."""
    from PIL import Image

    if picture.shape[1::-1] == size:
        return picture
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))
