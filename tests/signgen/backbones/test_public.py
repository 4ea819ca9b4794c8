"""The door of public networks: what is not what the recipe means is refused, by name."""

import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_pndm import PNDMScheduler
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from pose_sequences.errors import InputError, ToolError
from signgen.backbones.public import (
    Source,
    read_diffusers,
    read_scheduler,
    read_transformers,
    sha256_of,
)
from tests.signgen.backbones.tiny_public import public_networks


def source(where: Path | str, key: str = "unet", sha256: str = "") -> Source:
    part = key if key in ("unet", "vae") else ""
    return Source(where=str(where), key=key, usual="maker/usual", sha256=sha256, part=part)


def copied(name: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(public_networks() / name, tmp_path / name))


@pytest.mark.parametrize("where", ["sd", "sd/unet"])
def test_a_network_is_found_in_its_repository_or_by_itself(where: str) -> None:
    unet = read_diffusers(UNet2DConditionModel, source(public_networks() / where))
    assert unet.config["cross_attention_dim"] == 32


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("sd/unet", ("conv_in.weight", "mid_block.attentions.0.proj_in.weight")),
        ("sd/vae", ("encoder.conv_in.weight", "post_quant_conv.bias")),
        ("clip", ("vision_model.embeddings.class_embedding", "visual_projection.weight")),
        ("dino", ("encoder.layer.0.attention.attention.query.weight", "embeddings.mask_token")),
        (
            "swin",
            (
                "swin.encoder.layers.0.blocks.0.attention.self.relative_position_bias_table",
                "swin.encoder.layers.0.downsample.reduction.weight",
            ),
        ),
    ],
)
def test_the_folders_of_these_tests_have_the_published_names(
    name: str, keys: tuple[str, ...]
) -> None:
    (path,) = (public_networks() / name).glob("*.safetensors")
    with safe_open(path, "pt") as file:
        assert set(keys) <= set(file.keys())


def test_the_weights_are_checked_where_a_sha256_is_given() -> None:
    weights = public_networks() / "sd" / "unet" / "diffusion_pytorch_model.safetensors"
    right, wrong = sha256_of(weights), "0" * 64
    read_diffusers(UNet2DConditionModel, source(public_networks() / "sd", sha256=right.upper()))
    with pytest.raises(InputError, match=f"SHA-256 {right}, not {wrong}"):
        read_diffusers(UNet2DConditionModel, source(public_networks() / "sd", sha256=wrong))


def test_the_schedule_beside_a_unet_is_read_whatever_scheduler_it_names() -> None:
    scheduler = read_scheduler(source(public_networks() / "sd"))
    assert scheduler is not None
    stock = PNDMScheduler.from_pretrained(public_networks() / "sd" / "scheduler")
    assert torch.equal(scheduler.alphas_cumprod, stock.alphas_cumprod)
    assert scheduler.config["prediction_type"] == "v_prediction"
    assert scheduler.config["steps_offset"] == 1
    assert read_scheduler(source(public_networks() / "dino", "dino")) is None


def test_a_missing_folder_says_what_to_fetch_and_which_key_to_set(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_diffusers(UNet2DConditionModel, source(tmp_path / "nowhere"))
    said = str(caught.value)
    for part in ("nowhere", "is no folder", "[models] unet", "maker/usual (unet/)", "safetensors"):
        assert part in said
    assert "HF_HUB_OFFLINE=1" in said


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the hub's cache; nothing is asked of the hub itself."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def test_an_id_is_read_from_the_cache_in_the_revision_that_is_meant(hub_cache: Path) -> None:
    commit, home = "a" * 40, hub_cache / "models--maker--other"
    shutil.copytree(public_networks() / "sd", home / "snapshots" / commit)
    (home / "refs").mkdir()
    (home / "refs" / "tagged").write_text(commit)
    meant = replace(source("maker/other"), revision="tagged")
    assert read_diffusers(UNet2DConditionModel, meant).config["cross_attention_dim"] == 32
    with pytest.raises(InputError, match="cannot be had"):
        read_diffusers(UNet2DConditionModel, replace(meant, revision="never"))


@pytest.mark.usefixtures("hub_cache")
@pytest.mark.parametrize("name", ["maker/other", "one/too/many", "no id"])
def test_an_id_that_is_not_in_the_cache_is_refused_without_a_network(name: str) -> None:
    with pytest.raises(InputError, match=rf"{name}: cannot be had .* set \[models\] clip"):
        read_transformers("CLIPVisionModelWithProjection", source(name, "clip"))


@pytest.mark.parametrize("config", [True, False])
def test_a_pickle_is_no_weights_file(tmp_path: Path, config: bool) -> None:
    folder = tmp_path / "unet"
    folder.mkdir()
    (folder / "diffusion_pytorch_model.bin").write_bytes(b"")
    if config:
        shutil.copy(public_networks() / "sd" / "unet" / "config.json", folder)
    fault = "no safetensors weights" if config else "no config.json"
    with pytest.raises(InputError, match=fault):
        read_diffusers(UNet2DConditionModel, source(tmp_path))


def test_a_weights_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    folder = copied("sd/vae", tmp_path)
    weights = folder / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(InputError, match="cannot be had"):
        read_diffusers(AutoencoderKL, source(folder, "vae"))


@pytest.mark.parametrize("name", ["dino", "sd/vae"])
def test_another_network_than_the_one_that_is_meant_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"lacks|cannot be had"):
        read_transformers("CLIPVisionModelWithProjection", source(public_networks() / name, "clip"))


def test_a_config_of_other_sizes_than_its_weights_is_refused(tmp_path: Path) -> None:
    folder = copied("dino", tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    with pytest.raises(InputError, match=r"lacks encoder\.layer\.2"):
        read_transformers("Dinov2Model", source(folder, "dino"))


@pytest.mark.parametrize("name", ["sd/unet", "sd/vae", "clip", "dino", "swin"])
def test_a_network_without_one_of_its_weights_is_refused(tmp_path: Path, name: str) -> None:
    folder = copied(name, tmp_path)
    (path,) = folder.glob("*.safetensors")
    weights = load_file(path)
    lost = max(key for key in weights if "encoder.layer" in key or "conv_in" in key)
    del weights[lost]
    save_file(weights, path, metadata={"format": "pt"})
    read: dict[str, Callable[[Source], object]] = {
        "sd/unet": partial(read_diffusers, UNet2DConditionModel),
        "sd/vae": partial(read_diffusers, AutoencoderKL),
        "clip": partial(read_transformers, "CLIPVisionModelWithProjection"),
        "dino": partial(read_transformers, "Dinov2Model"),
        "swin": partial(read_transformers, "SwinModel"),
    }
    with pytest.raises(InputError, match=r"lacks .* and is not the network that is meant"):
        read[name](source(folder, name))


def test_without_transformers_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ToolError, match=re.escape('pip install "signgen[backbones]"')):
        read_transformers("Dinov2Model", source(public_networks() / "dino", "dino"))


def test_reading_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    read_transformers("SwinModel", source(public_networks() / "swin", "swin"))
    assert capfd.readouterr() == ("", "")
