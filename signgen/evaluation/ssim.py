"""Structural similarity, fast enough for video: separable windows, every channel at once.

It is the SSIM of scikit-image to 1e-4, in two settings: the Gaussian window of Wang et al. 2004 and
the uniform 51x51 window of the person-image literature.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

K1, K2 = 0.01, 0.03

Pictures = NDArray[np.uint8] | NDArray[np.float32]


@dataclass(frozen=True)
class Window:
    """What SSIM is averaged over.

    name: in signatures; taps: weights along one axis, of sum 1; sample_covariance: whether
    variances are those of a sample (over n - 1), as scikit-image has it unless told otherwise.
    """

    name: str
    taps: tuple[float, ...]
    sample_covariance: bool

    @property
    def size(self) -> int:
        """The pixels along a side."""
        return len(self.taps)


def gaussian_window(sigma: float = 1.5, truncate: float = 3.5) -> Window:
    """Return scikit-image's ``gaussian_weights=True, use_sample_covariance=False``."""
    radius = int(truncate * sigma + 0.5)
    taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    taps /= taps.sum()
    name = f"gaussian,{len(taps)},sigma:{sigma:g},population"
    return Window(name, tuple(map(float, taps)), sample_covariance=False)


def uniform_window(size: int) -> Window:
    """Return scikit-image's ``win_size=size`` and nothing else."""
    return Window(f"uniform,{size},sample", (1 / size,) * size, sample_covariance=True)


GAUSSIAN_11 = gaussian_window()
UNIFORM_51 = uniform_window(51)


def ssim(
    generated: Pictures, reference: Pictures, window: Window, *, data_range: float = 255.0
) -> NDArray[np.float64]:
    """Return the SSIM (N,) of pictures (N, H, W, 3), values 0 to 255.

    The mean over channels, and over pixels at least half a window from the edge. data_range: 255
    unless a protocol says otherwise. Raises ValueError for pictures smaller than the window.
    """
    height, width = generated.shape[1:3]
    if min(height, width) < window.size:
        raise ValueError(
            f"pictures of {width}x{height} are smaller than the SSIM window of {window.size}"
        )
    pairs = zip(generated, reference, strict=True)
    return np.array([_ssim(a, b, window, data_range) for a, b in pairs], np.float64)


def _ssim(
    generated: NDArray[np.generic],
    reference: NDArray[np.generic],
    window: Window,
    data_range: float,
) -> float:
    x, y = _planes(generated), _planes(reference)
    centres = x.mean(), y.mean()
    # variances of numbers near 0 survive single precision
    x, y = x - centres[0], y - centres[1]
    x_mean, y_mean, squares, product = _blur(torch.cat((x, y, x * x + y * y, x * y)), window)
    pixels = window.size**2
    norm = pixels / (pixels - 1) if window.sample_covariance else 1.0
    covariance = norm * (product - x_mean * y_mean)
    variances = norm * (squares - x_mean.square() - y_mean.square())  # of both, added
    x_mean, y_mean = x_mean + centres[0], y_mean + centres[1]
    c1, c2 = (K1 * data_range) ** 2, (K2 * data_range) ** 2
    # Wang et al. 2004, eq. 13
    structure = (2 * covariance + c2) / (variances + c2)
    luminance = (2 * x_mean * y_mean + c1) / (x_mean.square() + y_mean.square() + c1)
    return float((structure * luminance).mean(dtype=torch.float64))


def _planes(picture: NDArray[np.generic]) -> Tensor:
    """Return (3, H, W), in memory as it was: the channels of a pixel side by side."""
    return torch.from_numpy(picture.astype(np.float32)).movedim(-1, 0)


def _blur(planes: Tensor, window: Window) -> tuple[Tensor, ...]:
    """Return the window's mean of (4 * 3, H, W), as four of (3, H - size + 1, W - size + 1)."""
    count = len(planes)
    taps = torch.tensor(window.taps).expand(count, 1, 1, -1)
    # with channels last, one pass of a convolution with a kernel a channel takes half a millisecond
    stacked = planes[None].contiguous(memory_format=torch.channels_last)
    blurred = F.conv2d(stacked, taps, groups=count)
    blurred = F.conv2d(blurred, taps.mT, groups=count)
    return blurred[0].contiguous().unflatten(0, (4, -1)).unbind(0)
