"""The systems of an evaluation, the generated clips and baselines, measured one after the other.

Imported by the command when it runs, since what it needs is slow to import.
"""

import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime

import click

from pose_sequences.errors import InputError
from signgen.cli.console import progress
from signgen.evaluation.baselines import ABOUT, BaselineSources, baseline_clips, check_baselines
from signgen.evaluation.measures import metrics_of
from signgen.evaluation.pairs import ClipPair, Pairing
from signgen.evaluation.pools import Pool
from signgen.evaluation.recognition.hearing import Recognition
from signgen.evaluation.report import GENERATED, Report, SystemFigures
from signgen.evaluation.runner import (
    ClipFailure,
    Frames,
    Workplace,
    evaluate_pairs,
)
from signgen.evaluation.settings import Evaluation


def report_of(
    found: Pairing,
    evaluation: Evaluation,
    workplace: Workplace,
    baselines: Sequence[str],
    sources: BaselineSources,
    recognition: Recognition,
) -> Report:
    """Measure the generated clips, then a baseline after the other; tell of what fails.

    found: the clips; sources: what baselines are made from; recognition: what looks at the signs.
    """
    check_baselines(baselines, sources)
    for fault in found.faults:
        click.echo(f"failed: {fault}", err=True)
    faults = tuple(map(str, found.faults))
    systems = [_system(GENERATED, found.pairs, evaluation, workplace, recognition, failures=faults)]
    others = recognition.of_baseline()
    for name in baselines:
        with baseline_clips(name, found.pairs, sources, workplace.cache) as (made, unmade):
            for line in unmade:
                click.echo(f"failed: {line}", err=True)
            about = ABOUT[name]
            systems.append(
                _system(name, made, evaluation, workplace, others, failures=unmade, about=about)
            )
            others = recognition.of_baseline()
    return Report(
        evaluation=evaluation,
        metrics=metrics_of(evaluation, recognition.metrics()),
        systems=tuple(systems),
        notes=found.notes,
        command=("signgen", *sys.argv[1:]),
        date=_today(),
    )


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _system(
    name: str,
    pairs: Sequence[ClipPair],
    evaluation: Evaluation,
    workplace: Workplace,
    recognition: Recognition,
    *,
    failures: tuple[str, ...],
    about: str = "",
) -> SystemFigures:
    """Measure one system's clips; failures are told as they come, and the others are done."""
    done, lines, pool = {}, list(failures), Pool()
    with (
        progress(None, f"{name}: frames") as advance,
        closing(evaluate_pairs(pairs, evaluation, workplace)) as events,
    ):
        for event in events:
            if isinstance(event, Frames):
                advance(event.count)
            elif isinstance(event, ClipFailure):
                click.echo(f"failed: {event.error}", err=True)
                lines.append(event.error)
            else:
                done[event.pair.name] = event
    # in the order they were asked for: the workers' speed changes no byte
    outcomes = [done[pair.name] for pair in pairs if pair.name in done]
    clips = []
    for outcome in outcomes:
        pool.add(outcome.moments)
        try:
            clips.append((outcome.pair, recognition.added(outcome)))
        except InputError as error:
            click.echo(f"failed: {error}", err=True)
            lines.append(str(error))
    return SystemFigures(
        name=name,
        about=about,
        clips=tuple(clips),
        failures=tuple(lines),
        of_sets=(*pool.figures(), *recognition.of_set([pair.name for pair, _ in clips])),
        recognition=recognition.as_json(),
    )
