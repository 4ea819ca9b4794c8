"""CFLD's parts: as large as published, silent at birth, and where they should be."""

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

from signgen.conditioner import Evidence
from signgen.conditioning import NOTHING, Conditioning
from signgen.models.attention import ConditionedAttention, cross_attentions, take_conditions
from signgen.models.denoiser import predict_clean
from signgen.models.refinement import PromptDecoder, PyramidEncoder, QueryBiases
from signgen.pipeline import SignVideoPipeline
from signgen.schedules import FLOW
from tests.signgen.training.tiny import SIZE, tiny_pipeline


def evidence(num_clips: int = 2, num_frames: int = 3) -> Evidence:
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> torch.Tensor:
        return torch.rand(*shape, generator=generator)

    return Evidence(
        reference=2 * draw(num_clips, 3, SIZE, SIZE) - 1,
        reference_maps=draw(num_clips, 3, SIZE, SIZE),
        reference_close_ups=draw(num_clips, 3, 2, 3),
        reference_latents=draw(num_clips, 8, 8, 8),
        maps=draw(num_clips, num_frames, 3, SIZE, SIZE),
        hands=draw(num_clips, num_frames, 2, 87),
        joints=draw(num_clips, num_frames, 18, 3),
        close_ups=draw(num_clips, num_frames, 3, 2, 3),
    )


def ask(pipeline: SignVideoPipeline, conditions: Conditioning) -> torch.Tensor:
    noisy = torch.randn(2, 3, 8, 8, 8, generator=torch.Generator().manual_seed(1))
    return predict_clean(pipeline.unet, noisy, FLOW.at(torch.tensor([0.5, 0.9])), conditions)


@torch.no_grad()
def test_the_prompt_does_not_depend_on_its_neighbours_and_has_its_size() -> None:
    torch.manual_seed(0)
    decoder = PromptDecoder(5, 64, 4, 24, heads=2, num_blocks=2)
    features = torch.randn(3, 4, 24)
    prompt = decoder(features)
    assert prompt.shape == (3, 5, 64)
    torch.testing.assert_close(decoder(features[1:2]), prompt[1:2], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_scales_halve() -> None:
    features = PyramidEncoder((8, 16, 24), 4)(torch.zeros(1, 3, 32, 32))
    assert [tuple(f.shape) for f in features] == [(1, 64, 8), (1, 16, 16), (1, 4, 24)]


@torch.no_grad()
def test_biases_are_silent_at_birth_and_are_added_to_queries_when_they_are_not() -> None:
    pipeline = tiny_pipeline("cfld")
    conditions = pipeline.conditioner(evidence())
    assert all((bias == 0).all() for bias in conditions.biases)
    before = ask(pipeline, conditions)
    torch.nn.init.normal_(pipeline.query_biases.branches[0].leave.weight)
    assert not torch.allclose(ask(pipeline, pipeline.conditioner(evidence())), before)


@torch.no_grad()
def test_a_bias_equals_a_larger_query_bias_of_the_layer() -> None:
    pipeline = tiny_pipeline("cfld")
    conditions = pipeline.conditioner(evidence())
    ones = tuple(torch.ones_like(bias) for bias in conditions.biases)
    biased = ask(pipeline, type(conditions)(**{**vars(conditions), "biases": ones}))
    up = [name for name in cross_attentions(pipeline.unet) if name.startswith("up_blocks")]
    assert len(up) == len(ones)
    for name in up:
        layer = pipeline.unet.get_submodule(name).to_q
        layer.bias = torch.nn.Parameter(torch.ones(layer.out_features))
    torch.testing.assert_close(ask(pipeline, conditions), biased, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_without_anything_neither_source_nor_pose_is_left() -> None:
    pipeline = tiny_pipeline("cfld")
    first = pipeline.conditioner(evidence()).in_state(NOTHING)
    known = {name: value for name, value in vars(evidence()).items() if value is not None}
    other = Evidence(**{name: value.flip(-1) for name, value in known.items()})
    second = pipeline.conditioner(other).in_state(NOTHING)
    torch.testing.assert_close(ask(pipeline, first), ask(pipeline, second))


@torch.no_grad()
def test_our_attention_is_the_stock_one_where_nothing_is_handed_to_it() -> None:
    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(16, 32),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        norm_num_groups=8,
        cross_attention_dim=12,
    )
    inputs = torch.randn(2, 4, 8, 8), torch.tensor(7), torch.randn(2, 5, 12)
    stock = unet(*inputs).sample
    take_conditions(unet)
    assert all(isinstance(p, ConditionedAttention) for p in unet.attn_processors.values())
    torch.testing.assert_close(unet(*inputs).sample, stock, rtol=1e-5, atol=1e-5)


def test_each_scale_of_the_source_goes_to_attention_as_fine_as_itself() -> None:
    biases = QueryBiases((1, 0), (8, 16), (8, 8), (24, 12), 1)
    fine, coarse = torch.randn(1, 64, 8), torch.randn(1, 16, 16)
    assert [tuple(b.shape) for b in biases((fine, coarse))] == [(1, 16, 24), (1, 64, 12)]
