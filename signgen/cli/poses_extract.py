"""``signgen poses extract``: the keypoints of videos, pictures and folders of frames."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from signgen.cli.console import emit, say
from signgen.cli.options import FPS, PATH, json_option, overwrite_option

if TYPE_CHECKING:
    from pose_sequences.extract import ClipJob

_EPILOG = """\b
Examples:
  signgen poses extract me.mp4 -o me.npz
  signgen poses extract me.png -o me.npz --refine-face
  signgen poses extract frames/ -o clip.npz --fps 25
  signgen poses extract recordings/ -o poses/ -j 2
"""


@click.command(epilog=_EPILOG)
@click.argument("sources", type=PATH, nargs=-1, required=True)
@click.option("-o", "--output", type=PATH, required=True, help="An .npz for one clip, or a folder.")
@click.option("--fps", type=FPS, help="The rate of a folder of frames; resamples a video.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--refine-face", is_flag=True, help="With irises: holistic553, not holistic543.")
@click.option("--complexity", type=click.IntRange(0, 2), default=1, show_default=True)
@overwrite_option
@json_option
def extract(
    sources: tuple[Path, ...],
    output: Path,
    fps: float | None,
    jobs: int,
    refine_face: bool,
    complexity: int,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Find the keypoints of each of SOURCES: a video, a picture, a folder of frames or of clips.

    Every frame gets keypoints, missing where nothing was found. A folder as output keeps the clips'
    names and goes on where an earlier run stopped; clips that fail are told, and the others done.
    """
    from pose_sequences.errors import OutputError
    from pose_sequences.extract import Extraction
    from signgen.cli.extraction import run_extraction

    options = Extraction(refine_face=refine_face, complexity=complexity, fps=fps)
    todo = _jobs(sources, output)
    alone = output.suffix == ".npz"
    if alone and output.exists() and not overwrite:
        raise OutputError(output, "exists already", "pass --overwrite to replace it")
    outcome = run_extraction([(todo, options)], workers=jobs, overwrite=overwrite)
    say(outcome.sentence())
    result = {"output": str(output), **outcome.as_json()}
    if not alone or not outcome.errors:
        emit(result, as_json=as_json, text=output)
    if outcome.errors:
        raise click.exceptions.Exit(1)


def _jobs(sources: Sequence[Path], output: Path) -> "list[ClipJob]":
    """Return the clips with their targets; a folder's clips keep their place inside it."""
    from pose_sequences.clips import find_clips, is_frame_folder
    from pose_sequences.extract import ClipJob

    jobs: list[ClipJob] = []
    for source in sources:
        if source.is_dir() and not is_frame_folder(source):
            clips = [(clip, clip.relative_to(source)) for clip in find_clips(source)]
        else:
            clips = [(source, Path(source.resolve().name))]
        jobs += [
            ClipJob(clip, output / place.with_name(f"{place.stem}.npz")) for clip, place in clips
        ]
    if output.suffix != ".npz":
        return jobs
    if len(jobs) > 1:
        raise click.UsageError(f"{len(jobs)} clips do not fit into {output}; name a folder")
    return [ClipJob(jobs[0].source, output)]
