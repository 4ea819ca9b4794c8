"""The tables of figures: a table a subject, what is read first on top and the rest folded away."""

from collections.abc import Sequence
from itertools import groupby

from signgen.evaluation.figures import Metric
from signgen.evaluation.page.html import Markup, element, joined
from signgen.evaluation.page.words import (
    HEADINGS,
    basis_words,
    best_words,
    headlines,
    title_parts,
    value_words,
)
from signgen.evaluation.report import Report, SystemFigures


def figures_section(report: Report) -> Markup:
    """Return the tables of all subjects, and why values are missing."""
    subjects = [
        _subject(report, subject, list(rows))
        for subject, rows in groupby(report.rows, key=lambda row: row.key.partition("/")[0])
    ]
    return element(
        "section",
        element("h2", "Figures"),
        element("p", *_introduction(report), class_="quiet"),
        *subjects,
        *_reasons(report),
        id="figures",
    )


def _introduction(report: Report) -> tuple[str, ...]:
    words = ["Means over all clips, each clip weighted by what was measured in it."]
    words += [f"{system.name}: {system.about}." for system in report.systems if system.about]
    return (" ".join(words),)


def _subject(report: Report, subject: str, rows: Sequence[Metric]) -> Markup:
    heading, about = HEADINGS[subject]
    figures = report.systems[0].figures
    first = headlines(rows, figures)
    rest = [row for row in rows if row not in first]
    folded = element(
        "details",
        element("summary", f"Further figures: {len(rest)}"),
        _table(report.systems, rest, f"{heading}: further figures"),
    )
    return element(
        "section",
        element("h3", heading),
        element("p", about, class_="quiet"),
        *([_table(report.systems, first, heading)] if first else []),
        *([folded] if rest else []),
        id=f"figures-{subject.replace('_', '-')}",
    )


def _table(systems: Sequence[SystemFigures], rows: Sequence[Metric], caption: str) -> Markup:
    heads = ["Figure", *(system.name for system in systems), "Better", "Measured in"]
    # roles: where a narrow screen lays cells out in two lines, it is still a table
    return element(
        "table",
        element("caption", caption),
        element(
            "thead",
            element("tr", *(element("th", head, scope="col") for head in heads), role="row"),
            role="rowgroup",
        ),
        element("tbody", joined(*(_row(systems, row) for row in rows)), role="rowgroup"),
        role="table",
        class_="figures",
    )


def _row(systems: Sequence[SystemFigures], metric: Metric) -> Markup:
    title, against = title_parts(metric)
    small = [element("small", against)] if against else []
    return element(
        "tr",
        element("th", title, *small, scope="row", role="rowheader"),
        *(_value(system, metric, named=len(systems) > 1) for system in systems),
        element("td", best_words(metric), role="cell", class_="best"),
        element("td", _basis(systems, metric.key), role="cell", class_="basis"),
        role="row",
    )


def _basis(systems: Sequence[SystemFigures], key: str) -> str:
    """Return what values rest on: of each system by itself where they rest on different things."""
    words = {system.name: basis_words(system, key) for system in systems}
    if len(set(words.values())) == 1:
        return words[systems[0].name]
    return "; ".join(f"{name}: {basis}" for name, basis in words.items())


def _value(system: SystemFigures, metric: Metric, *, named: bool) -> Markup:
    figure = system.figures.get(metric.key)
    measured = figure is not None and bool(figure.weight)
    unit = [" ", element("span", metric.unit, class_="unit")] if measured and metric.unit else []
    return element(
        "td",
        value_words(figure),
        *unit,
        role="cell",
        class_="value" if measured else "value none",
        data_system=system.name if named else None,
    )


def _reasons(report: Report) -> list[Markup]:
    reasons: dict[str, list[str]] = {}
    for metric in report.rows:
        for system in report.systems:
            figure = system.figures.get(metric.key)
            title = " ".join(filter(None, title_parts(metric)))
            if figure is not None and figure.note and title not in reasons.get(figure.note, []):
                reasons.setdefault(figure.note, []).append(title)
    if not reasons:
        return []
    rows = [
        pair
        for note, titles in reasons.items()
        for pair in (element("dt", note), element("dd", "; ".join(titles)))
    ]
    return [
        element(
            "details",
            element("summary", "Why values are missing, or to be taken with care"),
            element("dl", *rows, class_="notes"),
        )
    ]
