"""An objective so small that it runs hundreds of steps: a line through points."""

import dataclasses
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from signgen.training.settings import Optimisation
from signgen.training.trainer import Dice, RunSettings

CPU = torch.device("cpu")
SETTINGS = Optimisation(steps=40, batch_size=8, warmup=5, checkpoint_every=7, log_every=10)


@dataclasses.dataclass(frozen=True)
class Pair:
    x: Tensor
    y: Tensor


@dataclasses.dataclass(frozen=True)
class Line:
    """Fits a line; slope: of the points that are drawn."""

    model: nn.Linear
    slope: tuple[float, ...] = (1.0, -2.0, 0.5)
    dropout: float = 0.1
    stage: str = "line"

    @property
    def trained(self) -> dict[str, nn.Module]:
        return {"model": self.model}

    def prepare(self) -> None:
        pass

    def draw(self, num_samples: int, dice: Dice) -> Pair:
        x = torch.randn(num_samples, 3, generator=dice.values)
        return Pair(x, x @ torch.tensor(self.slope))

    def loss(self, example: Pair) -> Tensor:
        dropped = nn.functional.dropout(example.x, self.dropout, self.model.training)
        return (self.model(dropped)[:, 0] - example.y) ** 2


def line(seed: int = 0, **changes: Any) -> Line:
    """Return an untrained line."""
    torch.manual_seed(seed)
    return Line(nn.Linear(3, 1), **changes)


def run_in(folder: Path, **changes: Any) -> RunSettings:
    """Return a run on the CPU that writes to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return dataclasses.replace(RunSettings(folder=folder, device=CPU), **changes)
