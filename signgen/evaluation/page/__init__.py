"""The page: an evaluation as one HTML file that needs no network, for people to look at.

The door: ``write_page``. What was measured comes as a report; here nothing is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pose_sequences.errors import InputError
from pose_sequences.files import read_poses
from pose_sequences.outputs import fresh_file
from pose_sequences.sequence import PoseSequence
from signgen.evaluation.detections import kept_poses
from signgen.evaluation.figures import Metric
from signgen.evaluation.page.clips import ClipEntry, clips_section
from signgen.evaluation.page.document import document
from signgen.evaluation.page.figures import figures_section
from signgen.evaluation.page.film import Shown, make_film
from signgen.evaluation.page.judgement import Contrast, Judgement, judgement_section
from signgen.evaluation.page.plots import plots_of, typical
from signgen.evaluation.page.words import HAND_ORDER
from signgen.evaluation.pairs import ClipPair
from signgen.evaluation.report import Report
from signgen.evaluation.results import ClipFigures

__all__ = ["Contrast", "Judgement", "PageSettings", "page", "write_page"]

MOST_BYTES = 10_000_000  # as text in the page they are a third longer
_LEFT_OUT = "not shown: only the worst clips are"
_TOO_HEAVY = "not shown: the page would be too heavy"


@dataclass(frozen=True, kw_only=True)
class PageSettings:
    """How a page is made.

    shown: how many clips are to be seen, worst first, the others being rows of a list; cache: the
    folder that keeps detections; judgement: what a recogniser said; most_bytes: of all films and
    pictures together. Raises ValueError for a number below 0.
    """

    shown: int = 20
    cache: Path | None = None
    judgement: Judgement | None = None
    most_bytes: int = MOST_BYTES

    def __post_init__(self) -> None:
        if min(self.shown, self.most_bytes) < 0:
            raise ValueError(
                f"{self.shown} clips in {self.most_bytes} bytes cannot be shown; give 0 or more"
            )


def write_page(path: Path, report: Report, settings: PageSettings, *, overwrite: bool) -> None:
    """Write the page of a report, whole or not at all; the same report gives the same bytes.

    A clip whose film can no longer be made is shown without it, and why. Raises OutputError where
    the page cannot stand.
    """
    with fresh_file(path, overwrite=overwrite) as temporary:
        temporary.write_text(page(report, settings), encoding="utf-8")


def page(report: Report, settings: PageSettings) -> str:
    """Return the page of a report as text."""
    order = _order(report)
    entries = _entries(report, settings, order)
    sections = [figures_section(report)]
    if settings.judgement is not None:
        sections.append(judgement_section(settings.judgement))
    if entries:
        scales = typical([plot for entry in entries for plot in entry.plots])
        sections.append(clips_section(entries, report.metrics, order=order, scales=scales))
    return document(report, sections)


def _order(report: Report) -> Metric | None:
    """Return the first metric of hands that was measured, by which clips are sorted."""
    figures = report.systems[0].figures
    metrics = {metric.key: metric for metric in report.metrics}
    found = (key for key in HAND_ORDER if key in figures and figures[key].weight)
    key = next(found, None)
    return None if key is None else metrics[key]


def _entries(report: Report, settings: PageSettings, order: Metric | None) -> list[ClipEntry]:
    entries: list[ClipEntry] = []
    left = settings.most_bytes
    for place, (pair, clip) in enumerate(worst_first(report.systems[0].clips, order)):
        if place >= settings.shown:
            entries.append(ClipEntry(pair=pair, clip=clip, reason=_LEFT_OUT))
            continue
        remaining = min(settings.shown, len(report.systems[0].clips)) - place
        entry = _entry(report, settings, (pair, clip), left // remaining)
        weight = 0 if entry.film is None else entry.film.weight
        if weight > left:
            entry, weight = ClipEntry(pair=pair, clip=clip, reason=_TOO_HEAVY), 0
        left -= weight
        entries.append(entry)
    return entries


def worst_first(
    clips: Sequence[tuple[ClipPair, ClipFigures]], order: Metric | None
) -> list[tuple[ClipPair, ClipFigures]]:
    """Return clips sorted by a metric; those of which it says nothing come last."""
    if order is None:
        return list(clips)
    sign = 1 if order.better == "higher" else -1

    def badness(item: tuple[ClipPair, ClipFigures]) -> tuple[bool, float]:
        figure = next((f for f in item[1].figures if f.key == order.key and f.weight), None)
        return (figure is None, 0.0 if figure is None else sign * figure.value)

    return sorted(clips, key=badness)


def _entry(
    report: Report, settings: PageSettings, item: tuple[ClipPair, ClipFigures], most_bytes: int
) -> ClipEntry:
    pair, clip = item
    film, reason = None, ""
    try:
        shown = Shown(
            pair=pair,
            clip=clip,
            poses=_poses(pair, settings.cache),
            driving=pair.poses is not None,
            resize=report.evaluation.resize,
        )
        film = make_film(shown, most_bytes)
    except InputError as error:
        reason = f"The film cannot be shown: {error}"
    return ClipEntry(
        pair=pair,
        clip=clip,
        film=film,
        reason=reason,
        plots=plots_of(clip, report.metrics),
        edges=report.evaluation.edges(clip.num_frames),
    )


def _poses(pair: ClipPair, cache: Path | None) -> PoseSequence | None:
    path = pair.poses
    if path is None and pair.reference is not None and cache is not None:
        path = kept_poses(pair.reference, cache)
    return None if path is None else read_poses(path)
