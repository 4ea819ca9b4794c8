# mypy: disable-error-code="misc, untyped-decorator, no-untyped-call"
"""DinoEncoder: the tokens that DINOv2 sees in a picture; frozen, a TokenProjector behind it."""

from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor

from signgen.backbones.pictures import IMAGENET_MEAN, IMAGENET_SPREAD, prepare
from signgen.backbones.public import Source, import_transformers, read_transformers


class DinoEncoder(ModelMixin, ConfigMixin):
    """Dinov2Model at a size of our own: positions between those of its training are interpolated.

    size: of the pictures that it sees; trained_size: of those it was trained with; patch, width,
    layers, heads, growth of the inner width, gated: its sizes, by default ViT-L/14's.
    """

    @register_to_config
    def __init__(
        self,
        size: int = 512,
        trained_size: int = 518,
        patch: int = 14,
        width: int = 1024,
        layers: int = 24,
        heads: int = 16,
        growth: int = 4,
        gated: bool = False,
    ) -> None:
        super().__init__()
        transformers = import_transformers()
        self.dino = transformers.Dinov2Model(
            transformers.Dinov2Config(
                image_size=trained_size,
                patch_size=patch,
                hidden_size=width,
                num_hidden_layers=layers,
                num_attention_heads=heads,
                mlp_ratio=growth,
                use_swiglu_ffn=gated,
            )
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Return tokens (N, 1 + (size // patch)², width) of pictures (N, 3, H, W) in [-1, 1]."""
        size = self.config["size"]
        shown = prepare((pictures + 1) / 2, size, IMAGENET_MEAN, IMAGENET_SPREAD)
        tokens: Tensor = self.dino(shown).last_hidden_state
        return tokens


def read_dino(source: Source, size: int) -> DinoEncoder:
    """Return a public DINOv2 that sees pictures of ``size``; raises as read_transformers."""
    dino = read_transformers("Dinov2Model", source)
    config = dino.config
    encoder = DinoEncoder(
        size=size,
        trained_size=config.image_size,
        patch=config.patch_size,
        width=config.hidden_size,
        layers=config.num_hidden_layers,
        heads=config.num_attention_heads,
        growth=config.mlp_ratio,
        gated=config.use_swiglu_ffn,
    )
    encoder.dino.load_state_dict(dino.state_dict())
    return encoder
