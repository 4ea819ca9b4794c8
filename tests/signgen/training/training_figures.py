# mypy: disable-error-code="no-untyped-call"
"""Measure how fast a denoiser trains here, and what share that is of the machine's own peak.

python -m tests.signgen.training.training_figures [--config mini|base] [--size N] …

mini is the whole step of the bundled recipe, drawing included; base the UNet of Stable Diffusion
2.1 alone, with random weights, which needs some 18 GB beside the activations. The peak is that of a
large matrix product in the precision of the training. Prints one line a size.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn

from signgen.bench.training import random_objective
from signgen.training.recipe import load_recipe
from signgen.training.settings import Optimisation
from signgen.training.throughput import Meter
from signgen.training.trainer import Dice, Objective, RunSettings, Trainer

_BASE = {
    "in_channels": 4,
    "out_channels": 4,
    "block_out_channels": (320, 640, 1280, 1280),
    "attention_head_dim": (5, 10, 20, 20),
    "cross_attention_dim": 1024,
    "use_linear_projection": True,
    "class_embed_type": "identity",
}
_TOKENS = 261  # of a DINOv2 picture of 224 pixels, and of two hands


@dataclass(frozen=True, kw_only=True, eq=False)
class Noisy:
    """What the UNet is asked: latents (B, 4, h, w), times (B,), tokens (B, S, D), fusion (B, E)."""

    latents: Tensor
    times: Tensor
    tokens: Tensor
    fusion: Tensor


@dataclass(frozen=True)
class UnetObjective:
    """The UNet of Stable Diffusion on random latents: what a step of ``base`` is mostly made of."""

    unet: UNet2DConditionModel
    size: int
    stage: str = "base"

    @property
    def trained(self) -> dict[str, nn.Module]:
        return {"unet": self.unet}

    def prepare(self) -> None:
        pass

    def draw(self, num_samples: int, dice: Dice) -> Noisy:
        device, cells = dice.values.device, self.size // 8

        def normal(*shape: int) -> Tensor:
            return torch.randn(num_samples, *shape, generator=dice.values, device=device)

        return Noisy(
            latents=normal(4, cells, cells),
            times=normal().abs(),
            tokens=normal(_TOKENS, _BASE["cross_attention_dim"]),  # type: ignore[arg-type]
            fusion=normal(4 * 320),
        )

    def loss(self, example: Noisy) -> Tensor:
        said = self.unet(
            example.latents, example.times, example.tokens, class_labels=example.fusion
        ).sample
        return (said - example.latents).square().flatten(1).mean(1)


def base_objective(size: int, device: torch.device) -> UnetObjective:
    """Return the large UNet with random weights."""
    with device:
        unet = UNet2DConditionModel(**_BASE)
    return UnetObjective(unet.train(), size)


def measure(
    objective: Objective[object], settings: Optimisation, device: torch.device, steps: int
) -> str:
    """Train for some steps, of which the first ones warm up; return a line on the rest."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(objective, settings, RunSettings(folder=Path(folder), device=device))
        for _ in range(max(2, steps // 4)):
            trainer.update()
        meter = Meter(device, getattr(torch, settings.precision))
        for _ in range(steps):
            trainer.update()
        speed = meter.report(steps * settings.batch_size, trainer.flop_per_sample)
    count = sum(value.numel() for value in trainer.parameters.values())
    return (
        f"{speed} ({count / 1e6:.1f} M parameters trained, "
        f"{trainer.flop_per_sample / 1e9:.1f} GFLOP a sample)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--config", choices=("mini", "base"), default="mini")
    parser.add_argument("--size", type=int, nargs="+", default=[256, 512])
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="bfloat16")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    given = parser.parse_args()
    device = torch.device(given.device)
    loop = replace(
        Optimisation(batch_size=given.batch_size, precision=given.precision), compile=given.compile
    )
    for size in given.size:
        if given.config == "mini":
            made: Objective[Any] = random_objective(load_recipe("mini", [f"size={size}"]), device)
        else:
            made = base_objective(size, device)
        line = measure(made, loop, device, given.steps)
        sys.stdout.write(
            f"{given.config} {size} px, batch {given.batch_size}, {given.precision}: {line}\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
