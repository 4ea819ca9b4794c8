"""Conditions enter the stock UNet without changing what it is."""

from pathlib import Path

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import nn

from signgen.models.denoiser import (
    build_unet,
    open_for_conditions,
    predict,
    silence_extra_channels,
)
from signgen.models.pose import PublishedPoseNet
from signgen.pipeline import SignVideoPipeline
from signgen.training.build import build_pipeline
from signgen.training.model_settings import ModelSettings
from tests.signgen.backbones.tiny_public import public_models, tiny_unet
from tests.signgen.test_sampling import tiny_conditions
from tests.signgen.training.tiny import MODELS, tiny_pipeline


@torch.no_grad()
def test_at_birth_the_extra_channels_have_no_effect() -> None:
    pipeline = tiny_pipeline()
    noisy = torch.randn(1, 2, 8, 8, 8, generator=torch.Generator().manual_seed(0))
    conditions = tiny_conditions()
    said = predict(pipeline.unet, noisy, torch.tensor([500.0]), conditions)
    louder = vars(conditions) | {"features": 9 * conditions.features}
    again = predict(pipeline.unet, noisy, torch.tensor([500.0]), type(conditions)(**louder))
    torch.testing.assert_close(said, again)


@torch.no_grad()
def test_a_widened_first_convolution_equals_adding_behind_it() -> None:
    torch.manual_seed(0)
    narrow, extra = nn.Conv2d(4, 6, 3, padding=1), nn.Conv2d(5, 6, 3, padding=1, bias=False)
    wide = nn.Conv2d(9, 6, 3, padding=1)
    wide.weight[:, :4], wide.weight[:, 4:] = narrow.weight, extra.weight
    wide.bias.copy_(narrow.bias)
    noisy, features = torch.randn(2, 4, 8, 8), torch.randn(2, 5, 8, 8)
    both = wide(torch.cat((noisy, features), dim=1))
    torch.testing.assert_close(both, narrow(noisy) + extra(features), rtol=1e-5, atol=1e-5)
    silence_extra_channels(wide, 4)
    torch.testing.assert_close(wide(torch.cat((noisy, features), dim=1)), narrow(noisy))


@torch.no_grad()
def test_an_opened_unet_is_the_stock_one_with_a_convolution_added_behind_its_first() -> None:
    stock, opened = tiny_unet(), tiny_unet()
    open_for_conditions(opened, 6, fused=True)
    last = nn.Conv2d(6, 16, 3, padding=1)  # of a pose net, trained by now
    opened.conv_in.weight[:, 4:] = last.weight
    opened.conv_in.bias += last.bias
    noisy, features, tokens = (
        torch.randn(2, 4, 8, 8),
        torch.randn(2, 6, 8, 8),
        torch.randn(2, 5, 32),
    )
    added = stock.conv_in.register_forward_hook(lambda _, __, out: out + last(features))
    expected = stock(noisy, torch.tensor(7), tokens).sample
    added.remove()
    inputs = torch.cat((noisy, features), dim=1)
    said = opened(inputs, torch.tensor(7), tokens, class_labels=torch.zeros(2, 64)).sample
    torch.testing.assert_close(said, expected, rtol=1e-4, atol=1e-5)


def test_an_opened_unet_is_read_back_as_it_was(tmp_path: Path) -> None:
    opened = tiny_unet()
    open_for_conditions(opened, 6, fused=True)
    opened.save_pretrained(tmp_path)
    again = UNet2DConditionModel.from_pretrained(tmp_path)
    assert again.config["class_embed_type"] == "identity"
    for name, tensor in opened.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name


@torch.no_grad()
def test_an_untrained_projector_leaves_the_time_embedding_alone() -> None:
    projector = tiny_pipeline().projector
    assert (projector(torch.randn(2, 32)) == 0).all()


@torch.no_grad()
def test_a_frame_is_denoised_alike_alone_and_in_a_clip() -> None:
    pipeline = tiny_pipeline()
    noisy = torch.randn(1, 3, 8, 8, 8, generator=torch.Generator().manual_seed(0))
    conditions = tiny_conditions(num_frames=3)
    time = torch.tensor([300.0])
    together = predict(pipeline.unet, noisy, time, conditions)
    alone = predict(pipeline.unet, noisy[:, 1:2], time, conditions.frames(1, 2))
    torch.testing.assert_close(together[:, 1:2], alone, rtol=1e-4, atol=1e-5)


def test_a_unet_is_built_by_plain_sizes() -> None:
    for copies in (False, True):
        unet = build_unet(
            latent_channels=4,
            extra_channels=3,
            token_width=8,
            channels=(8, 16),
            attention=(False, True),
            copies=copies,
        )
        assert (unet.config["in_channels"], unet.config["out_channels"]) == (7, 4 + copies)


def test_plain_conditions_are_the_published_ones() -> None:
    settings = ModelSettings(**{**MODELS, "plain": True})
    pipeline = build_pipeline(settings, 0)
    assert isinstance(pipeline.pose_encoder, PublishedPoseNet)
    assert not pipeline.conditioner.sees_latents
    config = pipeline.unet.config
    assert config["in_channels"] == settings.latent_channels + settings.pose_channels
    assert config["out_channels"] == settings.latent_channels


HOMES = {
    "autoencoder": "signgen.models.autoencoder.BlockAutoencoder",
    "unet": "diffusers.models.unets.unet_2d_condition.UNet2DConditionModel",
    "appearance": "signgen.models.appearance.AppearanceEncoder",
    "pose_encoder": "signgen.models.pose.PoseEncoder",
    "fusion": "signgen.models.fusion.FusionEncoder",
    "projector": "signgen.models.fusion.FusionProjector",
    "source_encoder": "signgen.models.refinement.PyramidEncoder",
    "prompt_decoder": "signgen.models.refinement.PromptDecoder",
    "query_biases": "signgen.models.refinement.QueryBiases",
    "pose_residuals": "signgen.models.pose.PoseResiduals",
    "motion_adapter": "temporal.adapter.TemporalAdapter",
}
OWN_HOMES = HOMES | {"painter": "signgen.models.painter.CloseUpPainter"}
PUBLIC_HOMES = HOMES | {
    "autoencoder": "diffusers.models.autoencoders.autoencoder_kl.AutoencoderKL",
    "image_encoder": "signgen.backbones.dino.DinoEncoder",
    "appearance": "signgen.models.appearance.TokenProjector",
    "pose_encoder": "signgen.models.pose.PublishedPoseNet",
    "fusion": "signgen.backbones.clip.ClipFusion",
    "source_encoder": "signgen.backbones.swin.SwinPyramid",
    "scheduler": "diffusers.schedulers.scheduling_ddim.DDIMScheduler",
}


def homes_of(*pipelines: SignVideoPipeline) -> dict[str, str]:
    return {
        name: f"{type(part).__module__}.{type(part).__name__}"
        for pipeline in pipelines
        for name, part in pipeline.components.items()
        if part is not None
    }


def test_the_modules_that_a_pipeline_folder_names_stay_where_they_are() -> None:
    assert homes_of(tiny_pipeline("fpdm"), tiny_pipeline("cfld")) == OWN_HOMES
    motion = {"sites": ("mid_block.attentions.0",), "site_channels": (32,)}
    published = (
        build_pipeline(ModelSettings(**public_models(method=method, **motion)), 0)
        for method in ("fpdm", "cfld")
    )
    assert homes_of(*published) == PUBLIC_HOMES
