"""``signgen render``: one picture of a signer and a pose sequence in, an MP4 out."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signgen.cli.console import Result, emit, progress, say
from signgen.cli.options import (
    PATH,
    check_free,
    frame_size,
    input_path,
    json_option,
    overwrite_option,
    picture_path,
)
from signgen.cli.poses_repair import POLICIES

if TYPE_CHECKING:
    import torch

    from signgen.rendering import Request, Script, Shot

_NO_MODEL = (
    "--model is missing, and none is bundled yet; train one with signgen train all --config mini "
    "--data studio --output-dir OUTPUT, and pass --model OUTPUT/pipeline"
)
_EPILOG = """\b
Examples:
  signgen render --signer me.png --poses example:hello --model out/mini/pipeline
  signgen render --signer me.png --poses gloss.pose -o me.mp4 --model out/mini/pipeline --seed 7
  signgen render --signer me.png --poses gloss.npz -o part.mp4 --model out/mini/pipeline \\
    --start 1.5 --end 3 --size 512x512 --report part.json --contact-sheet part.png
"""


@click.command(epilog=_EPILOG)
@click.option("--signer", type=input_path, required=True, help="A picture of who shall sign.")
@click.option("--poses", type=input_path, required=True, help="What: a pose file, example:NAME.")
@click.option(
    *("-o", "--output"),
    type=PATH,
    help="The .mp4 to write; .png for a frame.  [default: POSES.mp4]",
)
@click.option(
    "--model", metavar="DIR|HUB_ID", help="A pipeline folder, or a repository of the hub."
)
@click.option("--revision", help="Of the repository.")
@click.option(
    "--steps", type=click.IntRange(1, 1000), help="Of the sampler.  [default: the model's]"
)
@click.option(
    "--guidance-scale", type=click.FloatRange(0, 100), help="1 for none.  [default: the model's]"
)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True)
@click.option(
    "--size",
    type=frame_size,
    metavar="WxH",
    help="Of the frames; scaled where it is not the model's.",
)
@click.option("--start", type=click.FloatRange(min=0), metavar="SEC", help="Render from here on.")
@click.option("--end", type=click.FloatRange(min=0), metavar="SEC", help="Render up to here.")
@click.option(
    "--missing-hands",
    type=click.Choice(POLICIES),
    default="interpolate",
    show_default=True,
    help="What to do where a hand was not seen.",
)
@click.option(
    "--align/--no-align",
    default=True,
    show_default=True,
    help="Fit the poses to the signer's body.",
)
@click.option(
    "--window",
    type=click.IntRange(min=1),
    help="Frames denoised together.  [default: as far as the model looks]",
)
@click.option(
    "--overlap",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Frames that neighbouring windows share.",
)
@click.option(
    "--batch",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Windows computed at a time; changes speed and memory alone.",
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto")
@click.option(
    "--signer-keypoints", type=input_path, metavar="F", help="Of the picture, instead of MediaPipe."
)
@click.option("--report", type=PATH, metavar="JSON", help="Write what made the clip, and how.")
@click.option(
    "--contact-sheet", "sheet", type=picture_path, metavar="PNG", help="Draw some frames."
)
@overwrite_option
@json_option
def render(
    output: Path | None, model: str | None, device: str, as_json: bool, **options: Any
) -> None:
    """Make the signer of a picture sign a pose sequence: a frame for each pose, at the same rate.

    The same seed gives the same file. The clip says in its metadata that it is synthetic and what
    made it. --start and --end render a part such that it fits into the whole.
    """
    if model is None:
        raise click.UsageError(_NO_MODEL)
    output = output or Path(f"{options['poses'].stem}.mp4")
    _check_outputs(output, options)

    from diffusers.utils import logging

    from signgen.rendering import Request, prepare, shoot

    logging.disable_progress_bar()  # of reading each part of a pipeline folder
    options["window"] = options["window"] or 0
    request = Request(output=output, model=model, **options)
    script = prepare(request, _device(device))
    with progress(script.num_frames, "frames") as advance:
        shot = shoot(script, advance)
    speed = f"{shot.frames_per_second:.2f} frames/s"
    say(f"{shot.num_frames} frames in {shot.seconds:.1f} s, {speed}")
    emit(_summary(request, script, shot), as_json=as_json, text=output)


def _check_outputs(output: Path, options: dict[str, Any]) -> None:
    """Refuse before the work what could not be written after it."""
    paths = [output, options["report"], options["sheet"]]
    given = [path.resolve() for path in paths if path]
    if len(set(given)) < len(given):
        raise click.UsageError("two of the outputs have the same name")
    check_free(*paths, overwrite=options["overwrite"])


def _device(name: str) -> "torch.device":
    """Return the device; raises ValueError where it is asked for and not there."""
    import torch

    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise ValueError("--device cuda: no CUDA device is here; pass --device cpu")
    return torch.device("cuda" if there and name != "cpu" else "cpu")


def _summary(request: "Request", script: "Script", shot: "Shot") -> Result:
    width, height = script.framing.size
    others = {"report": request.report, "contact_sheet": request.sheet}
    return {
        "output": str(request.output),
        **{name: str(path) for name, path in others.items() if path},
        "frames": script.num_frames,
        "fps": script.poses.fps,
        "width": width,
        "height": height,
        "seed": request.seed,
        "window": script.take.plan.size,
        "overlap": script.take.plan.overlap,
        "seams": list(script.take.seams),
        "frames_per_second": round(shot.frames_per_second, 3),
    }
