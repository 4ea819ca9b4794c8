"""Precision is the caller's: float32 unless it is cast, and then nearly the same frames."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from signgen.pipeline import SignVideoPipeline
from signgen.precision import PRECISIONS, cast, named_precision
from signgen.rendering.model import open_model
from signgen.sampling import Steps
from signgen.take import Windows
from signgen.training.build import build_pipeline
from signgen.training.model_settings import ModelSettings
from signgen.training.stages import read_pipeline, write_pipeline
from tests.signer import signing
from tests.signgen.backbones.tiny_public import public_models
from tests.signgen.training.tiny import CPU, tiny_pipeline

KINDS: dict[str, dict[str, Any]] = {
    "published fpdm": {},
    "base": {"network": "base", "sites": ("mid_block.attentions.0",), "site_channels": (32,)},
    "published cfld": {"method": "cfld"},
}


def pipeline_of(kind: str) -> SignVideoPipeline:
    if kind in KINDS:
        return build_pipeline(ModelSettings(**public_models(**KINDS[kind])), seed=0)
    return tiny_pipeline(kind)


def frames_of(pipeline: SignVideoPipeline, at_once: int = 1) -> np.ndarray:
    width, height = pipeline.size
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    signs = signing(0).frames(0, 20)
    frames = pipeline.render_frames(
        picture,
        signs.frames(0, 1),
        signs,
        generator=torch.Generator().manual_seed(0),
        steps=Steps(num_steps=2),
        windows=Windows(at_once=at_once),
    )
    return frames.astype(int)


@pytest.mark.parametrize("kind", ["fpdm", "cfld", *KINDS])
def test_less_exact_networks_make_nearly_the_same_frames(kind: str) -> None:
    pipeline = pipeline_of(kind)
    exact = frames_of(pipeline)
    cast(pipeline, torch.bfloat16)
    assert pipeline.unet.dtype == torch.bfloat16
    rough = frames_of(pipeline)
    assert not np.array_equal(exact, rough)
    assert np.abs(exact - rough).mean() < 2
    assert np.array_equal(rough, frames_of(pipeline))


def test_how_many_windows_go_at_once_matters_no_more_than_in_float32() -> None:
    pipeline = tiny_pipeline()
    cast(pipeline, torch.bfloat16)
    assert np.abs(frames_of(pipeline) - frames_of(pipeline, at_once=3)).max() <= 2


def test_the_components_of_the_autoencoder_stay_exact() -> None:
    pipeline = tiny_pipeline()
    cast(pipeline, torch.bfloat16)
    autoencoder = pipeline.autoencoder
    for exact in (autoencoder.basis, autoencoder.mean, autoencoder.scale):
        assert exact.dtype == torch.float32
    assert autoencoder.out.weight.dtype == torch.bfloat16


def test_rendering_takes_what_the_device_has_and_the_library_float32(tmp_path: Path) -> None:
    write_pipeline(tiny_pipeline(), tmp_path / "p", 1024)
    assert read_pipeline(tmp_path / "p").unet.dtype == torch.float32
    for name in PRECISIONS:
        opened = open_model(tmp_path / "p", "p", CPU, name)
        assert opened.pipeline.unet.dtype == named_precision(name, CPU)
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    native = {"avx512_bf16", "amx_tile"} & set(flags)
    assert named_precision("auto", CPU) == (torch.bfloat16 if native else torch.float32)
    assert named_precision("bfloat16", CPU) == torch.bfloat16
