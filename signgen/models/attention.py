"""One attention processor for the whole UNet: query biases, and keys and values made beforehand.

Both come as values in ``cross_attention_kwargs``; diffusers drops names that a processor does not
take, so every attention of the UNet gets this one.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.models.attention_processor import Attention
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Keys:
    """Keys and values of one cross-attention.

    shared (2, B, S, C): of tokens that all frames of a clip share; own (2, B*T, N, C): of each
    frame's.
    """

    shared: Tensor
    own: Tensor

    def of_frames(self) -> tuple[Tensor, Tensor]:
        """Return keys and values (B*T, S + N, C)."""
        num_frames = self.own.shape[1] // self.shared.shape[1]
        both = torch.cat((self.shared.repeat_interleave(num_frames, dim=1), self.own), dim=2)
        return both[0], both[1]


class ConditionedAttention:
    """Attention as in the stock UNet, but for what it is handed by its numbers.

    cross: its number among the cross-attentions, None for self-attention; up: its number among
    those of the up path, None elsewhere.
    """

    def __init__(self, cross: int | None = None, up: int | None = None) -> None:
        self._cross, self._up = cross, up

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
        query_biases: tuple[Tensor, ...] = (),
        keys: tuple[Keys, ...] = (),
    ) -> Tensor:
        """Return hidden states (N, L, C), N = B * T.

        query_biases: (B, L, C) for each cross-attention of the up path, or none of them; keys: of
        each cross-attention, or none of them.
        """
        query = attn.to_q(hidden_states)
        if query_biases and self._up is not None:
            bias = query_biases[self._up]
            query = query + bias.repeat_interleave(len(query) // len(bias), dim=0)
        if keys and self._cross is not None:
            key, value = keys[self._cross].of_frames()
        else:
            tokens = hidden_states if encoder_hidden_states is None else encoder_hidden_states
            key, value = attn.to_k(tokens), attn.to_v(tokens)
        parts = (part.unflatten(-1, (attn.heads, -1)) for part in (query, key, value))
        heads = (part.transpose(1, 2) for part in parts)  # (N, heads, L, C / heads)
        mixed = F.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2)
        hidden: Tensor = attn.to_out[1](attn.to_out[0](mixed))
        return hidden


def take_conditions(unet: UNet2DConditionModel) -> None:
    """Give every attention of a UNet the processor that takes our conditions."""
    names = cross_attentions(unet)
    up = [name for name in names if name.startswith("up_blocks.")]
    processors: dict[str, Any] = {}
    for name in unet.attn_processors:
        owner = name.removesuffix(".processor")
        processors[name] = ConditionedAttention(
            cross=names.index(owner) if owner in names else None,
            up=up.index(owner) if owner in up else None,
        )
    unet.set_attn_processor(processors)


def cross_attentions(unet: UNet2DConditionModel) -> list[str]:
    """Return the names of the cross-attentions, in the order in which they are asked."""
    owners = [name.removesuffix(".processor") for name in unet.attn_processors]
    crosses = [name for name in owners if name.endswith("attn2")]
    order = ("down_blocks", "mid_block", "up_blocks")
    return sorted(crosses, key=lambda name: order.index(name.partition(".")[0]))


def make_keys(unet: UNet2DConditionModel, shared: Tensor, own: Tensor) -> tuple[Keys, ...]:
    """Return the keys and values of every cross-attention: they do not depend on the step.

    shared (B, S, D), own (B*T, N, D): the tokens.
    """
    made = []
    for name in cross_attentions(unet):
        attn = unet.get_submodule(name)
        both = (
            torch.stack((attn.to_k(tokens), attn.to_v(tokens)))  # type: ignore[operator]
            for tokens in (shared, own)
        )
        made.append(Keys(*both))
    return tuple(made)
