"""A shelf: what the studio has filmed, kept on disk, so that it is filmed once for all runs.

A file a clip and a file a signer's portraits, as safetensors; what they show is the business of
source.py.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from pose_sequences.errors import InputError, OutputError
from pose_sequences.outputs import fresh_file, sweep_temporaries
from signgen.data import View
from signgen.pose_maps import Points
from signgen.weights import writing_tensors

SETTINGS = "studio.json"
CLIP, PORTRAITS = "clip", "portraits"  # kinds of files
_UNSAID = {"breadth": "narrow"}  # what settings of before there was the word mean
_POINTS = ("places", "confidence", "shoulders")


class Shelf:
    """A folder of footage that was all filmed with the same settings.

    Raises OutputError for a folder that holds footage of other settings, or something else.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self._folder = folder
        path = folder / SETTINGS
        if not path.exists():
            _begin(path, settings)
        sweep_temporaries(folder)
        there = _UNSAID | _read_settings(path)
        differing = [key for key in settings if there.get(key) != settings[key]]
        if differing:
            key = differing[0]
            raise OutputError(
                folder,
                f"was filmed with {key}={there.get(key)}, not {settings[key]}",
                "give the same again, or choose another folder",
            )

    def kept(
        self, kind: str, make: Callable[[int], dict[str, View]]
    ) -> Callable[[int], dict[str, View]]:
        """Return what gives views by number: those of the shelf, or else made and put there."""

        def take(number: int) -> dict[str, View]:
            path = self.path(kind, number)
            if path.exists():
                return _views(_tensors_of(path))
            views = make(number)
            # filmed the same by whoever is first
            with fresh_file(path, overwrite=True) as temporary, writing_tensors(path):
                save_file(_tensors(views), temporary)
            return views

        return take

    def path(self, kind: str, number: int) -> Path:
        """Return the file of what has a number."""
        return self._folder / f"{kind}{number:06d}.safetensors"


def _begin(path: Path, settings: Mapping[str, Any]) -> None:
    """Write the settings of a new shelf, unless another who opens it just now is faster."""
    folder = path.parent
    entries = folder.iterdir() if folder.exists() else ()
    # names with a dot: what that other is writing
    if any(not entry.name.startswith(".") for entry in entries) and not path.exists():
        raise OutputError(folder, "holds something else", "choose a new folder")
    try:
        with fresh_file(path, overwrite=False) as temporary:
            temporary.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
    except OutputError:
        if not path.exists():
            raise


def _read_settings(path: Path) -> dict[str, Any]:
    try:
        there = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(path, f"cannot be read ({error})", "remove the folder") from error
    if not isinstance(there, dict):
        raise InputError(path, "is no JSON object", "remove the folder")
    return there


def _tensors(views: Mapping[str, View]) -> dict[str, Tensor]:
    """Return views as tensors by name, on the CPU."""
    tensors = {}
    for name, view in views.items():
        tensors[f"{name}.frames"] = view.frames
        for kind, points in (("points", view.points), ("exact", view.exact)):
            if points is not None:
                tensors |= {f"{name}.{kind}.{part}": getattr(points, part) for part in _POINTS}
    return {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}


def _tensors_of(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise InputError(path, f"cannot be read ({error})", "remove the file") from error


def _views(tensors: Mapping[str, Tensor]) -> dict[str, View]:
    """Return the views of tensors by name."""
    names = dict.fromkeys(name.partition(".")[0] for name in tensors)

    def points(prefix: str) -> Points | None:
        if f"{prefix}.places" not in tensors:
            return None
        return Points(**{part: tensors[f"{prefix}.{part}"] for part in _POINTS})

    found = {}
    for name in names:
        told = points(f"{name}.points")
        assert told is not None
        found[name] = View(
            frames=tensors[f"{name}.frames"], points=told, exact=points(f"{name}.exact")
        )
    return found


def on_device(views: Mapping[str, View], device: torch.device) -> dict[str, View]:
    """Return views on a device."""
    return {
        name: View(
            frames=view.frames.to(device),
            points=view.points.to(device),
            exact=None if view.exact is None else view.exact.to(device),
        )
        for name, view in views.items()
    }
