"""Figures of a benchmark as lines for people."""

from collections.abc import Iterator

from signgen.bench import Figures


def to_text(figures: Figures) -> str:
    """Return what was measured, a line or a few for each part."""
    lines = [_of_machine(figures)]
    for part, tell in _PARTS.items():
        if part in figures:
            lines += tell(figures[part])
    return "\n".join(lines)


def _of_machine(figures: Figures) -> str:
    model = figures["model"] if figures["trained"] else "mini, untrained (weights change no speed)"
    machine = f"{figures['device']}, {figures['threads']} threads, {figures['precision']}"
    return f"model: {model}; {machine}"


def _of_render(render: Figures) -> Iterator[str]:
    whole, stages = render["command"], render["stages"]
    yield (
        f"render: {whole['frames_per_second']:.2f} frames/s from start to end over "
        f"{whole['frames']} frames, {whole['frames_per_second_without_start_up']:.2f} without "
        f"start-up; {whole['cpu_seconds']:.1f} s of CPU; at most {_memory(whole)}"
    )
    yield f"  start-up: {whole['start_up_seconds']:.1f} s{_of_which(whole)}"
    times = stages["milliseconds_a_frame"]
    each = ", ".join(f"{name} {taken:.1f}" for name, taken in times.items())
    yield f"  ms a frame over {stages['frames']} frames: {each}; in all {sum(times.values()):.1f}"
    yield (
        f"  {stages['gigaflop_a_frame']:.1f} GFLOP a frame, {stages['share_of_peak']:.0%} of the "
        f"measured peak of {stages['peak_gigaflop_per_second']:.0f} GFLOP/s"
    )
    if "device_memory_bytes" in stages:
        yield f"  of the device's memory at most {stages['device_memory_bytes'] / 2**20:.0f} MiB"


def _of_which(whole: Figures) -> str:
    parts = whole["start_up_parts_seconds"]
    return " (" + ", ".join(f"{name} {seconds:.1f}" for name, seconds in parts.items()) + ")"


def _memory(whole: Figures) -> str:
    return f"{whole['peak_memory_bytes'] / 2**20:.0f} MiB"


def _of_against(against: Figures) -> Iterator[str]:
    yield (
        f"against FPDM's published recipe, in turns: {against['ratio']:.1f} times faster; "
        f"{against['ratio_equal_precision']:.1f} times in equal precision"
    )
    yield (
        f"  {1000 * against['published_seconds_a_frame']:.0f} ms a frame in "
        f"{against['published_precision']} ({against['published_steps']} steps of "
        f"{against['published_branches']} branches), ours {1000 * against['seconds_a_frame']:.1f}"
    )


def _of_training(training: Figures) -> Iterator[str]:
    yield (
        f"training step ({training['recipe']}, {training['stage']}, {training['batch_size']} "
        f"samples, {training['precision']}): {training['samples_per_second']:.1f} samples/s, "
        f"{training['milliseconds_a_step']:.0f} ms, {training['share_of_peak']:.0%} of the peak"
    )


def _of_drawing(drawing: Figures) -> Iterator[str]:
    yield (
        f"drawing pose maps of {drawing['width']}x{drawing['height']}: "
        f"{drawing['numpy_frames_per_second']:.0f} frames/s in numpy, "
        f"{drawing['torch_frames_per_second']:.0f} in torch"
    )


def _of_studio(studio: Figures) -> Iterator[str]:
    yield (
        f"studio at {studio['width']}x{studio['height']}: {studio['frames_per_second']:.1f} "
        f"frames/s; {studio['dress_seconds']:.1f} s to dress a signer"
    )


_PARTS = {
    "render": _of_render,
    "against": _of_against,
    "training": _of_training,
    "drawing": _of_drawing,
    "studio": _of_studio,
}
