# mypy: disable-error-code="misc, untyped-decorator, no-untyped-call"
"""CFLD's conditioning: a coarse prompt from learned queries, and fine biases on attention queries.

The source picture's features at four scales come in; a prompt for every cross-attention and a bias
for the queries of each of those in the up path go out.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.attention import BasicTransformerBlock, FeedForward
from diffusers.models.attention_processor import Attention
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from signgen.models.blocks import PatchStem, ResidualBlock, zero


class PyramidEncoder(ModelMixin, ConfigMixin):
    """A small encoder with the interface of Swin: features of four scales, each half the last.

    channels: of the scales; patch: pixels a cell of the finest. Biases are laid on target queries
    cell by cell, so that a scale must be as fine as the attention it goes to.
    """

    @register_to_config
    def __init__(self, channels: tuple[int, ...] = (32, 64, 96, 128), patch: int = 8) -> None:
        super().__init__()
        self.stem = nn.Sequential(PatchStem(3, channels[0], patch), ResidualBlock(channels[0]))
        self.scales = nn.ModuleList(
            nn.Sequential(nn.Conv2d(above, below, 3, stride=2, padding=1), ResidualBlock(below))
            for above, below in pairwise(channels)
        )

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Return four features (B, S, C), the finest first, of pictures (B, 3, H, W)."""
        features = [self.stem(pictures)]
        for scale in self.scales:
            features.append(scale(features[-1]))
        return [feature.flatten(2).transpose(1, 2) for feature in features]


class PromptDecoder(ModelMixin, ConfigMixin):
    """The perception-refined decoder: learned queries look at the coarsest features.

    num_tokens, width: of the prompt; source_tokens, source_width: of the features; heads and
    num_blocks: of the decoder.
    """

    @register_to_config
    def __init__(
        self,
        num_tokens: int = 16,
        width: int = 768,
        source_tokens: int = 64,
        source_width: int = 1024,
        heads: int = 24,
        num_blocks: int = 8,
    ) -> None:
        super().__init__()
        self.queries = nn.Parameter(0.02 * torch.randn(1, num_tokens, width))
        self.positions = nn.Parameter(0.02 * torch.randn(1, num_tokens, width))
        self.source_positions = nn.Parameter(0.02 * torch.randn(1, source_tokens, source_width))
        self.null = nn.Parameter(torch.randn(1, num_tokens, width))
        self.blocks = nn.ModuleList(
            _DecoderBlock(width, source_width, heads) for _ in range(num_blocks)
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return the prompt (B, num_tokens, width) of features (B, source_tokens, source_width)."""
        source = features + self.source_positions
        prompt = self.queries.expand(len(features), -1, -1)
        for block in self.blocks:
            prompt = block(prompt, source, self.positions)
        return prompt


class _DecoderBlock(nn.Module):
    def __init__(self, width: int, source_width: int, heads: int) -> None:
        super().__init__()
        self.norm_cross, self.norm_self, self.norm_out = (nn.LayerNorm(width) for _ in range(3))
        self.cross = Attention(width, source_width, heads=heads, dim_head=width // heads)
        self.own = Attention(width, heads=heads, dim_head=width // heads)
        self.out = FeedForward(width, activation_fn="geglu")

    def forward(self, prompt: Tensor, source: Tensor, positions: Tensor) -> Tensor:
        # the positions go to the queries alone: in the residual stream they would pile up
        prompt = prompt + self.cross(self.norm_cross(prompt + positions), source)
        prompt = prompt + self.own(self.norm_self(prompt + positions))
        return prompt + self.out(self.norm_out(prompt))


class QueryBiases(ModelMixin, ConfigMixin):
    """Hybrid-granularity attention: one branch for each cross-attention of the up path.

    sources: which scale each branch sees, 0 the finest; source_channels: of the scales; widths: of
    the branches by scale, heads of 32; targets: channels of the queries; num_blocks: in a branch.
    Zero at birth.
    """

    @register_to_config
    def __init__(
        self,
        sources: tuple[int, ...] = (2, 2, 2, 1, 1, 1, 0, 0, 0),
        source_channels: tuple[int, ...] = (128, 256, 512),
        widths: tuple[int, ...] = (64, 128, 256),
        targets: tuple[int, ...] = (1280, 1280, 1280, 640, 640, 640, 320, 320, 320),
        num_blocks: int = 4,
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            _Branch(source_channels[scale], widths[scale], target, num_blocks)
            for scale, target in zip(sources, targets, strict=True)
        )

    def forward(self, features: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Return biases (B, S, C), one a branch, of features (B, S, C) by scale."""
        sources = self.config["sources"]
        return tuple(
            branch(features[scale]) for scale, branch in zip(sources, self.branches, strict=True)
        )


class _Branch(nn.Module):
    def __init__(self, channels: int, width: int, target: int, num_blocks: int) -> None:
        super().__init__()
        self.enter = nn.Linear(channels, width)
        self.blocks = nn.ModuleList(
            BasicTransformerBlock(
                width, max(1, width // 32), min(32, width), double_self_attention=True
            )
            for _ in range(num_blocks)
        )
        # the last layer alone is zero: with the first one zero too, as published, nothing but the
        # last would learn in the first step
        self.leave = nn.Linear(width, target)
        zero(self.leave)

    def forward(self, features: Tensor) -> Tensor:
        hidden = self.enter(features)
        for block in self.blocks:
            hidden = block(hidden)
        return self.leave(hidden)
