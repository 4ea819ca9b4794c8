"""Drawing: pose maps of the same frames in numpy and in torch, and pictures of the studio."""

from collections.abc import Callable

import numpy as np
import torch

from pose_sequences.draw import draw
from pose_sequences.phoenix.clip import FPS
from signgen.bench import Figures
from signgen.bench.subject import example_clip
from signgen.data import LAYOUT, chosen, to_points
from signgen.pose_maps import draw_pose_maps
from signgen.stopwatch import Stopwatch
from signgen.training.throughput import wait

_MAPS = 64
_AT_ONCE = 16
_PICTURES = 32
_GLOSSES = 4


def measure_drawing(device: torch.device, size: tuple[int, int]) -> Figures:
    """Return frames a second of both ways to draw pose maps of a size (width, height).

    In numpy on one core of the CPU; in torch some frames at a time on the device.
    """
    poses = example_clip(_MAPS).poses
    points = to_points(poses, size).to(device)

    def in_torch() -> None:
        for first in range(0, _MAPS, _AT_ONCE):
            rows = torch.arange(first, min(first + _AT_ONCE, _MAPS), device=device)
            draw_pose_maps(chosen(points, rows), LAYOUT, size)

    def in_numpy() -> None:
        for _ in draw(poses, size=size):
            pass

    return {
        "frames": _MAPS,
        "width": size[0],
        "height": size[1],
        "numpy_frames_per_second": _MAPS / _seconds(in_numpy, device),
        "torch_frames_per_second": _MAPS / _seconds(in_torch, device),
        "torch_frames_at_once": _AT_ONCE,
    }


def measure_studio(device: torch.device, size: tuple[int, int]) -> Figures:
    """Return frames a second of a synthetic signer's film, and how long it takes to dress one."""
    from signgen.studio.clip import Take, draw_vocabulary, dress_signer, film, rehearse
    from signgen.studio.factory import SignerFactory

    factory = SignerFactory.load()
    glosses = draw_vocabulary(_GLOSSES, np.random.default_rng(0))
    watch = Stopwatch(lambda: wait(device))
    with watch.stage("dress"):
        figure = dress_signer(factory, 0).to(device)
    take = Take(signer=0, glosses=glosses, seed=0, size=size, max_frames=_PICTURES)
    with watch.stage("rehearse"):
        performance, camera = rehearse(figure, take, FPS)
    num_frames = performance.pose.num_frames
    with watch.stage("film"):
        for _ in film(figure, performance.pose, camera):
            pass
    return {
        "frames": num_frames,
        "width": size[0],
        "height": size[1],
        "frames_per_second": num_frames / watch.stages["film"],
        "dress_seconds": watch.stages["dress"],
        "rehearse_seconds": watch.stages["rehearse"],
    }


def _seconds(job: Callable[[], None], device: torch.device) -> float:
    """Return what a job takes the second time."""
    job()
    watch = Stopwatch(lambda: wait(device))
    with watch.stage("job"):
        job()
    return watch.staged
