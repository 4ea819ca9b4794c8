"""The loss curve of a stage: a line of JSON for every step, exact to the bit.

A look at the dev split is a line of its own, with ``dev`` for ``loss``, after that of its step.
"""

import json
import math
from pathlib import Path

import torch
from torch import Tensor

from pose_sequences.outputs import fresh_file


class Curve:
    """Collects losses on the device and writes them in batches, so that no step waits for it.

    path: of the file, None to write none; step: where the run goes on; lines from there on are of a
    run that was broken off, and go.
    """

    def __init__(self, path: Path | None, step: int) -> None:
        self._path = path
        self._steps: list[int] = []
        self._losses: list[Tensor] = []
        if path is None:
            return
        kept = [line for line in _lines(path) if json.loads(line)["step"] < step]
        with fresh_file(path, overwrite=True) as temporary:
            temporary.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")

    def add(self, step: int, loss: Tensor) -> None:
        """Remember the loss (a scalar) of a step."""
        self._steps.append(step)
        self._losses.append(loss)

    def flush(self) -> float:
        """Write what was added since the last time and return its mean, NaN if there is nothing."""
        if not self._steps:
            return math.nan
        losses = torch.stack(self._losses).tolist()
        points = zip(self._steps, losses, strict=True)
        self._write(*({"step": step, "loss": loss} for step, loss in points))
        self._steps.clear()
        self._losses.clear()
        return sum(losses) / len(losses)

    def add_dev(self, step: int, loss: float) -> None:
        """Write the loss on the dev split after a step, and what was added before."""
        self.flush()
        self._write({"step": step, "dev": loss})

    def _write(self, *points: dict[str, float]) -> None:
        if self._path is None:
            return
        with self._path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(point) + "\n" for point in points)


def _lines(path: Path) -> list[str]:
    """Return the whole lines; a killed run may have left half of one."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    return text[: text.rfind("\n") + 1].splitlines()
