"""The model of a rendering: a pipeline folder, from the disk or from the hub."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from logging import CRITICAL, getLogger
from pathlib import Path

import torch
from diffusers.utils import logging

from pose_sequences.errors import InputError
from signgen import bundled
from signgen.backbones.public import sha256_of
from signgen.pipeline import SignVideoPipeline
from signgen.precision import cast, named_precision
from signgen.training.stages import read_pipeline

_INDEX = "model_index.json"
_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w.-]+")
_TRAIN = "train one with signgen train all --config mini, and give its folder OUTPUT/pipeline"

logger = getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """A pipeline and what it is called; weights: a SHA-256 of all its weights' files."""

    pipeline: SignVideoPipeline
    name: str
    weights: str


def find_model(model: str, revision: str | None = None) -> Path:
    """Return the folder of a model: what a path names, a bundled one, or out of the hub's cache.

    The output folder of a training has it in ``pipeline``. Raises InputError if there is none.
    """
    folder, within = Path(model), bundled.find(model)
    for place in (folder, folder / "pipeline"):
        if (place / _INDEX).is_file():
            if within is not None:
                logger.warning("%s: the folder here is taken, not the bundled model", model)
            return place
    if within is not None:
        return within
    if folder.exists() or not _HUB_ID.fullmatch(model):
        fault = "is no pipeline folder" if folder.exists() else "does not exist"
        raise InputError(model, fault, _TRAIN)
    try:
        with _quiet():  # what it would only warn of is refused below
            return Path(SignVideoPipeline.download(model, revision=revision, use_safetensors=True))
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(
            model,
            f"is no folder here, and cannot be had from the hub ({error})",
            "check the id and --revision; with HF_HUB_OFFLINE=1 only the cache is searched",
        ) from error


def open_model(folder: Path, model: str, device: torch.device, precision: str = "auto") -> Model:
    """Read a pipeline folder onto a device; model: as it was asked for.

    precision: of precision.PRECISIONS. Raises InputError if the folder is not whole.
    """
    pipeline = read_pipeline(folder)
    cast(pipeline, named_precision(precision, device))
    pipeline.to(device)
    return Model(
        pipeline=pipeline,
        name=_name(folder) if Path(model).exists() else model,
        weights=hash_weights(folder),
    )


def hash_weights(folder: Path) -> str:
    """Return a SHA-256 of the names and contents of all weights in a folder, in hexadecimal."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.safetensors")):
        name = path.relative_to(folder).as_posix()
        digest.update(f"{sha256_of(path)}  {name}\n".encode())  # as sha256sum prints it
    return digest.hexdigest()


def _name(folder: Path) -> str:
    """Return a name without the path, which is nobody else's business."""
    folder = folder.resolve()
    return folder.parent.name if folder.name == "pipeline" else folder.name


@contextmanager
def _quiet() -> Iterator[None]:
    before = logging.get_verbosity()
    logging.set_verbosity(CRITICAL)
    try:
        yield
    finally:
        logging.set_verbosity(before)
