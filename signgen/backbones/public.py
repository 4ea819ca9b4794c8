# mypy: disable-error-code="no-untyped-call"
"""Where public networks come from: a folder in their published format, or a repository of the hub.

The only door of transformers and of the hub. Weights are safetensors, checked before they are read.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from diffusers.models.modeling_utils import ModelMixin
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from torch import nn

from pose_sequences.errors import InputError, ToolError

Network = TypeVar("Network", bound=ModelMixin)

_HASHED = 1 << 24  # bytes at a time
_ENDS = (".safetensors", ".safetensors.index.json", "-*-of-*.safetensors")
_WEIGHTS = ("diffusion_pytorch_model", "model")  # as diffusers and transformers name them
# What every scheduler of diffusers has: a folder may name any of them.
_SCHEDULE = (
    *("num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "prediction_type"),
    *("clip_sample", "set_alpha_to_one", "steps_offset", "timestep_spacing"),
)
# No variants: a repository may hold the same weights in half precision and without averaging.
_NAMES = ("config.json", *(f"{stem}{end}" for stem in _WEIGHTS for end in _ENDS))


@dataclass(frozen=True, kw_only=True)
class Source:
    """A public network, as a recipe names it.

    where: a folder, or an id of the hub; key: of the recipe; usual: the id that is usually meant;
    revision: of the hub; sha256: of the weights file, checked where it is given; part: the
    subfolder, where the repository holds several networks.
    """

    where: str
    key: str
    usual: str
    revision: str = ""
    sha256: str = ""
    part: str = ""

    def error(self, fault: str) -> InputError:
        """Return the error of a network that cannot be had, which says how to have it."""
        name = f"{self.usual} ({self.part}/)" if self.part else self.usual
        return InputError(
            self.where or f"[models] {self.key}",
            fault,
            f"set [models] {self.key} to a folder with config.json and safetensors weights of "
            f"{name}, or to an id of the hub; with HF_HUB_OFFLINE=1 only its cache is searched",
        )


def read_diffusers(kind: type[Network], source: Source) -> Network:
    """Return a network of diffusers; raises InputError if it cannot be had as it should be."""
    folder = _checked(source)
    with _named(source):
        read: tuple[Any, Any] = kind.from_pretrained(  # type: ignore[assignment]  # with a report
            str(folder),
            use_safetensors=True,
            low_cpu_mem_usage=False,  # which would ask for accelerate
            output_loading_info=True,
        )
    return _whole(read[0], read[1], source)


def read_transformers(kind: str, source: Source) -> Any:
    """Return a network of transformers by the name of its class; raises as read_diffusers, and
    ToolError without transformers."""
    transformers, folder = import_transformers(), _checked(source)
    with _named(source), _quiet(transformers.logging):
        network, report = getattr(transformers, kind).from_pretrained(
            str(folder), use_safetensors=True, local_files_only=True, output_loading_info=True
        )
    return _whole(network.float(), report, source)


def read_scheduler(source: Source) -> DDIMScheduler | None:
    """Return the schedule that a UNet was published with, as DDIM; None where none is beside it.

    source: of the UNet. Raises as read_diffusers.
    """
    path = _folder(source).parent / "scheduler" / "scheduler_config.json"
    if not path.is_file():
        return None
    with _named(source):
        said = json.loads(path.read_text(encoding="utf-8"))
        return DDIMScheduler(**{key: said[key] for key in _SCHEDULE if key in said})


def find_config(source: Source) -> Path:
    """Return the file that says what kind of network a source is; raises as read_diffusers."""
    folder = _folder(source)
    if not (folder / "config.json").is_file():
        raise source.error("has no config.json")
    return folder / "config.json"


def import_transformers() -> Any:
    """Return the package; raises ToolError where it is missing."""
    try:
        import transformers
    except ImportError as error:
        raise ToolError(
            f'public image encoders need transformers ({error}); pip install "signgen[backbones]"'
        ) from error
    return transformers


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_HASHED):
            digest.update(piece)
    return digest.hexdigest()


def _checked(source: Source) -> Path:
    """Return the folder of a network whose weights are those that the recipe means."""
    folder = find_config(source).parent
    stems = (folder / f"{stem}.safetensors" for stem in _WEIGHTS)
    weights = [path for path in stems if path.is_file()]
    if not weights and not any(folder.glob("*.safetensors.index.json")):
        raise source.error("has no safetensors weights")
    if source.sha256:
        if not weights:
            raise source.error("has weights in several files, of which no SHA-256 can be checked")
        found = sha256_of(weights[0])
        if found != source.sha256.lower():
            raise source.error(f"has weights with SHA-256 {found}, not {source.sha256}")
    return folder


def _folder(source: Source) -> Path:
    """Return the local folder of a network, out of the hub's cache where it is none yet."""
    local = Path(source.where)
    if source.where and local.is_dir():
        return _part(local, source)
    if not source.where or local.is_absolute() or source.where.startswith("."):
        raise source.error("is no folder")
    from huggingface_hub import snapshot_download

    # what is not in a subfolder of that name may be all there is, as in a repository of one network
    inside = ("", f"{source.part}/") if source.part else ("",)
    with _named(source):
        root = snapshot_download(
            source.where,
            revision=source.revision or None,
            allow_patterns=[
                *(f"{above}{name}" for above in inside for name in _NAMES),
                "scheduler/scheduler_config.json",
            ],
        )
    return _part(Path(root), source)


def _part(folder: Path, source: Source) -> Path:
    return folder / source.part if (folder / source.part).is_dir() else folder


def _whole(network: Any, report: dict[str, Any], source: Source) -> Any:
    """Return a network all of whose weights were in the file."""
    lacking = sorted(report["missing_keys"])
    if lacking:
        raise source.error(f"lacks {lacking[0]} and is not the network that is meant")
    assert isinstance(network, nn.Module)
    return network


@contextmanager
def _named(source: Source) -> Iterator[None]:
    """Turn what loaders raise for a missing or broken network into one line."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise source.error(f"cannot be had ({error})") from error


@contextmanager
def _quiet(logging: Any) -> Iterator[None]:
    """Keep transformers from listing the parts of a repository that are not asked for."""
    before = logging.get_verbosity()
    bar = logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if bar:
            logging.enable_progress_bar()
