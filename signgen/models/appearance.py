# mypy: disable-error-code="misc, untyped-decorator, no-untyped-call"
"""The reference picture as tokens for cross-attention, once a clip."""

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from signgen.models.blocks import PatchStem, ResidualBlock


class AppearanceEncoder(ModelMixin, ConfigMixin):
    """A small convolutional encoder that also sees where the reference's body is.

    token_width: D; width: of the convolutions; num_blocks: on each of two scales; map_channels: of
    a pose map.
    """

    @register_to_config
    def __init__(
        self, token_width: int = 128, width: int = 96, num_blocks: int = 2, map_channels: int = 3
    ) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            PatchStem(3 + map_channels, width, 8),
            *(ResidualBlock(width) for _ in range(num_blocks)),
            nn.Conv2d(width, token_width, 3, stride=2, padding=1),
            *(ResidualBlock(token_width) for _ in range(num_blocks)),
        )
        self.norm = nn.LayerNorm(token_width)
        self.null = nn.Parameter(0.02 * torch.randn(1, 1, token_width))

    def forward(self, reference: Tensor, maps: Tensor) -> Tensor:
        """Return tokens (B, S, D), S = H/16 * W/16.

        reference (B, 3, H, W) in [-1, 1]; maps (B, 3, H, W) in [0, 1].
        """
        features = self.encoder(torch.cat((reference, maps), dim=1))
        return self.norm(features.flatten(2).transpose(1, 2))


class TokenProjector(ModelMixin, ConfigMixin):
    """FPDM's way from the tokens of a frozen encoder to those of cross-attention.

    width: of the encoder's tokens; hidden: of the layer between; token_width: D; dropout: after
    each layer; learned_null: whether what stands for no picture is learned, or zero as published.
    """

    null: Tensor

    @register_to_config
    def __init__(
        self,
        width: int = 1024,
        hidden: int = 768,
        token_width: int = 1024,
        dropout: float = 0.2,
        learned_null: bool = False,
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(width, hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.LayerNorm(hidden),
            nn.Linear(hidden, token_width),
            nn.Dropout(dropout),
        )
        if learned_null:
            self.null = nn.Parameter(0.02 * torch.randn(1, 1, token_width))
        else:
            self.register_buffer("null", torch.zeros(1, 1, token_width))

    def forward(self, tokens: Tensor) -> Tensor:
        """Return tokens (N, S, D) of an encoder's tokens (N, S, width)."""
        return self.layers(tokens)
