"""The ``signgen`` command: its group, its global switches and the rim where errors become one line.

What a command does stands in its own file; nothing heavy is imported before a command runs.
"""

import click

from signgen import __version__
from signgen.cli.console import LazyGroup, configure_logging, end_cleanly_when_told

_COMMANDS = {
    "render": ("signgen.cli.render:render", "Make the signer of a picture sign a pose sequence."),
    "poses": ("signgen.cli.poses:poses", "Read, extract, convert and draw keypoint files."),
    "studio": ("signgen.cli.studio:studio", "Make synthetic signers and corpora of them."),
    "evaluate": ("signgen.cli.evaluate:evaluate", "Say how good generated clips are."),
    "train": ("signgen.cli.train:train", "Train the generator, stage by stage or as a whole."),
    "bench": ("signgen.cli.bench:bench", "Measure how fast this machine renders and trains."),
    "corpus": ("signgen.cli.corpus:corpus", "Work with RWTH-PHOENIX-Weather 2014T on disk."),
}

_EPILOG = """\b
Examples:
  signgen poses extract me.mp4 -o me.npz
  signgen poses draw example:hello -o hello.mp4
  signgen corpus check PHOENIX-2014-T-release-v3
"""


@click.group(
    cls=LazyGroup,
    commands=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
)
@click.version_option(__version__, prog_name="signgen")
@click.option("-v", "--verbose", count=True, help="Say more: -v notes, -vv everything.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors; show no progress.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def main(verbose: int, quiet: bool, debug: bool) -> None:
    """Make a signer sign: one picture and a keypoint sequence in, an MP4 out.

    -v, -q and --debug stand before the command: signgen -v poses inspect hello.pose
    """
    configure_logging(verbose, quiet=quiet)
    end_cleanly_when_told()
