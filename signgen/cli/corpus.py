"""``signgen corpus``: check RWTH-PHOENIX-Weather 2014T on disk, and extract its keypoints."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pose_sequences.errors import CorpusError, single_line
from pose_sequences.phoenix.clip import FPS, SPLITS, list_frames
from signgen.cli.console import emit, progress, say
from signgen.cli.options import PATH, json_option, overwrite_option

if TYPE_CHECKING:
    from pose_sequences.extract import ClipJob, Extraction
    from pose_sequences.phoenix.check import Report, SplitCounts

MAX_LINES = 20  # of problems, and of notes; --json writes all

_GROUP_EXAMPLES = """\b
Examples:
  signgen corpus check PHOENIX-2014-T-release-v3
  signgen corpus extract PHOENIX-2014-T-release-v3 --split dev
"""
_CHECK_EXAMPLES = """\b
Examples:
  signgen corpus check PHOENIX-2014-T-release-v3
  signgen corpus check studio_corpus --decode --json
"""
_EXTRACT_EXAMPLES = """\b
Examples:
  signgen corpus extract PHOENIX-2014-T-release-v3 --split train -j 8
  signgen corpus extract /read/only/corpus --split all --cache keypoints
  signgen corpus extract studio_corpus --split dev --limit 10 --refine-face
"""


@click.group(epilog=_GROUP_EXAMPLES)
def corpus() -> None:
    """Work with RWTH-PHOENIX-Weather 2014T on disk, or a studio corpus in the same layout.

    ROOT is the release folder, its PHOENIX-2014-T, or any folder with annotations and features.
    """


cache_option = click.option(
    "--cache", type=PATH, help="The keypoints' folder.  [default: ROOT/keypoints]"
)


@corpus.command(epilog=_CHECK_EXAMPLES, short_help="Say what is missing or odd in a corpus.")
@click.argument("root", type=PATH)
@click.option("--decode", is_flag=True, help="Read all frames and keypoints, not only headers.")
@cache_option
@json_option
def check(root: Path, decode: bool, cache: Path | None, as_json: bool) -> None:
    """Say all that is missing or odd in the corpus ROOT; the exit code is 1 for a problem.

    Problems keep a clip from being used; notes do not.
    """
    from pose_sequences.phoenix.check import check as check_corpus

    with progress(None, "clips") as advance:
        report = check_corpus(root, cache=cache, decode=decode, advance=advance)
    emit(report.as_json(), as_json=as_json, text=_summary(report))
    if report.problems:
        raise click.ClickException(f"{root}: problems: {len(report.problems)}")


@corpus.command(epilog=_EXTRACT_EXAMPLES, short_help="Find the keypoints of a corpus's clips.")
@click.argument("root", type=PATH)
@click.option("--split", type=click.Choice([*SPLITS, "all"]), required=True)
@click.option(
    *("-j", "--jobs"),
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Clips at a time, a core each.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Stop after this many clips.")
@click.option("--refine-face", is_flag=True, help="With irises: holistic553, not holistic543.")
@cache_option
@overwrite_option
@json_option
def extract(
    root: Path,
    split: str,
    jobs: int,
    limit: int | None,
    refine_face: bool,
    cache: Path | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Find the keypoints of the clips of ROOT that have none yet, and keep them beside it.

    A run that was stopped can be started again. Clips that fail are told, and the others done.
    """
    from pose_sequences.extract import ClipJob
    from pose_sequences.phoenix import Corpus
    from signgen.cli.extraction import run_extraction

    found = Corpus.open(root, cache=cache, layout="holistic553" if refine_face else "holistic543")
    splits = [name for name in SPLITS if split in (name, "all")]
    num_clips = sum(len(found.clips(name)) for name in splits)
    lacking = [
        ClipJob(*paths)
        for name in splits
        for paths in found.extraction_jobs(name, overwrite=overwrite)
    ]
    todo = lacking[:limit]
    whole, faults = _whole(todo)
    outcome = run_extraction(_batches(whole, refine_face), workers=jobs, overwrite=overwrite)
    for fault in faults:
        outcome.fail(fault)
    folder = found.cache / found.layout
    result = outcome.as_json() | {
        "kept": num_clips - len(lacking),
        "left": len(lacking) - len(todo),
        "keypoints": str(folder),
    }
    say(f"{outcome.sentence()}; kept {result['kept']}, left {result['left']}")
    emit(result, as_json=as_json, text=folder)
    if outcome.errors:
        raise click.exceptions.Exit(1)


def _whole(jobs: "Sequence[ClipJob]") -> "tuple[list[ClipJob], list[CorpusError]]":
    """Return the clips whose frames are all there, and what the others lack."""
    whole: list[ClipJob] = []
    faults: list[CorpusError] = []
    for job in jobs:
        try:
            if job.source.is_dir():
                list_frames(job.source).paths()
            whole.append(job)
        except CorpusError as error:
            faults.append(error)
    return whole, faults


def _batches(
    jobs: "Sequence[ClipJob]", refine_face: bool
) -> "list[tuple[Sequence[ClipJob], Extraction]]":
    from pose_sequences.extract import Extraction

    folders = [job for job in jobs if job.source.is_dir()]
    videos = [job for job in jobs if not job.source.is_dir()]
    # a video keeps its own rate, so that it gets a pose for each of its frames
    return [
        (folders, Extraction(refine_face=refine_face, fps=FPS)),
        (videos, Extraction(refine_face=refine_face)),
    ]


def _summary(report: "Report") -> str:
    lines = [f"{single_line(str(report.root))}: {report.width}x{report.height}"]
    lines += [_split_line(split, counts) for split, counts in report.splits.items()]
    lines += _first_lines("problem", report.problems)
    lines += _first_lines("note", report.notes)
    return "\n".join(lines)


def _split_line(split: str, counts: "SplitCounts") -> str:
    signers = ", ".join(f"{signer} {clips}" for signer, clips in counts.signers.items())
    keypoints = ", ".join(f"{layout} {clips}" for layout, clips in counts.keypoints.items())
    return (
        f"{split}: clips {counts.clips} ({signers or 'no signer'}), frames {counts.frames}, "
        f"clips with keypoints {keypoints}"
    )


def _first_lines(kind: str, found: tuple[str, ...]) -> Iterator[str]:
    yield from (f"{kind}: {line}" for line in found[:MAX_LINES])
    if len(found) > MAX_LINES:
        yield f"… and {len(found) - MAX_LINES} more {kind}s; --json writes all"
