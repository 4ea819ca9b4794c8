"""The sizes that both papers' code has, counted on the meta device."""

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import nn

from signgen.models.attention import cross_attentions
from signgen.models.pose import PoseResiduals, PublishedPoseNet
from signgen.models.refinement import PromptDecoder, QueryBiases


def count(*modules: nn.Module) -> int:
    return sum(p.numel() for module in modules for p in module.parameters())


def test_the_pose_net_of_fpdm_is_as_large_as_published_but_for_what_conv_in_takes_over() -> None:
    """The last convolution, 256 to 320 channels, becomes input channels of conv_in.

    Its bias of 320 numbers is conv_in's own then: adding two biases is having one.
    """
    with torch.device("meta"):
        pose = PublishedPoseNet()
        unet = UNet2DConditionModel(
            sample_size=96,
            in_channels=4 + 256,
            cross_attention_dim=1024,
            attention_head_dim=(5, 10, 20, 20),
            use_linear_projection=True,
            class_embed_type="identity",
        )
    assert count(pose, unet) == 865_910_724 + 1_086_480 - 320


def test_the_parts_of_cfld_are_as_large_as_published() -> None:
    with torch.device("meta"):
        prompt, biases, pose = PromptDecoder(), QueryBiases(), PoseResiduals()
        unet = UNet2DConditionModel(sample_size=64, cross_attention_dim=768)
    assert count(prompt) == 97_712_128 + 12_288  # with the learnable null prompt
    assert count(biases) == 22_549_632
    assert count(pose) == 30_636_480
    up = [n for n in cross_attentions(unet) if n.startswith("up_blocks")]
    trained = [getattr(unet.get_submodule(name), part) for name in up for part in ("to_k", "to_v")]
    assert count(*trained) == 10_321_920


def test_cfld_conditions_have_the_published_shapes() -> None:
    with torch.device("meta"):
        scales = [torch.zeros(1, s, c) for s, c in ((4096, 128), (1024, 256), (256, 512))]
        biases = QueryBiases()(scales)
        prompt = PromptDecoder()(torch.zeros(1, 64, 1024))
        residuals = PoseResiduals()(torch.zeros(1, 21, 256, 256))
    expected = [(1, 256, 1280)] * 3 + [(1, 1024, 640)] * 3 + [(1, 4096, 320)] * 3
    assert [tuple(b.shape) for b in biases] == expected
    assert tuple(prompt.shape) == (1, 16, 768)
    assert [tuple(r.shape[1:]) for r in residuals] == [(320, 64, 64), (640, 32, 32), (1280, 16, 16)]
