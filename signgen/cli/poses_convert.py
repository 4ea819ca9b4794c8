"""``signgen poses convert``: one pose file format, layout or frame rate to another."""

from dataclasses import replace
from pathlib import Path

import click

from pose_sequences.layout import LAYOUTS, conversion
from pose_sequences.sequence import PoseSequence
from signgen.cli.console import emit, say
from signgen.cli.options import (
    PATH,
    declared,
    declared_options,
    frame_rate,
    input_path,
    json_option,
    overwrite_option,
)

_EPILOG = """\b
Examples:
  signgen poses convert hello.pose hello.npz
  signgen poses convert hello.npz openpose/ --to-fps 12.5
  signgen poses convert clip.parquet clip.npz --fps 30 --size 640x480
  signgen poses convert dwpose.npz clip.pose --to-layout wholebody133
"""


@click.command(epilog=_EPILOG)
@click.argument("source", type=input_path)
@click.argument("target", type=PATH)
@declared_options
@click.option("--to-layout", type=click.Choice(list(LAYOUTS)), help="Write this layout.")
@click.option(
    "--to-fps", type=frame_rate, metavar="RATE", help="Write this frame rate; the duration stays."
)
@overwrite_option
@json_option
def convert(
    source: Path,
    target: Path,
    layout: str | None,
    fps: float | None,
    size: tuple[int, int] | None,
    to_layout: str | None,
    to_fps: float | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Write SOURCE as TARGET; the ending of TARGET is its format (none: a folder of OpenPose JSON).

    Another layout keeps what both have by name; what only stands near a point, and what is lost, is
    said.
    """
    from pose_sequences.files import read_poses, write_poses

    sequence = original = read_poses(source, declared(layout, fps, size))
    if to_layout:
        sequence = sequence.converted(to_layout)
    if to_fps:
        sequence = sequence.resampled(to_fps)
    if not sequence.source:
        sequence = replace(sequence, source=source.name)
    write_poses(sequence, target, overwrite=overwrite)
    if to_layout:
        _say_what_changed(original.layout, to_layout)
    emit(_summary(sequence, target), as_json=as_json, text=target)


def _say_what_changed(source: str, target: str) -> None:
    table = conversion(source, target)
    for names, fault in (
        (table.approximate, "stand for a neighbouring point"),
        (table.absent, "have no source and are missing"),
        (table.dropped, f"of {source} have no place and are left out"),
    ):
        if names:
            say(f"{source} to {target}: {len(names)} points {fault}, such as {names[0]}")


def _summary(sequence: PoseSequence, target: Path) -> dict[str, object]:
    return {
        "output": str(target),
        "layout": sequence.layout,
        "frames": sequence.num_frames,
        "fps": sequence.fps,
    }
