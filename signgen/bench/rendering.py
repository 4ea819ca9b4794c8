"""Rendering, stage by stage and as a whole command in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from time import perf_counter

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from pose_sequences.errors import ToolError, single_line
from pose_sequences.video.mp4 import Mp4Writer
from signgen.bench import Figures
from signgen.bench.subject import Clip
from signgen.conditioner import (
    Conditioner,
    PoseEvidence,
    SignerConditions,
    SignerEvidence,
)
from signgen.conditioning import Conditioning
from signgen.pipeline import Pictures, SignVideoPipeline, to_arrays
from signgen.pixels import stream_pixels
from signgen.stopwatch import Stopwatch
from signgen.stream import Source, stream_latents
from signgen.take import Windows
from signgen.training.throughput import gemm_peak, wait

STAGES = (
    *("reference", "noise", "pose maps", "conditions", "denoising", "decoding", "painting"),
    "encoding MP4",
)


@dataclass(frozen=True, kw_only=True)
class _Timed:
    """A conditioner whose work is charged to two stages."""

    asked: Conditioner
    watch: Stopwatch

    def of_signer(self, evidence: SignerEvidence) -> SignerConditions:
        """Return what all frames share."""
        with self.watch.stage("reference"):
            return self.asked.of_signer(evidence)

    def of_frames(self, signer: SignerConditions, poses: PoseEvidence) -> Conditioning:
        """Return the conditions of some frames."""
        with self.watch.stage("conditions"):
            return self.asked.of_frames(signer, poses)


def timed_frames(
    pipeline: SignVideoPipeline, clip: Clip, windows: Windows, watch: Stopwatch
) -> Iterator[Pictures]:
    """Yield the frames that pipeline.stream yields, with each stage charged for its time."""
    steps, seed = pipeline.steps, torch.Generator().manual_seed(0)
    with watch.stage("reference"):
        performance = pipeline.perform(clip.picture, clip.keypoints, clip.poses, seed)
    take = pipeline.plan(len(clip.poses), steps, windows)

    def poses(start: int, stop: int) -> PoseEvidence:
        with watch.stage("pose maps"):
            return performance.poses(start, stop)

    def noise(start: int, stop: int) -> torch.Tensor:
        with watch.stage("noise"):
            return performance.noise(start, stop)

    def latents(source: Source) -> Iterator[torch.Tensor]:
        sampler = pipeline.sampler(steps)
        return watch.timed(
            "denoising", stream_latents(sampler, take.plan, source, at_once=windows.at_once)
        )

    paint = pipeline.finish

    def finish(pixels: Tensor, signer: SignerEvidence, poses: PoseEvidence) -> Tensor:
        assert paint is not None
        with watch.stage("painting"):
            return paint(pixels, signer, poses)

    parts = stream_pixels(
        replace(performance, poses=poses, noise=noise).from_frame(take.first),
        _Timed(asked=pipeline.conditioner, watch=watch),
        pipeline.autoencoder,
        latents,
        None if paint is None else finish,
    )
    yield from watch.timed("decoding", to_arrays(take.cut(parts)))


def written_frames(
    pipeline: SignVideoPipeline, clip: Clip, windows: Windows, watch: Stopwatch
) -> Iterator[None]:
    """Make a film, and yield after each of its frames, and once more when it is whole."""
    with TemporaryDirectory() as folder, ExitStack() as opened:
        film = opened.enter_context(
            Mp4Writer(Path(folder) / "film.mp4", *pipeline.size, clip.poses.fps)
        )
        for frame in timed_frames(pipeline, clip, windows, watch):
            with watch.stage("encoding MP4"):
                film.write(frame)
            yield
        with watch.stage("encoding MP4"):
            opened.close()
        yield


@torch.no_grad()
def measure_stages(pipeline: SignVideoPipeline, clip: Clip, windows: Windows) -> Figures:
    """Return milliseconds a frame of each stage, and the share of the device's peak."""
    device, precision = pipeline.device, pipeline.unet.dtype
    flop = _flop_a_frame(pipeline, clip, windows)
    peak = gemm_peak(device, precision)
    watch = Stopwatch(lambda: wait(device))
    for _ in written_frames(pipeline, clip, windows, watch):
        pass
    num_frames, by_stage = len(clip.poses), watch.stages
    return {
        "frames": num_frames,
        "frames_per_second": num_frames / watch.staged,
        "milliseconds_a_frame": {
            name: 1000 * by_stage[name] / num_frames for name in STAGES if name in by_stage
        },
        "gigaflop_a_frame": flop / 1e9,
        "peak_gigaflop_per_second": peak / 1e9,
        "share_of_peak": flop * num_frames / watch.staged / peak,
    }


