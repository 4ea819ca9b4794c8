# mypy: disable-error-code="no-untyped-call"
"""Inception-v3 up to its 2048 pooled features, in the two forms that FID is measured with.

``tensorflow``: the network of the FID paper, as pytorch-fid and torch-fidelity hold it; its average
pools leave padding out and its last block pools by maximum. ``torchvision``: the ImageNet network
of the person-image literature (GFLA, PIDM, CFLD, FPDM), with an affine map of the input that was
meant for normalised pictures. Tensors have torchvision's names in both.
"""

from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from signgen.evaluation.weights import Weights

Form = Literal["tensorflow", "torchvision"]
WIDTH = 2048
SIDE = 299
INCEPTION_WEIGHTS: dict[Form, Weights] = {
    "tensorflow": Weights(
        variable="SIGNGEN_INCEPTION",
        recipe=(
            'python -c "from pytorch_fid.inception import fid_inception_v3 as net; from '
            "safetensors.torch import save_file; save_file(net().state_dict(), "
            "'inception.safetensors')\""
        ),
    ),
    "torchvision": Weights(
        variable="SIGNGEN_INCEPTION_TORCHVISION",
        recipe=(
            'python -c "import torchvision as t; from safetensors.torch import save_file; '
            "save_file(t.models.inception_v3(weights='IMAGENET1K_V1').state_dict(), "
            "'inception_torchvision.safetensors')\""
        ),
    ),
}
_CLASSES: dict[Form, int] = {"tensorflow": 1008, "torchvision": 1000}  # tell the files apart


class Inception(nn.Module):
    """Pictures → pooled features.

    form: which of the two networks.
    """

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.form = form
        padded = form == "torchvision"
        self.Conv2d_1a_3x3 = Convolution(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = Convolution(32, 32, 3)
        self.Conv2d_2b_3x3 = Convolution(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = Convolution(64, 80, 1)
        self.Conv2d_4a_3x3 = Convolution(80, 192, 3)
        self.Mixed_5b = BlockA(192, 32, padded=padded)
        self.Mixed_5c = BlockA(256, 64, padded=padded)
        self.Mixed_5d = BlockA(288, 64, padded=padded)
        self.Mixed_6a = BlockB(288)
        self.Mixed_6b = BlockC(128, padded=padded)
        self.Mixed_6c = BlockC(160, padded=padded)
        self.Mixed_6d = BlockC(160, padded=padded)
        self.Mixed_6e = BlockC(192, padded=padded)
        self.Mixed_7a = BlockD(768)
        self.Mixed_7b = BlockE(1280, padded=padded)
        self.Mixed_7c = BlockE(2048, padded=padded, by_maximum=form == "tensorflow")
        # not used: its shape says which network a file holds
        self.fc = nn.Linear(WIDTH, _CLASSES[form])

    def forward(self, pictures: Tensor) -> Tensor:
        """Return features (N, 2048) of pictures (N, 3, H, W) in [0, 1], squashed to 299x299."""
        hidden = F.interpolate(pictures, (SIDE, SIDE), mode="bilinear", align_corners=False)
        hidden = self._scaled(hidden)
        hidden = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(hidden)))
        hidden = F.max_pool2d(hidden, 3, stride=2)
        hidden = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(hidden))
        hidden = F.max_pool2d(hidden, 3, stride=2)
        for name, block in self.named_children():
            if name.startswith("Mixed"):
                hidden = block(hidden)
        return hidden.mean(dim=(2, 3))

    def _scaled(self, pictures: Tensor) -> Tensor:
        if self.form == "tensorflow":
            return 2 * pictures - 1
        # ImageNet's mean and spread undone although they were never applied: so were the numbers
        # of the literature made
        spread = pictures.new_tensor((0.229, 0.224, 0.225))[:, None, None] / 0.5
        mean = (pictures.new_tensor((0.485, 0.456, 0.406))[:, None, None] - 0.5) / 0.5
        return pictures * spread + mean


