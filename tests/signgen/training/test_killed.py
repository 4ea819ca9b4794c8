"""A training killed from outside three times ends where an uninterrupted one does, to the bit.

Selection on dev is on: what was best, too, must outlive a kill.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.signgen.training.tiny import write_recipe
from tests.signgen.training.toy_corpus import write_toy_corpus

STEPS = 60
DEV_EVERY = 6
LOOP = {
    **{"steps": STEPS, "batch_size": 2, "checkpoint_every": 4, "log_every": 2, "warmup": 5},
    **{"dev_every": DEV_EVERY, "dev_batches": 2},
}
COMMAND = "from signgen.cli.train import train; train()"


def start(recipe: Path, corpus: Path, output: Path) -> subprocess.Popen[bytes]:
    arguments = ["denoiser", "--config", recipe, "--data", corpus, "--output-dir", output]
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *map(str, arguments), "--device", "cpu", "--resume"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def kill_after(process: subprocess.Popen[bytes], output: Path, num_checkpoints: int) -> None:
    """Kill the run once it has written so many checkpoints more than there were."""
    folder = output / "denoiser" / "checkpoints"
    seen: set[str] = set()
    before = {p.name for p in folder.glob("step-*")}
    while len(seen - before) < num_checkpoints:
        assert process.poll() is None, "the run ended before it could be killed"
        seen |= {p.name for p in folder.glob("step-*")}
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.slow
def test_three_kills_leave_no_trace_in_the_loss_curve(tmp_path: Path) -> None:
    corpus = write_toy_corpus(tmp_path / "corpus", num_dev_signers=1)
    recipe = write_recipe(tmp_path / "tiny.toml", denoiser=LOOP)
    assert start(recipe, corpus, tmp_path / "straight").wait() == 0
    for num_checkpoints in (2, 3, 2):
        kill_after(start(recipe, corpus, tmp_path / "killed"), tmp_path / "killed", num_checkpoints)
    assert start(recipe, corpus, tmp_path / "killed").wait() == 0
    curves = [
        (tmp_path / name / "denoiser" / "curve.jsonl").read_text()
        for name in ("straight", "killed")
    ]
    assert curves[0] == curves[1]
    assert len(curves[0].splitlines()) == STEPS + STEPS // DEV_EVERY
    weights = [
        load_file(tmp_path / name / "pipeline" / "unet" / "diffusion_pytorch_model.safetensors")
        for name in ("straight", "killed")
    ]
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(value, weights[1][key]) for key, value in weights[0].items())
