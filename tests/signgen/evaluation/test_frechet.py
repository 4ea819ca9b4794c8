"""Fréchet distance: closed forms, a published implementation, and moments that merge."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance

from signgen.evaluation.frames import SUBJECTS
from signgen.evaluation.frechet import (
    METRICS,
    FrechetMeasure,
    Moments,
    frechet_distance,
    metrics_of,
)
from signgen.evaluation.networks import Absent, Features
from tests.signgen.evaluation.clips import filmed, noisy, regions, shown

WIDTH = 12


def vectors(num: int, seed: int = 0, width: int = WIDTH) -> Tensor:
    """Return vectors whose features hang together."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(width, width, generator=generator)
    return torch.randn(num, width, generator=generator) @ mixing


def moments_of(*parts: Tensor) -> Moments:
    moments = Moments(parts[0].shape[1])
    for part in parts:
        moments.add(part)
    return moments


class Pooled(nn.Module):
    """Pictures → the mean colours of a few places, mixed: features that both programs are given."""

    num_features = WIDTH

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(3)
        self.register_buffer("mixing", torch.randn(48, WIDTH, generator=generator))

    def forward(self, pictures: Tensor) -> Tensor:
        return (
            nn.functional.adaptive_avg_pool2d(pictures.to(self.mixing), 4).flatten(1) @ self.mixing
        )


@pytest.mark.parametrize("num", [5, WIDTH - 1, WIDTH, 40])
def test_equal_covariances_leave_the_distance_of_the_means(num: int) -> None:
    some, apart = vectors(num), torch.linspace(-2, 3, WIDTH)
    distance = frechet_distance(moments_of(some), moments_of(some + apart))
    assert distance == pytest.approx(float(apart.square().sum()), rel=1e-5)


@pytest.mark.parametrize("num", [5, 40])
def test_a_spread_that_is_scaled_has_a_closed_form(num: int) -> None:
    some = vectors(num)
    middle = some.mean(dim=0)
    trace = float((some - middle).square().sum()) / (num - 1)
    wider = middle + 3 * (some - middle)
    # tr(S + 9 S - 2 (9 S S)^1/2) = (3 - 1)^2 tr S
    distance = frechet_distance(moments_of(some), moments_of(wider))
    assert distance == pytest.approx(4 * trace, rel=1e-4)


def test_diagonal_covariances_have_a_closed_form() -> None:
    signs = torch.cat((torch.eye(WIDTH), -torch.eye(WIDTH)))  # of mean 0, diagonal covariance
    a, b = torch.linspace(1, 4, WIDTH), torch.linspace(5, 2, WIDTH)
    scale = math.sqrt(2 / (2 * WIDTH - 1))
    expected = float((a - b).square().sum()) * scale**2
    distance = frechet_distance(moments_of(signs * a), moments_of(signs * b))
    assert distance == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("num", [3, 30, 300])
def test_a_set_is_at_no_distance_from_itself(num: int) -> None:
    some = vectors(num)
    assert frechet_distance(moments_of(some), moments_of(some.flip(0))) < 1e-6 * num


def test_it_does_not_matter_which_set_is_the_true_one() -> None:
    a, b = moments_of(vectors(7)), moments_of(vectors(50, seed=1))
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-9)


@pytest.mark.parametrize(("num", "other"), [(8, 9), (40, 60), (8, 60)])
def test_it_agrees_with_torchmetrics_on_the_same_features(num: int, other: int) -> None:
    network = Pooled()
    generator = torch.Generator().manual_seed(0)
    real = torch.randint(0, 200, (num, 3, 8, 8), dtype=torch.uint8, generator=generator)
    fake = torch.randint(20, 256, (other, 3, 8, 8), dtype=torch.uint8, generator=generator)
    published = FrechetInceptionDistance(feature=network, input_img_size=(3, 8, 8))
    published.set_dtype(torch.float64)  # of the network too
    published.update(real, real=True)
    published.update(fake, real=False)
    distance = frechet_distance(moments_of(network(fake)), moments_of(network(real)))
    assert distance == pytest.approx(float(published.compute()), rel=1e-3)


