"""A pytest plugin for the light run: numpy 2, and none of the heavy packages can be imported."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

BLOCKED = ("mediapipe", "cv2", "decord", "imageio_ffmpeg", "anny", "av", "pose_format", "pyarrow")


class _Blocker(MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.split(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"{name} is kept out of the light tests", name=name)
        return None


def pytest_configure(config: pytest.Config) -> None:
    """Block the packages before any test module is imported."""
    if int(np.__version__.split(".")[0]) < 2:
        raise pytest.UsageError(f"the light tests need numpy 2, this is {np.__version__}")
    sys.meta_path.insert(0, _Blocker())


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the modules without a light test: they may import what is blocked."""
    if collection_path.suffix != ".py":
        return None
    return "pytest.mark.light" not in collection_path.read_text() or None
