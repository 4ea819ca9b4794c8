# mypy: disable-error-code="misc, untyped-decorator, no-untyped-call"
"""TemporalAdapter: attention along time, put into a stock 2D UNet for the length of one call.

The modules are AnimateDiff's, and neutral at birth: without training the UNet works frame by frame.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from diffusers.models.unets.unet_motion_model import AnimateDiffTransformer3D
from torch import Tensor, nn

Hook = Callable[[nn.Module, tuple[object, ...], tuple[Tensor, ...]], tuple[Tensor, ...]]


class TemporalAdapter(ModelMixin, ConfigMixin):
    """One motion module a site.

    sites: dotted names of the UNet's transformer blocks; channels: of the features there; heads: of
    the attention; max_frames: the longest clip it can look along.
    """

    @register_to_config
    def __init__(
        self,
        sites: tuple[str, ...] = ("mid_block.attentions.0",),
        channels: tuple[int, ...] = (224,),
        heads: int = 4,
        max_frames: int = 32,
    ) -> None:
        super().__init__()
        modules = [
            AnimateDiffTransformer3D(
                num_attention_heads=heads,
                attention_head_dim=width // heads,
                in_channels=width,
                norm_num_groups=min(32, width // 4),
                double_self_attention=False,
                positional_embeddings="sinusoidal",
                num_positional_embeddings=max_frames,
            )
            for width in channels
        ]
        for module in modules:
            nn.init.zeros_(module.proj_out.weight)
            nn.init.zeros_(module.proj_out.bias)
        self.motion = nn.ModuleList(modules)

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
    def look_along(
        _site: nn.Module, _inputs: tuple[object, ...], outputs: tuple[Tensor, ...]
    ) -> tuple[Tensor, ...]:
        features: torch.Tensor = motion(outputs[0], num_frames=num_frames)
        return (features, *outputs[1:])

    return look_along
