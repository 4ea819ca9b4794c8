"""A report: the figures of all clips of one or more systems, with all that gives them a meaning.

What it looks like for a person is table.py's and the page's business; here is what they read.
"""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from pose_sequences.outputs import fresh_file
from signgen import __version__
from signgen.evaluation.figures import Figure, Metric, combine
from signgen.evaluation.pairs import ClipPair
from signgen.evaluation.results import ClipFigures, figure_as_json, number
from signgen.evaluation.settings import Evaluation

SCHEMA = 1
GENERATED = "generated"
_LIBRARIES = ("numpy", "torch", "mediapipe", "pillow")


@dataclass(frozen=True, kw_only=True, eq=False)
class SystemFigures:
    """What one system's clips came to: the generated ones, or a baseline's.

    clips: pairs with their figures; failures: a line for each pair that has none; about: what the
    system is, where the name does not say it; of_sets: figures that are no means over clips;
    recognition: what a recogniser made of the clips, as JSON; figures: of all clips, by key.
    """

    name: str
    about: str = ""
    clips: tuple[tuple[ClipPair, ClipFigures], ...]
    failures: tuple[str, ...]
    of_sets: tuple[Figure, ...] = ()
    recognition: dict[str, Any] | None = None
    figures: dict[str, Figure] = field(init=False)

    def __post_init__(self) -> None:
        figures = combine(figure for _, clip in self.clips for figure in clip.figures)
        figures |= {figure.key: figure for figure in self.of_sets}
        object.__setattr__(self, "figures", figures)

    def as_json(self, *, per_frame: bool) -> dict[str, Any]:
        """Return the system as JSON; per_frame: with the values of each frame, where there are."""
        return {
            "name": self.name,
            "about": self.about,
            "figures": _by_key(self.figures.values(), per_frame=False),
            "clips": [
                _pair(pair)
                | {"num_frames": clip.num_frames, "notes": list(clip.notes)}
                | {"figures": _by_key(clip.figures, per_frame=per_frame)}
                for pair, clip in self.clips
            ],
            "failures": list(self.failures),
            **({} if self.recognition is None else {"recognition": self.recognition}),
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """An evaluation as a whole; the first system is the one that was asked about.

    metrics: every row there is, in the order of the table; notes: what was left out; date: the day
    it was made, "" where nobody says.
    """

    evaluation: Evaluation
    metrics: tuple[Metric, ...]
    systems: tuple[SystemFigures, ...]
    notes: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    date: str = ""

    @property
    def rows(self) -> tuple[Metric, ...]:
        """The metrics that a system has a figure for, measured or not."""
        return tuple(
            metric
            for metric in self.metrics
            if any(metric.key in system.figures for system in self.systems)
        )

    @property
    def failures(self) -> tuple[str, ...]:
        """The lines of all systems."""
        return tuple(line for system in self.systems for line in system.failures)

    def values(self) -> dict[str, float | None]:
        """Return the first system's figures by key, None for what could not be measured."""
        figures = self.systems[0].figures
        return {row.key: number(figures[row.key].value) for row in self.rows if row.key in figures}

    def as_json(self, *, per_frame: bool) -> dict[str, Any]:
        """Return all of it as JSON."""
        return {
            "schema": SCHEMA,
            "settings": self.evaluation.as_json(),
            "versions": versions(),
            "date": self.date,
            "command": list(self.command),
            "metrics": [_metric(metric) for metric in self.rows],
            "systems": [system.as_json(per_frame=per_frame) for system in self.systems],
            "notes": list(self.notes),
        }


def write_report(path: Path, report: Report, *, per_frame: bool, overwrite: bool) -> None:
    """Write a report as JSON, whole or not at all; raises OutputError where it cannot be."""
    content = json.dumps(
        report.as_json(per_frame=per_frame), ensure_ascii=False, allow_nan=False, indent=1
    )
    with fresh_file(path, overwrite=overwrite) as temporary:
        temporary.write_text(content + "\n", encoding="utf-8")


def versions() -> dict[str, str]:
    """Return the versions of what the figures depend on."""
    found = {"signgen": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _by_key(figures: Sequence[Figure] | Any, *, per_frame: bool) -> dict[str, Any]:
    words = [figure_as_json(figure, per_frame=per_frame) for figure in figures]
    return {word.pop("key"): word for word in words}


def _pair(pair: ClipPair) -> dict[str, Any]:
    return {key: None if value is None else str(value) for key, value in asdict(pair).items()}


def _metric(metric: Metric) -> dict[str, Any]:
    words = asdict(metric)
    if metric.ideal is not None and metric.ideal == float("inf"):
        return words | {"ideal": "infinity"}
    return words | {"ideal": None if metric.ideal is None else number(metric.ideal)}
