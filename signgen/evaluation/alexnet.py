# mypy: disable-error-code="no-untyped-call"
"""LPIPS (Zhang et al. 2018) with AlexNet and the linear heads of version 0.1, without torchvision.

The file of weights has torchvision's names for the convolutions (``features.0.weight`` …) and the
lpips package's for the heads (``lin0.model.1.weight`` …); torchvision's classifier may be in it.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from signgen.evaluation.weights import Weights

LPIPS_WEIGHTS = Weights(
    variable="SIGNGEN_LPIPS",
    recipe=(
        'python -c "import lpips, torchvision as t; from safetensors.torch import save_file; '
        "heads = lpips.LPIPS(net='alex').state_dict(); "
        "save_file({**t.models.alexnet(weights='IMAGENET1K_V1').state_dict(), "
        "**{k: v for k, v in heads.items() if k.startswith('lin') and k[3].isdigit()}}, "
        "'lpips.safetensors')\""
    ),
)
LEAST_SIDE = 64  # pixels: the last layer sees 3x3 places there
CHANNELS = (64, 192, 384, 256, 256)
_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)
_AFTER_A_LAYER = (1, 4, 7, 9, 11)  # the activations among the layers, by torchvision's numbers


class Lpips(nn.Module):
    """The distance of two pictures in AlexNet's features, weighted as people judged them."""

    shift: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.features = alexnet_features()
        for number, channels in enumerate(CHANNELS):
            self.add_module(f"lin{number}", _Head(channels))
        for name, values in (("shift", _SHIFT), ("scale", _SCALE)):
            column = torch.tensor(values)[None, :, None, None]  # (1, 3, 1, 1)
            self.register_buffer(name, column, persistent=False)

    def layers(self, pictures: Tensor) -> list[Tensor]:
        """Return the five activations of pictures (N, 3, H, W) in [-1, 1]."""
        features, found = (pictures - self.shift) / self.scale, []
        for number, layer in enumerate(self.features):
            features = layer(features)
            if number in _AFTER_A_LAYER:
                found.append(features)
        return found

    def forward(self, generated: Tensor, reference: Tensor) -> Tensor:
        """Return the distances (N,) of pictures (N, 3, H, W) in [-1, 1]."""
        pairs = zip(self.layers(generated), self.layers(reference), strict=True)
        distances = [
            self.get_submodule(f"lin{number}")((unit(a) - unit(b)).square()).mean(dim=(1, 2, 3))
            for number, (a, b) in enumerate(pairs)
        ]
        return torch.stack(distances).sum(dim=0)


class _Head(nn.Module):
    """A weight a channel; the dropout before it, of training, is gone but for its number."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.model = nn.Sequential(nn.Identity(), nn.Conv2d(channels, 1, 1, bias=False))

    def forward(self, differences: Tensor) -> Tensor:
        return self.model(differences)


def alexnet_features() -> nn.Sequential:
    """Return the convolutions of torchvision's AlexNet, without weights, without the last pool."""
    return nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2),
        nn.Conv2d(64, 192, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2),
        nn.Conv2d(192, 384, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1),
        nn.ReLU(),
    )


def unit(features: Tensor) -> Tensor:
    """Return features (N, C, h, w) of unit length at each place; zeros stay zeros."""
    return F.normalize(features, dim=1, eps=1e-10)


def read_lpips(path: Path) -> Lpips:
    """Return LPIPS with the weights of a file; raises InputError if they do not fit."""
    network = Lpips()
    LPIPS_WEIGHTS.load(network, path)
    return network.eval().requires_grad_(False)
