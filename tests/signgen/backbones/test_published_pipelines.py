"""FPDM and CFLD around public networks, and our base: built, trained a step, saved, rendered."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pose_sequences.errors import InputError
from signgen.conditioning import NOTHING
from signgen.latents import encode
from signgen.models.denoiser import predict
from signgen.pipeline import SignVideoPipeline
from signgen.training.build import build_pipeline
from signgen.training.denoiser import DenoiserObjective
from signgen.training.denoising import evidence_of
from signgen.training.fusion import FusionObjective
from signgen.training.model_settings import ModelSettings
from signgen.training.recipe import load_recipe
from signgen.training.settings import DenoiserTraining, FusionTraining, Optimisation, SampleSettings
from signgen.training.stages import freeze_all_but, read_pipeline, write_pipeline
from signgen.training.trainer import RunSettings, Trainer, dice
from tests.signer import signing
from tests.signgen.backbones.tiny_public import SIZE, public_models, public_networks, tiny_unet
from tests.signgen.training.tiny import CPU, tiny_scenes

MOTION = {"sites": ("mid_block.attentions.0",), "site_channels": (32,)}
KINDS: dict[str, dict[str, Any]] = {
    "fpdm": {},
    "base": {"network": "base", **MOTION},
    "cfld": {"method": "cfld"},
}
SCHEDULES = {
    "fpdm": DenoiserTraining(schedule="v", times="uniform", sampler="ddpm"),
    "base": DenoiserTraining(schedule="v", zero_terminal_snr=True),
    "cfld": DenoiserTraining(schedule="epsilon", times="cubic", sampler="ddpm"),
}


def built(kind: str, **changes: Any) -> SignVideoPipeline:
    return build_pipeline(ModelSettings(**public_models(**KINDS[kind], **changes)), seed=0)


def weights(pipeline: SignVideoPipeline) -> dict[str, torch.Tensor]:
    return {
        f"{name}.{key}": tensor.clone()
        for name, part in pipeline.components.items()
        if isinstance(part, torch.nn.Module)
        for key, tensor in part.state_dict().items()
    }


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@torch.no_grad()
def test_at_birth_the_unet_says_what_the_public_one_says_to_the_same_tokens(kind: str) -> None:
    pipeline = built(kind)
    stock = tiny_unet()
    scene = tiny_scenes().draw(2, 1, dice(0, CPU))
    conditions = pipeline.conditioner(evidence_of(scene, pipeline))
    # CFLD's pose residuals are not zero at birth, as published: without them all else must be
    conditions = dataclasses.replace(conditions, residuals=())
    noisy = torch.randn(2, 1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    times = torch.tensor([10.0, 700.0])
    said = predict(pipeline.unet, noisy, times, conditions)
    expected = stock(noisy[:, 0], times, conditions.tokens()).sample
    torch.testing.assert_close(said[:, 0], expected, rtol=1e-4, atol=1e-5)
    assert conditions.channels().shape[2] == pipeline.unet.config["in_channels"] - 4


def test_one_update_moves_what_the_method_trains_and_nothing_else(
    kind: str, tmp_path: Path
) -> None:
    pipeline = built(kind)
    objective = DenoiserObjective(pipeline=pipeline, scenes=tiny_scenes(), settings=SCHEDULES[kind])
    freeze_all_but(pipeline, objective)
    before = weights(pipeline)
    settings = Optimisation(steps=2, batch_size=2, warmup=1, learning_rate=1e-3)
    trainer = Trainer(objective, settings, RunSettings(folder=tmp_path, device=CPU))
    assert np.isfinite([float(trainer.update()) for _ in range(2)]).all()
    changed = {name for name, tensor in weights(pipeline).items() if (tensor != before[name]).any()}
    parts = {name.split(".")[0] for name in changed}
    expected = {
        "fpdm": {"unet", "appearance", "pose_encoder", "projector"},
        "base": {"unet", "appearance", "pose_encoder", "projector"},
        "cfld": {"unet", "source_encoder", "prompt_decoder", "query_biases", "pose_residuals"},
    }[kind]
    assert parts == expected
    for name in ("autoencoder", "image_encoder", "fusion", "motion_adapter"):
        part = getattr(pipeline, name)
        assert part is None or not any(module.training for module in part.modules())
    if kind == "cfld":
        of_unet = {name for name in changed if name.startswith("unet.")}
        assert all(".attn2.to_k." in name or ".attn2.to_v." in name for name in of_unet)
        assert all(name.startswith("unet.up_blocks.") for name in of_unet)
        assert len(of_unet) == 2 * 6  # three blocks of the up path with two attentions each
        held = {name for name in trainer.tensors() if name.startswith("unet.")}
        assert held == of_unet  # a checkpoint does not repeat what is as published


@torch.no_grad()
def test_cfld_reads_the_joints_beside_the_maps() -> None:
    pipeline = built("cfld")
    scene = tiny_scenes().draw(2, 1, dice(0, CPU))
    evidence = evidence_of(scene, pipeline)
    blind = dataclasses.replace(evidence, joints=torch.zeros_like(evidence.joints))
    seen, unseen = (pipeline.conditioner(known).residuals[0] for known in (evidence, blind))
    assert (evidence.joints[..., 2] == 1).any()
    assert not torch.allclose(seen, unseen)


@torch.no_grad()
def test_a_reference_is_encoded_only_where_its_latents_are_looked_at(kind: str) -> None:
    pipeline = built(kind)
    scene = tiny_scenes().draw(2, 1, dice(0, CPU))
    latents = evidence_of(scene, pipeline).reference_latents
    assert latents.shape == (2, 4 if kind == "base" else 0, 8, 8)
    if kind == "base":
        encoded = encode(pipeline.autoencoder, scene.reference[:, None])[:, 0]
        torch.testing.assert_close(latents, encoded)


def test_the_fusion_of_clip_learns_in_its_own_stage(tmp_path: Path) -> None:
    pipeline = built("fpdm")
    objective = FusionObjective(
        fusion=pipeline.fusion, scenes=tiny_scenes(), settings=FusionTraining(loss="published")
    )
    freeze_all_but(pipeline, objective)
    before = weights(pipeline)
    settings = Optimisation(steps=1, batch_size=4, warmup=1, learning_rate=1e-3)
    loss = Trainer(objective, settings, RunSettings(folder=tmp_path, device=CPU)).update()
    assert torch.isfinite(loss)
    changed = {name for name, tensor in weights(pipeline).items() if (tensor != before[name]).any()}
    assert {name.split(".")[0] for name in changed} == {"fusion"}
    assert {name.split(".")[1] for name in changed} >= {"clip", "combiner"}


def test_a_frame_is_rendered_from_the_folder_as_from_what_was_saved(
    kind: str, tmp_path: Path
) -> None:
    pipeline = built(kind)
    DenoiserObjective(pipeline=pipeline, scenes=tiny_scenes(), settings=SCHEDULES[kind])
    write_pipeline(pipeline, tmp_path / "p", 1024)
    again = read_pipeline(tmp_path / "p")
    saved = weights(again)
    assert all(torch.equal(tensor, saved[name]) for name, tensor in weights(pipeline).items())
    assert again.config["learned_unet"] == pipeline.config["learned_unet"]
    assert again.steps == pipeline.steps
    picture = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    poses = signing(4)
    frames = [
        made.render_frames(
            picture,
            poses.frames(0, 1),
            poses.frames(0, 2),
            generator=torch.Generator().manual_seed(0),
        )
        for made in (pipeline, again)
    ]
    assert (frames[0].shape, frames[0].dtype) == ((2, SIZE, SIZE, 3), np.uint8)
    assert np.abs(frames[0].astype(int) - frames[1]).max() <= 1
    kinds = {path.suffix for path in (tmp_path / "p").rglob("*") if path.is_file()}
    assert kinds == {".json", ".safetensors"}


def test_the_same_seed_builds_the_same_pipeline(kind: str) -> None:
    first, second = weights(built(kind)), weights(built(kind))
    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())


@torch.no_grad()
def test_without_conditions_nothing_of_the_evidence_is_left(kind: str) -> None:
    pipeline = built(kind)
    said = []
    for seed in (0, 1):
        scene = tiny_scenes().draw(2, 1, dice(seed, CPU))
        conditions = pipeline.conditioner(evidence_of(scene, pipeline))
        noisy = torch.randn(2, 1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
        nothing = conditions.in_state(NOTHING)
        said.append(predict(pipeline.unet, noisy, torch.tensor([10.0, 700.0]), nothing))
    torch.testing.assert_close(said[0], said[1])


def test_a_small_deterministic_autoencoder_takes_the_place_of_the_published_one() -> None:
    pipeline = built("fpdm", vae=str(public_networks() / "taesd"))
    assert type(pipeline.autoencoder).__name__ == "AutoencoderTiny"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"vae": "dino"}, "is a None, not one of AutoencoderKL"),
        ({"unet": "clip"}, "cannot be had"),
        ({"clip": "nowhere"}, r"\[models\] clip .* openai/clip-vit-large-patch14"),
        ({"dino": "clip"}, r"\[models\] dino .* facebook/dinov2-large"),
    ],
)
def test_a_network_in_the_wrong_place_is_named_with_its_key(
    changes: dict[str, str], said: str
) -> None:
    there = {key: str(public_networks() / name) for key, name in changes.items()}
    with pytest.raises(InputError, match=said):
        built("fpdm", **there)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"network": "larger"}, "give small, published, base"),
        ({"network": "base", "method": "cfld"}, "of the method fpdm"),
        ({"unet": ""}, "unet is empty"),
        ({"dino_sha256": "12"}, "64 hexadecimal digits"),
        ({"site_channels": (32,)}, "one entry a module"),
        ({**MOTION, "motion_heads": 5}, "divides each"),
        ({"sampling_steps": 0}, "at least 1"),
    ],
)
def test_a_faulty_choice_of_networks_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ModelSettings(**public_models(**changes))


@pytest.mark.parametrize(
    ("name", "stages"),
    [
        ("fpdm-sd21", ("fusion", "denoiser")),
        ("fpdm-phoenix", ("fusion", "denoiser")),
        ("cfld-sd15", ("denoiser",)),
        ("base", ("fusion", "denoiser", "temporal", "distil")),
    ],
)
def test_a_recipe_that_ships_names_all_the_networks_it_needs(
    name: str, stages: tuple[str, ...]
) -> None:
    recipe = load_recipe(name)
    assert recipe.models.stages == stages
    assert all(getattr(recipe.models, key) for key in recipe.models.public if key != "vae")
    assert recipe.samples != SampleSettings() or name == "base"
