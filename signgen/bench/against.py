"""Ours and the published recipe in turns, in one run: noise of the machine hits both."""

from collections.abc import Iterator
from itertools import islice, repeat
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from pose_sequences.video.mp4 import Mp4Writer
from signgen.bench import Figures
from signgen.bench.published import GUIDANCE, NUM_STEPS, published_frames
from signgen.bench.rendering import written_frames
from signgen.bench.subject import Clip
from signgen.pipeline import SignVideoPipeline
from signgen.stopwatch import Stopwatch
from signgen.take import Windows
from signgen.training.throughput import wait

_TURNS = 4


@torch.no_grad()
def measure_against(
    ours: SignVideoPipeline, exact: SignVideoPipeline, clip: Clip, windows: Windows
) -> Figures:
    """Return the ratios of seconds a frame, published by ours, from pixels to MP4.

    exact: the same weights in float32, as published. The published recipe makes a frame a turn: it
    has no beginning that a longer clip would share.
    """
    equal = ours.unet.dtype == exact.unet.dtype
    watch = Stopwatch(lambda: wait(ours.device))
    for recipe in (exact, ours):  # warms up
        next(_published(recipe, clip))
    frames, others = _ours(ours, clip, windows), {"published": _published(exact, clip)}
    if not equal:
        others["equal precision"] = _published(ours, clip)
    share = -(-len(clip.poses) // _TURNS)
    for turn in range(_TURNS):
        last = turn == _TURNS - 1
        with watch.stage("ours"):
            for _ in islice(frames, None if last else share):
                pass
        for name, published in others.items():
            with watch.stage(name):
                next(published)
    mean = {name: watch.stages[name] / _TURNS for name in others}
    own = watch.stages["ours"] / len(clip.poses)
    return {
        "method": "fpdm",
        "ratio": mean["published"] / own,
        "ratio_equal_precision": mean["published" if equal else "equal precision"] / own,
        "seconds_a_frame": own,
        "published_seconds_a_frame": mean["published"],
        "published_steps": NUM_STEPS,
        "published_guidance_scale": GUIDANCE,
        "published_branches": 3,
        "published_precision": "float32",
    }


def _ours(pipeline: SignVideoPipeline, clip: Clip, windows: Windows) -> Iterator[None]:
    return written_frames(pipeline, clip, windows, Stopwatch())


def _published(pipeline: SignVideoPipeline, clip: Clip) -> Iterator[None]:
    """Make a film of the clip again and again, and yield after each of its frames."""
    with (
        TemporaryDirectory() as folder,
        Mp4Writer(Path(folder) / "film.mp4", *pipeline.size, clip.poses.fps) as film,
    ):
        for again in repeat(clip):
            for frame in published_frames(pipeline, again):
                film.write(frame)
                yield
