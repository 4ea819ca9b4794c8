"""Weights of published networks that are not shipped: where they are, and whether they fit.

Files are safetensors alone; a pickle is never opened.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from pose_sequences.errors import InputError

NO_WEIGHTS = "no weights"


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The file of one network.

    variable: of the environment, that names it; recipe: how to make it, one line of shell.
    """

    variable: str
    recipe: str

    @property
    def how(self) -> str:
        """What to do without the file, one line."""
        return f"make the file with {self.recipe} and set {self.variable} to its path"

    @property
    def note(self) -> str:
        """What a row says that has no value for want of the file."""
        return f"{NO_WEIGHTS}; {self.how}"

    def find(self, path: Path | None = None) -> Path | None:
        """Return ``path``, else what the environment names, else None."""
        named = os.environ.get(self.variable, "")
        return path if path is not None or not named else Path(named)

    def load(self, network: nn.Module, path: Path) -> None:
        """Fill a network with the tensors of its names; those it has no place for are left alone.

        Raises InputError for a file that is no safetensors, lacks a tensor, or has one of another
        shape.
        """
        wanted = {
            name: tensor
            for name, tensor in network.state_dict().items()
            if not name.endswith("num_batches_tracked")
        }
        network.load_state_dict(self.read(path, wanted), strict=False)

    def read(self, path: Path, wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the tensors of a file that have the names of ``wanted``; raises as load."""
        try:
            with safe_open(path, "pt") as file:
                names = set(file.keys())
                tensors = {name: file.get_tensor(name) for name in wanted if name in names}
        except (OSError, SafetensorError) as error:
            raise InputError(path, f"is no safetensors file ({error})", self.how) from error
        for name, tensor in wanted.items():
            if name not in tensors:
                raise InputError(path, f"lacks the tensor {name}", self.how)
            if tensors[name].shape != tensor.shape:
                fault = f"has {name} of {tuple(tensors[name].shape)}, not {tuple(tensor.shape)}"
                raise InputError(path, fault, self.how)
        return tensors
