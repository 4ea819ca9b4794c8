"""What a jury said, for people: a matrix of signs as SVG, a section of the page, and JSON.

The picture stands alone; it has a title and needs no script, font or network.
"""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

import numpy as np

from signgen.evaluation.page.judgement import Contrast, Judgement
from signgen.evaluation.recognition.verdicts import Confusion, Jury, by_contrast

_CELL, _GAP, _LETTER, _FONT = 12, 6, 5.6, 9  # pixels
_LONGEST = 60  # letters of a label
_RIGHT, _WRONG = "#1a7f5a", "#b3261e"
_FAINTEST = 0.15


def confusion_svg(confusion: Confusion, *, reference: bool = False) -> str:
    """Return the matrix as SVG: a row a sign, a column what it was taken for; darker is oftener.

    reference: of the real clips instead of the generated. Signs that were never asked for are left
    out, unless they were answered.
    """
    counts = confusion.reference if reference else confusion.generated
    used = np.flatnonzero(counts.any(0) | counts.any(1))
    labels = [_short(confusion.labels[row]) for row in used]
    counts = counts[np.ix_(used, used)]
    beside = _GAP + _LETTER * max(map(len, labels), default=0)
    size = beside + _CELL * len(labels) + _GAP
    who = "real" if reference else "generated"
    right, asked = int(np.trace(counts)), int(counts.sum())
    title = f"Signs of {who} clips: {right} of {asked} recognised"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {size:g} {size:g}" '
            f'width="{size:g}" height="{size:g}" font-family="monospace" font-size="{_FONT}" '
            f'fill="currentColor">',
            f"<title>{escape(title)}</title>",
            *_names(labels, beside),
            *_cells(labels, counts, beside),
            "</svg>",
        ]
    )


def judgement(jury: Jury) -> Judgement:
    """Return what a jury said as the page shows it: only the signs that were asked or answered."""
    confusion = jury.confusion()
    counts, true = confusion.generated, confusion.reference
    used = np.flatnonzero(counts.any(0) | counts.any(1))
    statements = [_statement("generated", counts)]
    if true.any():
        statements.append(_statement("real", true))
    statements += [
        f"Pairs that differ in {contrast}: {right} of {asked} choices between the two were right."
        for contrast, (right, asked) in by_contrast(jury.contrasts()).items()
    ]
    return Judgement(
        judge=jury.name,
        statements=(*([f"Beware: {jury.caution}."] if jury.caution else []), *statements),
        signs=tuple(confusion.labels[row] for row in used),
        confusion=counts[np.ix_(used, used)],
        contrasts=tuple(
            Contrast(
                signs=(pair.pair.first, pair.pair.second),
                differ_in=pair.pair.parameter,
                right=pair.chosen[0],
                shown=pair.chosen[1],
            )
            for pair in jury.contrasts()
            if pair.chosen[1]
        ),
    )


def _statement(who: str, counts: np.ndarray[Any, Any]) -> str:
    return f"Of the signs of the {who} clips, {np.trace(counts)} of {counts.sum()} were recognised."


def recognition_json(jury: Jury) -> dict[str, Any]:
    """Return what a jury said as JSON: contrasts, minimal pairs, and confusions as triples."""
    confusion, pairs = jury.confusion(), jury.contrasts()
    return {
        "recogniser": jury.name,
        "caution": jury.caution,
        "contrasts": {key: _ratio(counts) for key, counts in by_contrast(pairs).items()},
        "pairs": [
            {
                "signs": [pair.pair.first, pair.pair.second],
                "contrast": pair.pair.contrast,
                "parameter": pair.pair.parameter,
                "generated": _ratio(pair.chosen),
                "reference": _ratio(pair.chosen_reference),
            }
            for pair in pairs
            if pair.chosen[1]
        ],
        "labels": list(confusion.labels),
        "confusion": {
            side: [
                {"sign": int(row), "taken_for": int(column), "times": int(counts[row, column])}
                for row, column in np.argwhere(counts)
            ]
            for side, counts in (
                ("generated", confusion.generated),
                ("reference", confusion.reference),
            )
        },
    }


def _ratio(counts: tuple[int, int]) -> Mapping[str, int]:
    return {"right": counts[0], "asked": counts[1]}


def _names(labels: list[str], beside: float) -> Iterator[str]:
    for number, label in enumerate(labels):
        middle = beside + _CELL * (number + 0.5)
        text = escape(label)
        yield f'<text x="{beside - 3:g}" y="{middle + 3:g}" text-anchor="end">{text}</text>'
        place = f"translate({middle + 3:g} {beside - 3:g}) rotate(-90)"
        yield f'<text transform="{place}">{text}</text>'


def _cells(labels: list[str], counts: np.ndarray[Any, Any], beside: float) -> Iterator[str]:
    length = _CELL * len(labels)
    yield (
        f'<rect x="{beside:g}" y="{beside:g}" width="{length}" height="{length}" fill="none" '
        f'stroke="currentColor" stroke-opacity="0.4"/>'
    )
    asked = np.maximum(counts.sum(1), 1)
    for row, column in np.argwhere(counts):
        times = int(counts[row, column])
        share = times / asked[row]
        colour = _RIGHT if row == column else _WRONG
        taken = f"{labels[row]}: {times} of {asked[row]} taken for {labels[column]}"
        yield (
            f'<rect x="{beside + _CELL * column:g}" y="{beside + _CELL * row:g}" width="{_CELL}" '
            f'height="{_CELL}" fill="{colour}" fill-opacity="{max(share, _FAINTEST):.2f}">'
            f"<title>{escape(taken)}</title></rect>"
        )


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"
