# mypy: disable-error-code="no-untyped-call"
"""Processes that train together: one a device, started by ``accelerate launch`` or ``torchrun``.

Both say by RANK, WORLD_SIZE and LOCAL_RANK who a process is; torch.distributed does the rest.
Without these words a process is a crew of one, and nothing here costs anything.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import torch
import torch.distributed as dist
from torch import Tensor

from pose_sequences.errors import ToolError

_BUCKET = 2**25  # elements that are averaged at once
_PATIENCE = timedelta(hours=2)  # the lead may write a checkpoint, or read a larger share of a disk


@dataclass(frozen=True)
class Crew:
    """The place of this process among ``size``; the first one, the lead, writes and speaks."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes and speaks."""
        return self.rank == 0

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Put the mean over all processes into the tensors, which are alike in each process."""
        for bucket in _buckets(tensors) if self.size > 1 else ():
            flat = torch.cat([tensor.flatten() for tensor in bucket])
            _together(partial(dist.all_reduce, flat))
            means = (flat / self.size).split([tensor.numel() for tensor in bucket])
            for tensor, mean in zip(bucket, means, strict=True):
                tensor.copy_(mean.view_as(tensor))

    def share(self, tensors: Sequence[Tensor]) -> None:
        """Put the lead's values into the tensors of all processes."""
        for tensor in tensors if self.size > 1 else ():
            _together(partial(dist.broadcast, tensor, 0))

    def told(self, value: int) -> int:
        """Return the lead's value."""
        told = torch.tensor(value)
        self.share([told])
        return int(told)

    def any(self, here: bool) -> bool:
        """Return whether it is so in any process."""
        if self.size == 1:
            return here
        count = torch.tensor(int(here))  # on the CPU: no device waits for the answer
        _together(partial(dist.all_reduce, count))
        return bool(count)

    def wait(self) -> None:
        """Wait until all processes are here."""
        self.any(False)


@contextmanager
def join_crew() -> Iterator[Crew]:
    """Join the processes that the launcher has started, and part from them at the end.

    Raises ValueError if the launcher's words make no sense, ToolError if the others are not found.
    """
    crew = Crew(rank=_number("RANK", 0), size=_number("WORLD_SIZE", 1))
    if crew.size == 1:
        yield crew
        return
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    _together(
        lambda: dist.init_process_group(
            backend, rank=crew.rank, world_size=crew.size, timeout=_PATIENCE
        )
    )
    try:
        yield crew
    finally:
        dist.destroy_process_group()


def crew_device(kind: str) -> torch.device:
    """Return the device of this process, of a kind (cpu or cuda): each has one of its own.

    Raises ValueError if there are more processes on this machine than devices.
    """
    if kind == "cpu":
        return torch.device("cpu")
    if "LOCAL_RANK" not in os.environ:
        return torch.device(kind)
    number, count = _number("LOCAL_RANK", 0), torch.cuda.device_count()
    if number >= count:
        raise ValueError(
            f"process {number} of this machine has no device of its own, there are {count}; "
            f"launch at most {count} processes"
        )
    torch.cuda.set_device(number)
    return torch.device("cuda", number)


def _number(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdecimal():
        raise ValueError(f"{name} is {text!r}, which is no number; unset it, or use torchrun")
    return int(text)


def _buckets(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Yield the tensors in groups of one kind and a bounded size."""
    bucket: list[Tensor] = []
    for tensor in tensors:
        alike = bucket and (bucket[0].dtype, bucket[0].device) == (tensor.dtype, tensor.device)
        if bucket and (not alike or sum(t.numel() for t in bucket) + tensor.numel() > _BUCKET):
            yield bucket
            bucket = []
        bucket.append(tensor)
    if bucket:
        yield bucket


def _together(speak: Callable[[], object]) -> None:
    """Do what all processes do at once; raises ToolError if one of them is gone."""
    try:
        speak()
    except (RuntimeError, ValueError) as error:  # gloo's and NCCL's errors are both
        raise ToolError(
            f"the processes that train together have lost each other ({error}); see what the "
            "first of them that ended has said"
        ) from error
