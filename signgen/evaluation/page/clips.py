"""The clips: a list of all, worst first, and of the worst their film, hands, plots and figures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from signgen.evaluation.figures import Metric
from signgen.evaluation.page.film import Film, Still
from signgen.evaluation.page.html import Markup, data_uri, element, joined, name_of
from signgen.evaluation.page.player import player
from signgen.evaluation.page.plots import Plot, draw_plot
from signgen.evaluation.page.words import headlines, num_measured, title_parts, value_words
from signgen.evaluation.pairs import ClipPair
from signgen.evaluation.results import ClipFigures

_HAND_WORDS = {"left_hand": "left hand", "right_hand": "right hand"}
_LISTED = ("hands", "face", "time")  # subjects whose first headlines stand in the list of clips
_LISTED_EACH = 2
# how many headlines of a subject stand beside a film
_BESIDE = {"hands": 6, "face": 5, "time": 4, "sign": 1}


@dataclass(frozen=True, kw_only=True, eq=False)
class ClipEntry:
    """A clip of the page: its figures; film: to be looked at, None where it is a row of the list
    alone, and then why, in ``reason``; edges: frames that windows begin or end with.
    """

    pair: ClipPair
    clip: ClipFigures
    film: Film | None = None
    reason: str = ""
    plots: Sequence[Plot] = ()
    edges: Sequence[int] = field(default=())


def clips_section(
    entries: Sequence[ClipEntry],
    metrics: Sequence[Metric],
    *,
    order: Metric | None,
    scales: dict[str, float],
) -> Markup:
    """Return the list of clips and the clips themselves.

    order: by which they are sorted, None if nothing tells; scales: how far each plot's scale
    reaches at least.
    """
    words = "Nothing tells which clip is worst; they come as they were given."
    if order is not None:
        words = f"Worst first, by: {' '.join(title_parts(order))}."
    return element(
        "section",
        element("h2", "Clips"),
        element("p", words, class_="quiet"),
        _list(entries, metrics),
        *(
            _article(number, entry, metrics, scales)
            for number, entry in enumerate(entries, 1)
            if entry.film or entry.plots
        ),
        id="clips",
    )


def _list(entries: Sequence[ClipEntry], metrics: Sequence[Metric]) -> Markup:
    columns = list(_columns(entries, metrics))
    heads = ["Clip", "Frames", *(_short(metric) for metric in columns)]
    return element(
        "div",
        element(
            "table",
            element("caption", f"Clips: {len(entries)}"),
            element("thead", element("tr", *(element("th", head, scope="col") for head in heads))),
            element("tbody", joined(*(_listed(n, e, columns) for n, e in enumerate(entries, 1)))),
            class_="plain list",
        ),
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label="List of clips",
    )


def _columns(entries: Sequence[ClipEntry], metrics: Sequence[Metric]) -> Iterator[Metric]:
    figures = {
        figure.key: figure for entry in entries for figure in entry.clip.figures if figure.weight
    }
    first = [metric for metric in headlines(metrics, figures) if metric.key in figures]
    for subject in _LISTED:
        yield from _of(first, subject)[:_LISTED_EACH]


def _of(metrics: Sequence[Metric], subject: str) -> list[Metric]:
    return [metric for metric in metrics if metric.key.startswith(f"{subject}/")]


def _short(metric: Metric) -> str:
    title = title_parts(metric)[0].partition(":")[0]
    return f"{title}, {metric.unit}" if metric.unit else title


def _listed(number: int, entry: ClipEntry, columns: Sequence[Metric]) -> Markup:
    figures = {figure.key: figure for figure in entry.clip.figures}
    name = name_of(entry.pair.name)
    shown = entry.film is not None or bool(entry.plots)
    link = element("a", name, href=f"#clip-{number}") if shown else name
    why = [element("small", entry.reason)] if entry.reason and not shown else []
    return element(
        "tr",
        element("th", link, *why, scope="row"),
        element("td", str(entry.clip.num_frames), class_="value"),
        *(
            element("td", value_words(figures.get(metric.key)), class_="value")
            for metric in columns
        ),
    )


def _article(
    number: int, entry: ClipEntry, metrics: Sequence[Metric], scales: dict[str, float]
) -> Markup:
    film = entry.film
    plots = [draw_plot(plot, scales[plot.key], entry.edges) for plot in entry.plots]
    left = [element("p", entry.reason)]
    if film is not None:
        left = [player(number, entry.pair.name, film)]
        left += [_stills(film)] if film.stills else []
    return element(
        "article",
        element("h3", f"{number}. ", name_of(entry.pair.name)),
        *(element("p", note, class_="quiet") for note in entry.clip.notes),
        element("div", element("div", *left), _numbers(entry.clip, metrics), class_="beside"),
        *([_plots(plots, entry.edges)] if plots else []),
        id=f"clip-{number}",
        class_="clip",
        data_fps=f"{film.fps:.6g}" if film else None,
        data_frames=entry.clip.num_frames,
        data_start=film.start if film else None,
    )


def _numbers(clip: ClipFigures, metrics: Sequence[Metric]) -> Markup:
    figures = {figure.key: figure for figure in clip.figures}
    measured = [m for m in metrics if m.key in figures and figures[m.key].weight]
    known = {metric.key: figures[metric.key] for metric in measured}
    order = headlines(measured, known)
    first = [m for subject, most in _BESIDE.items() for m in _of(order, subject)[:most]]
    rest = [metric for metric in measured if metric not in first]

    def row(metric: Metric, *, whole: bool) -> Markup:
        title, against = title_parts(metric)
        small = [element("small", against)] if whole and against else []
        value = f"{value_words(figures[metric.key])} {metric.unit}".rstrip()
        frames = num_measured(clip, figures[metric.key])
        rests = [element("small", f"in {frames} frames")] if frames < clip.num_frames else []
        return element(
            "tr", element("th", title, *small, scope="row"), element("td", value, *rests)
        )

    def table(rows: Sequence[Metric], *, whole: bool) -> Markup:
        body = element("tbody", joined(*(row(metric, whole=whole) for metric in rows)))
        return element("table", body, class_="numbers")

    folded = element(
        "details",
        element("summary", f"Further figures of this clip: {len(rest)}"),
        table(rest, whole=True),
    )
    against = sorted({title_parts(metric)[1] for metric in first} - {""})
    about = [element("p", f"Points: {', '.join(against)}", class_="quiet")] if against else []
    shown = [table(first, whole=False), *about, *([folded] if rest else [])]
    return element("div", *shown, class_="facts")


def _stills(film: Film) -> Markup:
    return element(
        "div",
        element("h4", "Hands, enlarged"),
        element("div", *(_still(film.panels, still) for still in film.stills), class_="stills"),
    )


def _still(panels: Sequence[str], still: Still) -> Markup:
    hand = _HAND_WORDS[still.pick.hand]
    pictures = [
        element(
            "div",
            element(
                "img",
                src=data_uri("image/jpeg", picture),
                alt=f"{hand} in frame {still.pick.frame}: {panel}",
                width=144,
                height=144,
            ),
            element("small", panel),
        )
        for panel, picture in zip(panels, still.pictures, strict=True)
    ]
    return element(
        "figure",
        element("div", *pictures, class_="row"),
        element(
            "figcaption",
            element("b", f"Frame {still.pick.frame}", class_="goto", data_frame=still.pick.frame),
            f", {hand}: {still.pick.reason}",
        ),
    )


def _plots(plots: Sequence[Markup], edges: Sequence[int]) -> Markup:
    words = "Lower is better."
    words += " Red: the detector did not find it. Grey: nothing to measure."
    if edges:
        words += " Dashed lines: a window of frames begins or ends."
    return element(
        "div",
        element("h4", "Frame by frame"),
        element("p", words, class_="quiet"),
        element("div", *plots, class_="plots"),
    )
