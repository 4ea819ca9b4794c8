"""Plots of a clip frame by frame as SVG: what was measured is a line, what was not is shaded.

Coordinates are the data's own, frames across and values upwards, so that nothing is hidden in a
scale; the words around a plot are HTML and keep their size on a narrow screen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signgen.evaluation.figures import Figure, Metric
from signgen.evaluation.page.html import Markup, element
from signgen.evaluation.page.words import TARGETS, measured_first
from signgen.evaluation.results import ClipFigures

# title, the measures of which the first that is there is drawn, and what tells that nothing is seen
_PLOTS = (
    *(("Left hand: how far its points are off", "left_hand/error", "left_hand/missing"),),
    *(("Right hand: how far its points are off", "right_hand/error", "right_hand/missing"),),
    *(("Hands: how far their pixels are off", "hands/mae", ""),),
    *(("Face: how far its points are off", "face/error", "face/missing"),),
    *(("Face: how far its pixels are off", "face/mae", ""),),
    *(("Change from frame to frame that is wrong", "time/motion_error", ""),),
)
LOST = 50.0  # % of what should have been found in a frame
_DIGITS = 6
_HEADROOM = 1.05


@dataclass(frozen=True, kw_only=True, eq=False)
class Plot:
    """One value a frame; higher is worse in all of them.

    key: of the figure; values (T,): nan where there is none; lost (T,): frames in which the
    detector did not find what it should have.
    """

    key: str
    title: str
    unit: str
    values: NDArray[np.float32]
    lost: NDArray[np.bool_]

    @property
    def highest(self) -> float:
        """The highest value, 0 where there is none."""
        return float(self.values[np.isfinite(self.values)].max(initial=0))


def plots_of(clip: ClipFigures, metrics: Sequence[Metric]) -> list[Plot]:
    """Return the plots that a clip's figures allow."""
    figures = {figure.key: figure for figure in clip.figures if figure.frames is not None}
    units = {metric.key: metric.unit for metric in metrics}
    plots = []
    for title, stem, missing in _PLOTS:
        keys = [stem, *(stem + target for target in TARGETS)]
        # a hand that is never found has no error in any frame, and is shown all the same
        key = measured_first(figures, keys) or next(filter(figures.__contains__, keys), None)
        if key is None:
            continue
        values = frames_of(figures, key, clip.num_frames)
        lost = frames_of(figures, key.replace(stem, missing), clip.num_frames) > LOST
        if np.isfinite(values).any() or lost.any():
            plots.append(Plot(key=key, title=title, unit=units[key], values=values, lost=lost))
    return plots


def frames_of(figures: Mapping[str, Figure], key: str, num_frames: int) -> NDArray[np.float32]:
    """Return the values a frame (T,) of a figure, all nan where there is none."""
    figure = figures.get(key)
    if figure is None or figure.frames is None:
        return np.full(num_frames, np.nan, np.float32)
    return figure.frames


def typical(plots: Sequence[Plot]) -> dict[str, float]:
    """Return what each plot's highest value is in the middle one of the clips, by key.

    A scale reaches at least that far, so that a quiet clip looks quiet.
    """
    highest: dict[str, list[float]] = {}
    for plot in plots:
        highest.setdefault(plot.key, []).append(plot.highest)
    return {key: float(np.median(values)) for key, values in highest.items()}


def draw_plot(plot: Plot, least: float, edges: Sequence[int]) -> Markup:
    """Return a plot with its words.

    least: how far the scale reaches at least; edges: frames that windows begin or end with.
    """
    num_frames = len(plot.values)
    top = _HEADROOM * max(least, plot.highest) or 1.0
    return element(
        "figure",
        element(
            "figcaption",
            element("span", plot.title, class_="title"),
            element("span", _summary(plot), class_="reading"),
        ),
        element(
            "div",
            element("span", f"{top:.3g} {plot.unit}".strip(), class_="top"),
            _svg(plot, top, edges),
            element("span", "0", class_="bottom"),
            class_="axes",
        ),
        element(
            "div",
            element("span", "frame 0"),
            element("span", f"frame {num_frames - 1}"),
            class_="frames",
        ),
        class_="plot",
        data_unit=plot.unit,
    )


def _svg(plot: Plot, top: float, edges: Sequence[int]) -> Markup:
    num_frames = len(plot.values)
    there = np.isfinite(plot.values)
    marks = [
        *(_shade(run, top, "gap") for run in _runs(~there & ~plot.lost)),
        *(_shade(run, top, "lost") for run in _runs(~there & plot.lost)),
        *(_upright(edge - 0.5, top, "edge") for edge in edges if 0 < edge < num_frames),
        *(_line(run, plot.values) for run in _runs(there)),
        _upright(0, top, "now"),
    ]
    return element(
        "svg",
        element("title", f"{plot.title}, {plot.unit}: {_summary(plot)}"),
        *marks,
        viewBox=f"-0.5 {-top:.{_DIGITS}g} {num_frames} {top:.{_DIGITS}g}",
        preserveAspectRatio="none",
        role="img",
        data_frames=num_frames,
    )


def _line(run: range, values: NDArray[np.float32]) -> Markup:
    """Return the line through a run of frames; a frame alone is a dot."""
    points = [f"{frame},{-float(values[frame]):.{_DIGITS}g}" for frame in run]
    if len(points) == 1:
        points *= 2
    return element("polyline", points=" ".join(points), class_="dot" if len(run) == 1 else None)


def _shade(run: range, top: float, kind: str) -> Markup:
    return element(
        "rect",
        x=run.start - 0.5,
        y=f"{-top:.{_DIGITS}g}",
        width=len(run),
        height=f"{top:.{_DIGITS}g}",
        class_=kind,
    )


def _upright(x: float, top: float, kind: str) -> Markup:
    return element("line", x1=x, x2=x, y1=0, y2=f"{-top:.{_DIGITS}g}", class_=kind)


def _runs(flags: NDArray[np.bool_]) -> Iterator[range]:
    """Yield the runs of consecutive frames that are flagged."""
    steps = np.diff(np.concatenate(([False], flags, [False])).astype(np.int8))
    starts, stops = np.flatnonzero(steps == 1).tolist(), np.flatnonzero(steps == -1).tolist()
    yield from map(range, starts, stops)


def _summary(plot: Plot) -> str:
    there = np.isfinite(plot.values)
    words = []
    if there.any():
        worst = int(np.nanargmax(plot.values))
        words.append(f"highest {plot.highest:.3g} {plot.unit}".rstrip() + f" at frame {worst}")
    lost = int((~there & plot.lost).sum())
    if lost:
        words.append(f"not found in {lost} frames")
    unmeasured = int((~there & ~plot.lost).sum())
    if unmeasured:
        words.append(f"nothing to measure in {unmeasured}")
    return "; ".join(words)
