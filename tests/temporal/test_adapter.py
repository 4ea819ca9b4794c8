"""The adapter: neutral at birth, gone after the call, and it looks along time alone."""

from pathlib import Path

import pytest
import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

from temporal.adapter import TemporalAdapter

SITES = ("down_blocks.0.attentions.0", "mid_block.attentions.0")


@pytest.fixture(scope="module")
def unet() -> UNet2DConditionModel:
    torch.manual_seed(0)
    return UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(16, 32),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        layers_per_block=1,
        norm_num_groups=8,
        cross_attention_dim=12,
    )


@torch.no_grad()
def ask(unet: UNet2DConditionModel, num_frames: int = 4) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    noisy = torch.randn(num_frames, 4, 8, 8, generator=generator)
    said: torch.Tensor = unet(noisy, 5, torch.zeros(num_frames, 3, 12)).sample
    return said


def adapter(*, trained: bool) -> TemporalAdapter:
    torch.manual_seed(2)
    made = TemporalAdapter(SITES, (16, 32), heads=2, max_frames=6)
    if trained:
        for module in made.motion:
            torch.nn.init.normal_(module.get_submodule("proj_out").weight)
    return made


def test_at_birth_the_unet_works_frame_by_frame(unet: UNet2DConditionModel) -> None:
    before = ask(unet)
    with adapter(trained=False).attached(unet, 4):
        torch.testing.assert_close(ask(unet), before)


def test_a_trained_adapter_takes_part_only_while_it_is_attached(
    unet: UNet2DConditionModel,
) -> None:
    before = ask(unet)
    with adapter(trained=True).attached(unet, 4):
        assert not torch.allclose(ask(unet), before)
    assert torch.equal(ask(unet), before)


def test_it_is_gone_after_an_error_too(unet: UNet2DConditionModel) -> None:
    before = ask(unet)
    with pytest.raises(KeyError), adapter(trained=True).attached(unet, 4):
        raise KeyError
    assert torch.equal(ask(unet), before)


def test_a_clip_longer_than_it_can_look_is_refused_first(unet: UNet2DConditionModel) -> None:
    with pytest.raises(ValueError, match="7 frames"), adapter(trained=False).attached(unet, 7):
        pass


def test_it_is_saved_and_loaded_alone(tmp_path: Path, unet: UNet2DConditionModel) -> None:
    made = adapter(trained=True)
    made.save_pretrained(tmp_path)
    again = TemporalAdapter.from_pretrained(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {
        "config.json",
        "diffusion_pytorch_model.safetensors",
    }
    with made.attached(unet, 4):
        first = ask(unet)
    with again.attached(unet, 4):
        torch.testing.assert_close(ask(unet), first)
