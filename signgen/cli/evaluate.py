"""``signgen evaluate``: how good generated clips are, beside real ones or their poses alone."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from pose_sequences.phoenix.clip import SPLITS, Split
from signgen.cli.console import Result, emit
from signgen.cli.options import PATH, check_free, input_path, json_option, overwrite_option
from signgen.cli.recognition import Words, conclude, recognition_of

if TYPE_CHECKING:
    from signgen.evaluation.pairs import Pairing
    from signgen.evaluation.report import Report

_BASELINES = ("copy-reference", "nearest-frame", "autoencoder", "components", "reencoded")

_PICTURE_PROTOCOLS = ("fpdm-256", "fpdm-512", "cfld-256", "cfld-512")
_CORPUS_PROTOCOLS = ("fpdm-phoenix", "studio")
# the options that a protocol of pictures knows of
_OF_PICTURES = {"generated", "reference", "protocol", "training", "report", "html", "html_clips"}
_OF_PICTURES |= {"overwrite", "as_json"}

_EPILOG = """\b
Examples:
  signgen evaluate made.mp4 filmed.mp4 --poses filmed.npz --report made.json --html made.html
  signgen evaluate made.mp4 --poses driving.npz
  signgen evaluate made/ filmed/ --poses poses/ -j 8 --report figures.json --per-frame
  signgen evaluate made/ PHOENIX-2014-T-release-v3 --split test --baseline copy-reference
  signgen evaluate made/ PHOENIX-2014-T-release-v3 --protocol fpdm-phoenix -j 8
  signgen evaluate pictures/ targets/ --protocol cfld-256 --training train_highres/
"""


def frame_numbers(value: str) -> tuple[int, ...]:
    """Return the numbers of a word such as 16,32,48."""
    words = value.split(",")
    if not all(word.strip().isdecimal() for word in words):
        raise click.BadParameter(f"{value!r} is no list of frames; write it like 16,32,48")
    return tuple(int(word) for word in words)


@click.command(epilog=_EPILOG)
@click.argument("generated", type=PATH)
@click.argument("reference", type=input_path, required=False)
@click.option("--poses", type=input_path, help="What drove the clips: a pose file, or a folder.")
@click.option(
    "--split",
    type=click.Choice(SPLITS),
    help="REFERENCE is a corpus; take the clips of this split.",
)
@click.option(
    "--protocol",
    type=click.Choice((*_PICTURE_PROTOCOLS, *_CORPUS_PROTOCOLS)),
    help="Measure as a paper does: a folder of pictures against another; or all of a corpus's "
    "split (test, unless --split says otherwise), generated from first frames.",
)
@click.option("--training", type=PATH, help="The training pictures, for a protocol's FID.")
@click.option("--report", type=PATH, help="Write all figures to this .json.")
@click.option("--html", type=PATH, help="Write a page to look at: clips, hands, plots, figures.")
@click.option(
    "--html-clips",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="Clips that the page shows, worst first; the others are rows of a list.",
)
@click.option("--per-frame", is_flag=True, help="The report has the values of each frame, too.")
@click.option("--no-detection", is_flag=True, help="No MediaPipe: pixels only, and faster.")
@click.option(
    "--model", type=PATH, help="A pipeline folder, whose networks look at the frames, too."
)
@click.option(
    "--baseline",
    "baselines",
    type=click.Choice(_BASELINES),
    multiple=True,
    help="Measure this in the same table, too; may be repeated.",
)
@click.option(
    "--judge", type=PATH, help="A folder of scripts/train_judge: which signs are recognised?"
)
@click.option("--recogniser", metavar="MODULE:NAME", help="Ask your own instead of a judge.")
@click.option(
    "--predictions", type=PATH, help="What yours said of the clips: .csv or .jsonl, for WER, BLEU."
)
@click.option("--confusion", type=PATH, help="Draw who was taken for whom to this .svg.")
@click.option("--resize", is_flag=True, help="Bring clips of another size to the reference's.")
@click.option("--window", type=click.IntRange(min=1), help="Frames a window they were rendered in.")
@click.option("--overlap", type=click.IntRange(min=0), default=0, help="Frames that windows share.")
@click.option(
    "--seams", type=frame_numbers, metavar="N,N,…", help="Frames at which a clip may show a seam."
)
@click.option(
    *("-j", "--jobs"),
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Clips at a time, a core each.",
)
@click.option(
    "--cache",
    type=PATH,
    help="Keeps detections and figures.  [default: ~/.cache/signgen/evaluation]",
)
@overwrite_option
@json_option
def evaluate(
    generated: Path,
    reference: Path | None,
    poses: Path | None,
    split: Split | None,
    protocol: str | None,
    training: Path | None,
    report: Path | None,
    html: Path | None,
    html_clips: int,
    per_frame: bool,
    no_detection: bool,
    model: Path | None,
    baselines: tuple[str, ...],
    judge: Path | None,
    recogniser: str | None,
    predictions: Path | None,
    confusion: Path | None,
    resize: bool,
    window: int | None,
    overlap: int,
    seams: tuple[int, ...] | None,
    jobs: int,
    cache: Path | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Measure GENERATED, a clip or a folder of clips, against REFERENCE, which was really filmed.

    Hands, face and time come first; every number carries its settings. Without REFERENCE the clips
    are held against the poses that drove them. What was measured once is kept, and a run that was
    stopped goes on; clips that fail are told, and the others done.
    """
    _check_usage(click.get_current_context())
    check_free(report, html, confusion, overwrite=overwrite)
    from signgen.evaluation.baselines import BaselineSources
    from signgen.evaluation.runner import Workplace, default_cache
    from signgen.evaluation.settings import Evaluation

    workplace = Workplace(cache=cache or default_cache(), workers=jobs)
    judgement = None
    if protocol in _PICTURE_PROTOCOLS:
        made = _pictures(protocol, generated, reference, training)
    else:
        from signgen.cli.systems import report_of

        split = split or ("test" if protocol else None)
        found = _pairing(generated, reference, poses, split, whole=protocol is not None)
        evaluation = Evaluation(
            detection=_detects(protocol) and not no_detection,
            resize=resize,
            seams=seams or (),
            window=window or 0,
            overlap=overlap,
            model="" if model is None else str(model.resolve()),
            protocol=_words(protocol, reference, split, found),
        )
        sources = BaselineSources(corpus=reference if split else None, model=evaluation.pipeline)
        words = Words(judge, recogniser, predictions, confusion)
        corpus = (reference, split) if reference and split else None
        recognition = recognition_of(words, found, corpus)
        made = report_of(found, evaluation, workplace, baselines, sources, recognition)
        judgement = conclude(words, recognition, overwrite=overwrite)
    if report is not None:
        from signgen.evaluation.report import write_report

        write_report(report, made, per_frame=per_frame, overwrite=overwrite)
    if html is not None:
        from signgen.evaluation.page import PageSettings, write_page

        page = PageSettings(shown=html_clips, cache=workplace.cache, judgement=judgement)
        write_page(html, made, page, overwrite=overwrite)
    _tell(made, report, html, as_json=as_json)


