"""Every objective, given four clips and some minutes, knows them by heart.

Four signers perform the same signs, so that each frame has its signer in other poses and its pose
on other signers beside it.
"""

import functools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pose_sequences.sequence import PoseSequence
from signgen.choice import Pairing
from signgen.data import LAYOUT, ClipArrays, MemoryClips, to_points
from signgen.latents import Surroundings, decode, encode, to_pixels
from signgen.pipeline import SignVideoPipeline
from signgen.pose_maps import draw_pose_maps
from signgen.sampling import Guidance, Steps
from signgen.training.autoencoder import AutoencoderObjective
from signgen.training.build import build_pipeline
from signgen.training.denoiser import DenoiserObjective
from signgen.training.denoising import evidence_of
from signgen.training.fusion import FusionObjective
from signgen.training.model_settings import ModelSettings
from signgen.training.retrieval import Gallery, retrieve
from signgen.training.scene import Stage
from signgen.training.settings import (
    AutoencoderTraining,
    DenoiserTraining,
    FusionTraining,
    Optimisation,
    SampleSettings,
)
from signgen.training.sheet import psnr
from signgen.training.stages import freeze_all_but
from signgen.training.trainer import RunSettings, Trainer, dice
from tests.signer import signing
from tests.signgen.training.tiny import CPU, MODELS, SIZE
from tests.signgen.training.toy_corpus import draw_signer

pytestmark = pytest.mark.slow

SIGNERS, POSES, STRIDE = 4, 16, 4
SIZES: dict[str, Any] = {
    **MODELS,
    "latent_channels": 16,
    "decoder_width": 48,
    "channels": (32, 64, 64),
    "token_width": 32,
    "site_channels": (64, 64, 64),
    "fusion_channels": (16, 24, 32),
}
BARE = SampleSettings(
    zoom_share=0.0,
    reference_shift=0.0,
    reference_scale=0.0,
    blur=0.0,
    grain=0.0,
    pose_jitter=0.0,
    hide_hand=0.0,
)


@functools.cache
def performed() -> tuple[list[torch.Tensor], PoseSequence]:
    """Return each signer's frames (P, 3, H, W) uint8, and the poses of all of them."""
    whole = signing(seed=1)
    rows = slice(4, 4 + STRIDE * POSES, STRIDE)
    poses = replace(
        whole,
        keypoints=whole.keypoints[rows] * np.float32((SIZE / 256, SIZE / 256, 1)),
        confidence=whole.confidence[rows],
        width=SIZE,
        height=SIZE,
        segments=(),
    )
    drawn = (draw_signer(poses, signer) for signer in range(SIGNERS))
    return [torch.from_numpy(frames).movedim(-1, 1) for frames in drawn], poses


@functools.cache
def stage() -> Stage:
    frames, poses = performed()
    clips = [
        ClipArrays(
            name=f"clip-{signer}",
            signer=f"Signer{signer}",
            frames=own.movedim(1, -1).numpy(),
            poses=poses,
        )
        for signer, own in enumerate(frames)
    ]
    source = MemoryClips(clips, size=(SIZE, SIZE), device=CPU, pairing=Pairing(across_clips=0.0))
    return Stage(source=source, settings=BARE, size=SIZE)


def learn(objective: Any, folder: Path, *, steps: int, batch_size: int, rate: float) -> None:
    settings = Optimisation(
        steps=steps,
        batch_size=batch_size,
        learning_rate=rate,
        warmup=20,
        weight_decay=0.0,
        ema_decay=0.99,
    )
    trainer = Trainer(objective, settings, RunSettings(folder=folder, device=CPU))
    objective.prepare()
    for _ in range(steps):
        trainer.update()
    trainer.adopt()
    for module in objective.trained.values():
        module.eval()