@pytest.mark.parametrize("cuts", [[], [1], [3, 4, 11], [30, 45], list(range(1, 60))])
def test_moments_do_not_depend_on_how_vectors_come_and_clips_merge(cuts: list[int]) -> None:
    some = vectors(60) + 5
    whole, merged = moments_of(some), Moments(WIDTH)
    for part in torch.tensor_split(some, cuts):
        merged.merge(moments_of(part))
    assert merged.count == 60
    torch.testing.assert_close(merged.mean(), some.double().mean(dim=0))
    expected = torch.cov(some.double().T)
    for moments in (whole, merged):
        factor = moments.factor()
        torch.testing.assert_close(factor.T @ factor, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("num", [0, 4, 20])
def test_moments_go_through_a_file(num: int) -> None:
    moments = moments_of(vectors(num))
    again = Moments.from_tensors(moments.tensors())
    assert again.count == num
    for part in (moments, again):
        part.add(vectors(9, seed=2))
    other = moments_of(vectors(30, seed=1))
    assert frechet_distance(again, other) == pytest.approx(frechet_distance(moments, other))


def test_vectors_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(4, 3\)"):
        Moments(WIDTH).add(torch.zeros(4, 3))


def measure(every: int = 1) -> FrechetMeasure:
    network = Pooled()
    return FrechetMeasure("fid", Features(width=WIDTH, embed=network), every)


def test_equal_clips_have_no_distance_and_noise_has_one() -> None:
    frames = filmed(20)
    clean = shown(measure(), frames, frames.copy(), regions(20))
    worn = shown(measure(), noisy(frames, 60), frames, regions(20))
    for subject in SUBJECTS:
        assert clean[f"{subject}/fid"].value == pytest.approx(0, abs=1e-2)
        assert worn[f"{subject}/fid"].value > 10 + clean[f"{subject}/fid"].value
    assert clean["hands/fid"].weight == 40


def test_merged_clips_are_one_corpus_and_not_a_mean_of_clips() -> None:
    frames, worn = filmed(30), noisy(filmed(30), 60)
    whole = shown(measure(), worn, frames, regions(30))
    parts = []
    for start, stop in ((0, 10), (10, 30)):
        part = measure()
        boxes = regions(30).frames(start, stop)
        shown(part, worn[start:stop], frames[start:stop], boxes)
        parts.append(part)
    separate = [part.figures()[-1].value for part in parts]
    parts[0].merge(parts[1])
    merged = {figure.key: figure for figure in parts[0].figures()}
    for key, figure in whole.items():
        assert merged[key].value == pytest.approx(figure.value, rel=1e-4)
        assert merged[key].weight == figure.weight
    assert merged["frame/fid"].value < min(separate)


def test_every_few_frames_are_those_frames_whatever_the_chunks() -> None:
    frames = filmed(12)
    worn = noisy(frames, 30)
    some = shown(measure(every=3), worn, frames, regions(12), size=5)
    expected = shown(measure(), worn[::3], frames[::3], regions(12).frames(0, 4))
    assert some["frame/fid"].value == pytest.approx(expected["frame/fid"].value, rel=1e-4)
    assert some["frame/fid"].weight == 4
    assert all("every 3" in metric.signature for metric in metrics_of("fid", every=3))


def test_the_row_says_how_many_pictures_and_whether_they_are_too_few() -> None:
    few = shown(measure(), filmed(3), filmed(3, seed=1), regions(3))["frame/fid"]
    assert "3 pictures against 3" in few.note
    assert "too few for 12 features" in few.note
    many = shown(measure(), filmed(20), filmed(20, seed=1), regions(20))["frame/fid"]
    assert many.note == "20 pictures against 20"
    one = shown(measure(), filmed(1), filmed(1), regions(1))["frame/fid"]
    assert math.isnan(one.value)


def test_without_a_network_or_a_reference_there_is_no_number() -> None:
    frames = filmed(3)
    absent = shown(FrechetMeasure("fid", Absent("no weights; …")), frames, frames, regions(3))
    assert {figure.note for figure in absent.values()} == {"no weights; …"}
    alone = shown(measure(), frames, None, regions(3))
    assert {figure.note for figure in alone.values()} == {"no ground-truth video"}
    for figure in (*absent.values(), *alone.values()):
        assert np.isnan(figure.value)


def test_our_own_figure_does_not_go_by_a_published_name() -> None:
    titles = {metric.key: metric.title for metric in METRICS}
    assert titles["frame/fusion_distance"].startswith("Fusion distance")
    assert "FID" in titles["frame/fid"]
