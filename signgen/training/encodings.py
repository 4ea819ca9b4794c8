"""What of a corpus's frames is encoded once for a stage, and whether there is room to keep it."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn

from signgen.data import SampleSource
from signgen.latents import posterior
from signgen.pipeline import SignVideoPipeline
from signgen.training.cache import (
    NOTHING_KEPT,
    Caches,
    Encoding,
    FrameCache,
    NumberedFrames,
    cache_frames,
    cache_gb,
)
from signgen.training.run import TrainingRun
from signgen.training.scene import blurred
from signgen.training.settings import SampleSettings

FOLDER = "cache"  # in an output folder


def open_caches(
    pipeline: SignVideoPipeline, source: SampleSource, settings: SampleSettings, run: TrainingRun
) -> Caches:
    """Encode what the settings ask for and is not yet there.

    pipeline: whose autoencoder, fusion and image encoder learn no more. Raises ValueError for a
    source whose frames have no numbers.
    """
    if not settings.cache_latents and not settings.features_gb:
        return NOTHING_KEPT
    if not isinstance(source, NumberedFrames):
        key, off = ("cache_latents", "false") if settings.cache_latents else ("features_gb", "0")
        raise ValueError(f"samples.{key} is for the frames of a corpus; set it to {off}")
    caches = NOTHING_KEPT
    if settings.cache_latents:
        latents = _made(_latents_of(pipeline), source, run)
        # those of a reference are of use where it looks as it does as a target
        alike = settings.still and not settings.blur and pipeline.conditioner.sees_latents
        caches = Caches(latents=latents, reference_latents=latents if alike else None)
    for encoding in _of_references(pipeline, settings) if settings.features_gb else ():
        need = cache_gb(source, encoding)
        if need <= settings.features_gb:
            caches = replace(caches, **{encoding.name: _made(encoding, source, run)})
        else:
            run.say(
                f"{encoding.name} of all references would take {need:.1f} GiB, more than "
                f"samples.features_gb ({settings.features_gb:g}); they are made at each step"
            )
    return caches


def _made(encoding: Encoding, source: NumberedFrames, run: TrainingRun) -> FrameCache:
    run.say(f"encoding the frames that have no {encoding.name} in {run.folder / FOLDER}")
    return cache_frames(source, encoding, run.folder / FOLDER, run.crew)


def _latents_of(pipeline: SignVideoPipeline) -> Encoding:
    autoencoder = pipeline.autoencoder.eval()
    return Encoding(
        name="latents",
        encoder=autoencoder,
        encode=lambda pixels: posterior(autoencoder, pixels[None])[0],
    )


def _of_references(pipeline: SignVideoPipeline, settings: SampleSettings) -> Iterator[Encoding]:
    """Yield what FPDM's frozen encoders say of a reference; CFLD's encoder learns."""
    if pipeline.fusion is not None:
        fusion = pipeline.fusion.eval()
        yield _both_ways("embeddings", fusion, fusion.embed, settings)
    if pipeline.image_encoder is not None:
        encoder = pipeline.image_encoder.eval()
        yield _both_ways("tokens", encoder, encoder, settings)


def _both_ways(
    name: str, encoder: nn.Module, encode: Callable[[Tensor], Tensor], settings: SampleSettings
) -> Encoding:
    """Return the encoding (M, V, ...) of pictures plain and, where some are, blurred."""

    def encode_both(pixels: Tensor) -> Tensor:
        ways = (pixels, blurred(pixels)) if settings.blur else (pixels,)
        return torch.stack([encode(way) for way in ways], dim=1)

    kind = "plain and blurred" if settings.blur else "plain"
    return Encoding(name=name, encoder=encoder, encode=encode_both, kind=kind)
