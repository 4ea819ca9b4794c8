# mypy: disable-error-code="misc, untyped-decorator, no-untyped-call"
"""SwinPyramid: CFLD's source encoder, Swin at four scales, with windows as large as 256 pixels ask.

A stock Swin has one window for all scales and fails where that is larger than the scale; here each
has its own, and no normalisation at the end.
"""

from typing import Any

import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from signgen.backbones.pictures import IMAGENET_MEAN, IMAGENET_SPREAD, prepare
from signgen.backbones.public import Source, import_transformers, read_transformers

_TABLE = "relative_position_bias_table"  # the end of its name


class SwinPyramid(ModelMixin, ConfigMixin):
    """The interface of PyramidEncoder around Swin's embeddings and stages.

    size: of the pictures that it sees; window: the largest, in cells; patch: pixels a cell of the
    finest scale; width: of the finest scale, twice as much at each other; depths, heads: of the
    scales; drop_path: of the last block, in training.
    """

    @register_to_config
    def __init__(
        self,
        size: int = 256,
        window: int = 16,
        patch: int = 4,
        width: int = 128,
        depths: tuple[int, ...] = (2, 2, 18, 2),
        heads: tuple[int, ...] = (4, 8, 16, 32),
        drop_path: float = 0.2,
    ) -> None:
        super().__init__()
        transformers = import_transformers()
        self.cells = [size // patch // 2**scale for scale in range(len(depths))]
        windows = [min(window, cells) for cells in self.cells]
        stock = {
            wide: transformers.SwinModel(
                transformers.SwinConfig(
                    image_size=size,
                    patch_size=patch,
                    embed_dim=width,
                    depths=list(depths),
                    num_heads=list(heads),
                    window_size=wide,
                    drop_path_rate=drop_path,
                )
            )
            for wide in sorted(set(windows))
        }
        self.embeddings = stock[windows[0]].embeddings
        self.stages = nn.ModuleList(
            stock[wide].encoder.layers[scale] for scale, wide in enumerate(windows)
        )

    @property
    def channels(self) -> tuple[int, ...]:
        """Of the scales, the finest first."""
        return tuple(self.config["width"] * 2**s for s in range(len(self.config["depths"])))

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Return features (B, S, C) of each scale, the finest first, of pictures in [-1, 1]."""
        shown = prepare((pictures + 1) / 2, self.config["size"], IMAGENET_MEAN, IMAGENET_SPREAD)
        hidden, _ = self.embeddings(shown)
        found = []
        for cells, stage in zip(self.cells, self.stages, strict=True):
            hidden, features = _through(stage, hidden, (cells, cells))
            found.append(features)
        return found


def _through(stage: Any, hidden: Tensor, cells: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Return what a stage hands to the next one, and its features before they are merged."""
    for block in stage.blocks:
        hidden = block(hidden, cells)[0]
    merged = hidden if stage.downsample is None else stage.downsample(hidden, cells)
    return merged, hidden


def read_swin(source: Source, size: int, window: int) -> SwinPyramid:
    """Return a public Swin that sees pictures of ``size`` through windows of at most ``window``.

    The tables of its position biases are resized where its own windows were others. Raises as
    read_transformers.
    """
    swin = read_transformers("SwinModel", source)
    config = swin.config
    pyramid = SwinPyramid(
        size=size,
        window=window,
        patch=config.patch_size,
        width=config.embed_dim,
        depths=tuple(config.depths),
        heads=tuple(config.num_heads),
    )
    pyramid.embeddings.load_state_dict(swin.embeddings.state_dict(), strict=False)
    own = pyramid.stages.state_dict()
    theirs = swin.encoder.layers.state_dict()
    fitted = {
        name: resize_table(theirs[name], len(own[name])) if name.endswith(_TABLE) else theirs[name]
        for name in own
    }
    pyramid.stages.load_state_dict(fitted)
    return pyramid


def resize_table(table: Tensor, rows: int) -> Tensor:
    """Return position biases (rows, heads) of another window, from a table (R, heads).

    A window of w has (2w - 1)² rows: a picture of the offsets, resized as one.
    """
    before, after = (round(count**0.5) for count in (len(table), rows))
    picture = table.T.unflatten(1, (before, before))[None]  # (1, heads, 2w - 1, 2w - 1)
    if before != after:
        picture = F.interpolate(picture, (after, after), mode="bicubic", align_corners=False)
    return picture[0].flatten(1).T.contiguous()