def _check_usage(context: click.Context) -> None:
    """Refuse options that do not go together, rather than leave one without effect."""
    given = {
        name
        for name in context.params
        if context.get_parameter_source(name) == ParameterSource.COMMANDLINE
    }
    protocol = context.params["protocol"]
    recognises = given & {"judge", "recogniser"}
    if protocol in _PICTURE_PROTOCOLS and given - _OF_PICTURES:
        alien = min(given - _OF_PICTURES).replace("_", "-")
        raise click.UsageError(f"--{alien} is nothing to {protocol}, which measures pictures alone")
    if "training" in given and protocol not in _PICTURE_PROTOCOLS:
        raise click.UsageError("--training is for a protocol of pictures; name it by --protocol")
    if "reference" not in given and (
        "poses" not in given or given & {"baselines", "split", "protocol"}
    ):
        raise click.UsageError("give REFERENCE, or for a clip without one --poses and no baseline")
    if "poses" in given and given & {"split", "protocol"}:
        raise click.UsageError("--poses is not needed with --split: a corpus has its own")
    if len(recognises) == 2 or (recognises and "no_detection" in given):
        raise click.UsageError("--judge or --recogniser, one of them, needs what is detected")
    if recognises and protocol and not _detects(protocol):
        raise click.UsageError(f"{protocol} does not detect poses, which {min(recognises)} needs")
    if "confusion" in given and not recognises:
        raise click.UsageError("--confusion needs --judge or --recogniser")
    if "per_frame" in given and "report" not in given:
        raise click.UsageError("--per-frame is of the report; name its file by --report")


def _detects(protocol: str | None) -> bool:
    from signgen.evaluation.corpus_protocols import CORPUS_PROTOCOLS

    return protocol is None or CORPUS_PROTOCOLS[protocol].detection


def _words(
    protocol: str | None, reference: Path | None, split: Split | None, found: "Pairing"
) -> str:
    """Return what signatures say of the protocol of a corpus."""
    from signgen.evaluation.corpus_protocols import CORPUS_PROTOCOLS, settings_of

    if protocol is None or reference is None or split is None:
        return ""
    return settings_of(CORPUS_PROTOCOLS[protocol], reference, split, found.num_clips)


def _pairing(
    generated: Path,
    reference: Path | None,
    poses: Path | None,
    split: Split | None,
    *,
    whole: bool,
) -> "Pairing":
    from signgen.evaluation.pairs import pair_clips, pair_corpus

    if split is None or reference is None:
        return pair_clips(generated, reference, poses)
    return pair_corpus(generated, reference, split, whole=whole)


def _pictures(
    protocol: str | None, generated: Path, reference: Path | None, training: Path | None
) -> "Report":
    from signgen.evaluation.pictures import evaluate_pictures

    assert reference is not None, "usage is checked"
    command = ("signgen", *sys.argv[1:])
    assert protocol is not None
    return evaluate_pictures(protocol, generated, reference, training=training, command=command)


def _tell(report: "Report", path: Path | None, html: Path | None, *, as_json: bool) -> None:
    from signgen.evaluation.table import table

    system = report.systems[0]
    if system.figures:
        result: Result = {
            "report": None if path is None else str(path),
            "html": None if html is None else str(html),
            "clips": len(system.clips),
            "failed": len(report.failures),
            "errors": list(report.failures),
            "figures": report.values(),
            "settings": {row.key: row.signature for row in report.rows},
        }
        emit(result, as_json=as_json, text=table(report))
    if report.failures:
        raise click.ClickException(f"clips failed: {len(report.failures)}")
