"""The sizes and shapes that both papers' code has, counted on the meta device."""

from typing import Any

import pytest
import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import nn

from signgen.backbones.clip import ClipFusion
from signgen.backbones.dino import DinoEncoder
from signgen.backbones.swin import SwinPyramid
from signgen.models.appearance import TokenProjector
from signgen.models.attention import cross_attentions
from signgen.models.autoencoder import BlockAutoencoder
from signgen.models.fusion import FusionProjector
from signgen.models.pose import PoseResiduals, PublishedPoseNet
from signgen.models.refinement import PromptDecoder, QueryBiases
from signgen.pipeline import SignVideoPipeline
from signgen.training.denoiser import DenoiserObjective
from signgen.training.public_build import fusion_parts, refinement_parts
from signgen.training.recipe import load_recipe
from signgen.training.stages import freeze_all_but
from tests.signgen.training.tiny import tiny_scenes

# What the configurations of the public UNets say where it is not diffusers' default.
SD_15: dict[str, Any] = {"sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8}
SD_21: dict[str, Any] = {
    "sample_size": 96,
    "cross_attention_dim": 1024,
    "attention_head_dim": (5, 10, 20, 20),
    "use_linear_projection": True,
}


def count(*modules: nn.Module) -> int:
    return sum(p.numel() for module in modules for p in module.parameters())


def learning_of(name: str) -> dict[str, int]:
    """Return how many parameters of each component learn in the third stage of a recipe."""
    recipe = load_recipe(name)
    models = recipe.models
    with torch.device("meta"):
        if models.method == "fpdm":
            unet = UNet2DConditionModel(**SD_21)
            parts = fusion_parts(models, unet, DinoEncoder(models.source_size), ClipFusion())
        else:
            unet = UNet2DConditionModel(**SD_15)
            parts = refinement_parts(models, unet, SwinPyramid(models.size // 2))
        pipeline = SignVideoPipeline(autoencoder=BlockAutoencoder(4), **parts)
    objective = DenoiserObjective(pipeline=pipeline, scenes=tiny_scenes(), settings=recipe.denoiser)
    freeze_all_but(pipeline, objective)
    learning = {
        name: sum(p.numel() for p in part.parameters() if p.requires_grad)
        for name, part in pipeline.components.items()
        if isinstance(part, nn.Module)
    }
    return {name: number for name, number in learning.items() if number}


@pytest.mark.parametrize("name", ["fpdm-sd21", "fpdm-phoenix"])
def test_as_many_parameters_learn_in_stage_two_of_fpdm_as_published(name: str) -> None:
    """870,148,308, but for the 320 numbers of the pose net's last bias.

    Its last convolution, 256 to 320 channels and zero at birth, is added behind the UNet's first:
    here it is 256 more input channels of that, which has a bias already. Adding two biases is
    having one. DINOv2, the autoencoder and the fusion of stage 1 are frozen.
    """
    learning = learning_of(name)
    last_convolution = 256 * 320 * 9
    assert learning == {
        "unet": 865_910_724 + last_convolution,
        "projector": 1_574_912,  # behind class_labels; published as a part of the UNet
        "appearance": 1_576_192,
        "pose_encoder": 1_086_480 - last_convolution - 320,
    }
    assert sum(learning.values()) == 870_148_308 - 320


def test_as_many_parameters_of_cfld_learn_as_published() -> None:
    """Swin learns whole, without its last normalisation and with a window of 8 at the last scale;
    of the UNet, nine layers' keys and values; the null prompt belongs to the decoder."""
    learning = learning_of("cfld-sd15")
    assert learning == {
        "source_encoder": 86_991_864,
        "prompt_decoder": 97_712_128 + 12_288,
        "query_biases": 22_549_632,
        "pose_residuals": 30_636_480,
        "unet": 10_321_920,
    }
    assert sum(learning.values()) == 248_224_312


def test_public_encoders_are_as_large_as_published() -> None:
    with torch.device("meta"):
        fusion, dino, swin = ClipFusion(), DinoEncoder(), SwinPyramid()
    assert count(fusion.clip) == 303_966_208
    assert count(fusion.combiner) == 4_133_377
    assert count(dino) == 304_368_640
    assert count(swin) == 86_991_864


def test_fpdm_conditions_have_the_published_shapes() -> None:
    with torch.device("meta"):
        picture, maps = torch.zeros(1, 3, 512, 352), torch.zeros(1, 1, 3, 512, 352)
        tokens = TokenProjector()(DinoEncoder()(picture))
        fusion = ClipFusion()
        embedding = fusion(fusion.embed(picture), maps)
        added = FusionProjector(768, 1280, 768, 0.2)(embedding)
        features = PublishedPoseNet()(maps[0])
    assert tuple(tokens.shape) == (1, 1297, 1024)
    assert tuple(embedding.shape) == (1, 1, 768)
    assert tuple(added.shape) == (1, 1, 1280)
    assert tuple(features.shape) == (1, 256, 64, 44)


def test_cfld_conditions_have_the_published_shapes() -> None:
    with torch.device("meta"):
        scales = SwinPyramid()(torch.zeros(1, 3, 512, 512))
        biases = QueryBiases()(scales)
        prompt = PromptDecoder()(scales[-1])
        residuals = PoseResiduals()(torch.zeros(1, 21, 256, 256))
    assert [tuple(f.shape[1:]) for f in scales] == [
        (4096, 128),
        (1024, 256),
        (256, 512),
        (64, 1024),
    ]
    expected = [(1, 256, 1280)] * 3 + [(1, 1024, 640)] * 3 + [(1, 4096, 320)] * 3
    assert [tuple(b.shape) for b in biases] == expected
    assert tuple(prompt.shape) == (1, 16, 768)
    assert [tuple(r.shape[1:]) for r in residuals] == [(320, 64, 64), (640, 32, 32), (1280, 16, 16)]


def test_the_built_parts_of_cfld_are_those_that_the_publication_describes() -> None:
    models = load_recipe("cfld-sd15").models
    with torch.device("meta"):
        unet = UNet2DConditionModel(**SD_15)
        parts = refinement_parts(models, unet, SwinPyramid(models.size // 2))
        published = {
            "prompt_decoder": PromptDecoder(),
            "query_biases": QueryBiases(),
            "pose_residuals": PoseResiduals(),
        }
    for name, part in published.items():
        own = {key: parts[name].config[key] for key in part.config if not key.startswith("_")}
        assert own == {key: part.config[key] for key in own}, name
    assert len([n for n in cross_attentions(unet) if n.startswith("up_blocks")]) == 9
