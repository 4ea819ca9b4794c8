# mypy: disable-error-code="misc, untyped-decorator, no-untyped-call"
"""CloseUpPainter: hands and face painted anew, each in a square of its own.

A hand is seven latent cells wide, too few for fingers; in its own square it has 64 pixels, stands
upright, and a left one is seen as a right one.
"""

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from signgen.models.blocks import ResidualBlock, zero


class CloseUpPainter(ModelMixin, ConfigMixin):
    """What changes in the squares of hands and face; nothing at birth.

    width: of the finest features; side: of a square, in pixels; map_channels: of a pose map.
    """

    @register_to_config
    def __init__(self, width: int = 40, side: int = 64, map_channels: int = 3) -> None:
        super().__init__()
        channels = 2 * (3 + map_channels)
        self.hand = SquareNet(channels, width)
        self.face = SquareNet(channels, width)

    @property
    def side(self) -> int:
        """The side of a square, in pixels."""
        return int(self.config["side"])

    def forward(self, rough: Tensor, maps: Tensor, reference: Tensor) -> Tensor:
        """Return what is to be added to the rough squares, (N, 3, 3, S, S).

        rough (N, 3, 3, S, S) in [-1, 1] and maps (N, 3, 3, S, S): of both hands and the face;
        reference (N, 3, 6, S, S): the same two of the reference. All are zeros where a part is not
        seen; what is returned there is of no use.
        """
        dtype = self.hand.out.weight.dtype
        seen = torch.cat((rough, maps, reference), dim=2).to(dtype)
        hands, face = seen.split((2, 1), dim=1)
        painted = self.hand(hands.flatten(0, 1)).unflatten(0, hands.shape[:2])
        made = torch.cat((painted, self.face(face[:, 0])[:, None]), dim=1).to(rough.dtype)
        share, change = made.split((1, 3), dim=2)
        return share * (reference[:, :, :3] - rough) + change


class SquareNet(nn.Module):
    """A small UNet over one square: (N, channels, S, S) → (N, 4, S, S), zero at birth.

    The first channel is the share that the reference's own pixel has in the result.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.unfold = nn.PixelUnshuffle(2)
        self.entry = nn.Conv2d(4 * channels, width, 3, padding=1)
        self.fine_in = ResidualBlock(width)
        self.sink = nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)
        self.middle_in = ResidualBlock(2 * width)
        self.sink_again = nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1)
        self.coarse = nn.Sequential(ResidualBlock(4 * width), ResidualBlock(4 * width))
        self.rise = _Rise(4 * width, 2 * width)
        self.middle_out = ResidualBlock(2 * width)
        self.rise_again = _Rise(2 * width, width)
        self.fine_out = nn.Sequential(ResidualBlock(width), nn.GroupNorm(8, width), nn.SiLU())
        self.out = nn.Conv2d(width, 4 * 4, 3, padding=1)
        self.fold = nn.PixelShuffle(2)
        zero(self.out)

    def forward(self, squares: Tensor) -> Tensor:
        """Return what is made of squares."""
        fine = self.fine_in(self.entry(self.unfold(squares)))
        middle = self.middle_in(self.sink(fine))
        coarse = self.coarse(self.sink_again(middle))
        middle = self.middle_out(middle + self.rise(coarse))
        return self.fold(self.out(self.fine_out(fine + self.rise_again(middle))))


class _Rise(nn.Module):
    """Features (N, above, h, w) → (N, below, 2h, 2w)."""

    def __init__(self, above: int, below: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(above, 4 * below, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Return the finer features."""
        return F.pixel_shuffle(self.conv(features), 2)
