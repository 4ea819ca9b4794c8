# mypy: disable-error-code="misc, untyped-decorator, no-untyped-call"
"""AppearanceEncoder: the reference picture as tokens for cross-attention, once a clip."""

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
