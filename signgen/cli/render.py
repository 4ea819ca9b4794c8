"""``signgen render``: one picture of a signer and a pose sequence in, an MP4 out."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signgen import bundled, examples
from signgen.cli.console import Result, emit, progress, say
from signgen.cli.options import (
    PATH,
    check_free,
    frame_size,
    input_path,
    json_option,
    overwrite_option,
    picture_path,
    signer_path,
)
from signgen.cli.poses_repair import POLICIES
from signgen.stopwatch import Stopwatch

if TYPE_CHECKING:
    import torch

    from pose_sequences.sequence import PoseSequence
    from signgen.rendering import Script, Shot

_NO_MODEL = (
    "--model is missing, and none is bundled here; train one with signgen train all --config mini "
    "--data studio --output-dir OUTPUT, and pass --model OUTPUT/pipeline"
)
_EPILOG = """\b
Examples:
  signgen render --signer me.png --poses example:hello
  signgen render --signer me.png --poses gloss.pose -o me.mp4 --model out/mini/pipeline --seed 7
  signgen render --signer me.png --poses gloss.npz -o part.mp4 --start 1.5 --end 3 --size 512x512 \\
    --label --report part.json --redetect --contact-sheet part.png
"""


@click.command(epilog=_EPILOG)
@click.option(
    "--signer",
    type=signer_path,
    required=True,
    help="Who shall sign: a picture, example:NAME.",
)
@click.option("--poses", type=input_path, required=True, help="What: a pose file, example:NAME.")
@click.option(
    *("-o", "--output"),
    type=PATH,
    help="The .mp4 to write; .png for a frame.  [default: POSES.mp4]",
)
@click.option(
    "--model",
    metavar="mini|DIR|HUB_ID",
    help="The bundled model, a pipeline folder, or a repository of the hub.  [default: mini]",
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
    "--precision",
    type=click.Choice(["auto", "float32", "bfloat16"]),
    default="auto",
    show_default=True,
    help="Of the networks' numbers; auto is what the device computes with natively.",
)
@click.option(
    "--signer-keypoints", type=input_path, metavar="F", help="Of the picture, instead of MediaPipe."
)
@click.option("--side-by-side", is_flag=True, help="Show picture, poses and result in one clip.")
@click.option("--label", is_flag=True, help='Put the word "synthetic" into a corner.')
@click.option("--report", type=PATH, metavar="JSON", help="Write what made the clip, and how.")
@click.option(
    "--redetect", is_flag=True, help="Let MediaPipe look at the result for the report; takes time."
)
@click.option(
    "--contact-sheet", "sheet", type=picture_path, metavar="PNG", help="Draw some frames."
)
@click.option(
    "--webvtt", "captions", type=PATH, metavar="VTT", help="Write the glosses and their times."
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
    watch = Stopwatch()
    if model is None and bundled.find(bundled.DEFAULT) is None:
        raise click.UsageError(_NO_MODEL)
    output = output or Path(f"{options['poses'].stem}.mp4")
    _check_outputs(output, options)
    options["window"] = options["window"] or 0
    options["signer_keypoints"] = options["signer_keypoints"] or examples.keypoints_of(
        options["signer"]
    )
    with _sought(options["signer"], options["signer_keypoints"]) as found:
        with watch.stage("imports"):
            from diffusers.utils import logging

            from signgen.rendering import Request, prepare, shoot

        logging.disable_progress_bar()  # of reading each part of a pipeline folder
        request = Request(output=output, model=model or bundled.DEFAULT, **options)
        script = prepare(request, chosen_device(device), watch, found)
    with ExitStack() as bars:
        advance = bars.enter_context(progress(script.num_frames, "frames"))
        look = _opened_when_used(bars, script.num_frames, "frames looked at")
        shot = shoot(script, advance, watch=watch, look=look)
    speed = f"{shot.frames_per_second:.2f} frames/s"
    say(f"{shot.num_frames} frames in {shot.seconds:.1f} s, {speed}")
    if shot.fault:
        say(f"the detector failed ({shot.fault}); the film is whole, and the report says so")
    emit(_summary(shot.script, shot), as_json=as_json, text=output)


def _check_outputs(output: Path, options: dict[str, Any]) -> None:
    """Refuse before the work what could not be written after it."""
    if options["redetect"] and not options["report"]:
        raise click.UsageError("--redetect goes with --report")
    paths = [output, options["report"], options["sheet"], options["captions"]]
    given = [path.resolve() for path in paths if path]
    if len(set(given)) < len(given):
        raise click.UsageError("two of the outputs have the same name")
    check_free(*paths, overwrite=options["overwrite"])


@contextmanager
def _sought(signer: Path, keypoints: Path | None) -> "Iterator[Callable[[], PoseSequence] | None]":
    """Let the signer be sought in the picture while torch is loaded; None where that is known."""
    if keypoints is not None or not signer.is_file():
        yield None  # a picture that is not there is refused where it is read
        return
    from pose_sequences.extract import extracting
    from pose_sequences.images import read_image

    read_image(signer)  # a video would be looked through to its end before it is refused
    with extracting(signer) as found:
        yield found


def _opened_when_used(bars: ExitStack, total: int, label: str) -> Callable[[int], object]:
    """Return what advances a bar that does not show before."""
    advance: list[Callable[[int], object]] = []

    def advanced(count: int) -> object:
        if not advance:
            advance.append(bars.enter_context(progress(total, label)))
        return advance[0](count)

    return advanced


def chosen_device(name: str) -> "torch.device":
    """Return the device; raises ValueError where it is asked for and not there."""
    import torch

    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise ValueError("--device cuda: no CUDA device is here; pass --device cpu")
    return torch.device("cuda" if there and name != "cpu" else "cpu")


def _summary(script: "Script", shot: "Shot") -> Result:
    request, (width, height) = script.request, script.framing.size
    others = {
        "report": request.report,
        "contact_sheet": request.sheet,
        "webvtt": request.captions,
    }
    return {
        "output": str(request.output),
        **{name: str(path) for name, path in others.items() if path},
        "frames": script.num_frames,
        "fps": script.poses.fps,
        "width": width,
        "height": height,
        "seed": request.seed,
        "batch": script.windows.at_once,
        "window": script.take.plan.size,
        "overlap": script.take.plan.overlap,
        "seams": list(script.take.seams),
        "frames_per_second": round(shot.frames_per_second, 3),
    }