@pytest.fixture(scope="module")
def autoencoder(tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    """Return the weights of an autoencoder that has learned the clips."""
    pipeline = build_pipeline(ModelSettings(**SIZES), 0)
    objective = autoencoder_objective(pipeline)
    freeze_all_but(pipeline, objective)
    learn(objective, tmp_path_factory.mktemp("autoencoder"), steps=600, batch_size=16, rate=3e-3)
    return pipeline.autoencoder.state_dict()


def pipeline_with(autoencoder: dict[str, torch.Tensor], method: str) -> SignVideoPipeline:
    pipeline = build_pipeline(ModelSettings(method=method, **SIZES), 0)
    pipeline.autoencoder.load_state_dict(autoencoder)
    return pipeline


def autoencoder_objective(pipeline: SignVideoPipeline) -> AutoencoderObjective:
    return AutoencoderObjective(
        autoencoder=pipeline.autoencoder,
        scenes=stage(),
        settings=AutoencoderTraining(fit_batches=1, latent_noise=0.0, drop_reference=0.0),
        seed=0,
    )


def test_the_autoencoder_rebuilds_its_frames_above_thirty_decibels(
    autoencoder: dict[str, torch.Tensor],
) -> None:
    learned = pipeline_with(autoencoder, "fpdm").autoencoder.eval()
    scene = stage().draw(64, 1, dice(1, CPU))
    surroundings = Surroundings(
        maps=scene.maps, reference=scene.reference, reference_maps=scene.reference_maps
    )
    with torch.no_grad():
        made = decode(learned, encode(learned, scene.pixels), surroundings)
    score = psnr(made, scene.pixels)
    assert score > 30, score


@pytest.mark.parametrize(
    "settings", [FusionTraining(), FusionTraining(loss="published")], ids=["symmetric", "published"]
)
def test_fusion_finds_its_target_among_sixty_four(settings: FusionTraining, tmp_path: Path) -> None:
    pipeline = build_pipeline(ModelSettings(**SIZES), 0)
    objective = FusionObjective(fusion=pipeline.fusion, scenes=stage(), settings=settings)
    freeze_all_but(pipeline, objective)
    learn(objective, tmp_path, steps=300, batch_size=32, rate=2e-3)
    found = retrieve(pipeline.fusion, gallery())
    assert found.top1 >= 0.95, found


def gallery() -> Gallery:
    """Return all signers in all poses, each with the first frame as their reference."""
    frames, poses = performed()
    pixels = torch.stack([to_pixels(own) for own in frames])  # (S, P, 3, H, W)
    maps = draw_pose_maps(to_points(poses, (SIZE, SIZE)), LAYOUT, (SIZE, SIZE))
    return Gallery(
        references=pixels[:, 0], maps=maps[None].expand(SIGNERS, -1, -1, -1, -1), pictures=pixels
    )


DENOISING = [
    pytest.param("fpdm", DenoiserTraining(min_time=0.1), id="fpdm-flow"),
    pytest.param("cfld", DenoiserTraining(min_time=0.1), id="cfld-flow"),
    pytest.param(
        "fpdm",
        DenoiserTraining(schedule="v", zero_terminal_snr=True, times="uniform", min_time=0.1),
        id="fpdm-v",
    ),
]


@pytest.mark.parametrize(("method", "settings"), DENOISING)
def test_the_denoiser_renders_its_frames_above_twenty_four_decibels(
    method: str,
    settings: DenoiserTraining,
    autoencoder: dict[str, torch.Tensor],
    tmp_path: Path,
) -> None:
    pipeline = pipeline_with(autoencoder, method)
    objective = DenoiserObjective(pipeline=pipeline, scenes=stage(), settings=settings)
    freeze_all_but(pipeline, objective)
    learn(objective, tmp_path, steps=1000, batch_size=16, rate=2e-3)
    scene = stage().draw(32, 1, dice(1, CPU))
    made = pipeline.generate(
        evidence_of(scene, pipeline),
        generator=torch.Generator().manual_seed(0),
        steps=Steps(num_steps=20, guidance=Guidance()),
    )
    score = psnr(made, scene.pixels)
    assert score > 24, score
