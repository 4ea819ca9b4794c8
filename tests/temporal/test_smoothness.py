"""Steadiness by its laws: identical clips are ideal, and each figure grows with its own fault."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from temporal import smoothness
from temporal.smoothness import (
    changes,
    colour_drift,
    consistency_difference,
    flicker,
    identity_drift,
    jumps,
    mean_colour_drift,
    motion_error,
    motion_ratio,
    moving_pixels,
    seam_score,
    slope,
    still_flicker,
    still_pixels,
)

pytestmark = pytest.mark.light

FLOOR = 0.1
EVERYWHERE = torch.ones(2, 1, 16, 16, dtype=torch.bool)
AMOUNTS = (0.0, 1.0, 3.0, 9.0)


def clip(num_frames: int = 12) -> Tensor:
    """A square that walks over a ground that does not change, (2, T, 3, 16, 16) in 0 to 255."""
    generator = torch.Generator().manual_seed(0)
    frames = 255 * torch.rand(2, 1, 3, 16, 16, generator=generator)
    frames = frames.repeat(1, num_frames, 1, 1, 1)
    for t in range(num_frames):
        frames[:, t, :, 4:9, t % 10 : t % 10 + 5] = 128
    return frames


def grows(figure: Callable[[Tensor], Tensor], fault: Callable[[Tensor, float], Tensor]) -> None:
    """Check that a figure is nothing without its fault and grows with it in each clip."""
    values = torch.stack([figure(fault(clip(), amount)) for amount in AMOUNTS])
    torch.testing.assert_close(values[0], torch.zeros(2), atol=1e-4, rtol=0)
    assert (values.diff(dim=0) > 0).all()


def flickering(frames: Tensor, amount: float) -> Tensor:
    sign = 1 - 2 * (torch.arange(frames.shape[1]) % 2)
    return frames + amount * sign[:, None, None, None]


def drifting(frames: Tensor, amount: float) -> Tensor:
    time = torch.arange(frames.shape[1]) / frames.shape[1]
    return frames + amount * time[:, None, None, None]


def with_a_seam(frames: Tensor, amount: float) -> Tensor:
    # up and down again, so that what is long before and after an edge stays comparable
    return torch.cat((frames[:, :6], frames[:, 6:] + amount), dim=1)


def test_motion_error_grows_with_flicker_and_not_with_a_wrong_still_picture() -> None:
    target = clip()
    grows(lambda frames: motion_error(frames, target).mean(1), flickering)
    torch.testing.assert_close(motion_error(target + 20, target), torch.zeros(2, 11))


def test_the_consistency_difference_grows_with_flicker_and_with_a_wrong_picture() -> None:
    target = clip()
    grows(lambda frames: consistency_difference(frames, target).mean(1), flickering)
    grows(lambda frames: consistency_difference(frames, target).mean(1), lambda f, a: f + a)


def test_the_consistency_difference_of_a_still_target_is_the_plain_difference() -> None:
    still = clip()[:, :1].expand(-1, 5, -1, -1, -1)
    generator = torch.Generator().manual_seed(3)
    frames = still + torch.randn(still.shape, generator=generator)
    expected = (frames - still)[:, 1:-1].abs().mean(dim=(2, 3, 4))
    torch.testing.assert_close(consistency_difference(frames, still), expected)


def test_still_flicker_grows_with_flicker_and_leaves_motion_alone() -> None:
    target = clip()
    grows(lambda frames: still_flicker(frames, target, 1.0), flickering)
    other_way = target.clone()
    other_way[..., 4:9, :] = target.flip(1)[..., 4:9, :]
    still = still_flicker(other_way[..., :4, :], target[..., :4, :], 1.0)
    torch.testing.assert_close(still, torch.zeros(2))


def test_a_clip_that_moves_all_over_has_no_still_flicker_to_speak_of() -> None:
    restless = flickering(clip(), 50.0)
    assert still_flicker(restless, restless, 1.0).isnan().all()


def test_motion_ratio_says_frozen_true_and_restless() -> None:
    target = clip()
    moving = moving_pixels(target, 4.0)
    frozen = target[:, :1].expand_as(target)
    mean = target.mean(dim=1, keepdim=True)
    for frames, ratio in ((frozen, 0.0), (target, 1.0), (mean + 2 * (target - mean), 2.0)):
        torch.testing.assert_close(motion_ratio(frames, target, moving), torch.full((2,), ratio))
    assert motion_ratio(target, frozen, moving_pixels(frozen, 4.0)).isnan().all()


def test_the_seam_score_grows_with_the_seam_at_its_edge_and_not_at_another() -> None:
    expected = changes(clip())

    def score(frames: Tensor, edge: int = 6) -> Tensor:
        return seam_score(changes(frames), (edge,), expected=expected, floor=FLOOR) - 1

    grows(score, with_a_seam)
    assert (score(with_a_seam(clip(), 9.0), edge=3) < 0.01).all()


def test_noise_on_all_frames_and_motion_at_an_edge_are_no_seam() -> None:
    steps, busy = torch.full((1, 9), 2.0), torch.full((1, 9), 2.0)
    busy[:, 3] = 8
    for frames, expected in ((busy + 5, busy), (steps, None), (steps, steps)):
        score = seam_score(frames, (4,), expected=expected, floor=FLOOR)
        torch.testing.assert_close(score, torch.ones(1))
    assert seam_score(busy, (4,), floor=0.0) == pytest.approx(4)


def test_the_seam_score_of_a_clip_without_edges_or_without_an_inside_is_unknown() -> None:
    steps = changes(clip(3))
    for edges in ((), (0,), (3,), (1, 2)):
        assert seam_score(steps, edges, floor=FLOOR).isnan().all()


def test_colour_drift_grows_with_the_drift_and_is_its_slope() -> None:
    target = clip()
    grows(lambda frames: colour_drift(frames, target, EVERYWHERE), drifting)
    walk = colour_drift(drifting(target, 6.0), target, EVERYWHERE)
    torch.testing.assert_close(walk, torch.full((2,), 0.5 * 3**0.5))
    still = target[:, :1].expand_as(target)
    alone = mean_colour_drift(drifting(still, 6.0).mean(dim=(3, 4)))
    torch.testing.assert_close(alone, walk)


def test_colour_drift_takes_no_notice_of_flicker_nor_of_what_moves() -> None:
    target = clip(25)
    zero = {"expected": torch.zeros(2), "atol": 1e-4, "rtol": 0}
    torch.testing.assert_close(colour_drift(flickering(target, 9.0), target, EVERYWHERE), **zero)
    still = still_pixels(target.sum(1), target.square().sum(1), 25, 1.0)
    assert 0 < float(still.float().mean()) < 1
    other = torch.where(still[:, None], target, target.flip(1) / 2)
    torch.testing.assert_close(colour_drift(other, target, still), **zero)
    assert colour_drift(other, target, ~EVERYWHERE).isnan().all()


def test_identity_drift_grows_the_faster_a_signer_becomes_another() -> None:
    generator = torch.Generator().manual_seed(1)
    one, other = torch.randn(2, 2, 1, 8, generator=generator)
    time = torch.arange(12)[:, None] / 12

    def drift(speed: float, target: Tensor | None) -> Tensor:
        return identity_drift(one + speed * time * (other - one), target)

    for target in (None, one.expand(-1, 12, -1)):
        values = torch.stack([drift(speed, target) for speed in (0.0, 0.2, 0.5, 1.0)])
        torch.testing.assert_close(values[0], torch.zeros(2), atol=1e-6, rtol=0)
        assert (values.diff(dim=0) > 0).all()


def test_the_slope_of_a_line_is_its_own_and_of_one_frame_nothing() -> None:
    line = 3 * torch.arange(5.0)[None, :, None] + torch.tensor([1.0, 2.0])
    torch.testing.assert_close(slope(line), torch.full((1, 2), 3.0))
    torch.testing.assert_close(slope(torch.ones(2, 1)), torch.zeros(2))


def test_flicker_of_noise_is_its_standard_deviation_and_of_a_slow_walk_nothing() -> None:
    generator = torch.Generator().manual_seed(5)
    noise = 4 * torch.randn(2, 2000, 3, 2, 2, generator=generator)
    walk = 0.01 * torch.arange(2000.0)[:, None, None, None] + torch.zeros_like(noise)
    for frames, expected in ((noise, 4.0), (walk, 0.007)):
        found = flicker(frames.diff(dim=1).square().sum(1), 2000)
        torch.testing.assert_close(found, torch.full_like(found, expected), rtol=0.1, atol=1e-3)


def test_a_swapped_frame_and_a_cut_are_jumps_and_flicker_and_swelling_motion_are_none() -> None:
    swelling = torch.linspace(0, 9, 40)[None]
    assert jumps(swelling).max() < 1
    for num_steps in (1, 2, 40):
        assert jumps(torch.full((1, num_steps), 7.0)).max() == 0
    for at in ((0,), (39,), (20,), (20, 21)):
        cut = swelling.clone()
        cut[:, list(at)] += 5
        assert jumps(cut).max() == pytest.approx(5, abs=1)


@pytest.mark.parametrize("name", ["motion_error", "still_flicker", "colour_drift", "seam_score"])
def test_a_loss_leads_a_clip_back_to_its_target(name: str) -> None:
    target = clip()
    frames = drifting(with_a_seam(flickering(target, 3.0), 9.0), 6.0).requires_grad_()

    def loss(frames: Tensor) -> Tensor:
        if name == "seam_score":
            return seam_score(changes(frames), (6,), floor=FLOOR).sum()
        rest = {"still_flicker": (1.0,), "colour_drift": (EVERYWHERE,)}.get(name, ())
        value: Tensor = getattr(smoothness, name)(frames, target, *rest)
        return value.sum()

    before = loss(frames)
    (gradient,) = torch.autograd.grad(before, frames)
    assert gradient.isfinite().all()
    step = 0.1 * before / gradient.square().sum()
    assert loss(frames - step * gradient) < before
