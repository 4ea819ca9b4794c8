"""Public networks at tiny size with random weights, in the formats that they are published in."""

import functools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_pndm import PNDMScheduler

SIZE = 64
CLIP = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
    "projection_dim": 24,
}
TEXT = {
    "hidden_size": 8,
    "intermediate_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 1,
    "vocab_size": 9,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
DINO = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 56,
    "patch_size": 14,
    "mlp_ratio": 2,
}
SWIN: dict[str, Any] = {
    "image_size": 32,
    "patch_size": 4,
    "embed_dim": 16,
    "depths": [1, 1, 2, 1],
    "num_heads": [1, 1, 2, 2],
    "window_size": 4,
}


def tiny_unet() -> UNet2DConditionModel:
    """Return a UNet built as Stable Diffusion's: three scales with attention, one without."""
    torch.manual_seed(0)
    return UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(16, 16, 32, 32),
        layers_per_block=1,
        attention_head_dim=8,
        norm_num_groups=8,
        cross_attention_dim=32,
        use_linear_projection=True,
    )


def tiny_vae() -> AutoencoderKL:
    """Return a KL autoencoder of 8 pixels a cell."""
    torch.manual_seed(1)
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(8, 8, 8, 8),
        layers_per_block=1,
        norm_num_groups=4,
        scaling_factor=0.18215,
    )


def tiny_taesd() -> AutoencoderTiny:
    """Return a small deterministic autoencoder of 8 pixels a cell."""
    torch.manual_seed(2)
    return AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8, 8),
        num_encoder_blocks=(1, 1, 1, 1),
        num_decoder_blocks=(1, 1, 1, 1),
    )


@functools.cache
def public_networks() -> Path:
    """Return a folder of folders: sd (unet, vae, scheduler), taesd, clip, dino, swin."""
    import transformers  # the light tests take the autoencoders alone

    root = Path(_KEPT.name)
    with torch.random.fork_rng([]), quiet():
        tiny_unet().save_pretrained(root / "sd" / "unet")
        tiny_vae().save_pretrained(root / "sd" / "vae")
        # the numbers of Stable Diffusion 2.1, in a scheduler with keys of its own as that of 1.5
        PNDMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            prediction_type="v_prediction",
            skip_prk_steps=True,
            steps_offset=1,
        ).save_pretrained(root / "sd" / "scheduler")
        tiny_taesd().save_pretrained(root / "taesd")
        torch.manual_seed(3)
        clip = transformers.CLIPConfig(text_config=TEXT, vision_config=CLIP, projection_dim=24)
        transformers.CLIPModel(clip).save_pretrained(root / "clip")
        transformers.Dinov2Model(transformers.Dinov2Config(**DINO)).save_pretrained(root / "dino")
        swin = transformers.SwinForImageClassification(transformers.SwinConfig(**SWIN))
        for name, table in swin.named_parameters():
            if name.endswith("bias_table"):  # zero at birth, so that resizing it would not show
                torch.nn.init.normal_(table)
        swin.save_pretrained(root / "swin")
    return root


def public_models(**changes: Any) -> dict[str, Any]:
    """Return the keys of [models] for FPDM around these networks; changes: of the keys."""
    root = public_networks()
    return {
        "method": "fpdm",
        "network": "published",
        "size": SIZE,
        "source_size": 72,
        "sampling_steps": 2,
        "sites": (),
        "site_channels": (),
        "prompt_tokens": 3,
        "prompt_blocks": 1,
        "pose_channels": 8,
        "pose_width": 8,
        "tokens_per_hand": 2,
        "unet": str(root / "sd"),
        "clip": str(root / "clip"),
        "dino": str(root / "dino"),
        "swin": str(root / "swin"),
    } | changes


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from drawing bars while it writes."""
    import transformers

    transformers.logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers.logging.enable_progress_bar()


_KEPT = tempfile.TemporaryDirectory()
