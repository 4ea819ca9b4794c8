"""Conditions of parts and of several clips, put together."""

from dataclasses import fields, replace

import pytest
import torch

from signgen.conditioning import Conditioning
from signgen.stream import join_frames, stack_clips
from tests.signgen.test_stream import conditions_of

pytestmark = pytest.mark.light


def rich_conditions(num_frames: int = 5, num_clips: int = 2) -> Conditioning:
    """Return conditions of which no part is empty."""
    some = conditions_of(num_frames, num_clips)
    generator = torch.Generator().manual_seed(9)
    return replace(
        some,
        residuals=(torch.randn(num_clips, num_frames, 3, 4, 4, generator=generator),),
        biases=(torch.randn(num_clips, 16, 4, generator=generator),),
    )


def tensors_of(conditions: Conditioning) -> list[torch.Tensor]:
    values = (getattr(conditions, each.name) for each in fields(conditions))
    return [
        tensor for value in values for tensor in (value if isinstance(value, tuple) else (value,))
    ]


def test_parts_of_a_clip_join_to_the_whole() -> None:
    whole = rich_conditions()
    again = join_frames([whole.frames(0, 2), whole.frames(2, 3), whole.frames(3, 5)])
    for one, other in zip(tensors_of(whole), tensors_of(again), strict=True):
        assert torch.equal(one, other)


def test_clips_in_a_batch_are_conditioned_as_alone() -> None:
    whole = rich_conditions()
    both = stack_clips([whole.frames(0, 3), whole.frames(2, 5)])
    for clips, alone in ((slice(0, 2), whole.frames(0, 3)), (slice(2, 4), whole.frames(2, 5))):
        for name in ("channels", "tokens", "labels"):
            rows, expected = getattr(both, name)(), getattr(alone, name)()
            assert torch.equal(rows.unflatten(0, (4, -1))[clips].flatten(), expected.flatten())
        assert torch.equal(both.residuals[0][clips], alone.residuals[0])
        assert torch.equal(both.biases[0][clips], alone.biases[0])
