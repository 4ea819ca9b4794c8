"""The two building blocks of our small convolutional networks."""

import torch
from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """Two normalised 3x3 convolutions beside a straight path; zero at birth, so first an identity.

    channels: of input and output; groups: of the normalisation.
    """

    def __init__(self, channels: int, groups: int = 8) -> None:
        super().__init__()
        self.norm_in = nn.GroupNorm(groups, channels)
        self.conv_in = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm_out = nn.GroupNorm(groups, channels)
        self.conv_out = nn.Conv2d(channels, channels, 3, padding=1)
        self.activation = nn.SiLU()
        zero(self.conv_out)

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape (N, C, h, w)."""
        hidden = self.conv_in(self.activation(self.norm_in(features)))
        return features + self.conv_out(self.activation(self.norm_out(hidden)))


class PatchStem(nn.Module):
    """Pictures (N, C, H, W) → features (N, width, H/patch, W/patch), position channels included.

    Without the position a convolution cannot say where in the picture a feature stands.
    """

    def __init__(self, channels: int, width: int, patch: int) -> None:
        super().__init__()
        self.fold = nn.PixelUnshuffle(patch)
        self.conv = nn.Conv2d(channels * patch * patch + 2, width, 3, padding=1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the features."""
        folded = self.fold(pictures)
        return self.conv(torch.cat((folded, _positions(folded)), dim=1))


def zero(layer: nn.Conv2d | nn.Linear) -> None:
    """Make a layer's output zero: what it adds is learned and changes nothing at birth."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _positions(features: Tensor) -> Tensor:
    """Return (N, 2, h, w): x and y from -1 to 1."""
    num, _, height, width = features.shape
    y = torch.linspace(-1, 1, height, device=features.device, dtype=features.dtype)
    x = torch.linspace(-1, 1, width, device=features.device, dtype=features.dtype)
    grid = torch.stack((x[None, :].expand(height, -1), y[:, None].expand(-1, width)))
    return grid.expand(num, -1, -1, -1)
