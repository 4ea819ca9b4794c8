"""What frozen networks say of every frame of a corpus, asked once and kept on disk.

A file of safetensors for each clip, whole or not there, so that a run that was broken off goes on
where it was. What is read is mapped into memory: the machine keeps what it has room for.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from pose_sequences.errors import InputError
from pose_sequences.outputs import fresh_file
from signgen.data import Batch
from signgen.latents import to_pixels
from signgen.training.crew import Crew
from signgen.weights import writing_tensors

Encode = Callable[[Tensor], Tensor]
_AT_ONCE = 16  # frames that are encoded together
_GIB = 2**30


@runtime_checkable
class NumberedFrames(Protocol):
    """A source whose frames are counted through all of its clips, one after the other."""

    @property
    def device(self) -> torch.device:
        """Where frames lie that were asked for."""
        ...

    @property
    def clips(self) -> Sequence[tuple[str, int]]:
        """The name and the number of frames of each clip."""
        ...

    def frames(self, numbers: Tensor) -> Tensor:
        """Return the frames (M, 3, H, W) uint8 of numbers (M,)."""
        ...

    def draw(self, num_samples: int, num_frames: int, generator: torch.Generator) -> Batch:
        """Draw as any source does."""
        ...

    def draw_unseen(self, num_samples: int, num_frames: int, generator: torch.Generator) -> Batch:
        """Draw the same, but for the pictures of the clips: these are blank."""
        ...

    def without_self_pairs(self) -> Self:
        """Return the same frames, none of them a reference of itself on purpose."""
        ...


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """What is kept of a frame.

    name: of it; encoder: whose weights it belongs to: others have a folder of their own; encode:
    makes it (M, ...) of pixels (M, 3, H, W) in [-1, 1]; kind: what is to have a folder of its own
    with the same weights.
    """

    name: str
    encoder: nn.Module
    encode: Encode
    kind: str = ""


@dataclass(frozen=True, kw_only=True)
class FrameCache:
    """What is kept of numbered frames.

    name: of it; files: of the clips; starts: the number of each clip's first frame, and of the
    frames in all.
    """

    name: str
    files: tuple[Path, ...]
    starts: Tensor
    device: torch.device

    def read(self, numbers: Tensor) -> Tensor:
        """Return what is kept (..., *S), each of shape S, of frames by their numbers (...).

        numbers: on the CPU.

        Raises InputError for a file that is damaged.
        """
        flat = numbers.flatten()
        clips = torch.searchsorted(self.starts, flat, right=True) - 1
        rows = flat - self.starts[clips]
        found: list[Tensor] = [torch.empty(0)] * len(flat)
        for clip in clips.unique().tolist():
            for place, kept in self._of_clip(clip, (clips == clip).nonzero()[:, 0], rows):
                found[place] = kept
        return torch.stack(found).to(self.device).unflatten(0, numbers.shape)

    def _of_clip(self, clip: int, places: Tensor, rows: Tensor) -> list[tuple[int, Tensor]]:
        path = self.files[clip]
        try:
            with safe_open(path, framework="pt") as file:
                part = file.get_slice(self.name)
                return [(place, part[int(rows[place])]) for place in places.tolist()]
        except (OSError, SafetensorError) as error:
            raise InputError(
                path, f"holds no {self.name} ({error})", "remove it; it is made again with --resume"
            ) from error


@dataclass(frozen=True, kw_only=True)
class Caches:
    """What need not be asked again, None where it must be.

    latents, reference_latents: of frames as targets and as references, (m, h, w), what
    latents.posterior says; embeddings: of references, (V, E), what fusion.embed says of them as
    they are and, where V is 2, blurred; tokens: likewise, (V, S, D), what the image encoder says.
    """

    latents: FrameCache | None = None
    reference_latents: FrameCache | None = None
    embeddings: FrameCache | None = None
    tokens: FrameCache | None = None


NOTHING_KEPT = Caches()


def cache_frames(
    source: NumberedFrames, encoding: Encoding, folder: Path, crew: Crew
) -> FrameCache:
    """Encode the frames of each clip that has no file yet; the processes take turns.

    folder: for the files.
    """
    home = folder / _key(source, encoding)
    lengths = torch.tensor([length for _, length in source.clips])
    starts = torch.cat((torch.zeros(1, dtype=torch.long), lengths.cumsum(0)))
    files = tuple(home / f"{name}.safetensors" for name, _ in source.clips)
    for number in range(crew.rank, len(files), crew.size):
        if not files[number].exists():
            numbers = torch.arange(int(starts[number]), int(starts[number + 1]))
            kept = _encoded(source, encoding.encode, numbers)
            path = files[number]
            with fresh_file(path, overwrite=True) as temporary, writing_tensors(path):
                save_file({encoding.name: kept}, temporary)
    crew.wait()
    return FrameCache(name=encoding.name, files=files, starts=starts, device=source.device)


def cache_gb(source: NumberedFrames, encoding: Encoding) -> float:
    """Return the GiB that all frames take on disk."""
    one = _encoded(source, encoding.encode, torch.zeros(1, dtype=torch.long))
    return sum(length for _, length in source.clips) * one.nbytes / _GIB


@torch.no_grad()
def _encoded(source: NumberedFrames, encode: Encode, numbers: Tensor) -> Tensor:
    parts = [encode(to_pixels(source.frames(part))).cpu() for part in numbers.split(_AT_ONCE)]
    return torch.cat(parts).contiguous()


def _key(source: NumberedFrames, encoding: Encoding) -> str:
    """Return a name for what these weights say of these frames."""
    encoder: Any = encoding.encoder
    digest = hashlib.sha256(json.dumps(list(source.clips)).encode())
    digest.update(str(tuple(source.frames(torch.zeros(1, dtype=torch.long)).shape)).encode())
    said = {key: value for key, value in encoder.config.items() if not key.startswith("_")}
    digest.update(json.dumps([encoding.kind, said], sort_keys=True).encode())
    for name, tensor in sorted(encoder.state_dict().items()):
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return f"{encoding.name}-{digest.hexdigest()[:16]}"
