"""What a recogniser made of the clips, for the page: which signs it took for which.

A plain value that any recogniser can fill; how it recognises is its own business.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signgen.evaluation.page.html import Markup, element, joined

_MOST_MISTAKES = 12
_CELL = 10


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """A pair of signs that differ in one thing: how often the right one of both was chosen."""

    signs: tuple[str, str]
    differ_in: str
    right: int
    shown: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Judgement:
    """A recogniser's verdict.

    judge: which recogniser, and how far it is to be trusted; statements: its results in sentences;
    signs (G,): in the order of the matrix; confusion (G, G): how often the sign of a row was taken
    for that of a column; contrasts: minimal pairs.
    Raises ValueError where the matrix does not fit the signs.
    """

    judge: str
    statements: tuple[str, ...]
    signs: tuple[str, ...]
    confusion: NDArray[np.int64]
    contrasts: tuple[Contrast, ...] = ()

    def __post_init__(self) -> None:
        size = len(self.signs)
        if self.confusion.shape != (size, size) or (self.confusion < 0).any():
            raise ValueError(
                f"the matrix is {self.confusion.shape} for {size} signs; counts of {size}x{size} "
                "are needed"
            )


def judgement_section(judgement: Judgement) -> Markup:
    """Return the section of a verdict: sentences, the matrix, mistakes in words, minimal pairs."""
    return element(
        "section",
        element("h2", "What a recogniser understood"),
        *(element("p", statement) for statement in judgement.statements),
        element("p", judgement.judge, class_="quiet"),
        element("div", _matrix(judgement), _mistakes(judgement), class_="verdict"),
        *([_contrasts(judgement.contrasts)] if judgement.contrasts else []),
        id="recogniser",
    )


def _matrix(judgement: Judgement) -> Markup:
    size = len(judgement.signs)
    side = size * _CELL
    shown = judgement.confusion.sum(axis=1, keepdims=True)
    shares = judgement.confusion / np.maximum(shown, 1)
    right, total = int(np.trace(judgement.confusion)), int(judgement.confusion.sum())
    words = f"{right} of {total} signs were understood as what they are"
    return element(
        "figure",
        element(
            "svg",
            element("title", f"Confusion matrix of {size} signs: {words}"),
            element("rect", x=0, y=0, width=side, height=side, class_="ground"),
            *_cells(judgement, shares),
            viewBox=f"0 0 {side} {side}",
            role="img",
        ),
        element(
            "figcaption",
            "Rows: the sign that was made. Columns: the sign that was recognised. On the diagonal "
            f"both are the same: {words}.",
        ),
        class_="matrix",
    )


def _cells(judgement: Judgement, shares: NDArray[np.float64]) -> Iterator[Markup]:
    for row, column in zip(*np.nonzero(judgement.confusion), strict=True):
        made, taken = judgement.signs[row], judgement.signs[column]
        count = judgement.confusion[row, column]
        yield element(
            "rect",
            element("title", f"{made}, recognised as {taken}: {count}"),
            x=int(column) * _CELL,
            y=int(row) * _CELL,
            width=_CELL,
            height=_CELL,
            class_="right" if row == column else "wrong",
            fill_opacity=f"{0.2 + 0.8 * shares[row, column]:.3g}",
        )


def _mistakes(judgement: Judgement) -> Markup:
    wrong = judgement.confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_MOST_MISTAKES]
    places = [np.unravel_index(place, wrong.shape) for place in order if wrong.flat[place]]
    if not places:
        return element("p", "No sign was taken for another.")
    rows = [
        (judgement.signs[row], judgement.signs[column], str(wrong[row, column]))
        for row, column in places
    ]
    return _listed("Most frequent mistakes", ("Made", "Recognised as", "Times"), rows)


def _contrasts(contrasts: tuple[Contrast, ...]) -> Markup:
    rows = [
        (" / ".join(pair.signs), pair.differ_in, f"{pair.right} of {pair.shown}")
        for pair in contrasts
    ]
    return _listed("Pairs that differ in one thing", ("Signs", "Differ in", "Right"), rows)


def _listed(caption: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Markup:
    body = [
        element("tr", *(element("td", cell, class_="value" if n == 2 else None) for n, cell in row))
        for row in (tuple(enumerate(cells)) for cells in rows)
    ]
    return element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *(element("th", head, scope="col") for head in heads))),
        element("tbody", joined(*body)),
        class_="plain",
    )
