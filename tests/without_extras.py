"""A pytest plugin for the light run: numpy 2, and none of the heavy packages can be imported."""

import sys
from pathlib import Path

import numpy as np
import pytest

BLOCKED = (
    *("mediapipe", "cv2", "decord", "imageio_ffmpeg", "anny", "av", "pose_format", "pyarrow"),
    *("transformers", "accelerate", "tensorboard"),
)


def pytest_configure(config: pytest.Config) -> None:
    """Block the packages before any test module is imported."""
    if int(np.__version__.split(".")[0]) < 2:
        raise pytest.UsageError(f"the light tests need numpy 2, this is {np.__version__}")
    sys.modules.update(dict.fromkeys(BLOCKED))  # what looks for them finds nothing, as without them


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the modules without a light test: they may import what is blocked."""
    if collection_path.suffix != ".py":
        return None
    return "pytest.mark.light" not in collection_path.read_text() or None
