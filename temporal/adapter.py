# mypy: disable-error-code="misc, untyped-decorator, no-untyped-call"
"""TemporalAdapter: attention along time, put into a stock 2D UNet for the length of one call.

The modules are AnimateDiff's, and neutral at birth: without training the UNet works frame by frame.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager

from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.models.unets.unet_motion_model import AnimateDiffTransformer3D, MotionAdapter
from torch import Tensor, nn

Outputs = Tensor | tuple[Tensor, ...]
Hook = Callable[[nn.Module, tuple[object, ...], Outputs], Outputs]


class TemporalAdapter(ModelMixin, ConfigMixin):
    """One motion module a site.

    sites: dotted names of the UNet's transformer or residual blocks; channels: of the features
    there; heads: of the attention; max_frames: the longest clip it can look along; twice: with two
    attentions a module, as published, where ours have one; groups: of the norm, 0 for as
    many as there are fours of channels, at most 32.
    """

    @register_to_config
    def __init__(
        self,
        sites: tuple[str, ...] = ("mid_block.attentions.0",),
        channels: tuple[int, ...] = (224,),
        heads: int = 4,
        max_frames: int = 32,
        twice: bool = False,
        groups: int = 0,
    ) -> None:
        super().__init__()
        modules = [
            AnimateDiffTransformer3D(
                num_attention_heads=heads,
                attention_head_dim=width // heads,
                in_channels=width,
                norm_num_groups=groups or min(32, width // 4),
                double_self_attention=twice,
                positional_embeddings="sinusoidal",
                num_positional_embeddings=max_frames,
            )
            for width in channels
        ]
        for module in modules:
            nn.init.zeros_(module.proj_out.weight)
            nn.init.zeros_(module.proj_out.bias)
        self.motion = nn.ModuleList(modules)

    @classmethod
    def from_animatediff(
        cls, published: MotionAdapter, unet: UNet2DConditionModel
    ) -> "TemporalAdapter":
        """Return an adapter with AnimateDiff's modules and weights, at their places in a UNet.

        Raises ValueError for a UNet of other blocks or widths, and for modules of several layers.
        """
        config = published.config
        layers = {*_numbers(config["motion_transformer_layers_per_block"])}
        layers |= {*_numbers(config["motion_transformer_layers_per_mid_block"])}
        heads = {*_numbers(config["motion_num_attention_heads"])}
        if layers != {1} or len(heads) > 1:
            raise ValueError(
                f"the modules have {sorted(layers)} layers and {sorted(heads)} heads; "
                "give one layer, and as many heads everywhere"
            )
        modules = {
            _site(unet, name): module
            for name, module in published.named_modules()
            if isinstance(module, AnimateDiffTransformer3D)
        }
        made = cls(
            tuple(modules),
            tuple(module.in_channels for module in modules.values()),
            heads=heads.pop(),
            max_frames=config["motion_max_seq_length"],
            twice=True,
            groups=config["motion_norm_num_groups"],
        )
        for own, module in zip(made.motion, modules.values(), strict=True):
            own.load_state_dict(module.state_dict())
        return made

    @property
    def max_frames(self) -> int:
        """The longest clip."""
        return int(self.config["max_frames"])

    @contextmanager
    def attached(self, unet: nn.Module, num_frames: int) -> Iterator[None]:
        """Let the motion modules take part in calls of the UNet on B * ``num_frames`` pictures.

        Raises ValueError for a clip longer than max_frames.
        """
        if num_frames > self.max_frames:
            raise ValueError(
                f"a window has {num_frames} frames; the adapter looks along {self.max_frames}"
            )
        with ExitStack() as hooks:
            for site, motion in zip(self.config["sites"], self.motion, strict=True):
                handle = unet.get_submodule(site).register_forward_hook(_hook(motion, num_frames))
                hooks.callback(handle.remove)
            yield


def _hook(motion: nn.Module, num_frames: int) -> Hook:
    def look_along(_site: nn.Module, _inputs: tuple[object, ...], outputs: Outputs) -> Outputs:
        if isinstance(outputs, Tensor):
            alone: Tensor = motion(outputs, num_frames=num_frames)
            return alone
        features: Tensor = motion(outputs[0], num_frames=num_frames)
        return (features, *outputs[1:])

    return look_along


def _site(unet: UNet2DConditionModel, name: str) -> str:
    """Return the block that a module of AnimateDiff follows, as of down_blocks.0.motion_modules.1.

    That is the transformer of the layer, or its residual block where it has none.
    """
    block, _, layer = name.rpartition(".motion_modules.")
    for kind in ("attentions", "resnets"):
        site = f"{block}.{kind}.{layer}"
        try:
            unet.get_submodule(site)
        except AttributeError:
            continue
        return site
    raise ValueError(f"the adapter has a module {name}, but the UNet has no such layer")


def _numbers(setting: int | Iterable[int | Iterable[int]]) -> Iterator[int]:
    """Yield the numbers of a setting that is one for all, one for each block, or for each layer."""
    if isinstance(setting, int):
        yield setting
        return
    for each in setting:
        yield from _numbers(each)
