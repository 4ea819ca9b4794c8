"""Public image encoders: what transformers computes, of the whole of our pictures."""

from pathlib import Path

import pytest
import torch
import transformers
from torch import Tensor

from signgen.backbones.clip import read_clip_fusion
from signgen.backbones.dino import read_dino
from signgen.backbones.pictures import CLIP_MEAN, CLIP_SPREAD, prepare
from signgen.backbones.public import Source
from signgen.backbones.swin import SwinPyramid, read_swin, resize_table
from tests.signgen.backbones.tiny_public import public_networks


def source(key: str) -> Source:
    return Source(where=str(public_networks() / key), key=key, usual=f"maker/{key}")


def stock(kind: str, key: str) -> torch.nn.Module:
    """Return the network as a user of transformers reads it."""
    network = getattr(transformers, kind).from_pretrained(public_networks() / key)
    assert isinstance(network, torch.nn.Module)
    return network


def pictures(size: int, seed: int = 0) -> Tensor:
    return 2 * torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(seed)) - 1


def normalised(picture: Tensor, mean: tuple[float, ...], spread: tuple[float, ...]) -> Tensor:
    return ((picture + 1) / 2 - torch.tensor(mean)[:, None, None]) / torch.tensor(spread)[
        :, None, None
    ]


IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@torch.no_grad()
def test_clip_embeds_as_transformers_does() -> None:
    picture = pictures(28)
    expected = stock("CLIPVisionModelWithProjection", "clip")(
        normalised(picture, CLIP_MEAN, CLIP_SPREAD)
    ).image_embeds
    fusion = read_clip_fusion(source("clip")).eval()
    torch.testing.assert_close(fusion.embed(picture), expected, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_pictures_and_poses_are_seen_by_the_same_clip() -> None:
    fusion = read_clip_fusion(source("clip")).eval()
    maps = (pictures(28, 1) + 1) / 2
    embedded = fusion.embed(pictures(28)), fusion.embed(2 * maps - 1)
    fused = fusion(embedded[0], maps[:, None])
    torch.testing.assert_close(fused[:, 0], fusion.combiner(*embedded))
    torch.testing.assert_close(fused.norm(dim=-1), torch.ones(2, 1))


@torch.no_grad()
@pytest.mark.parametrize("size", [56, 72])
def test_dino_has_the_tokens_of_transformers_at_other_sizes_too(size: int) -> None:
    picture = pictures(size)
    expected = stock("Dinov2Model", "dino")(normalised(picture, *IMAGENET)).last_hidden_state
    tokens = read_dino(source("dino"), size).eval()(picture)
    assert tokens.shape == (2, 1 + (size // 14) ** 2, 32)
    torch.testing.assert_close(tokens, expected, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_swin_has_the_features_of_transformers_before_they_are_merged() -> None:
    picture = pictures(32)
    # three scales with a window of 2: one that fits into each, so that the stock network works
    config = transformers.SwinConfig.from_pretrained(public_networks() / "swin")
    config.depths, config.window_size = [1, 1, 2], 2
    config.num_heads, config.image_size = [1, 1, 2], 32
    torch.manual_seed(0)
    theirs = transformers.SwinModel(config).eval()
    pyramid = SwinPyramid(32, 2, 4, 16, (1, 1, 2), (1, 1, 2)).eval()
    pyramid.embeddings.load_state_dict(theirs.embeddings.state_dict())
    pyramid.stages.load_state_dict(theirs.encoder.layers.state_dict())
    hidden, _ = theirs.embeddings(normalised(picture, *IMAGENET))
    expected = theirs.encoder(
        hidden, (8, 8), output_hidden_states=True, output_hidden_states_before_downsampling=True
    ).reshaped_hidden_states[1:]
    for mine, other in zip(pyramid(picture), expected, strict=True):
        torch.testing.assert_close(mine, other.flatten(2).transpose(1, 2), rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_swin_reads_tables_of_other_windows_and_sees_every_scale() -> None:
    pyramid = read_swin(source("swin"), 64, 16).eval()  # published with windows of 4, at 32 pixels
    features = pyramid(pictures(64))
    assert [tuple(f.shape[1:]) for f in features] == [(256, 16), (64, 32), (16, 64), (4, 128)]
    assert all(torch.isfinite(feature).all() for feature in features)
    windows = [stage.blocks[0].window_size for stage in pyramid.stages]
    assert windows == [16, 8, 4, 2]
    theirs = stock("SwinModel", "swin").encoder.layers[2].state_dict()  # its window of 4 stays
    mine = pyramid.stages[2].state_dict()
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)


def test_a_resized_table_keeps_its_corners_apart_and_a_flat_one_flat() -> None:
    table = torch.randn(49, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(resize_table(table, 49), table)
    flat = torch.tensor([1.0, -2.0]).expand(49, -1)
    torch.testing.assert_close(resize_table(flat, 961), flat[:1].expand(961, -1))
    slope = torch.linspace(-1, 1, 7).repeat_interleave(7)[:, None]  # by the row of the offset
    larger = resize_table(slope, 225).view(15, 15)
    torch.testing.assert_close(larger, larger[:, :1].expand(-1, 15))
    assert (larger[:, 0].diff() > 0).all()


def test_nothing_of_a_picture_is_cut_off() -> None:
    picture = torch.zeros(1, 3, 96, 64)
    edged = picture.clone()
    edged[..., :4, :], edged[..., -4:, :] = 1, 1
    edged[..., :, :4], edged[..., :, -4:] = 1, 1
    change = prepare(edged, 32, *IMAGENET) - prepare(picture, 32, *IMAGENET)
    for side in (change[..., 0, :], change[..., -1, :], change[..., :, 0], change[..., :, -1]):
        assert (side > 1).all()
    assert prepare(edged, 32, *IMAGENET).shape == (1, 3, 32, 32)


NAMES = {
    "clip": "clip.vision_model.encoder.layers.0.self_attn.q_proj.weight",
    "dino": "dino.encoder.layer.0.attention.q_proj.weight",
    "swin": "stages.0.blocks.0.attention.relative_position_bias.relative_position_bias_table",
}


@pytest.mark.parametrize("key", NAMES)
def test_the_names_of_weights_in_a_pipeline_folder_stay(key: str, tmp_path: Path) -> None:
    """They are transformers' own: a release that changes them would not read our folders."""
    read = {
        "clip": read_clip_fusion,
        "dino": lambda found: read_dino(found, 56),
        "swin": lambda found: read_swin(found, 32, 4),
    }[key]
    network = read(source(key))
    assert NAMES[key] in network.state_dict()
    network.save_pretrained(tmp_path)
    again = type(network).from_pretrained(tmp_path)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name
    assert not again.training
