"""``signgen poses draw``: a film of the skeleton or a contact sheet, to see what a file holds."""

from pathlib import Path

import click

from pose_sequences.draw import MIN_SIDE, STYLES, preview
from pose_sequences.draw import draw as draw_maps
from pose_sequences.video.mp4 import MAX_SIDE as MAX_FILM_SIDE
from signgen.cli.console import counted, emit
from signgen.cli.options import (
    PATH,
    declared,
    declared_options,
    frame_size,
    input_path,
    json_option,
    overwrite_option,
)

_EPILOG = """\b
Examples:
  signgen poses draw example:hello -o hello.mp4
  signgen poses draw hello.pose -o sheet.png
  signgen poses draw hello.npz -o maps.mp4 --style fpdm-133 --map-size 352x512
"""


@click.command(epilog=_EPILOG)
@click.argument("source", type=input_path)
@click.option("-o", "--output", type=PATH, required=True, help="An .mp4, or a .png contact sheet.")
@click.option("--style", type=click.Choice(list(STYLES)), default="signgen", show_default=True)
@click.option(
    "--map-size",
    type=frame_size,
    metavar="WxH",
    help="MP4: the bare maps at this size, without the strip.",
)
@declared_options
@overwrite_option
@json_option
def draw(
    source: Path,
    output: Path,
    style: str,
    map_size: tuple[int, int] | None,
    layout: str | None,
    fps: float | None,
    size: tuple[int, int] | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Draw SOURCE as an MP4 with a frame for each of its frames, or as a PNG with twelve of them.

    A strip below shows in which frames each hand was seen.
    """
    from pose_sequences.files import read_poses
    from pose_sequences.images import write_png
    from pose_sequences.video.mp4 import write_mp4

    kind = output.suffix.lower()
    if kind not in (".mp4", ".png"):
        raise click.UsageError(f"{output} is neither .mp4 nor .png")
    if map_size and kind == ".png":
        raise click.UsageError("--map-size goes with an .mp4")
    if map_size and not all(MIN_SIDE <= n <= MAX_FILM_SIDE and n % 2 == 0 for n in map_size):
        raise click.UsageError(f"--map-size takes even sides of {MIN_SIDE} to {MAX_FILM_SIDE}")
    sequence = read_poses(source, declared(layout, fps, size))
    if kind == ".png":
        write_png(output, preview.contact_sheet(sequence, style=style), overwrite=overwrite)
    else:
        if map_size:
            pictures = draw_maps(sequence, style=style, size=map_size)
        else:
            pictures = preview.preview_frames(sequence, style=style)
        frames = counted(pictures, total=len(sequence), label="frames")
        write_mp4(output, frames, sequence.fps, overwrite=overwrite)
    emit({"output": str(output), "frames": len(sequence)}, as_json=as_json, text=output)
