"""Perceptual distances: LPIPS as published, our own beside it, and no number without a network."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torchmetrics.functional.image import lpips as published

from pose_sequences.errors import InputError
from signgen.evaluation.alexnet import CHANNELS, Lpips, alexnet_features, read_lpips
from signgen.evaluation.frames import NO_POSES, SUBJECTS
from signgen.evaluation.networks import (
    Absent,
    Distances,
    Features,
    fusion_distances,
    fusion_features,
    lpips_distances,
)
from signgen.evaluation.perceptual import METRICS, PerceptualMeasure
from signgen.evaluation.regions import no_regions
from signgen.latents import to_pixels
from signgen.pipeline import SignVideoPipeline
from tests.signgen.evaluation.clips import Frames, filmed, noisy, regions, shown
from tests.signgen.training.tiny import MODELS, SIZE, tiny_pipeline


def lpips_file(path: Path, seed: int = 0) -> Path:
    """Write seeded weights of LPIPS under the published names; heads are not negative."""
    torch.manual_seed(seed)
    tensors = {f"features.{name}": t for name, t in alexnet_features().state_dict().items()}
    for number, channels in enumerate(CHANNELS):
        tensors[f"lin{number}.model.1.weight"] = torch.rand(1, channels, 1, 1)
    tensors["classifier.1.bias"] = torch.zeros(4096)  # torchvision's file has them
    save_file(tensors, path)
    return path


def pictures(seed: int, num: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(num, 3, 80, 64, generator=generator) * 2 - 1


def test_alexnet_has_the_published_layers() -> None:
    features = alexnet_features()
    assert sum(p.numel() for p in features.parameters()) == 2_469_696
    layers = Lpips().layers(torch.zeros(1, 3, 224, 224))
    assert [tuple(layer.shape[1:]) for layer in layers] == [
        *((64, 55, 55), (192, 27, 27), (384, 13, 13)),
        *((256, 13, 13), (256, 13, 13)),
    ]


@torch.no_grad()
def test_lpips_is_the_published_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = read_lpips(lpips_file(tmp_path / "lpips.safetensors"))
    # torchvision is not there: its layers are ours, cut and numbered by the published program
    monkeypatch.setattr(published, "_get_tv_model_features", lambda *_: network.features)
    theirs = published._LPIPS(pretrained=False, net="alex", pnet_rand=True)
    heads = {key: value for key, value in network.state_dict().items() if key.startswith("lin")}
    assert not theirs.load_state_dict(heads, strict=False).unexpected_keys
    a, b = pictures(0), pictures(1)
    torch.testing.assert_close(network(a, b), theirs(a, b).flatten(), rtol=1e-3, atol=1e-6)


@torch.no_grad()
def test_a_picture_is_at_no_distance_from_itself_and_noise_moves_it_away(tmp_path: Path) -> None:
    found = lpips_distances(lpips_file(tmp_path / "lpips.safetensors"))
    assert isinstance(found, Distances)
    frames = filmed(1)
    steps = [
        float(found.compare(as_tensor(noisy(frames, spread)), as_tensor(frames)))
        for spread in (0, 5, 15, 45)
    ]
    assert steps[0] == 0
    assert (np.diff(steps) > 0).all()


def as_tensor(frames: Frames) -> Tensor:
    return torch.from_numpy(frames).movedim(-1, 1)


def test_without_weights_there_is_no_number_but_how_to_get_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SIGNGEN_LPIPS", raising=False)
    frames = filmed(2)
    measure = PerceptualMeasure("lpips", lpips_distances())
    figures = shown(measure, frames, frames, regions(2))
    assert list(figures) == [f"{subject}/lpips" for subject in SUBJECTS]
    for figure in figures.values():
        assert math.isnan(figure.value)
        assert figure.note.startswith("no weights")
        assert "SIGNGEN_LPIPS" in figure.note
        assert "save_file" in figure.note


def test_the_environment_names_the_weights_and_an_argument_goes_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNGEN_LPIPS", str(lpips_file(tmp_path / "a.safetensors")))
    assert isinstance(lpips_distances(), Distances)
    with pytest.raises(InputError, match=r"b\.safetensors"):
        lpips_distances(tmp_path / "b.safetensors")


@pytest.mark.parametrize(
    ("name", "tensor", "fault"),
    [
        ("features.3.bias", None, "lacks the tensor features.3.bias"),
        ("lin2.model.1.weight", torch.zeros(1, 5, 1, 1), r"\(1, 5, 1, 1\)"),
    ],
)
def test_weights_of_something_else_are_named(
    tmp_path: Path, name: str, tensor: Tensor | None, fault: str
) -> None:
    path = lpips_file(tmp_path / "lpips.safetensors")
    tensors = load_file(path)
    del tensors[name]
    save_file(tensors | ({} if tensor is None else {name: tensor}), path)
    with pytest.raises(InputError, match=fault):
        read_lpips(path)


def test_a_pickle_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "lpips.pth"
    torch.save(alexnet_features().state_dict(), path)
    with pytest.raises(InputError, match="no safetensors file") as caught:
        read_lpips(path)
    assert len(str(caught.value).splitlines()) == 1


def test_figures_are_of_frames_and_of_crops(tmp_path: Path) -> None:
    frames, boxes = filmed(), regions()
    worn = frames.copy()
    x0, y0, x1, y1 = (round(float(edge)) for edge in boxes.face[2])
    worn[2, y0:y1, x0:x1] = 0
    network = lpips_distances(lpips_file(tmp_path / "lpips.safetensors"))
    figures = shown(PerceptualMeasure("lpips", network), worn, frames, boxes)
    assert figures["hands/lpips"].weight == 2 * len(frames)
    for subject in ("face", "frame"):
        found = figures[f"{subject}/lpips"].frames
        assert found is not None
        assert found.argmax() == 2
        assert (np.delete(found, 2) == 0).all()
    assert figures["face/lpips"].value > 2 * figures["frame/lpips"].value


def test_chunks_do_not_matter(tmp_path: Path) -> None:
    frames = filmed()
    network = lpips_distances(lpips_file(tmp_path / "lpips.safetensors"))
    clips = [
        shown(PerceptualMeasure("lpips", network), noisy(frames, 9), frames, regions(), size)
        for size in (1, 6)
    ]
    for key, figure in clips[0].items():
        assert clips[1][key].value == pytest.approx(figure.value, rel=1e-4)


def test_without_a_reference_or_a_region_the_row_says_so(tmp_path: Path) -> None:
    frames = filmed(2)
    network = lpips_distances(lpips_file(tmp_path / "lpips.safetensors"))
    alone = shown(PerceptualMeasure("lpips", network), frames, None, regions(2))
    assert {figure.note for figure in alone.values()} == {"no ground-truth video"}
    poseless = shown(PerceptualMeasure("lpips", network), frames, frames, no_regions(2))
    assert poseless["hands/lpips"].note == NO_POSES
    assert poseless["frame/lpips"].value == 0


def woken_pipeline() -> SignVideoPipeline:
    """Return a pipeline whose fusion encoder's blocks are not zero any more."""
    pipeline = tiny_pipeline()
    torch.manual_seed(0)
    for parameter in pipeline.fusion.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return pipeline


