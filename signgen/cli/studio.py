"""``signgen studio``: build a corpus of synthetic signers, look at them, let them perform."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from signgen.cli.console import Result, counted, emit, progress, say
from signgen.cli.options import PATH, breadth_option, frame_size, input_path, json_option
from signgen.cli.studio_look import look
from signgen.cli.studio_perform import perform

if TYPE_CHECKING:
    from signgen.studio.breadth import Breadth
    from signgen.studio.corpus import BuiltClip
    from signgen.studio.motion_files import MotionFile
    from signgen.studio.plan import CorpusSettings

_GROUP_EXAMPLES = """\b
Examples:
  signgen studio look --seed 7 -o signers.png
  signgen studio build studio_corpus --signers 20 --clips 200 -j 8
  signgen studio perform --poses gloss.pose --signer 7 -o gloss.mp4
"""
_BUILD_EXAMPLES = """\b
Examples:
  signgen studio build studio_corpus --signers 20 --clips 200 -j 8
  signgen studio build phoenix_like --signers 9 --clips 90 --size 210x260 --split-by clip
  signgen studio build for_the_hub --signers 40 --clips 400 --video --seed 3
  signgen studio build real_motion --signers 20 --clips 200 --motions poses/
"""


@click.group(epilog=_GROUP_EXAMPLES)
def studio() -> None:
    """Make synthetic signers, who owe nobody anything, performing signs invented or real."""


studio.add_command(look)
studio.add_command(perform)


@studio.command(epilog=_BUILD_EXAMPLES, short_help="Build a corpus of synthetic signers.")
@click.argument("output", type=PATH)
@click.option("--signers", type=click.IntRange(min=1), required=True, help="How many people.")
@click.option(
    "--clips",
    type=click.IntRange(min=1),
    required=True,
    help="How many in all; the signers take turns.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--size",
    type=frame_size,
    default="256x256",
    show_default=True,
    metavar="WxH",
    help="Of frames.",
)
@click.option("--video", is_flag=True, help="One MP4 a clip, not a folder of PNGs.")
@click.option(
    "--split-by",
    type=click.Choice(["signer", "clip"]),
    default="signer",
    show_default=True,
    help="Keep signers apart, or have all of them in train, dev and test as the release does; "
    "with fewer than 3 of them (signers, or clips), all is for training.",
)
@click.option(
    "--detector",
    type=click.FloatRange(0, 4),
    default=0.0,
    show_default=True,
    help="How far keypoints err as MediaPipe's do: 0 for exact ones, 1 for MediaPipe's errors.",
)
@breadth_option
@click.option(
    "--motions",
    type=input_path,
    multiple=True,
    metavar="PATH",
    help="Perform this pose file, or those in this folder, in turn, and invent no signs; "
    "may be repeated.",
)
@click.option("--max-frames", type=click.IntRange(min=1), help="Cut each clip after so many.")
@click.option(
    *("-j", "--jobs"),
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Clips at a time, a core each.",
)
@json_option
def build(
    output: Path,
    signers: int,
    clips: int,
    seed: int,
    size: tuple[int, int],
    video: bool,
    split_by: Literal["signer", "clip"],
    detector: float,
    breadth: "Breadth",
    motions: tuple[Path, ...],
    max_frames: int | None,
    jobs: int,
    as_json: bool,
) -> None:
    """Build a corpus in the layout of RWTH-PHOENIX-Weather 2014T in the folder OUTPUT.

    With exact keypoints, or such as --detector says; `signgen corpus extract OUTPUT --split all
    --cache FOLDER` finds MediaPipe's own. The same seed gives the same pictures. A run that was
    stopped can be started again with the same options, and the same --motions wherever they lie.
    """
    from signgen.studio.plan import CorpusSettings

    settings = CorpusSettings(
        signers=signers,
        clips=clips,
        seed=seed,
        size=size,
        video=video,
        split_by=split_by,
        detector=detector,
        max_frames=max_frames or 0,
        breadth=breadth,
        motions=_read_motions(motions, max_frames or 0),
    )
    built = _build(output, settings, jobs)
    counts: Result = {
        outcome: sum(clip.outcome == outcome for clip in built)
        for outcome in ("filmed", "kept", "failed")
    }
    say(", ".join(f"{outcome} {count}" for outcome, count in counts.items()))
    errors = [clip.error for clip in built if clip.error]
    result = {"output": str(output), "signers": signers, **counts, "errors": errors}
    if as_json or not errors:
        emit(result, as_json=as_json, text=output)
    if errors:
        raise click.ClickException(f"{output}: clips failed: {len(errors)}; run it again")


def _read_motions(paths: tuple[Path, ...], max_frames: int) -> "tuple[MotionFile, ...]":
    from signgen.studio.motion_files import find_motions, read_motion

    files = find_motions(paths)
    read = (read_motion(path, max_frames) for path in files)
    return tuple(counted(read, total=len(files), label="motions"))


def _build(output: Path, settings: "CorpusSettings", jobs: int) -> "list[BuiltClip]":
    from signgen.studio.corpus import build_corpus

    built = []
    with (
        progress(settings.clips, "clips") as advance,
        closing(build_corpus(output, settings, workers=jobs)) as events,
    ):
        for clip in events:
            if clip.error:
                click.echo(f"failed: {clip.error}", err=True)
            built.append(clip)
            advance(1)
    return built
