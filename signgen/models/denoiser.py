# mypy: disable-error-code="no-untyped-call"
"""The denoiser is the stock UNet2DConditionModel: how to make one, and how to ask it.

Pictures and pose features enter by extra channels of the first convolution, appearance and hands by
cross-attention, the fusion embedding by the time embedding.
"""

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn

from signgen.conditioning import Conditioning
from signgen.models.attention import Keys, take_conditions
from signgen.schedules import Level


def build_unet(
    *,
    latent_channels: int,
    extra_channels: int,
    token_width: int,
    channels: tuple[int, ...],
    attention: tuple[bool, ...],
    fused: bool = True,
    copies: bool = False,
) -> UNet2DConditionModel:
    """Return an untrained UNet whose extra input channels have no effect yet.

    extra_channels: of Conditioning.channels; channels: one number a scale, with ``attention`` where
    it attends to tokens; fused: whether it takes a fusion embedding; copies: whether the extra
    channels begin with the reference's latents, of which it then can take over what stands still:
    it says one channel more than the latent has, see predict_clean.
    """
    down = ["CrossAttnDownBlock2D" if there else "DownBlock2D" for there in attention]
    up = ["CrossAttnUpBlock2D" if there else "UpBlock2D" for there in reversed(attention)]
    unet = UNet2DConditionModel(
        in_channels=latent_channels + extra_channels,
        out_channels=latent_channels + (1 if copies else 0),
        down_block_types=tuple(down),
        up_block_types=tuple(up),
        block_out_channels=channels,
        layers_per_block=1,
        attention_head_dim=tuple(max(1, width // 32) for width in channels),
        norm_num_groups=min(32, channels[0]),
        cross_attention_dim=token_width,
        class_embed_type="identity" if fused else None,
    )
    silence_extra_channels(unet.conv_in, latent_channels)
    take_conditions(unet)
    return unet


@torch.no_grad()
def silence_extra_channels(conv_in: nn.Conv2d, latent_channels: int) -> None:
    """Zero the weights of all input channels but the latent's."""
    conv_in.weight[:, latent_channels:].zero_()


def open_for_conditions(unet: UNet2DConditionModel, extra_channels: int, *, fused: bool) -> None:
    """Let a stock UNet take our conditions, which change nothing of what it says yet.

    The wider first convolution is the old one, and zero for the new channels: a published pose net
    ends in a convolution that is zero at birth and added behind it, which is the same. Its bias is
    this one's.
    """
    narrow = unet.conv_in
    wide = nn.Conv2d(
        narrow.in_channels + extra_channels,
        narrow.out_channels,
        narrow.kernel_size,  # type: ignore[arg-type]
        padding=narrow.padding,  # type: ignore[arg-type]
    )
    with torch.no_grad():
        wide.weight[:, : narrow.in_channels] = narrow.weight
        wide.bias.copy_(narrow.bias)  # type: ignore[union-attr, arg-type]
    silence_extra_channels(wide, narrow.in_channels)
    unet.conv_in = wide.to(narrow.weight)
    unet.register_to_config(in_channels=wide.in_channels)
    if fused:
        unet.class_embedding = nn.Identity()  # type: ignore[assignment]  # as by its config
        unet.register_to_config(class_embed_type="identity")
    take_conditions(unet)


def predict(
    unet: UNet2DConditionModel,
    noisy: Tensor,
    times: Tensor,
    conditioning: Conditioning,
    keys: tuple[Keys, ...] = (),
) -> Tensor:
    """Return what the UNet was trained to say, (B, T, C, h, w), of noisy latents (B, T, c, h, w).

    times (B,): in the units of its time embedding; keys: what make_keys made of the tokens.
    """
    num_frames = noisy.shape[1]
    inputs = torch.cat((noisy, conditioning.channels()), dim=2).flatten(0, 1)  # (B*T, C, h, w)
    inputs = inputs.to(unet.conv_in.weight.dtype)  # latents are exact, whatever the network is
    residuals = [residual.flatten(0, 1) for residual in conditioning.residuals]
    said = unet(
        inputs,
        times.repeat_interleave(num_frames),
        encoder_hidden_states=conditioning.tokens(),
        class_labels=conditioning.labels(),
        cross_attention_kwargs={"query_biases": conditioning.biases, "keys": keys},
        down_intrablock_additional_residuals=residuals or None,
        return_dict=False,
    )[0]
    return said.unflatten(0, noisy.shape[:2])


def predict_clean(
    unet: UNet2DConditionModel,
    noisy: Tensor,
    level: Level,
    conditioning: Conditioning,
    keys: tuple[Keys, ...] = (),
) -> Tensor:
    """Return the clean latents (B, T, c, h, w) that the UNet sees in noisy ones.

    level: of the noise. Where the UNet has one output channel more than the latents, it says how
    much of a cell is the reference's own, so that still background is copied exactly and does not
    flicker.
    """
    said = predict(unet, noisy, level.mark, conditioning, keys).float()
    channels = noisy.shape[2]
    clean = level.clean_of(said[:, :, :channels], noisy)
    if said.shape[2] == channels:
        return clean
    reference = conditioning.reference_latents[:, None].float()
    return torch.lerp(clean, reference, torch.sigmoid(said[:, :, channels:]))
