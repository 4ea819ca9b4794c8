"""How fast a training runs, and what share that is of what the machine can do."""

import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

_SIZES = {"cuda": 8192, "cpu": 1024}  # of the matrices that the peak is measured with
_REPEATS = 5


class Meter:
    """Samples a second since the last report; the machine's peak is measured once.

    device: that trains; num_samples: seen before.
    """

    def __init__(self, device: torch.device, num_samples: int = 0) -> None:
        self._device = device
        self._peak = gemm_peak(device)
        self._since = (time.monotonic(), num_samples)

    def wait(self) -> None:
        """Wait until the device has done all it was told."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)

    def report(self, num_samples: int, flop_per_sample: float) -> str:
        """Return a few words on the speed; num_samples: seen so far."""
        self.wait()
        now = time.monotonic()
        then, before = self._since
        self._since = (now, num_samples)
        rate = (num_samples - before) / (now - then)
        share = rate * flop_per_sample / self._peak
        return f"{rate:.1f} samples/s, {share:.1%} of {self._peak / 1e12:.2f} TFLOP/s"


def gemm_peak(device: torch.device) -> float:
    """Return the FLOP/s of a large bf16 matrix product on random data: the machine's ceiling."""
    size = _SIZES.get(device.type, 1024)
    generator = torch.Generator(device).manual_seed(0)
    matrix = torch.randn(size, size, device=device, generator=generator).bfloat16()
    times = []
    for _ in range(_REPEATS):
        _wait(device)
        started = time.perf_counter()
        matrix @ matrix
        _wait(device)
        times.append(time.perf_counter() - started)
    return 2 * size**3 / sorted(times)[_REPEATS // 2]


def count_flop(loss: Callable[[], Tensor]) -> float:
    """Return the floating-point operations of a loss and its gradient."""
    with FlopCounterMode(display=False) as counter:
        loss().backward()
    return float(counter.get_total_flops())


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
