"""``scripts/train_judge``: a judge of signs for ``signgen evaluate --judge``, trained and examined.

Not a command of ``signgen``: who evaluates is given a judge, or makes one once.
"""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from signgen.cli.console import LazyGroup, emit, end_cleanly_when_told, progress
from signgen.cli.options import PATH, check_free, json_option, overwrite_option

if TYPE_CHECKING:
    from signgen.evaluation.recognition.judge import Judge
    from signgen.evaluation.recognition.training import JudgeTraining
    from signgen.studio.gloss import Gloss

_EPILOG = """\b
Examples:
  scripts/train_judge judge --exam exam -j 2
  signgen render --signer ref.png --poses exam/keypoints/holistic553/test/exam0001.npz -o made.mp4
  signgen evaluate made/ exam/clips/test --poses exam/keypoints/holistic553/test --judge judge
"""


@click.command(epilog=_EPILOG)
@click.argument("output", type=PATH)
@click.option(
    "--exam",
    type=PATH,
    help="Folder of the filmed exam, made where it is not there; without one the judge sits none.",
)
@click.option("--signers", type=click.IntRange(min=2), default=80, show_default=True)
@click.option(
    "--rounds",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="How often the exam asks for each sign.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("-j", "--jobs", type=click.IntRange(min=1), default=1, show_default=True)
@overwrite_option
@json_option
def train_judge(
    output: Path,
    exam: Path | None,
    signers: int,
    rounds: int,
    seed: int,
    jobs: int,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Train a judge of the studio's signs and write it to the folder OUTPUT.

    It learns from studio signers and a model of the detector, never from generated video, and is
    examined on clips of other signers, filmed and seen by MediaPipe. Below 95 % its verdicts mean
    nothing, and it says so. A run that was stopped goes on with the exam's clips that are there.
    """
    from signgen.evaluation.recognition.lexicon import lexicon
    from signgen.evaluation.recognition.training import JudgeTraining

    check_free(output, overwrite=overwrite)
    glosses = lexicon()
    judge = _trained(glosses, JudgeTraining(signers=signers, seed=seed))
    if exam is not None:
        judge = _examined(judge, exam, rounds=rounds, seed=seed, jobs=jobs)
    judge.save(output, overwrite=overwrite)
    if judge.verdict:
        click.echo(f"note: {judge.verdict}", err=True)
    result = {
        "output": str(output),
        "glosses": len(glosses),
        "held_out": round(judge.held_out.percent, 2),
        "exam": None if judge.exam is None else round(judge.exam.percent, 2),
        "signature": judge.signature,
    }
    emit(result, as_json=as_json, text=output)


def _trained(glosses: "tuple[Gloss, ...]", training: "JudgeTraining") -> "Judge":
    import torch

    from signgen.evaluation.recognition.training import fit_judge, sign_all
    from signgen.studio.factory import SignerFactory

    torch.set_num_threads(1)  # sums in one order: the same seed gives the same judge
    people = []
    with progress(training.signers + training.held_out, "signers") as advance:
        for signs in sign_all(glosses, training, SignerFactory.load()):
            people.append(signs)
            advance(1)
    return fit_judge(glosses, training, people)


def _examined(judge: "Judge", folder: Path, *, rounds: int, seed: int, jobs: int) -> "Judge":
    from signgen.evaluation.recognition.exam import Exam, Question, film_exam, read_exam, sit

    exam = Exam(glosses=judge.glosses, rounds=rounds, seed=seed)
    questions = []
    with (
        progress(None, "exam: frames filmed") as advance,
        closing(film_exam(folder, exam, workers=jobs)) as frames,
    ):
        for count in frames:
            advance(count)
    with (
        progress(None, "exam: frames seen") as advance,
        closing(read_exam(folder, exam, folder / "seen", workers=jobs)) as events,
    ):
        for event in events:
            if isinstance(event, Question):
                questions.append(event)
            else:
                advance(event)
    return sit(judge, questions)[0]


def _main() -> None:
    end_cleanly_when_told()
    debug = click.Option(["--debug"], is_flag=True, help="Show a traceback.")
    commands = {"train": ("signgen.cli.judge:train_judge", "")}
    LazyGroup("judge", commands=commands, params=[debug])(prog_name="train_judge")


if __name__ == "__main__":
    _main()
