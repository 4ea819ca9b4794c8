"""``signgen poses extract``: the keypoints of videos, pictures and folders of frames."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from signgen.cli.console import emit, say
from signgen.cli.options import PATH, check_free, frame_rate, json_option, overwrite_option

if TYPE_CHECKING:
    from pose_sequences.extract import ClipJob

_OTHER_FORMATS = (".pose", ".parquet", ".json", ".npy")

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
@click.option(
    "--fps",
    type=frame_rate,
    metavar="RATE",
    help="The rate of a folder of frames; resamples a video.",
)
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
    from pose_sequences.extract import Extraction
    from signgen.cli.extraction import run_extraction

    options = Extraction(refine_face=refine_face, complexity=complexity, fps=fps)
    alone = _names_one_file(output)
    todo = _jobs(sources, output, alone=alone)
    if alone:
        check_free(output, overwrite=overwrite)
    outcome = run_extraction([(todo, options)], workers=jobs, overwrite=overwrite)
    say(outcome.sentence())
    if outcome.extracted or outcome.kept:
        emit({"output": str(output), **outcome.as_json()}, as_json=as_json, text=output)
    if outcome.errors:
        raise click.exceptions.Exit(1)


def _names_one_file(output: Path) -> bool:
    suffix = output.suffix.lower()
    if suffix in _OTHER_FORMATS:
        raise click.UsageError(
            f"keypoints are extracted to .npz, not {suffix}; "
            "name one, then run: signgen poses convert"
        )
    return suffix == ".npz"


def _jobs(sources: Sequence[Path], output: Path, *, alone: bool) -> "list[ClipJob]":
    """Return the clips with their targets; a folder's clips keep their place inside it."""
    from pose_sequences.extract import ClipJob

    clips = [clip for source in sources for clip in _clips(source)]
    if not alone:
        return [ClipJob(clip, output / place.parent / f"{place.name}.npz") for clip, place in clips]
    if len(clips) > 1:
        raise click.UsageError(f"{len(clips)} clips do not fit into {output}; name a folder")
    return [ClipJob(clips[0][0], output)]


def _clips(source: Path) -> list[tuple[Path, Path]]:
    """Return the clips of a source, each with its place among the results, without a suffix."""
    from pose_sequences.clips import find_clips

    # a name as it was given: what a link leads to may be called anything
    name = source.name if source.name not in ("", "..") else source.resolve().name
    if not source.is_dir():
        return [(source, Path(name).with_suffix(""))]
    clips = find_clips(source)
    if clips == [source]:
        return [(source, Path(name))]
    return [(clip, _place(clip, source)) for clip in clips]


def _place(clip: Path, folder: Path) -> Path:
    place = clip.relative_to(folder)
    # only a file has a suffix: 2020.01.02 and 2020.01.03 are two folders of frames
    return place if clip.is_dir() else place.with_suffix("")
