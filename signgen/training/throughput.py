"""How fast a training runs, and what share that is of what the machine can do."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

_SIZES = {"cuda": 8192, "cpu": 1024}  # of the matrices that the peak is measured with
_REPEATS = 5


@dataclass(frozen=True)
class Speed:
    """Samples a second, and their share of the peak, which is in FLOP/s."""

    rate: float
    share: float
    peak: float

    def __str__(self) -> str:
        return f"{self.rate:.1f} samples/s, {self.share:.1%} of {self.peak / 1e12:.2f} TFLOP/s"


class Meter:
    """Samples a second since the last report; the machine's peak is measured once.

    device: that trains; precision: that it trains in; processes: that train together, each on a
    device like this one; num_samples: seen before, by all of them.
    """

    def __init__(
        self,
        device: torch.device,
        precision: torch.dtype,
        *,
        processes: int = 1,
        num_samples: int = 0,
    ) -> None:
        self._device = device
        self._peak = processes * gemm_peak(device, precision)
        self._since = (time.monotonic(), num_samples)

    def wait(self) -> None:
        """Wait until the device has done all it was told."""
        wait(self._device)

    def report(self, num_samples: int, flop_per_sample: float) -> Speed:
        """Return the speed since the last report; num_samples: seen so far, by all processes."""
        self.wait()
        now = time.monotonic()
        then, before = self._since
        self._since = (now, num_samples)
        rate = (num_samples - before) / (now - then)
        return Speed(rate, rate * flop_per_sample / self._peak, self._peak)

    def pause(self) -> Callable[[], None]:
        """Return what to call when a pause, which is no training, is over."""
        self.wait()
        begun = time.monotonic()

        def go_on() -> None:
            then, before = self._since
            self._since = (then + time.monotonic() - begun, before)

        return go_on


def gemm_peak(device: torch.device, precision: torch.dtype) -> float:
    """Return the FLOP/s of a large matrix product on random data: the machine's ceiling."""
    size = _SIZES.get(device.type, 1024)
    generator = torch.Generator(device).manual_seed(0)
    matrix = torch.randn(size, size, device=device, generator=generator).to(precision)
    times = []
    for _ in range(_REPEATS + 1):
        wait(device)
        started = time.perf_counter()
        matrix @ matrix
        wait(device)
        times.append(time.perf_counter() - started)
    return 2 * size**3 / min(times[1:])  # the first one warms up


def count_flop(loss: Callable[[], Tensor]) -> float:
    """Return the floating-point operations of a loss and its gradient."""
    with FlopCounterMode(display=False) as counter:
        loss().backward()
    return float(counter.get_total_flops())


def wait(device: torch.device) -> None:
    """Wait until a device has done all it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
