"""``signgen studio perform``: any pose file on a synthetic signer."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signgen.cli.console import Result, counted, emit, say
from signgen.cli.options import (
    PATH,
    check_free,
    frame_size,
    input_path,
    json_option,
    overwrite_option,
)
from signgen.cli.poses_repair import POLICIES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pose_sequences.sequence import PoseSequence
    from signgen.studio.camera import Camera
    from signgen.studio.factory import Signer
    from signgen.studio.figure import Figure
    from signgen.studio.reenact import Reenactment

_LONGEST = 384  # pixels of a side where no --size is given
_MIN_SIDE, _MAX_SIDE = 32, 2048
_EPILOG = """\b
Examples:
  signgen studio perform --poses example:hello --signer 7 -o hello.mp4
  signgen studio perform --poses gloss.pose --signer 7 -o sheet.png
  signgen studio perform --poses gloss.npz --signer 12 -o big.mp4 --size 512x512
"""


@click.command(epilog=_EPILOG, short_help="Let a synthetic signer perform a pose file.")
@click.option("--poses", type=input_path, required=True, help="What: a pose file, or example:NAME.")
@click.option(
    "--signer", type=click.IntRange(0, 2**63 - 1), required=True, metavar="SEED", help="Who."
)
@click.option(
    *("-o", "--output"),
    type=PATH,
    required=True,
    help="An .mp4, or a .png with some frames below what the file shows.",
)
@click.option(
    "--size",
    type=frame_size,
    metavar="WxH",
    help=f"Of the frames.  [default: as the poses', {_LONGEST} pixels long]",
)
@click.option(
    "--missing-hands",
    type=click.Choice(POLICIES),
    default="interpolate",
    show_default=True,
    help="What to do where a hand was not seen; a hidden one hangs from its arm.",
)
@overwrite_option
@json_option
def perform(
    poses: Path,
    signer: int,
    output: Path,
    size: tuple[int, int] | None,
    missing_hands: str,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Let the synthetic signer SEED do what a pose file shows: a frame for each, at the same rate.

    Arms, hands and head are fitted within what joints allow; the face follows the landmarks. The
    same seed gives the same file. Below the hips there is no signer: where the poses show more, the
    picture comes nearer.
    """
    import torch

    from pose_sequences.draw.preview import fitted
    from pose_sequences.files import read_poses
    from pose_sequences.images import write_png
    from pose_sequences.video.mp4 import write_mp4
    from signgen import __version__
    from signgen.studio.clip import dress_signer
    from signgen.studio.factory import SignerFactory
    from signgen.studio.reenact.sheet import reenactment_sheet

    _check_request(output, size)
    check_free(output, overwrite=overwrite)
    torch.set_num_threads(1)  # more of them wait for each other on a mesh's small tensors
    sequence = read_poses(poses)
    is_sheet = output.suffix.lower() == ".png"
    if size is None or is_sheet:  # a sheet's cells have the shape of the poses
        size = fitted(sequence, *(size or (_LONGEST, _LONGEST)))
    figure = dress_signer(SignerFactory.load(), signer)
    reenactment = _reenacted(poses, sequence, figure.signer, missing_hands)
    camera = reenactment.camera(size)
    nearer = reenactment.without_legs(camera)
    _say_what_was_filled(reenactment, came_nearer=nearer != camera)
    if is_sheet:
        write_png(output, reenactment_sheet(figure, reenactment, size), overwrite=overwrite)
    else:
        pictures = _frames(figure, reenactment, nearer)
        frames = counted(pictures, total=len(sequence), label="frames")
        comment = f"signgen {__version__} studio: a synthetic signer, seed {signer}"
        write_mp4(output, frames, sequence.fps, overwrite=overwrite, comment=comment)
    result: Result = {"output": str(output), "signer": signer, "width": size[0], "height": size[1]}
    result |= {"nearer": nearer != camera} | reenactment.report.as_json()
    emit(result, as_json=as_json, text=output)


def _check_request(output: Path, size: tuple[int, int] | None) -> None:
    kind = output.suffix.lower()
    if kind not in (".mp4", ".png"):
        raise click.UsageError(f"{output} is neither .mp4 nor .png")
    if size and not all(_MIN_SIDE <= side <= _MAX_SIDE for side in size):
        raise click.UsageError(f"--size takes sides of {_MIN_SIDE} to {_MAX_SIDE} pixels")
    if size and kind == ".mp4" and (size[0] % 2 or size[1] % 2):
        raise click.UsageError("--size takes even sides for an .mp4")


def _reenacted(
    path: Path, sequence: "PoseSequence", signer: "Signer", missing_hands: Any
) -> "Reenactment":
    from pose_sequences.errors import PoseFileError
    from pose_sequences.repair import MissingHandsError, Repair
    from signgen.studio.reenact import NoBodyError, reenact

    try:
        return reenact(signer, sequence, Repair(missing_hands=missing_hands))
    except MissingHandsError as error:
        remedy = "choose another --missing-hands or another file"
        raise PoseFileError(path, str(error), remedy) from error
    except NoBodyError as error:
        raise PoseFileError(path, str(error), "give one of a signer with a body") from error


def _frames(
    figure: "Figure", reenactment: "Reenactment", camera: "Camera"
) -> "Iterator[NDArray[np.uint8]]":
    from signgen.studio.clip import film

    for pose in reenactment.poses():
        for shot in film(figure, pose, camera):
            yield from shot.frames.numpy()


def _say_what_was_filled(reenactment: "Reenactment", *, came_nearer: bool) -> None:
    for hand, entry in reenactment.report.hands.items():
        counts = ", ".join(f"{state} {count}" for state, count in entry.counts().items())
        say(f"{hand.replace('_', ' ')}: {counts}")
    if came_nearer:
        say("the poses show the signer below the hips: the picture comes nearer")
