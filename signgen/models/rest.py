"""Networks at rest: as they are meant to be used, also in the midst of training."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def at_rest(parts: Iterable[object]) -> Iterator[None]:
    """Keep dropout out of those parts that are modules, for a while."""
    modules = [part for part in parts if isinstance(part, nn.Module)]
    learning = [module for part in modules for module in part.modules() if module.training]
    for module in learning:
        module.training = False
    try:
        yield
    finally:
        for module in learning:
            module.training = True