def _flop_a_frame(pipeline: SignVideoPipeline, clip: Clip, windows: Windows) -> float:
    """Return the operations of a frame in a full window; it also warms up."""
    size = min(pipeline.plan(len(clip.poses), None, windows).plan.size, len(clip.poses))
    part = replace(clip, poses=clip.poses.frames(0, size))
    with FlopCounterMode(display=False) as counter:
        for _ in timed_frames(pipeline, part, windows, Stopwatch()):
            pass
    return float(counter.get_total_flops()) / size


def measure_command(folder: Path, clip: Clip, *more: str) -> Figures:
    """Return how long ``signgen render`` takes from its start to its end, in its own process.

    folder: of the model; more: further words of the command. Raises ToolError if it fails.
    """
    with TemporaryDirectory() as place:
        words = [*clip.write(Path(place)), "--model", str(folder), *more]
        film = ["-o", str(Path(place) / "film.mp4"), "--json"]
        whole = _run([*words, *film])
        first = ["--start", "0", "--end", str(1 / clip.poses.fps)]
        report = Path(place) / "report.json"
        still = ["-o", str(Path(place) / "first.mp4"), "--json", "--report", str(report)]
        starting = _run([*words, *first, *still])
        timing = json.loads(report.read_text(encoding="utf-8"))["timing"]
    num_frames = len(clip.poses)
    shooting = num_frames / whole.said["frames_per_second"]
    stages = {name: timing["stages"][name] for name in _STARTING if name in timing["stages"]}
    return {
        "frames": num_frames,
        "frames_per_second": num_frames / whole.seconds,
        "frames_per_second_without_start_up": num_frames / shooting,
        "start_up_seconds": whole.seconds - shooting,
        "start_up_parts_seconds": {
            "python": starting.seconds - timing["start_up_seconds"] - timing["seconds"],
            **stages,
        },
        "cpu_seconds": whole.cpu_seconds,
        "peak_memory_bytes": whole.peak_memory,
    }


_STARTING = ("imports", "poses", "signer", "model")  # stages of a render's report


@dataclass(frozen=True)
class _Ended:
    said: Figures
    seconds: float
    cpu_seconds: float
    peak_memory: int


def _run(words: list[str]) -> _Ended:
    """Run ``signgen render`` and return what it said and took."""
    began = perf_counter()
    paths = os.pathsep.join(folder or str(Path.cwd()) for folder in sys.path)
    with (
        TemporaryFile() as log,  # a pipe that nobody empties meanwhile could fill up
        subprocess.Popen(
            [sys.executable, "-P", "-m", "signgen", "render", *words],
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, "PYTHONPATH": paths},
        ) as child,
    ):
        assert child.stdout is not None
        said = child.stdout.read()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = perf_counter() - began
        log.seek(0)
        complaint = log.read()
    if child.returncode:
        last = (complaint.decode(errors="replace").splitlines() or ["no word"])[-1]
        raise ToolError(f"signgen render failed while it was measured: {single_line(last)}")
    # in kilobytes on Linux
    return _Ended(json.loads(said), seconds, used.ru_utime + used.ru_stime, 1024 * used.ru_maxrss)
