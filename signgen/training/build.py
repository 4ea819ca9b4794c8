"""Untrained pipelines by the sizes of a recipe."""

from typing import Any

import torch

from signgen.hand_points import HAND_FEATURES
from signgen.models.appearance import AppearanceEncoder
from signgen.models.autoencoder import BlockAutoencoder
from signgen.models.denoiser import build_unet
from signgen.models.fusion import FusionEncoder, FusionProjector
from signgen.models.painter import CloseUpPainter
from signgen.models.pose import PoseEncoder, PoseResiduals, PublishedPoseNet
from signgen.models.refinement import PromptDecoder, PyramidEncoder, QueryBiases
from signgen.pipeline import SignVideoPipeline
from signgen.pose_maps import MAP_CHANNELS
from signgen.training.model_settings import ModelSettings
from signgen.training.public_build import public_parts
from temporal.adapter import TemporalAdapter

_TIME_WIDTHS = 4  # the UNet's time embedding is four times as wide as its first scale
_UP_LAYERS = 2  # cross-attentions of a scale of the up path, with one layer a block


def build_pipeline(models: ModelSettings, seed: int) -> SignVideoPipeline:
    """Return a pipeline with fresh weights, the same ones for the same seed, around public networks
    where the recipe names them.

    Raises InputError for a public network that cannot be had, ToolError for a missing extra.
    """
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        parts = _small_parts(models) if models.network == "small" else public_parts(models)
        return SignVideoPipeline(
            **parts,
            painter=_painter(models),
            motion_adapter=_motion_adapter(models),
            width=models.size,
            height=models.size,
            num_steps=models.sampling_steps,
            guidance_scale=models.guidance_scale,
        )


def _painter(models: ModelSettings) -> CloseUpPainter | None:
    if models.network != "small" or not models.painter_width:
        return None
    return CloseUpPainter(models.painter_width)


def _motion_adapter(models: ModelSettings) -> TemporalAdapter | None:
    if not models.sites:
        return None
    return TemporalAdapter(
        models.sites, models.site_channels, models.motion_heads, models.max_frames
    )


def _small_parts(models: ModelSettings) -> dict[str, Any]:
    fused = models.method == "fpdm"
    parts = _fusion_parts(models) if fused else _refinement_parts(models)
    beside = 0 if models.plain else models.latent_channels + models.pose_channels
    return {
        "autoencoder": BlockAutoencoder(models.latent_channels, width=models.decoder_width),
        "unet": build_unet(
            latent_channels=models.latent_channels,
            extra_channels=beside + models.pose_channels if fused else 0,
            copies=fused and not models.plain,
            token_width=models.token_width,
            channels=models.channels,
            attention=models.attention,
            fused=fused,
        ),
        **parts,
    }


def _fusion_parts(models: ModelSettings) -> dict[str, Any]:
    return {
        "appearance": AppearanceEncoder(models.token_width, models.appearance_width),
        "pose_encoder": _pose_encoder(models),
        "fusion": FusionEncoder(models.fusion_width, models.fusion_channels),
        "projector": FusionProjector(models.fusion_width, _TIME_WIDTHS * models.channels[0]),
    }


def _pose_encoder(models: ModelSettings) -> PoseEncoder | PublishedPoseNet:
    width = models.pose_width
    if models.plain:
        return PublishedPoseNet(MAP_CHANNELS, (width // 2, width, width, models.pose_channels))
    return PoseEncoder(
        channels=models.pose_channels,
        width=width,
        token_width=models.token_width,
        tokens_per_hand=models.tokens_per_hand,
        hand_features=HAND_FEATURES,
    )


def _refinement_parts(models: ModelSettings) -> dict[str, Any]:
    scales = [scale for scale, there in enumerate(models.attention) if there]
    branches = [scale for scale in reversed(scales) for _ in range(_UP_LAYERS)]
    coarsest = models.size // 64
    return {
        "source_encoder": PyramidEncoder(models.source_channels),
        "prompt_decoder": PromptDecoder(
            num_tokens=models.prompt_tokens,
            width=models.token_width,
            source_tokens=coarsest * coarsest,
            source_width=models.source_channels[-1],
            heads=max(1, models.token_width // 32),
            num_blocks=models.prompt_blocks,
        ),
        "query_biases": QueryBiases(
            sources=tuple(branches),
            source_channels=models.source_channels[:-1],
            widths=(models.bias_width,) * (len(models.source_channels) - 1),
            targets=tuple(models.channels[scale] for scale in branches),
            num_blocks=2,
        ),
        "pose_residuals": PoseResiduals(
            MAP_CHANNELS, 8, models.channels, _halvings(models.attention)
        ),
    }


def _halvings(attention: tuple[bool, ...]) -> tuple[bool, ...]:
    """Return before which blocks the residuals are halved.

    diffusers adds them before the downsampling of a block with attention, after that of one
    without; the last block has none.
    """
    last = len(attention) - 1
    levels = [s if there or s == last else s + 1 for s, there in enumerate(attention)]
    return tuple(level > before for before, level in zip([0, *levels], levels, strict=False))
