"""How the rows of the table are declared: once a measure, for either target.

A row has no numbers; the measures make those.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from signgen import __version__
from signgen.evaluation.figures import AGAINST, Better, Metric
from signgen.evaluation.poses.marks import TARGETS, Target

_WORDS: dict[Target, str] = {
    "reference": "the real clip",
    "driving": "the driving poses",
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A measure before it is said against what: fields as in Metric, settings a part of its
    signature.
    """

    key: str
    title: str
    unit: str
    better: Better
    ideal: float
    settings: str


def metrics_of(rows: Iterable[Row], detector: str) -> tuple[Metric, ...]:
    """Return each row against either target; detector: which one looked at the clips, in words."""
    rows = tuple(rows)
    return tuple(_metric(row, against, detector) for against in TARGETS for row in rows)


def _metric(row: Row, against: Target, detector: str) -> Metric:
    return Metric(
        key=f"{row.key}_vs_{against}",
        title=f"{row.title}{AGAINST}{_WORDS[against]}",
        unit=row.unit,
        better=row.better,
        ideal=row.ideal,
        signature=(f"{row.settings}|against:{against}|detector:{detector}|signgen:{__version__}"),
    )
