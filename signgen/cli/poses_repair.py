"""``signgen poses repair``: missing hands, spikes, exchanged hands and jitter, with a report."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signgen.cli.console import Result, emit, say
from signgen.cli.options import (
    PATH,
    Command,
    check_free,
    declared,
    declared_options,
    input_path,
    json_option,
    overwrite_option,
    picture_path,
)

if TYPE_CHECKING:
    from pose_sequences.repair import Repair, RepairReport
    from pose_sequences.sequence import PoseSequence

# The names of repair.gaps.Policy and repair.smoothing.Method, kept here so that --help does not
# load the repair; a test compares.
POLICIES = ("interpolate", "hold", "hide", "fail")
METHODS = ("none", "one-euro", "savgol")

_EPILOG = """\b
Examples:
  signgen poses repair hello.pose -o hello.npz
  signgen poses repair hello.pose -o hello.npz --report-picture hello.png
  signgen poses repair clip.npz -o clean.npz --missing-hands hold --smooth-hands 0.5
  signgen poses repair clip.npz -o clean.npz --missing-hands fail --smooth none --json
"""


def strength_options(command: Command) -> Command:
    """Add --smooth-hands, --smooth-body and --smooth-face."""
    for part in ("face", "body", "hands"):
        command = click.option(
            f"--smooth-{part}",
            type=click.FloatRange(0, 10),
            default=1.0,
            show_default=True,
            help=f"How much to smooth the {part}; 0 for not at all.",
        )(command)
    return command


@click.command(epilog=_EPILOG)
@click.argument("source", type=input_path)
@click.option("-o", "--output", type=PATH, required=True, help="The pose file to write.")
@click.option(
    "--missing-hands",
    type=click.Choice(POLICIES),
    default="interpolate",
    show_default=True,
    help="What to do where a hand was not seen.",
)
@click.option(
    "--max-gap",
    type=click.FloatRange(0, 60),
    default=0.4,
    show_default=True,
    metavar="SEC",
    help="Interpolate no longer gaps than this; hide those.",
)
@click.option(
    "--fix-swaps/--keep-swaps",
    default=True,
    show_default=True,
    help="Give exchanged hands their names back.",
)
@click.option(
    "--fix-spikes/--keep-spikes",
    default=True,
    show_default=True,
    help="Replace points that leap out of their path and back.",
)
@click.option(
    "--fix-bones/--keep-bones",
    default=True,
    show_default=True,
    help="Replace points at the end of bones too long to be true.",
)
@click.option(
    "--smooth",
    type=click.Choice(METHODS),
    default="one-euro",
    show_default=True,
    help="How to take jitter out; one-euro spares fast strokes.",
)
@strength_options
@click.option(
    "--report-picture", type=picture_path, metavar="PNG", help="Draw what was done, over time."
)
@declared_options
@overwrite_option
@json_option
def repair(
    source: Path,
    output: Path,
    report_picture: Path | None,
    layout: str | None,
    fps: float | None,
    size: tuple[int, int] | None,
    overwrite: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Repair SOURCE frame for frame and say what was measured, filled, held or hidden.

    What was not measured is written with a low confidence, so that it is drawn dimmed. With --json
    the runs of each hand are (state, first frame, frame after the last).
    """
    from pose_sequences.draw.repair_timeline import repair_timeline
    from pose_sequences.files import read_poses, write_poses
    from pose_sequences.images import write_png

    check_free(output, report_picture, overwrite=overwrite)
    sequence = read_poses(source, declared(layout, fps, size))
    repaired, report = _repaired(source, sequence, _settings(options))
    write_poses(repaired, output, overwrite=overwrite)
    result: Result = {"output": str(output), **report.as_json()}
    if report_picture:
        write_png(report_picture, repair_timeline(report), overwrite=overwrite)
        result["report_picture"] = str(report_picture)
    _say_what_was_done(report)
    emit(result, as_json=as_json, text=output)


def _settings(options: dict[str, Any]) -> "Repair":
    from pose_sequences.repair import Repair

    return Repair(remove_spikes=options.pop("fix_spikes"), **options)


def _repaired(
    source: Path, sequence: "PoseSequence", settings: "Repair"
) -> tuple["PoseSequence", "RepairReport"]:
    from pose_sequences.errors import PoseFileError
    from pose_sequences.repair import MissingHandsError, repair

    try:
        return repair(sequence, settings)
    except MissingHandsError as error:
        raise PoseFileError(
            source, str(error), "choose another --missing-hands or another file"
        ) from error


def _say_what_was_done(report: "RepairReport") -> None:
    for hand, entry in report.hands.items():
        counts = ", ".join(f"{state} {count}" for state, count in entry.counts().items())
        say(f"{hand.replace('_', ' ')}: {counts}")
    for part, outliers in report.outliers.items():
        if outliers or report.interpolated[part]:
            say(f"{part}: {outliers} outliers, {report.interpolated[part]} points interpolated")
