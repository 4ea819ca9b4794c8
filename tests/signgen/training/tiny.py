"""The smallest pipeline, source and recipe that have every part."""

import functools
import json
import tempfile
from pathlib import Path
from typing import Any

import torch

from pose_sequences.phoenix import Corpus
from signgen.data import MemoryClips, read_corpus
from signgen.pipeline import SignVideoPipeline
from signgen.training.build import build_pipeline
from signgen.training.model_settings import ModelSettings
from signgen.training.scene import Stage
from signgen.training.settings import SampleSettings
from tests.signgen.training.toy_corpus import write_toy_corpus

SIZE = 64
MODELS: dict[str, Any] = {
    "size": SIZE,
    "latent_channels": 8,
    "decoder_width": 16,
    "painter_width": 8,
    "channels": (16, 32, 32),
    "token_width": 16,
    "appearance_width": 16,
    "pose_channels": 8,
    "pose_width": 8,
    "tokens_per_hand": 2,
    "fusion_width": 32,
    "fusion_channels": (8, 16),
    "site_channels": (32, 32, 32),
    "max_frames": 8,
    "prompt_tokens": 3,
    "prompt_blocks": 1,
    "source_channels": (8, 16, 16, 24),
    "bias_width": 16,
}
CPU = torch.device("cpu")


def tiny_pipeline(method: str = "fpdm", seed: int = 0) -> SignVideoPipeline:
    """Return a fresh pipeline."""
    return build_pipeline(ModelSettings(method=method, **MODELS), seed)


@functools.cache
def tiny_source() -> MemoryClips:
    """Return the toy corpus in memory."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = Corpus.open(write_toy_corpus(Path(folder)))
        return MemoryClips(read_corpus(corpus, "train"), size=(SIZE, SIZE), device=CPU)


def tiny_scenes(**settings: float) -> Stage:
    """Return where tiny scenes are made."""
    return Stage(source=tiny_source(), settings=SampleSettings(**settings), size=SIZE)


def write_recipe(path: Path, method: str = "fpdm", **loops: dict[str, Any]) -> Path:
    """Write a recipe of the tiny networks; loops: what the stages' tables say."""
    tables = {"models": {**MODELS, "method": method}, **loops}
    lines = []
    for name, table in tables.items():
        lines.append(f"[{name}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
