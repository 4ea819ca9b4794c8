"""``signgen poses mirror``: the same signing by the other hand."""

from pathlib import Path

import click

from signgen.cli.console import emit
from signgen.cli.options import (
    PATH,
    declared,
    declared_options,
    input_path,
    json_option,
    overwrite_option,
)

_EPILOG = """\b
Examples:
  signgen poses mirror example:hello -o mirrored.npz
  signgen poses mirror hello.pose -o mirrored.pose
"""


@click.command(epilog=_EPILOG)
@click.argument("source", type=input_path)
@click.option("-o", "--output", type=PATH, required=True, help="The pose file to write.")
@declared_options
@overwrite_option
@json_option
def mirror(
    source: Path,
    output: Path,
    layout: str | None,
    fps: float | None,
    size: tuple[int, int] | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Write SOURCE as seen in a mirror: hands, body, face mesh and handedness change sides."""
    from pose_sequences.files import read_poses, write_poses
    from pose_sequences.mirror import mirrored

    sequence = mirrored(read_poses(source, declared(layout, fps, size)))
    write_poses(sequence, output, overwrite=overwrite)
    result = {"output": str(output), "frames": len(sequence), "handedness": sequence.handedness}
    emit(result, as_json=as_json, text=output)
