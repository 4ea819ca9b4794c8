"""Weights and other tensors on their way to the disk: a write that fails is one clear line.

safetensors says so by an error of its own, which is no OSError; what is written, and under which
name, is the caller's business.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from pose_sequences.errors import OutputError


@contextmanager
def writing_tensors(path: Path) -> Iterator[None]:
    """Raise OutputError with ``path``, what is to stand there, if safetensors cannot write."""
    try:
        yield
    except SafetensorError as error:
        raise OutputError(
            path, f"cannot be written ({error})", "check the folder and the disk"
        ) from error
