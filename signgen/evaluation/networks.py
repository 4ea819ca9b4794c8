"""The trained networks that look at pictures, behind two small doors: features, and distances.

Each says what to note where it is not there; what is done with features is not known here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from signgen.evaluation.alexnet import LPIPS_WEIGHTS, read_lpips, unit
from signgen.evaluation.inception import INCEPTION_WEIGHTS, WIDTH, Form, read_inception

if TYPE_CHECKING:  # diffusers takes seconds to import, and most evaluations need none of it
    from signgen.models.fusion import FusionEncoder

NO_PIPELINE = "no pipeline folder was given"


@dataclass(frozen=True, kw_only=True)
class Features:
    """A network that makes a vector of a picture.

    width: D; embed: pictures (N, 3, H, W) of 0 to 255 → (N, D).
    """

    width: int
    embed: Callable[[Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class Distances:
    """A network that says how far two pictures are apart.

    compare: pictures (N, 3, H, W) of 0 to 255, twice → (N,).
    """

    compare: Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Absent:
    """No network; note: what its rows say instead of a number."""

    note: str


class PictureEncoder(Protocol):
    """The fusion encoder of a pipeline, whichever it is, and what it computes on and with."""

    @property
    def device(self) -> torch.device:
        """Where its weights are."""

    @property
    def dtype(self) -> torch.dtype:
        """What its weights are."""

    def embed(self, pictures: Tensor) -> Tensor:
        """Return embeddings (N, E) of pictures (N, 3, H, W) in [-1, 1]."""


def lpips_distances(path: Path | None = None) -> Distances | Absent:
    """Return LPIPS from a file, or from the one the environment names, if any.

    Raises InputError for a file that does not fit.
    """
    found = LPIPS_WEIGHTS.find(path)
    if found is None:
        return Absent(LPIPS_WEIGHTS.note)
    network = read_lpips(found)

    def compare(generated: Tensor, reference: Tensor) -> Tensor:
        from signgen.latents import to_pixels

        return network(to_pixels(generated), to_pixels(reference))

    return Distances(compare=compare)


def inception_features(form: Form, path: Path | None = None) -> Features | Absent:
    """Return the features of Inception from a file, or from the environment's; raises likewise."""
    found = INCEPTION_WEIGHTS[form].find(path)
    if found is None:
        return Absent(INCEPTION_WEIGHTS[form].note)
    network = read_inception(found, form)
    return Features(width=WIDTH, embed=lambda pictures: network(pictures.float() / 255))


def fusion_features(encoder: PictureEncoder | None, size: tuple[int, int]) -> Features | Absent:
    """Return the embeddings of a pipeline's fusion encoder.

    encoder: ``pipeline.fusion``, None where the pipeline has none; size: (width, height) of the
    pipeline's frames, into which pictures are fitted.
    """
    if encoder is None:
        return Absent("the pipeline has no fusion encoder")

    def embed(pictures: Tensor) -> Tensor:
        fitted = _fitted(pictures, size).to(encoder.device, encoder.dtype)
        return encoder.embed(fitted).float().cpu()

    with torch.no_grad():
        width = embed(torch.zeros(1, 3, size[1], size[0])).shape[1]
    return Features(width=width, embed=embed)


def fusion_distances(encoder: PictureEncoder | None, size: tuple[int, int]) -> Distances | Absent:
    """Return an LPIPS-like distance in the layers of a pipeline's fusion encoder.

    The squared difference of features of unit length, mean over places and layers: from 0 to 4,
    without weights learned from people. Arguments as for fusion_features.
    """
    from signgen.models.fusion import FusionEncoder

    if not isinstance(encoder, FusionEncoder):
        return Absent("the pipeline has no convolutional fusion encoder")

    def compare(generated: Tensor, reference: Tensor) -> Tensor:
        pairs = zip(
            *(fusion_layers(encoder, _fitted(part, size)) for part in (generated, reference)),
            strict=True,
        )
        layers = [(unit(a) - unit(b)).square().sum(dim=1).mean(dim=(1, 2)) for a, b in pairs]
        return torch.stack(layers).mean(dim=0)

    return Distances(compare=compare)


def fusion_layers(encoder: "FusionEncoder", pictures: Tensor) -> list[Tensor]:
    """Return what each residual block makes of pictures (N, 3, H, W) in [-1, 1]."""
    from signgen.models.blocks import ResidualBlock

    features, found = pictures, []
    for layer in encoder.image:
        features = layer(features)
        if isinstance(layer, ResidualBlock):
            found.append(features)
    return found


def _fitted(pictures: Tensor, size: tuple[int, int]) -> Tensor:
    from signgen.data import fit_frames
    from signgen.latents import to_pixels

    return to_pixels(fit_frames(pictures.round().byte(), size))
