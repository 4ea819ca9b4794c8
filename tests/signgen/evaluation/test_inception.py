"""Inception-v3: the published sizes and names, in both forms."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from pose_sequences.errors import InputError
from signgen.evaluation.inception import (
    INCEPTION_WEIGHTS,
    BlockA,
    BlockE,
    Form,
    Inception,
    read_inception,
)
from signgen.evaluation.networks import Absent, Features, inception_features

FORMS = pytest.mark.parametrize("form", ["tensorflow", "torchvision"])


def woken(network: nn.Module) -> nn.Module:
    """Return a network with seeded weights under which features stay of the order of one."""
    generator = torch.Generator().manual_seed(0)
    for name, tensor in network.state_dict().items():
        if tensor.ndim == 4:
            tensor.normal_(0, (2 / tensor[0].numel()) ** 0.5, generator=generator)
        elif name.endswith("running_mean"):
            tensor.normal_(0, 0.1, generator=generator)
    return network.eval().requires_grad_(False)


@pytest.mark.parametrize(
    ("form", "parameters"), [("tensorflow", 23_850_960), ("torchvision", 23_834_568)]
)
def test_it_has_as_many_parameters_as_published(form: Form, parameters: int) -> None:
    with torch.device("meta"):
        network = Inception(form)
    assert sum(p.numel() for p in network.parameters()) == parameters


def test_blocks_have_the_published_shapes() -> None:
    with torch.device("meta"):
        network = Inception("tensorflow")
        shapes = {}
        hidden = torch.empty(1, 192, 35, 35)
        for name, block in network.named_children():
            if name.startswith("Mixed"):
                hidden = block(hidden)
                shapes[name] = tuple(hidden.shape[1:])
    assert shapes["Mixed_5b"] == (256, 35, 35)
    assert {shapes["Mixed_5c"], shapes["Mixed_5d"]} == {(288, 35, 35)}
    assert {shapes[f"Mixed_6{place}"] for place in "abcde"} == {(768, 17, 17)}
    assert shapes["Mixed_7a"] == (1280, 8, 8)
    assert {shapes["Mixed_7b"], shapes["Mixed_7c"]} == {(2048, 8, 8)}


@FORMS
def test_features_of_a_picture_do_not_depend_on_its_neighbours(form: Form, tmp_path: Path) -> None:
    path = tmp_path / "inception.safetensors"
    save_file(woken(Inception(form)).state_dict(), path)
    found = inception_features(form, path)
    assert isinstance(found, Features)
    pictures = torch.randint(
        0, 256, (2, 3, 40, 60), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )
    together = found.embed(pictures)
    assert together.shape == (2, found.width) == (2, 2048)
    assert float((together[0] - together[1]).abs().max()) > 1e-3
    torch.testing.assert_close(found.embed(pictures[1:]), together[1:], rtol=1e-3, atol=1e-4)


def test_the_forms_differ_in_the_pools_of_their_blocks() -> None:
    features = torch.rand(1, 192, 9, 9, generator=torch.Generator().manual_seed(0))
    blocks = [woken(BlockA(192, 32, padded=padded)) for padded in (True, False)]
    with_padding, without = (block(features)[:, -32:] for block in blocks)
    inside = (..., slice(1, -1), slice(1, -1))
    torch.testing.assert_close(with_padding[inside], without[inside])
    assert not torch.allclose(with_padding, without)
    last = woken(BlockE(32, padded=False, by_maximum=True))
    features = features[:, :32]
    pool = F.max_pool2d(features, 3, stride=1, padding=1)
    torch.testing.assert_close(last(features)[:, -192:], last.branch_pool(pool))


@FORMS
def test_each_form_pools_as_published(form: Form) -> None:
    with torch.device("meta"):
        blocks = dict(Inception(form).named_children())
    pools = {name: block.padded for name, block in blocks.items() if hasattr(block, "padded")}
    names = ("5b", "5c", "5d", "6b", "6c", "6d", "6e", "7b", "7c")
    assert set(pools) == {f"Mixed_{name}" for name in names}
    assert set(pools.values()) == {form == "torchvision"}
    by_maximum = [blocks[name].by_maximum for name in ("Mixed_7b", "Mixed_7c")]
    assert by_maximum == [False, form == "tensorflow"]


def test_the_literatures_affine_map_is_imagenets_undone() -> None:
    network = Inception("torchvision")
    mean, spread = torch.tensor((0.485, 0.456, 0.406)), torch.tensor((0.229, 0.224, 0.225))
    normalised = torch.rand(2, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    pictures = normalised * spread[:, None, None] + mean[:, None, None]
    torch.testing.assert_close(network._scaled(normalised), 2 * pictures - 1)


def test_a_file_of_the_other_form_is_named(tmp_path: Path) -> None:
    path = tmp_path / "inception.safetensors"
    save_file(Inception("torchvision").state_dict(), path)
    with pytest.raises(InputError, match=r"fc\.weight of \(1000, 2048\), not \(1008, 2048\)"):
        read_inception(path, "tensorflow")


@FORMS
def test_without_weights_the_row_says_how_to_get_them(
    form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(INCEPTION_WEIGHTS[form].variable, raising=False)
    absent = inception_features(form)
    assert isinstance(absent, Absent)
    assert INCEPTION_WEIGHTS[form].variable in absent.note
    assert "save_file" in absent.note
