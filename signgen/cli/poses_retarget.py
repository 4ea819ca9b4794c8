"""``signgen poses retarget``: the keypoints of one signer fitted to the body of another."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from signgen.cli.console import Result, emit, say
from signgen.cli.options import (
    PATH,
    body_path,
    check_free,
    declared,
    declared_options,
    input_path,
    json_option,
    overwrite_option,
    picture_path,
)

if TYPE_CHECKING:
    from pose_sequences.retarget import Body, RetargetReport
    from pose_sequences.sequence import PoseSequence

_EPILOG = """\b
Examples:
  signgen poses retarget example:sentence --to example:rosa -o sentence-as-rosa.npz
  signgen poses retarget example:hello --to me.png -o hello-as-me.npz
  signgen poses retarget hello.pose --to me.npz -o hello-as-me.npz --report-picture fit.png
  signgen poses retarget hello.npz --to me.mp4 -o hello-as-me.pose --json
"""


@click.command(epilog=_EPILOG)
@click.argument("source", type=input_path)
@click.option(
    "--to",
    "reference",
    type=body_path,
    required=True,
    help="Who it shall be: keypoints, a picture or a video.",
)
@click.option("-o", "--output", type=PATH, required=True, help="The pose file to write.")
@click.option(
    "--report-picture", type=picture_path, metavar="PNG", help="Draw source, reference and result."
)
@declared_options
@overwrite_option
@json_option
def retarget(
    source: Path,
    reference: Path,
    output: Path,
    report_picture: Path | None,
    layout: str | None,
    fps: float | None,
    size: tuple[int, int] | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Fit SOURCE to another signer's body, in that signer's frame.

    Size, place and limbs come from the reference, over all of its frames; handshapes stay, and what
    a fingertip touched it touches again. What could not be measured is said, and in the report.
    """
    from pose_sequences.files import read_poses, write_poses
    from pose_sequences.images import write_png
    from pose_sequences.retarget import retarget as fit
    from pose_sequences.retarget.picture import comparison

    check_free(output, report_picture, overwrite=overwrite)
    sequence = read_poses(source, declared(layout, fps, size))
    who = _keypoints(reference)
    _body(source, sequence)  # so that an error names the file
    result, report = fit(sequence, _body(reference, who))
    write_poses(result, output, overwrite=overwrite)
    if report_picture:
        write_png(report_picture, comparison(sequence, who, result), overwrite=overwrite)
    for part, reason in report.scales.fallbacks.items():
        say(f"{reference}: {part.replace('_', ' ')}: {reason}")
    emit(_summary(output, report_picture, result, report), as_json=as_json, text=output)


def _keypoints(reference: Path) -> "PoseSequence":
    from pose_sequences.clips import VIDEOS
    from pose_sequences.files import read_poses
    from pose_sequences.video.folder import SUFFIXES

    if reference.suffix.lower() not in (*SUFFIXES, *VIDEOS):
        return read_poses(reference)
    from pose_sequences.extract import extract_poses

    return extract_poses(reference)


def _body(path: Path, signer: "PoseSequence") -> "Body":
    """Return a signer's measures, or say which file shows nobody to measure."""
    from pose_sequences.errors import PoseFileError
    from pose_sequences.retarget import measure_body

    try:
        return measure_body(signer)
    except ValueError as error:
        raise PoseFileError(path, str(error), "give one with head and shoulders") from error


def _summary(
    output: Path, picture: Path | None, result: "PoseSequence", report: "RetargetReport"
) -> Result:
    return {
        "output": str(output),
        **({"report_picture": str(picture)} if picture else {}),
        "layout": result.layout,
        "frames": result.num_frames,
        "fps": result.fps,
        "width": result.width,
        "height": result.height,
        **report.as_json(),
    }