class Convolution(nn.Module):
    """A convolution, normalised, rectified."""

    def __init__(
        self,
        channels: int,
        width: int,
        kernel: int | tuple[int, int],
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(width, eps=0.001)

    def forward(self, features: Tensor) -> Tensor:
        """Return (N, width, h, w)."""
        return F.relu(self.bn(self.conv(features)), inplace=True)


def _across(channels: int, width: int) -> Convolution:
    return Convolution(channels, width, (1, 7), padding=(0, 3))


def _down(channels: int, width: int) -> Convolution:
    return Convolution(channels, width, (7, 1), padding=(3, 0))


def _average(features: Tensor, *, padded: bool) -> Tensor:
    return F.avg_pool2d(features, 3, stride=1, padding=1, count_include_pad=padded)


class BlockA(nn.Module):
    """35x35: 1x1, 5x5, twice 3x3, pool."""

    def __init__(self, channels: int, pooled: int, *, padded: bool) -> None:
        super().__init__()
        self.padded = padded
        self.branch1x1 = Convolution(channels, 64, 1)
        self.branch5x5_1 = Convolution(channels, 48, 1)
        self.branch5x5_2 = Convolution(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = Convolution(channels, 64, 1)
        self.branch3x3dbl_2 = Convolution(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Convolution(96, 96, 3, padding=1)
        self.branch_pool = Convolution(channels, pooled, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, 224 + pooled, h, w)."""
        five = self.branch5x5_2(self.branch5x5_1(x))
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        pool = self.branch_pool(_average(x, padded=self.padded))
        return torch.cat((self.branch1x1(x), five, three, pool), dim=1)


class BlockB(nn.Module):
    """35x35 to 17x17."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch3x3 = Convolution(channels, 384, 3, stride=2)
        self.branch3x3dbl_1 = Convolution(channels, 64, 1)
        self.branch3x3dbl_2 = Convolution(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Convolution(96, 96, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, 480 + channels, h / 2, w / 2)."""
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat((self.branch3x3(x), three, F.max_pool2d(x, 3, stride=2)), dim=1)


class BlockC(nn.Module):
    """17x17: 1x1, 7x7 in two steps, in four steps, pool."""

    def __init__(self, width: int, *, padded: bool) -> None:
        super().__init__()
        self.padded = padded
        self.branch1x1 = Convolution(768, 192, 1)
        self.branch7x7_1 = Convolution(768, width, 1)
        self.branch7x7_2 = _across(width, width)
        self.branch7x7_3 = _down(width, 192)
        self.branch7x7dbl_1 = Convolution(768, width, 1)
        self.branch7x7dbl_2 = _down(width, width)
        self.branch7x7dbl_3 = _across(width, width)
        self.branch7x7dbl_4 = _down(width, width)
        self.branch7x7dbl_5 = _across(width, 192)
        self.branch_pool = Convolution(768, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, 768, h, w)."""
        once = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        twice = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        twice = self.branch7x7dbl_5(self.branch7x7dbl_4(twice))
        pool = self.branch_pool(_average(x, padded=self.padded))
        return torch.cat((self.branch1x1(x), once, twice, pool), dim=1)


class BlockD(nn.Module):
    """17x17 to 8x8."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch3x3_1 = Convolution(channels, 192, 1)
        self.branch3x3_2 = Convolution(192, 320, 3, stride=2)
        self.branch7x7x3_1 = Convolution(channels, 192, 1)
        self.branch7x7x3_2 = _across(192, 192)
        self.branch7x7x3_3 = _down(192, 192)
        self.branch7x7x3_4 = Convolution(192, 192, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, 512 + channels, h / 2, w / 2)."""
        three = self.branch3x3_2(self.branch3x3_1(x))
        seven = self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x)))
        return torch.cat((three, self.branch7x7x3_4(seven), F.max_pool2d(x, 3, stride=2)), dim=1)


class BlockE(nn.Module):
    """8x8: 1x1, 3x3 forked, twice 3x3 forked, pool."""

    def __init__(self, channels: int, *, padded: bool, by_maximum: bool = False) -> None:
        super().__init__()
        self.padded, self.by_maximum = padded, by_maximum
        self.branch1x1 = Convolution(channels, 320, 1)
        self.branch3x3_1 = Convolution(channels, 384, 1)
        self.branch3x3_2a = Convolution(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3_2b = Convolution(384, 384, (3, 1), padding=(1, 0))
        self.branch3x3dbl_1 = Convolution(channels, 448, 1)
        self.branch3x3dbl_2 = Convolution(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = Convolution(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = Convolution(384, 384, (3, 1), padding=(1, 0))
        self.branch_pool = Convolution(channels, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, 2048, h, w)."""
        once = self.branch3x3_1(x)
        twice = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        forks = (
            *(self.branch3x3_2a(once), self.branch3x3_2b(once)),
            *(self.branch3x3dbl_3a(twice), self.branch3x3dbl_3b(twice)),
        )
        average = _average(x, padded=self.padded)
        pool = F.max_pool2d(x, 3, stride=1, padding=1) if self.by_maximum else average
        return torch.cat((self.branch1x1(x), *forks, self.branch_pool(pool)), dim=1)


def read_inception(path: Path, form: Form) -> Inception:
    """Return Inception with the weights of a file; raises InputError if they are another form's."""
    network = Inception(form)
    INCEPTION_WEIGHTS[form].load(network, path)
    return network.eval().requires_grad_(False)