@torch.no_grad()
def test_the_fusion_encoder_judges_like_a_distance() -> None:
    pipeline = woken_pipeline()
    found = fusion_distances(pipeline.fusion, pipeline.size)
    assert isinstance(found, Distances)
    frames = filmed(2)
    steps = [
        found.compare(as_tensor(noisy(frames, spread)), as_tensor(frames)).mean()
        for spread in (0, 5, 15, 45)
    ]
    assert steps[0] == 0
    assert all(b > a for a, b in pairwise(steps))
    other = as_tensor(filmed(2, seed=4))
    torch.testing.assert_close(
        found.compare(as_tensor(frames), other), found.compare(other, as_tensor(frames))
    )
    assert 0 < float(found.compare(as_tensor(frames), other).max()) < 4


@torch.no_grad()
def test_fusion_features_are_the_pipelines_own_embeddings() -> None:
    pipeline = woken_pipeline()
    found = fusion_features(pipeline.fusion, pipeline.size)
    assert isinstance(found, Features)
    frames = as_tensor(filmed(2, side=SIZE))
    assert found.width == MODELS["fusion_width"]
    torch.testing.assert_close(found.embed(frames), pipeline.fusion.embed(to_pixels(frames)))


def test_a_pipeline_without_a_fusion_encoder_has_no_such_figures() -> None:
    pipeline = tiny_pipeline("cfld")
    for found in (
        fusion_distances(pipeline.fusion, pipeline.size),
        fusion_features(pipeline.fusion, pipeline.size),
    ):
        assert isinstance(found, Absent)
        assert "fusion encoder" in found.note


def test_our_own_figure_does_not_go_by_a_published_name() -> None:
    titles = {metric.key: metric.title for metric in METRICS}
    assert "LPIPS" in titles["hands/lpips"]
    assert titles["hands/fusion_perceptual"].startswith("Fusion perceptual")
