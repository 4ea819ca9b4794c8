"""The table that a person reads: a row a metric, hands, face and time first, a column a system.

Of the poses it has the headlines; every row, with its settings, is in the report.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from textwrap import wrap

from signgen.evaluation.figures import Figure, Metric
from signgen.evaluation.poses import HEADLINES
from signgen.evaluation.report import Report, SystemFigures
from signgen.evaluation.weights import NO_WEIGHTS

_SUBJECTS = {
    "hands": "both hands",
    "left_hand": "left hand",
    "right_hand": "right hand",
    "face": "face",
    "time": "time",
    "sign": "sign",
    "body": "body",
    "frame": "whole frame",
}
_UNKNOWN = "-"
_DIGITS = 4
_WIDTH = 100
_NARROWEST = 30  # of titles, whatever stands beside them
_GAP = "  "
_BY_DRIVING = "_vs_driving"

Line = tuple[str, ...]


def table(report: Report) -> str:
    """Return the table as text: title, a value a system, unit, and which way is better.

    Under it stand what was measured with which settings, and why a value is missing.
    """
    shown = [row for row in report.rows if _is_headline(row) and not _wants_reference(row, report)]
    lines: list[Line] = [("", *(system.name for system in report.systems), "unit", "better")]
    for subject, of_subject in groupby(shown, key=lambda row: row.key.partition("/")[0]):
        lines.append((_SUBJECTS[subject].upper(),))
        for against, rows in groupby(of_subject, key=lambda row: row.against):
            lines += [(f"{_GAP}against {against}",)] if against else []
            indent = _GAP * 2 if against else _GAP
            lines += [_row(metric, report.systems, indent) for metric in rows]
    return "\n".join([*_aligned(lines), "", *_below(report, shown)])


def _is_headline(metric: Metric) -> bool:
    return not metric.against or metric.key in HEADLINES


def _wants_reference(metric: Metric, report: Report) -> bool:
    """Whether a row has no value because no clip has a reference: it would only be in the way."""
    pairs = [pair for system in report.systems for pair, _ in system.clips]
    if not pairs or any(pair.reference for pair in pairs) or metric.key.endswith(_BY_DRIVING):
        return False
    figures = (system.figures.get(metric.key) for system in report.systems)
    return not any(figure.weight for figure in figures if figure is not None)


def _row(metric: Metric, systems: Sequence[SystemFigures], indent: str) -> Line:
    values = (_value(system.figures.get(metric.key)) for system in systems)
    better = f"near {metric.ideal:g}" if metric.better == "same" else metric.better
    return (f"{indent}{metric.short_title}", *values, metric.unit, better)


def _value(figure: Figure | None) -> str:
    if figure is not None and figure.weight:
        return f"{figure.value:.{_DIGITS}g}"
    return NO_WEIGHTS if figure is not None and figure.note.startswith(NO_WEIGHTS) else _UNKNOWN


def _aligned(lines: Sequence[Line]) -> Iterator[str]:
    """Yield the lines in columns; a title that leaves no room for them goes on in the next line."""
    rows = [line for line in lines if len(line) > 1]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    widths[0] = min(widths[0], max(_NARROWEST, _WIDTH - sum(len(_GAP) + w for w in widths[1:])))
    for line in lines:
        title, *cells = line
        indent = " " * (len(title) - len(title.lstrip()))
        first, *more = wrap(title, widths[0], subsequent_indent=indent + _GAP) or [""]
        padded = [
            cell.ljust(width) if column >= len(cells) - 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths[1:], strict=False))
        ]
        yield _GAP.join([first.ljust(widths[0]), *padded]).rstrip()
        yield from more


def _below(report: Report, shown: Sequence[Metric]) -> Iterator[str]:
    for system in report.systems:
        counts = []
        if system.clips or system.failures:
            num_frames = sum(clip.num_frames for _, clip in system.clips)
            counts = [
                f"clips {len(system.clips)}, frames {num_frames}, failed {len(system.failures)}"
            ]
        yield f"{system.name}: {'; '.join([*counts, *filter(None, [system.about])])}"
    yield from _settings(report.rows)
    yield f"rows: {len(shown)} of {len(report.rows)}; all and their settings by --report or --json"
    notes = (*report.notes, *_of_clips(report.systems), *_reasons(report, shown))
    yield from (f"note: {note}" for note in notes)


def _settings(rows: Sequence[Metric]) -> Iterator[str]:
    """Yield the settings that all rows share, and those that all rows of poses do."""
    common = _shared(rows)
    yield f"settings of all rows: {'|'.join(common)}"
    of_poses = [
        part for part in _shared([row for row in rows if row.against]) if part not in common
    ]
    if of_poses:
        yield f"settings of the rows of poses: {'|'.join(of_poses)}"


def _shared(rows: Sequence[Metric]) -> list[str]:
    parts = [row.signature.split("|") for row in rows]
    return [part for part in parts[0] if all(part in other for other in parts)] if parts else []


def _of_clips(systems: Sequence[SystemFigures]) -> Iterator[str]:
    for system in systems:
        counts = Counter(note for _, clip in system.clips for note in clip.notes)
        for note, count in counts.items():
            yield f"{system.name}, {count} of {len(system.clips)} clips: {note}"


def _reasons(report: Report, shown: Sequence[Metric]) -> Iterator[str]:
    """Yield why values are missing, or to be taken with care: each reason once, and where."""
    reasons: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for metric in shown:
        figures = {system.name: system.figures.get(metric.key) for system in report.systems}
        notes = {name: figure.note for name, figure in figures.items() if figure is not None}
        for note in dict.fromkeys(filter(None, notes.values())):
            names = tuple(name for name, of_system in notes.items() if of_system == note)
            reasons.setdefault((note, names if len(names) < len(figures) else ()), []).append(
                metric.key
            )
    for (note, names), keys in reasons.items():
        where = f" ({', '.join(names)})" if names else ""
        yield f"{', '.join(keys)}{where}: {note}"
