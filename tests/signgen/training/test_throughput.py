"""Throughput: operations counted exactly, pauses left out, shares of one peak for all processes."""

import time

import pytest
import torch
from torch import nn

from signgen.training.throughput import Meter, Speed, count_flop, gemm_peak
from tests.signgen.training.lines import CPU


def test_operations_of_a_layer_are_those_of_its_matrix_products() -> None:
    layer, inputs = nn.Linear(16, 32), torch.ones(8, 16)
    product = 2 * 8 * 16 * 32
    # the product itself, and the gradient of the weight; inputs ask for none
    assert count_flop(lambda: layer(inputs).sum()) == 2 * product
    assert count_flop(lambda: layer(inputs.clone().requires_grad_()).sum()) == 3 * product


def test_a_convolution_counts_each_output_pixel() -> None:
    layer, inputs = nn.Conv2d(4, 8, 3, padding=1), torch.ones(2, 4, 10, 10)
    product = 2 * (4 * 3 * 3) * 8 * (2 * 10 * 10)
    assert count_flop(lambda: layer(inputs).sum()) == 2 * product


def test_rate_and_share_follow_from_time_and_work() -> None:
    started = time.monotonic()
    meter = Meter(CPU, torch.float32, num_samples=100)
    time.sleep(0.05)
    speed = meter.report(150, 1e6)
    assert 0 < speed.rate <= 50 / 0.05
    assert speed.rate >= 50 / (time.monotonic() - started)
    assert speed.share == pytest.approx(speed.rate * 1e6 / speed.peak)


def test_a_pause_is_no_training() -> None:
    meter = Meter(CPU, torch.float32)
    go_on = meter.pause()
    time.sleep(0.5)
    go_on()
    assert meter.report(10, 1.0).rate > 10 / 0.5


def test_the_peak_is_that_of_all_processes() -> None:
    peak = gemm_peak(CPU, torch.float32)
    assert peak > 1e8
    one, four = (Meter(CPU, torch.float32, processes=n).report(1, 1.0).peak for n in (1, 4))
    assert four > 1.5 * one  # four times, but for what else the machine does


def test_a_speed_is_told_in_a_few_words() -> None:
    assert str(Speed(12.34, 0.456, 2.5e12)) == "12.3 samples/s, 45.6% of 2.50 TFLOP/s"
