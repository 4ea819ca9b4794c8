"""Words that commands share: paths, frame sizes, what a pose file does not say of itself."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import click

from pose_sequences.errors import OutputError
from pose_sequences.files.declared import Declared
from pose_sequences.layout import LAYOUTS
from pose_sequences.limits import MAX_FPS, MAX_SIDE, MIN_FPS
from signgen import examples
from signgen.studio.breadth import BREADTHS

Command = TypeVar("Command", bound=Callable[..., Any])


def input_path(value: str) -> Path:
    """Return the path to read that a word means; ``example:NAME`` is a bundled pose sequence."""
    return _resolved(value, "poses")


def signer_path(value: str) -> Path:
    """Return the picture to read that a word means; ``example:NAME`` is a bundled signer."""
    return _resolved(value, "signer")


def lexicon_path(value: str) -> Path:
    """Return the folder to read that a word means; ``example:NAME`` is a bundled lexicon."""
    return _resolved(value, "lexicon")


def body_path(value: str) -> Path:
    """Return what shows a body; ``example:NAME`` is a bundled signer, or else a pose sequence."""
    name, signers = value.removeprefix(examples.PREFIX), examples.names("signer")
    if name not in signers:
        if name != value and name not in examples.names():
            there = ", ".join((*signers, *examples.names()))
            raise click.BadParameter(f"no example is called {name!r}; there are {there}")
        return input_path(value)
    picture = signer_path(value)
    return examples.keypoints_of(picture) or picture


def _resolved(value: str, kind: examples.Kind) -> Path:
    try:
        return examples.resolve(value, kind)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def frame_size(value: str) -> tuple[int, int]:
    """Return the (width, height) of a word such as 210x260."""
    width, _, height = value.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise click.BadParameter(f"{value!r} is no frame size; write it like 210x260")
    size = int(width), int(height)
    if not all(1 <= side <= MAX_SIDE for side in size):
        raise click.BadParameter(f"{value!r} is no frame size; a side has 1 to {MAX_SIDE} pixels")
    return size


PATH = click.Path(path_type=Path)

json_option = click.option("--json", "as_json", is_flag=True, help="Write one JSON object.")
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace what is there already.")
breadth_option = click.option(
    "--breadth",
    type=click.Choice(BREADTHS),
    default="narrow",
    show_default=True,
    help="How much people, clothes, rooms and cameras differ.",
)


def picture_path(value: str) -> Path:
    """Return the path of a picture to write, which ends in .png."""
    if not value.lower().endswith(".png"):
        raise click.BadParameter(f"{value} is no .png")
    return Path(value)


def check_free(*paths: Path | None, overwrite: bool) -> None:
    """Refuse an output that exists before the work is done rather than after."""
    for path in paths:
        if path and path.exists() and not overwrite:
            raise OutputError(path, "exists already", "pass --overwrite to replace it")


def frame_rate(value: str) -> float:
    """Return the frames a second of a word such as 25, 29.97 or 30000/1001."""
    try:
        fps = float(Fraction(value))
    except (ValueError, ZeroDivisionError) as error:
        raise click.BadParameter(f"{value!r} is no frame rate; write it like 25") from error
    if not MIN_FPS <= fps <= MAX_FPS:
        raise click.BadParameter(f"{value} is out of range; {MIN_FPS:g} to {MAX_FPS:g} is possible")
    return fps


def declared_options(command: Command) -> Command:
    """Add --layout, --fps and --size: what a pose file does not say of itself."""
    options = (
        click.option(
            "--layout",
            type=click.Choice(list(LAYOUTS)),
            help="The input's landmark layout, where the file does not name it.",
        ),
        click.option(
            "--fps",
            type=frame_rate,
            metavar="RATE",
            help="The input's frame rate, where the file lacks it.",
        ),
        click.option(
            "--size",
            type=frame_size,
            metavar="WxH",
            help="The input's frame size, where the file lacks it.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def declared(layout: str | None, fps: float | None, size: tuple[int, int] | None) -> Declared:
    """Return what the options of declared_options say."""
    width, height = size or (None, None)
    return Declared(layout=layout, fps=fps, width=width, height=height)
