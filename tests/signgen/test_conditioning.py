"""What leaving a part out does, and does not."""

import torch

from signgen.conditioning import APPEARANCE_AND_POSE, EVERYTHING, NOTHING, POSE, Conditioning


def some_conditions(num_clips: int = 3, num_frames: int = 2) -> Conditioning:
    torch.manual_seed(0)
    return Conditioning(
        appearance=torch.randn(num_clips, 5, 4),
        reference_latents=torch.randn(num_clips, 3, 2, 2),
        reference_features=torch.randn(num_clips, 2, 2, 2),
        features=torch.randn(num_clips, num_frames, 2, 2, 2),
        hands=torch.randn(num_clips, num_frames, 3, 4),
        fusion=torch.randn(num_clips, num_frames, 6),
        no_appearance=torch.randn(1, 1, 4),
        no_fusion=torch.randn(1, 1, 6),
    )


def test_keeping_everything_changes_nothing() -> None:
    conditions = some_conditions()
    kept = conditions.keep(torch.ones(3, 3, dtype=torch.bool))
    for mine, theirs in zip(vars(conditions).values(), vars(kept).values(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=0)


def test_a_state_is_what_dropping_its_parts_from_every_sample_gives() -> None:
    conditions = some_conditions()
    for state in (NOTHING, POSE, APPEARANCE_AND_POSE, EVERYTHING):
        dropped = conditions.keep(torch.tensor([state] * 3))
        for mine, theirs in zip(
            vars(conditions.in_state(state)).values(), vars(dropped).values(), strict=True
        ):
            torch.testing.assert_close(mine, theirs, rtol=0, atol=0)


def test_one_samples_dropped_parts_leave_its_neighbours_alone() -> None:
    conditions = some_conditions()
    kept = conditions.keep(torch.tensor([EVERYTHING, NOTHING, EVERYTHING]))
    for name in ("channels", "tokens", "labels"):
        before, after = getattr(conditions, name)(), getattr(kept, name)()
        rows = torch.tensor([True, False, True]).repeat_interleave(len(before) // 3)
        torch.testing.assert_close(before[rows], after[rows], rtol=0, atol=0)
        assert not torch.equal(before[~rows], after[~rows])


def test_nothing_of_the_sample_is_left_in_the_empty_state() -> None:
    one, other = some_conditions(), some_conditions().keep(torch.zeros(3, 3, dtype=torch.bool))
    nothing = one.in_state(NOTHING)
    for name in ("channels", "tokens", "labels"):
        rows = getattr(nothing, name)()
        torch.testing.assert_close(rows, getattr(other, name)(), rtol=0, atol=0)
    assert (nothing.channels() == 0).all()
    assert (nothing.labels() == one.no_fusion[0]).all()


def test_the_frames_of_a_part_are_those_of_the_whole() -> None:
    conditions = some_conditions(num_clips=1, num_frames=4)
    part = conditions.frames(1, 3)
    torch.testing.assert_close(part.channels(), conditions.channels()[:, 1:3])
    torch.testing.assert_close(part.tokens(), conditions.tokens()[1:3])
    torch.testing.assert_close(part.labels(), conditions.labels()[1:3])
