# mypy: disable-error-code="misc, untyped-decorator, no-untyped-call"
"""PoseEncoder: pose maps as features at latent size, and each hand's points as a few tokens."""

from itertools import pairwise

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor, nn

from signgen.models.blocks import PatchStem, ResidualBlock


class PoseEncoder(ModelMixin, ConfigMixin):
    """What is signed, for one frame at a time.

    channels: P, of the features at 8x8 pixels a cell; width: of the first convolution; token_width:
    D; tokens_per_hand: how many a hand is given, 0 for none; hand_features: numbers that describe a
    hand; map_channels: of a pose map.
    """

    @register_to_config
    def __init__(
        self,
        channels: int = 32,
        width: int = 48,
        token_width: int = 128,
        tokens_per_hand: int = 4,
        hand_features: int = 87,
        map_channels: int = 3,
    ) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            PatchStem(map_channels, width, 4),
            ResidualBlock(width),
            nn.SiLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
            ResidualBlock(2 * width),
            nn.SiLU(),
            nn.Conv2d(2 * width, channels, 3, padding=1),
        )
        self.hands = nn.Sequential(
            nn.Linear(hand_features, 2 * token_width),
            nn.SiLU(),
            nn.Linear(2 * token_width, 2 * token_width),
            nn.SiLU(),
            nn.Linear(2 * token_width, tokens_per_hand * token_width),
        )
        self.sides = nn.Parameter(0.02 * torch.randn(2, tokens_per_hand, token_width))
        self.norm = nn.LayerNorm(token_width)

    def forward(self, maps: Tensor) -> Tensor:
        """Return features (N, P, H/8, W/8) of pose maps (N, 3, H, W) in [0, 1]."""
        return self.encoder(maps)

    def hand_tokens(self, hands: Tensor) -> Tensor:
        """Return tokens (N, 2 * tokens_per_hand, D) of hands (N, 2, hand_features)."""
        tokens = self.hands(hands).unflatten(-1, tuple(self.sides.shape[1:])) + self.sides
        return self.norm(tokens.flatten(1, 2))


class PoseResiduals(ModelMixin, ConfigMixin):
    """CFLD's pose encoder: features that are added at the end of the UNet's down blocks.

    map_channels: of a pose map; patch: how many pixels the finest features stand for; channels: of
    the blocks; halved: whether the size is halved before each of them.
    """

    @register_to_config
    def __init__(
        self,
        map_channels: int = 21,
        patch: int = 4,
        channels: tuple[int, ...] = (320, 640, 1280),
        halved: tuple[bool, ...] = (False, True, True),
    ) -> None:
        super().__init__()
        self.fold = nn.PixelUnshuffle(patch)
        self.conv_in = nn.Conv2d(map_channels * patch * patch, channels[0], 1)
        inputs = (channels[0], *channels[:-1])
        self.blocks = nn.ModuleList(
            ResnetBlock2D(
                in_channels=above,
                out_channels=below,
                temb_channels=None,  # type: ignore[arg-type]  # as diffusers' own VAE has it
                groups=min(32, above),
                groups_out=min(32, below),
            )
            for above, below in zip(inputs, channels, strict=True)
        )
        self.halve = nn.AvgPool2d(2)

    def forward(self, maps: Tensor) -> list[Tensor]:
        """Return features (N, C, h, w), one for each block."""
        features = self.conv_in(self.fold(maps))
        found = []
        for halved, block in zip(self.config["halved"], self.blocks, strict=True):
            features = block(self.halve(features) if halved else features, None)
            found.append(features)
        return found


class PublishedPoseNet(ModelMixin, ConfigMixin):
    """FPDM's pose encoder up to its last convolution, which the UNet's first one takes in.

    channels: of its layers; the size is halved three times.
    """

    @register_to_config
    def __init__(
        self, map_channels: int = 3, channels: tuple[int, ...] = (16, 32, 96, 256)
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(map_channels, channels[0], 3, padding=1), nn.SiLU()]
        for above, below in pairwise(channels):
            layers += [nn.Conv2d(above, above, 3, padding=1), nn.SiLU()]
            layers += [nn.Conv2d(above, below, 3, padding=1, stride=2), nn.SiLU()]
        self.layers = nn.Sequential(*layers)

    def forward(self, maps: Tensor) -> Tensor:
        """Return features (N, channels[-1], H/8, W/8) of pose maps (N, 3, H, W) in [0, 1]."""
        return self.layers(maps)
