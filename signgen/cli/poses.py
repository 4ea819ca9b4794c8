"""``signgen poses``: the group of everything that reads, makes or draws keypoint files."""

import click

from signgen.cli.console import LazyGroup

_COMMANDS = {
    "extract": (
        "signgen.cli.poses_extract:extract",
        "Find the keypoints of videos, pictures or frame folders.",
    ),
    "convert": ("signgen.cli.poses_convert:convert", "Write a pose file in another format."),
    "inspect": ("signgen.cli.poses_inspect:inspect", "Say what a pose file holds and lacks."),
    "draw": ("signgen.cli.poses_draw:draw", "Draw a pose file as an MP4 or a picture."),
}


@click.group(cls=LazyGroup, commands=_COMMANDS)
def poses() -> None:
    """Read, extract, convert and draw keypoint files.

    \b
    Reads:  .npz, .pose, folders of OpenPose JSON, DWPose/COCO arrays, Kaggle .parquet
    Writes: .npz, .pose, folders of OpenPose JSON, .parquet
    """
