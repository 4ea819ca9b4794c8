"""Examples taken apart and put together: parts of a batch, and a pool that is gone through again.

An example is a dataclass of tensors, or of such dataclasses; each tensor has as many rows a sample
as any other sample has.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Pool:
    """Samples that several steps learn from; turn: which pool of a stage it is."""

    turn: int
    samples: Sequence[Any]

    @staticmethod
    def of(turn: int, batches: Iterable[Any], batch_size: int) -> "Pool":
        """Return the pool of some batches."""
        return Pool(turn, [part for batch in batches for part in parts(batch, batch_size)])

    def batch(self, number: int, batch_size: int, seed: int) -> Any:
        """Return a batch of one round through the pool; seed: of the round's order."""
        chance = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(self.samples), generator=chance).tolist()
        chosen = order[number * batch_size : (number + 1) * batch_size]
        return joined([self.samples[index] for index in chosen])


def parts(example: Any, count: int) -> Iterator[Any]:
    """Yield an example in equal parts."""
    if count == 1:
        yield example
        return
    for number in range(count):
        yield _part(example, number, count)


def joined(examples: Sequence[Any]) -> Any:
    """Return one example of several."""
    first = examples[0]
    if isinstance(first, Tensor):
        return torch.cat(list(examples))
    if is_dataclass(first) and not isinstance(first, type):
        pieces = {f.name: joined([getattr(e, f.name) for e in examples]) for f in fields(first)}
        return type(first)(**pieces)
    return first


def _part(value: Any, number: int, count: int) -> Any:
    if isinstance(value, Tensor):
        return value.chunk(count)[number]
    if is_dataclass(value) and not isinstance(value, type):
        pieces = {f.name: _part(getattr(value, f.name), number, count) for f in fields(value)}
        return type(value)(**pieces)
    return value
