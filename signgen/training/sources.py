"""Where samples come from: a corpus on disk, in memory or not, or the studio as it goes.

``--data PATH`` is a corpus in the Phoenix layout; ``--data studio:signers=64,seed=3`` films
synthetic signers when they are drawn, by the settings of studio.source. Given several times,
they share each batch evenly.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_origin, get_type_hints

import torch

from pose_sequences.phoenix import Corpus
from pose_sequences.phoenix.clip import Split
from pose_sequences.sequence import PoseSequence
from signgen.data import MemoryClips, SampleSource, clips_with_keypoints, read_clip
from signgen.training.disk_clips import DiskClips, pairing_of
from signgen.training.mixture import Mixture
from signgen.training.settings import SampleSettings

if TYPE_CHECKING:
    from signgen.studio.source_settings import StudioSettings

STUDIO = "studio"
_DEV_SHARE = 8  # of so many signers and clips of the studio, dev has one
_GIB = 2**30
_OF_CORPORA = (
    *("cache_latents", "features_gb", "triples", "self_pairs", "undistort", "max_frames"),
)
_OF_ONE = ("cache_latents", "features_gb")  # kept under the numbers of one corpus's frames


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What is trained on, and the dev split where it is looked at.

    slow: whether a batch is better drawn ahead, while the one before is trained on.
    """

    train: SampleSource
    dev: SampleSource | None = None
    slow: bool = False


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a source is read: the side of its square frames, and where the batches lie."""

    settings: SampleSettings
    size: int
    device: torch.device
    say: Callable[[str], object] = lambda _: None


def is_studio(data: str) -> bool:
    """Whether ``--data`` asks for the studio, and not for a folder."""
    return data == STUDIO or data.startswith(f"{STUDIO}:")


def check_data(data: Sequence[str], settings: SampleSettings, size: int) -> None:
    """Raise what open_sources would, as far as it is known without reading a clip."""
    for one in data:
        _check(one, settings, size)
    for key in _OF_ONE:
        if len(data) > 1 and getattr(settings, key):
            raise ValueError(
                f"samples.{key} is for a single corpus, and --data names {len(data)}; give one, or "
                f"set it to {_off(settings, key)}"
            )


def _check(data: str, settings: SampleSettings, size: int) -> None:
    if not is_studio(data):
        Corpus.open(Path(data))
        return
    studio_settings(data, size)
    for key in _OF_CORPORA:
        if getattr(settings, key):
            raise ValueError(
                f"samples.{key} is for the frames of a corpus, the studio films its own; set it to "
                f"{_off(settings, key)}"
            )


def _off(settings: SampleSettings, key: str) -> str:
    return "false" if isinstance(getattr(settings, key), bool) else "0"


def open_sources(data: Sequence[str], reading: Reading, *, dev: bool) -> Sources:
    """Open what is trained on; data: corpus folders or ``studio:key=value,…``; dev: also that.

    Raises CorpusError for a folder that is no corpus or a split without keypoints, ValueError for
    settings that the studio does not have.
    """
    opened = [_opened(one, reading, dev=dev) for one in data]
    if len(opened) == 1:
        return opened[0]
    others = [sources.dev for sources in opened if sources.dev is not None]
    return Sources(
        train=Mixture([sources.train for sources in opened]),
        dev=Mixture(others) if others else None,
        slow=any(sources.slow for sources in opened),
    )


def _opened(data: str, reading: Reading, *, dev: bool) -> Sources:
    if not is_studio(data):
        corpus = Corpus.open(Path(data))
        train = open_split(corpus, "train", reading)
        return Sources(
            train=train,
            dev=open_split(corpus, "dev", reading) if dev else None,
            slow=isinstance(train, DiskClips),
        )
    from signgen.studio.source import StudioSource

    settings = studio_settings(data, reading.size)
    reading.say(f"data: {settings.clips} clips of {settings.signers} signers, filmed when drawn")
    others = dev_signers(settings)
    across_clips = reading.settings.across_clips
    train = StudioSource(settings, reading.device, across_clips)
    if settings.ahead:
        train.film_ahead(reading.say)
    return Sources(
        train=train,
        dev=StudioSource(others, reading.device, across_clips) if dev else None,
    )


def open_split(corpus: Corpus, split: Split, reading: Reading) -> SampleSource:
    """Open a split of a corpus: in memory where it fits, else on the disk.

    Raises CorpusError if no clip has keypoints.
    """
    settings, size = reading.settings, (reading.size, reading.size)
    clips = [
        (clip, _first(corpus.keypoints(clip), settings.max_frames))
        for clip in clips_with_keypoints(corpus, split)
    ]
    num_frames = sum(len(poses) for _, poses in clips)
    need = num_frames * 3 * size[0] * size[1] / _GIB
    fits = need <= settings.memory_gb
    where = f"in the memory of {reading.device}" if fits else "read from disk as they are drawn"
    reading.say(
        f"data: {len(clips)} clips of {split}, {num_frames} frames, {need:.1f} GiB, {where} "
        f"(samples.memory_gb is {settings.memory_gb:g})"
    )
    if fits:
        return MemoryClips(
            (read_clip(clip, poses) for clip, poses in clips),
            size=size,
            device=reading.device,
            pairing=pairing_of(settings),
            stretch=settings.stretch,
        )
    return DiskClips(clips, settings=settings, size=size, device=reading.device)


def studio_settings(data: str, size: int) -> "StudioSettings":
    """Return what ``studio``, ``studio:SEED`` or ``studio:key=value,…`` asks for.

    size: of the square frames. Raises ValueError for an unknown key or a value out of range.
    """
    from signgen.studio.source_settings import StudioSettings

    hints = get_type_hints(StudioSettings)
    keys = [field.name for field in fields(StudioSettings) if field.name != "size"]
    words = data.partition(":")[2]
    if words.isdecimal():
        words = f"seed={words}"
    values: dict[str, float | bool | str] = {}
    for word in filter(None, words.split(",")):
        key, _, text = (part.strip() for part in word.partition("="))
        if key == "size":
            raise ValueError(f"--data {data}: the frames are as large as the recipe's models.size")
        if key not in keys:
            raise ValueError(f"--data {data}: {key!r} is none of {', '.join(keys)}")
        values[key] = _value(text, hints[key], f"--data {data}: {key}")
    try:
        return StudioSettings(size=(size, size), **values)  # type: ignore[arg-type]
    except ValueError as error:
        raise ValueError(f"--data {data}: {error}") from error


def dev_signers(settings: "StudioSettings") -> "StudioSettings":
    """Return the settings of other signers and other sentences, an eighth as many of each."""
    digest = hashlib.sha256(f"dev/{settings.seed}".encode()).digest()
    return replace(
        settings,
        seed=int.from_bytes(digest[:6], "big"),
        signers=math.ceil(settings.signers / _DEV_SHARE),
        clips=math.ceil(settings.clips / _DEV_SHARE),
        shelf=f"{Path(settings.shelf)}-dev" if settings.shelf else "",
    )


def _value(text: str, kind: type, where: str) -> float | bool | str:
    # which words there are is the settings' business
    if kind is str or get_origin(kind) is Literal:
        return text
    if kind is bool and text in ("true", "false"):
        return text == "true"
    try:
        if kind is not bool:
            number: float = kind(text)
            if math.isfinite(number):
                return number
    except ValueError:
        pass
    raise ValueError(f"{where} is {text!r}; give {'true or false' if kind is bool else 'a number'}")


def _first(poses: PoseSequence, max_frames: int) -> PoseSequence:
    return poses.frames(0, min(max_frames, len(poses))) if max_frames else poses
