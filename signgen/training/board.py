# mypy: disable-error-code="no-untyped-call"
"""Where a training's figures and pictures go for people to follow: TensorBoard, or nowhere."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pose_sequences.errors import ToolError

BOARDS = ("none", "tensorboard")


class Board(Protocol):
    """Takes figures and pictures by the step."""

    def add(self, step: int, figures: Mapping[str, float]) -> None:
        """Show figures after so many steps."""
        ...

    def show(self, step: int, name: str, picture: NDArray[np.uint8]) -> None:
        """Show a picture (H, W, 3) after so many steps."""
        ...

    def close(self) -> None:
        """Write what was added."""
        ...


class NoBoard:
    """Shows nothing."""

    def add(self, step: int, figures: Mapping[str, float]) -> None:
        """Do nothing."""

    def show(self, step: int, name: str, picture: NDArray[np.uint8]) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class TensorBoard:
    """Event files in a folder; what a run that was broken off wrote from ``step`` on is hidden."""

    def __init__(self, folder: Path, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder), purge_step=step or None)

    def add(self, step: int, figures: Mapping[str, float]) -> None:
        """Show figures after so many steps."""
        for name, value in figures.items():
            self._writer.add_scalar(name, value, step)

    def show(self, step: int, name: str, picture: NDArray[np.uint8]) -> None:
        """Show a picture (H, W, 3) after so many steps."""
        self._writer.add_image(name, picture, step, dataformats="HWC")

    def close(self) -> None:
        """Write what was added."""
        self._writer.close()


def check_board(kind: str) -> None:
    """Raise ToolError if a kind of board needs what is not installed."""
    if kind != "tensorboard":
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of what tensorboard imports
            import torch.utils.tensorboard  # noqa: F401
    except ImportError as error:
        raise ToolError(
            'TensorBoard is not installed; run pip install "signgen[tensorboard]", or pass '
            "--report-to none"
        ) from error


def open_board(kind: str, folder: Path, step: int) -> Board:
    """Return a board; kind: one of BOARDS; step: where the run goes on."""
    check_board(kind)
    return TensorBoard(folder, step) if kind == "tensorboard" else NoBoard()
