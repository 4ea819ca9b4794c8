"""A pool: every sample is learned from as often as any other, and a resumed run draws the same."""

import dataclasses
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from signgen.training.pool import joined, parts
from signgen.training.settings import Optimisation
from signgen.training.trainer import Dice, RunSettings, Trainer

CPU = torch.device("cpu")
REUSED = Optimisation(steps=40, batch_size=2, warmup=1, reuse=3)


@dataclass(frozen=True)
class Inner:
    """Two rows a sample."""

    rows: Tensor


@dataclass(frozen=True)
class Example:
    """One row a sample, and an inner example."""

    values: Tensor
    inner: Inner


class Recording:
    """Draws numbers that are never drawn twice, and keeps what the loss was asked about."""

    stage = "recording"

    def __init__(self) -> None:
        self.module = nn.Linear(1, 1)
        self.drawn: list[float] = []
        self.learned: list[tuple[float, ...]] = []

    @property
    def trained(self) -> dict[str, nn.Module]:
        return {"module": self.module}

    def prepare(self) -> None:
        """Do nothing."""

    def draw(self, num_samples: int, dice: Dice) -> Example:
        values = torch.rand(num_samples, 1, generator=dice.values)
        self.drawn += values.flatten().tolist()
        return Example(values, Inner(values.repeat_interleave(2, 0)))

    def loss(self, example: Example) -> Tensor:
        assert torch.equal(example.inner.rows[::2], example.values)
        if torch.is_grad_enabled() and len(example.values) == 2:
            self.learned.append(tuple(example.values.flatten().tolist()))
        return self.module(example.values).square().flatten()


def trainer(folder: Path, settings: Optimisation = REUSED) -> tuple[Trainer, Recording]:
    torch.manual_seed(0)
    objective: Any = Recording()
    return Trainer(objective, settings, RunSettings(folder=folder, device=CPU)), objective


def test_each_sample_is_learned_from_as_often_as_asked_in_other_company(tmp_path: Path) -> None:
    made, objective = trainer(tmp_path)
    for _ in range(18):  # two pools of three batches, gone through three times each
        made.update()
    assert len(set(objective.drawn)) == 12
    seen = Counter(value for batch in objective.learned for value in batch)
    assert set(seen.values()) == {3}
    assert len(set(map(frozenset, objective.learned))) > 12


def test_a_run_that_goes_on_in_the_middle_of_a_pool_sees_the_same(tmp_path: Path) -> None:
    whole, seen = trainer(tmp_path / "whole")
    for _ in range(16):
        whole.update()
    other, again = trainer(tmp_path / "other")
    other.step = 11
    for _ in range(5):
        other.update()
    assert again.learned == seen.learned[11:]


def test_drawing_ahead_changes_nothing(tmp_path: Path) -> None:
    plain, seen = trainer(tmp_path / "plain")
    torch.manual_seed(0)
    objective: Any = Recording()
    run = RunSettings(folder=tmp_path / "ahead", device=CPU, draw_ahead=True)
    ahead = Trainer(objective, REUSED, run)
    for made in (plain, ahead):
        for _ in range(14):
            made.update()
        made.settle()
        made.close()
    assert objective.learned == seen.learned


def test_without_reuse_each_batch_is_drawn_for_its_step(tmp_path: Path) -> None:
    made, objective = trainer(tmp_path, dataclasses.replace(REUSED, reuse=1))
    for _ in range(4):
        made.update()
    assert [value for batch in objective.learned for value in batch] == objective.drawn


def test_parts_joined_are_the_example() -> None:
    example = Recording().draw(
        4, Dice(indices=torch.Generator(), values=torch.Generator().manual_seed(1))
    )
    pieces = list(parts(example, 4))
    assert [len(piece.inner.rows) for piece in pieces] == [2] * 4
    again = joined(pieces)
    assert torch.equal(again.values, example.values)
    assert torch.equal(again.inner.rows, example.inner.rows)
