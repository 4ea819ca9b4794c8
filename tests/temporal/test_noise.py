"""Noise by its laws: variance, correlation, and the same frame wherever one begins."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch

from temporal.noise import OWN_PARTS, ClipNoise, draw_seeds, shared_noise

pytestmark = pytest.mark.light

SHAPE = (4, 32, 32)
KINDS: dict[str, Any] = {
    "fresh": {},
    "progressive": {"own": "progressive", "correlation": 0.8},  # of blocks of 62 frames
    "shuffled": {"own": "shuffled", "window": 7},
}
of_every_kind = pytest.mark.parametrize("kind", KINDS)
with_any_share = pytest.mark.parametrize("shared", [0.0, 0.3, 1.0])


def noise(num_frames: int, shared: float = 0.5, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return shared_noise((1, num_frames, *SHAPE), generator, shared=shared)


def clips(kind: str, *seeds: int, shared: float = 0.5, **settings: Any) -> ClipNoise:
    return ClipNoise(seeds=seeds or (5,), shape=SHAPE, shared=shared, **{**KINDS[kind], **settings})


def correlations(frames: torch.Tensor) -> torch.Tensor:
    """Return (T, T): the mean products of the frames of a clip (1, T, c, h, w)."""
    flat = frames[0].flatten(1)
    return flat @ flat.T / flat.shape[1]


def test_a_longer_clip_starts_with_the_same_noise() -> None:
    assert torch.equal(noise(9)[:, :4], noise(4))


@with_any_share
def test_frames_have_unit_variance_and_correlate_by_the_shared_part(shared: float) -> None:
    drawn = noise(2, shared)
    assert float(drawn.var()) == pytest.approx(1, abs=0.05)
    assert float((drawn[:, 0] * drawn[:, 1]).mean()) == pytest.approx(shared, abs=0.05)


def test_a_part_that_is_no_share_is_refused() -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        noise(2, shared=1.5)


def test_every_kind_is_tested() -> None:
    assert set(KINDS) == set(OWN_PARTS)


@of_every_kind
@pytest.mark.parametrize("cuts", [(0, 4, 150), (0, 61, 62, 63, 150), (0, 7, 14, 149, 150)])
def test_a_frames_noise_is_the_same_whatever_is_asked_for_with_it(
    kind: str, cuts: tuple[int, ...]
) -> None:
    source = replace(clips(kind), shape=(1, 4, 4))
    parts = [source.frames(*ends) for ends in pairwise(cuts)]
    assert torch.equal(torch.cat(parts, dim=1), source.frames(0, 150))


@of_every_kind
@with_any_share
def test_every_frame_of_every_kind_is_normal(kind: str, shared: float) -> None:
    for start in (0, 60, 1000):
        drawn = clips(kind, shared=shared).frames(start, start + 5)
        torch.testing.assert_close(drawn.flatten(2).var(dim=2), torch.ones(1, 5), rtol=0, atol=0.12)
        torch.testing.assert_close(
            drawn.flatten(2).mean(dim=2), torch.zeros(1, 5), rtol=0, atol=0.08
        )
        assert float((drawn[0, 0] ** 4).mean()) == pytest.approx(3, abs=0.5)


@with_any_share
def test_fresh_frames_correlate_by_the_shared_part_alone(shared: float) -> None:
    seen = correlations(clips("fresh", shared=shared).frames(100, 108))
    expected = shared + (1 - shared) * torch.eye(8)
    torch.testing.assert_close(seen, expected, rtol=0, atol=0.09)


@with_any_share
@pytest.mark.parametrize("start", [0, 56, 1000])  # a block begins with frame 62
def test_progressive_frames_correlate_less_and_less(shared: float, start: int) -> None:
    seen = correlations(clips("progressive", shared=shared).frames(start, start + 12))
    apart = (torch.arange(12)[:, None] - torch.arange(12)).abs()
    expected = shared + (1 - shared) * 0.8**apart
    torch.testing.assert_close(seen, expected, rtol=0, atol=0.12)


def test_a_progressive_chain_that_begins_anew_goes_on_as_it_was() -> None:
    source = clips("progressive", shared=0.0, correlation=0.5)  # blocks of 20
    frames = source.frames(0, 100)[0]
    fresh = replace(source, own="fresh").frames(0, 100)[0]
    for frame in range(1, 100):
        step = 0.5 * frames[frame - 1] + 0.75**0.5 * fresh[frame]
        torch.testing.assert_close(frames[frame], step, rtol=0, atol=1e-5)


def test_shuffled_windows_hold_the_noise_of_the_first_in_other_orders() -> None:
    seen = clips("shuffled", shared=0.0).frames(0, 70)[0].unflatten(0, (10, 7))
    orders = []
    for window in seen:
        same = (window[:, None] == seen[0]).flatten(2).all(dim=2)
        assert (same.sum(dim=0) == 1).all()
        assert (same.sum(dim=1) == 1).all()
        orders.append(tuple(same.int().argmax(dim=1).tolist()))
    assert orders[0] == tuple(range(7))
    assert len(set(orders)) == 10
    first = correlations(seen[:1])
    torch.testing.assert_close(first, torch.eye(7), rtol=0, atol=0.09)


@of_every_kind
def test_a_clip_has_its_noise_also_among_others(kind: str) -> None:
    both = clips(kind, 5, 6).frames(3, 6)
    assert torch.equal(both[:1], clips(kind, 5).frames(3, 6))
    assert torch.equal(both[1:], clips(kind, 6).frames(3, 6))


@of_every_kind
def test_clips_of_other_seeds_have_nothing_in_common(kind: str) -> None:
    seeds = (5, 6, 5 + 2**32, 2**63 - 1, 0)
    frames = torch.cat([clips(kind, seed, shared=0.5).frames(2, 3) for seed in seeds], dim=1)
    seen = correlations(frames)
    torch.testing.assert_close(seen, torch.eye(len(seeds)), rtol=0, atol=0.12)


def test_no_two_of_many_frames_have_the_same_noise() -> None:
    frames = replace(clips("fresh", shared=0.0), shape=(1, 1, 2)).frames(0, 5000)
    assert len(torch.unique(frames[0].flatten(1), dim=0)) == 5000


def test_a_generator_gives_one_seed_after_another_the_same_every_time() -> None:
    generators = [torch.Generator().manual_seed(3) for _ in range(2)]
    first, again = ([draw_seeds(2, each), draw_seeds(2, each)] for each in generators)
    assert first == again
    assert len({*first[0], *first[1]}) == 4


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"shared": -0.1}, "shared part of the noise is -0.1; give 0 to 1"),
        ({"own": "fixed"}, "'fixed'; give fresh, progressive, shuffled"),
        ({"correlation": 1.0}, "correlation is 1.0; give more than 0, at most 0.99"),
        ({"window": 0}, "windows of 0 frames; give 1 or more"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        clips("fresh", **settings)


@pytest.mark.parametrize(("start", "stop"), [(-1, 3), (4, 4), (5, 4)])
def test_frames_that_are_none_have_no_noise(start: int, stop: int) -> None:
    with pytest.raises(ValueError, match=f"no noise of frames {start} to {stop}"):
        clips("fresh").frames(start, stop)
