# mypy: disable-error-code="misc, untyped-decorator, no-untyped-call"
"""Fusion: one vector that says how the source would look in the target's pose (FPDM, stage 1).

It is trained to lie where the image encoder puts the target picture; the diffusion model takes it
through the time embedding, behind a FusionProjector of its own.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from signgen.models.blocks import PatchStem, ResidualBlock, zero

_TILES = 4  # a side: tiles of a picture whose means are kept apart
TEMPERATURE = 0.07  # of the contrastive loss, as FPDM fixes it; ours begins there and learns


class Combiner(nn.Module):
    """The gated mixture of two embeddings, as FPDM publishes it (after CLIP4Cir).

    width: of the embeddings and of every layer; dropout: after each activation.
    """

    def __init__(self, width: int = 768, dropout: float = 0.5) -> None:
        super().__init__()
        self.pose = nn.Linear(width, width)
        self.image = nn.Linear(width, width)
        self.both = nn.Linear(2 * width, width)
        self.out = nn.Linear(width, width)
        self.gate_in = nn.Linear(2 * width, width)
        self.gate_out = nn.Linear(width, 1)
        self.activation = nn.Sequential(nn.ReLU(), nn.Dropout(dropout))

    def forward(self, source: Tensor, pose: Tensor) -> Tensor:
        """Return unit vectors (N, E) of the embeddings (N, E) of the source and of the pose."""
        image, skeleton = self.activation(self.image(source)), self.activation(self.pose(pose))
        both = torch.cat((skeleton, image), dim=-1)
        gate = torch.sigmoid(self.gate_out(self.activation(self.gate_in(both))))
        mixed = self.out(self.activation(self.both(both)))
        return F.normalize(mixed + gate * pose + (1 - gate) * source, dim=-1)


class FusionEncoder(ModelMixin, ConfigMixin):
    """A small image encoder, a pose encoder and the Combiner.

    width: E, of the embeddings; channels: of the convolutions, a halving of the size between two;
    map_channels: of a pose map; dropout: in the Combiner.
    """

    @register_to_config
    def __init__(
        self,
        width: int = 256,
        channels: tuple[int, ...] = (24, 48, 80, 112),
        map_channels: int = 3,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.image = _encoder(3, channels, width)
        self.pose = _encoder(map_channels, channels, width)
        self.combiner = Combiner(width, dropout)
        self.log_temperature = nn.Parameter(torch.tensor(TEMPERATURE).log())

    def embed(self, pictures: Tensor) -> Tensor:
        """Return embeddings (N, E) of pictures (N, 3, H, W) in [-1, 1]."""
        return self.image(pictures)

    def embed_poses(self, maps: Tensor) -> Tensor:
        """Return embeddings (N, E) of pose maps (N, 3, H, W) in [0, 1]."""
        return self.pose(maps)

    def forward(self, source: Tensor, maps: Tensor) -> Tensor:
        """Return the fusion embeddings (B, T, E), of unit length.

        source (B, E): embed() of the reference; maps (B, T, 3, H, W): the poses to be taken.
        """
        poses = self.embed_poses(maps.flatten(0, 1)).unflatten(0, maps.shape[:2])
        return self.combiner(source[:, None].expand_as(poses), poses)


class FusionProjector(ModelMixin, ConfigMixin):
    """Fusion embedding → what is added to the UNet's time embedding; zero at birth.

    width: E; time_width: of the time embedding; hidden: of the layer between, 0 for time_width;
    dropout: after each layer.
    """

    @register_to_config
    def __init__(
        self, width: int = 256, time_width: int = 256, hidden: int = 0, dropout: float = 0.0
    ) -> None:
        super().__init__()
        hidden = hidden or time_width
        out = nn.Linear(hidden, time_width)
        zero(out)
        self.layers = nn.Sequential(
            nn.Linear(width, hidden), nn.GELU(), nn.Dropout(dropout), out, nn.Dropout(dropout)
        )

    def forward(self, fusion: Tensor) -> Tensor:
        """Return (..., time_width) of fusion embeddings (..., E)."""
        return self.layers(fusion)


def _encoder(pictures: int, channels: tuple[int, ...], width: int) -> nn.Sequential:
    layers: list[nn.Module] = [PatchStem(pictures, channels[0], 8), ResidualBlock(channels[0])]
    for above, below in pairwise(channels):
        layers += [nn.Conv2d(above, below, 3, stride=2, padding=1), ResidualBlock(below)]
    # a mean over the whole picture would lose where the hands are
    pool = (nn.GroupNorm(8, channels[-1]), nn.SiLU(), nn.AdaptiveAvgPool2d(_TILES), nn.Flatten())
    return nn.Sequential(*layers, *pool, nn.Linear(_TILES * _TILES * channels[-1], width))
