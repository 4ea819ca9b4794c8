"""The adapter: neutral at birth, gone after the call, and it looks along time alone."""

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.models.unets.unet_motion_model import MotionAdapter, UNetMotionModel

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


def published(**settings: Any) -> MotionAdapter:
    """Return an adapter as AnimateDiff's, tiny, whose modules say something."""
    torch.manual_seed(3)
    sizes: dict[str, Any] = {
        "block_out_channels": (16, 32),
        "motion_layers_per_block": 1,
        "motion_num_attention_heads": 2,
        "motion_norm_num_groups": 8,
        "motion_max_seq_length": 6,
    }
    made = MotionAdapter(**sizes | settings)
    assert all(parameter.any() for name, parameter in made.named_parameters() if "proj_out" in name)
    return made


@torch.no_grad()
def test_with_weights_of_animatediff_it_is_the_motion_unet_of_diffusers(
    unet: UNet2DConditionModel,
) -> None:
    weights = published()
    generator = torch.Generator().manual_seed(1)
    noisy = torch.randn(5, 4, 8, 8, generator=generator)
    words = torch.randn(1, 3, 12, generator=generator)
    whole = UNetMotionModel.from_unet2d(unet, weights)
    told = words.expand(5, -1, -1)
    expected = whole(noisy.movedim(0, 1)[None], 5, told).sample[0].movedim(1, 0)
    made = TemporalAdapter.from_animatediff(weights, unet)
    with made.attached(unet, 5):
        said = unet(noisy, 5, told).sample
    torch.testing.assert_close(said, expected, rtol=1e-5, atol=1e-5)
    assert not torch.allclose(said, unet(noisy, 5, told).sample, atol=1e-2)


def test_weights_of_animatediff_are_saved_as_any(
    tmp_path: Path, unet: UNet2DConditionModel
) -> None:
    made = TemporalAdapter.from_animatediff(published(), unet)
    made.save_pretrained(tmp_path)
    again = TemporalAdapter.from_pretrained(tmp_path)
    with torch.no_grad(), made.attached(unet, 4):
        said = ask(unet)
    with torch.no_grad(), again.attached(unet, 4):
        torch.testing.assert_close(ask(unet), said, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"motion_layers_per_block": 2}, "has a module down_blocks.0.motion_modules.1, but the"),
        ({"motion_transformer_layers_per_block": 2}, r"have \[1, 2\] layers and \[2\] heads"),
    ],
)
def test_an_adapter_of_another_unet_is_refused(
    settings: dict[str, Any], fault: str, unet: UNet2DConditionModel
) -> None:
    with pytest.raises(ValueError, match=fault):
        TemporalAdapter.from_animatediff(published(**settings), unet)
