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
    "mirror": ("signgen.cli.poses_mirror:mirror", "Exchange left and right."),
    "join": ("signgen.cli.poses_join:join", "Join signs of a lexicon to a sentence."),
    "draw": ("signgen.cli.poses_draw:draw", "Draw a pose file as an MP4 or a picture."),
    "repair": (
        "signgen.cli.poses_repair:repair",
        "Fill gaps, remove spikes and jitter; say what was done.",
    ),
    "retarget": (
        "signgen.cli.poses_retarget:retarget",
        "Fit a pose file to another signer's body.",
    ),
}


_EPILOG = """\b
Examples:
  signgen poses inspect example:hello
  signgen poses draw example:hello -o hello.mp4
"""


@click.group(cls=LazyGroup, commands=_COMMANDS, epilog=_EPILOG)
def poses() -> None:
    """Read, extract, convert and draw keypoint files.

    \b
    Reads:  .npz, .pose, folders of OpenPose JSON, DWPose/COCO arrays, Kaggle .parquet
    Writes: .npz, .pose, folders of OpenPose JSON, .parquet
    """
