"""Conditions enter the stock UNet without changing what it is."""

import torch
from torch import nn

from signgen.models.denoiser import build_unet, predict, silence_extra_channels
from tests.signgen.test_sampling import tiny_conditions
from tests.signgen.training.tiny import tiny_pipeline


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
    unet = build_unet(
        latent_channels=4,
        extra_channels=3,
        token_width=8,
        channels=(8, 16),
        attention=(False, True),
    )
    assert (unet.config["in_channels"], unet.config["out_channels"]) == (7, 5)


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


def test_the_modules_that_a_pipeline_folder_names_stay_where_they_are() -> None:
    parts = {
        name: part
        for method in ("fpdm", "cfld")
        for name, part in tiny_pipeline(method).components.items()
        if part is not None
    }
    homes = {name: f"{type(part).__module__}.{type(part).__name__}" for name, part in parts.items()}
    assert homes == HOMES
