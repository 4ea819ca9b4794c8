# mypy: disable-error-code="no-untyped-call"
"""A benchmark from its request to its figures: what is asked for, part by part."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from signgen.bench import Figures
from signgen.bench.against import measure_against
from signgen.bench.drawing import measure_drawing, measure_studio
from signgen.bench.rendering import measure_command, measure_stages
from signgen.bench.subject import example_clip, model_folder, opened
from signgen.bench.training import measure_training
from signgen.precision import named_precision
from signgen.take import Windows

PARTS = ("render", "training", "drawing", "studio")
_STAGED = 96  # frames, at most, of what is measured stage by stage and in turns


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What to measure.

    parts: of PARTS; model: as of ``signgen render``, None for the bundled one or an untrained one;
    against: whether the published recipe is measured too; frames: of the whole command; window: 0
    for as far as the model looks; precision: of rendering, as of precision.named_precision; steps:
    of the sampler, 0 for those the model is meant for.
    """

    parts: Sequence[str] = PARTS
    model: str | None = None
    device: torch.device
    against: bool = False
    frames: int = 250
    window: int = 0
    precision: str = "auto"
    steps: int = 0


def measure(bench: Bench, say: Callable[[str], object] = lambda _: None) -> Figures:
    """Return the figures of all that is asked for; say: told what is being measured.

    Raises InputError for a model that cannot be used, and ToolError for a render that fails.
    """
    precision = named_precision(bench.precision, bench.device)
    figures: Figures = {
        "model": bench.model or "mini",
        "device": bench.device.type,
        "threads": torch.get_num_threads(),
        "precision": str(precision).removeprefix("torch."),
    }
    with model_folder(bench.model) as (folder, trained):
        figures["trained"] = trained
        pipeline = opened(folder, bench.device, precision)
        if bench.steps:
            pipeline.register_to_config(num_steps=bench.steps)
        figures["steps"] = pipeline.steps.num_steps
        size, windows = pipeline.size, Windows(size=bench.window)
        short = example_clip(min(bench.frames, _STAGED))
        if "render" in bench.parts:
            say("rendering, stage by stage")
            stages = _with_memory(partial(measure_stages, pipeline, short, windows), bench.device)
            figures["render"] = {"stages": stages}
        if bench.against:
            say("rendering, in turns with the published recipe")
            exact = opened(folder, bench.device, torch.float32)
            figures["against"] = measure_against(pipeline, exact, short, windows)
            figures["ratio"] = figures["against"]["ratio"]
            figures["ratio_equal_precision"] = figures["against"]["ratio_equal_precision"]
            del exact
        del pipeline
        if "render" in bench.parts:
            say(f"rendering {bench.frames} frames as a command")
            words = ["--device", bench.device.type, "--precision", bench.precision]
            words += ["--window", str(bench.window)] if bench.window else []
            words += ["--steps", str(bench.steps)] if bench.steps else []
            clip = example_clip(bench.frames)
            figures["render"]["command"] = measure_command(folder, clip, *words)
    return figures | _others(bench, size, say)


def _others(bench: Bench, size: tuple[int, int], say: Callable[[str], object]) -> Figures:
    jobs: dict[str, Callable[[], Figures]] = {
        "training": lambda: measure_training(bench.device),
        "drawing": lambda: measure_drawing(bench.device, size),
        "studio": lambda: measure_studio(bench.device, size),
    }
    figures: Figures = {}
    for part, job in jobs.items():
        if part in bench.parts:
            say(part)
            figures[part] = job()
    return figures


def _with_memory(job: Callable[[], Figures], device: torch.device) -> Figures:
    """Return a job's figures, on a GPU with how much of its memory was taken at most."""
    if device.type != "cuda":
        return job()
    torch.cuda.reset_peak_memory_stats(device)
    return {**job(), "device_memory_bytes": torch.cuda.max_memory_allocated(device)}
