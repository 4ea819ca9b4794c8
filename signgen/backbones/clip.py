# mypy: disable-error-code="misc, untyped-decorator, no-untyped-call"
"""ClipFusion: FPDM's first stage as published, one CLIP for pictures and poses, and the Combiner.

CLIP learns there, and so is part of the fusion; a folder of the hub is only where it starts from.
"""

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from signgen.backbones.pictures import CLIP_MEAN, CLIP_SPREAD, prepare
from signgen.backbones.public import Source, import_transformers, read_transformers
from signgen.models.fusion import TEMPERATURE, Combiner


class ClipFusion(ModelMixin, ConfigMixin):
    """The interface of FusionEncoder around CLIPVisionModelWithProjection.

    width: E, of the embeddings; size: of the pictures that CLIP sees; patch, hidden, layers, heads,
    inner, activation: its sizes, by default ViT-L/14's; dropout: in the Combiner.
    """

    @register_to_config
    def __init__(
        self,
        width: int = 768,
        size: int = 224,
        patch: int = 14,
        hidden: int = 1024,
        layers: int = 24,
        heads: int = 16,
        inner: int = 4096,
        activation: str = "quick_gelu",
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        transformers = import_transformers()
        self.clip = transformers.CLIPVisionModelWithProjection(
            transformers.CLIPVisionConfig(
                projection_dim=width,
                image_size=size,
                patch_size=patch,
                hidden_size=hidden,
                num_hidden_layers=layers,
                num_attention_heads=heads,
                intermediate_size=inner,
                hidden_act=activation,
            )
        )
        self.combiner = Combiner(width, dropout)
        self.log_temperature = nn.Parameter(torch.tensor(TEMPERATURE).log())

    def embed(self, pictures: Tensor) -> Tensor:
        """Return embeddings (N, E) of pictures (N, 3, H, W) in [-1, 1]; not of unit length."""
        return self._embed((pictures + 1) / 2)

    def embed_poses(self, maps: Tensor) -> Tensor:
        """Return embeddings (N, E) of pose maps (N, 3, H, W) in [0, 1]."""
        return self._embed(maps)

    def forward(self, source: Tensor, maps: Tensor) -> Tensor:
        """Return the fusion embeddings (B, T, E), of unit length.

        source (B, E): embed() of the reference; maps (B, T, 3, H, W) in [0, 1].
        """
        poses = self.embed_poses(maps.flatten(0, 1)).unflatten(0, maps.shape[:2])
        return self.combiner(source[:, None].expand_as(poses), poses)

    def _embed(self, pictures: Tensor) -> Tensor:
        size = self.config["size"]
        embeddings: Tensor = self.clip(prepare(pictures, size, CLIP_MEAN, CLIP_SPREAD)).image_embeds
        return embeddings


def read_clip_fusion(source: Source) -> ClipFusion:
    """Return a fusion around a public CLIP, with a fresh Combiner; raises as read_transformers."""
    clip = read_transformers("CLIPVisionModelWithProjection", source)
    config = clip.config
    fusion = ClipFusion(
        width=config.projection_dim,
        size=config.image_size,
        patch=config.patch_size,
        hidden=config.hidden_size,
        layers=config.num_hidden_layers,
        heads=config.num_attention_heads,
        inner=config.intermediate_size,
        activation=config.hidden_act,
    )
    fusion.clip.load_state_dict(clip.state_dict())
    return fusion
