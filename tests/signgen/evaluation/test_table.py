"""The table on a terminal: what stands in it, how wide it is, and that no reason is said twice."""

from dataclasses import replace
from pathlib import Path

from signgen.evaluation.figures import Figure
from signgen.evaluation.measures import metrics_of
from signgen.evaluation.pairs import ClipPair
from signgen.evaluation.poses import HEADLINES, METRICS
from signgen.evaluation.report import Report, SystemFigures
from signgen.evaluation.results import ClipFigures
from signgen.evaluation.settings import Evaluation
from signgen.evaluation.table import table

EVALUATION = Evaluation(seams=(3,))


def _pair(name: str) -> ClipPair:
    return ClipPair(name=name, generated=Path("made", name), reference=Path("filmed", name))


def report(*names: str, note: str = "", clip_notes: tuple[str, ...] = ()) -> Report:
    """Return a report with a value in every row, or without one in any row that has a note."""
    metrics = metrics_of(EVALUATION)
    figures = tuple(
        Figure.unmeasured(metric.key, note)
        if note
        else Figure(key=metric.key, value=12.3456, weight=1)
        for metric in metrics
    )
    clips = [ClipFigures(name=n, num_frames=5, figures=figures, notes=clip_notes) for n in "ab"]
    systems = [
        SystemFigures(
            name=name,
            clips=tuple((_pair(clip.name), clip) for clip in clips),
            failures=(),
        )
        for name in names
    ]
    return Report(evaluation=EVALUATION, metrics=metrics, systems=tuple(systems))


def test_the_table_fits_a_terminal_of_100_columns_with_one_baseline_too() -> None:
    for names in (("generated",), ("generated", "copy-reference")):
        lines = table(report(*names)).splitlines()
        assert max(map(len, lines)) <= 100
        assert all(line == line.rstrip() for line in lines)


def test_of_the_poses_only_the_headlines_are_shown_and_the_rest_is_counted() -> None:
    whole = report("generated")
    text = table(whole)
    shown = text.count("12.35")
    assert shown == len(whole.metrics) - len(METRICS) + len(HEADLINES)
    assert f"rows: {shown} of {len(whole.metrics)};" in text
    assert text.index("BOTH HANDS") < text.index("FACE") < text.index("TIME") < text.index("BODY")
    hands = text[text.index("BOTH HANDS") : text.index("FACE")].splitlines()
    targets = [line.strip() for line in hands if line.strip().startswith("against")]
    assert targets == ["against the real clip", "against the driving poses"]


def test_the_settings_that_rows_share_are_under_the_table() -> None:
    text = table(report("generated"))
    assert "settings of all rows: signgen:" in text
    assert "settings of the rows of poses: detector:mediapipe-" in text


def test_a_reason_is_told_once_with_all_it_is_true_of() -> None:
    whole = report("generated", "reencoded", note="nobody there", clip_notes=("is dark",))
    lines = table(whole).splitlines()
    told = [line for line in lines if "nobody there" in line]
    assert len(told) == 1
    assert told[0].count("hands/psnr") == 1
    assert "note: generated, 2 of 2 clips: is dark" in lines


def test_a_reason_of_one_system_names_it() -> None:
    (told,), (fine,) = report("made", note="nobody there").systems, report("reencoded").systems
    both = replace(report("made"), systems=(told, fine))
    (line,) = [line for line in table(both).splitlines() if "nobody there" in line]
    assert line.startswith("note: hands/psnr, ")
    assert line.endswith(" (made): nobody there")


def test_without_real_clips_the_rows_that_want_one_are_left_out() -> None:
    keys = ("time/colour_drift_alone", "hands/error_vs_driving", "hands/facing_vs_driving")
    (system,) = report("generated").systems
    clips = tuple(
        (
            replace(pair, reference=None),
            replace(clip, figures=tuple(_only(figure, keys[:2]) for figure in clip.figures)),
        )
        for pair, clip in system.clips
    )
    text = table(replace(report("generated"), systems=(replace(system, clips=clips),)))
    assert text.count("12.35") == 2
    assert "PSNR" not in text
    assert "against the real clip" not in text
    assert "Palm or back shown as it should be, hands" in text


def _only(figure: Figure, keys: tuple[str, ...]) -> Figure:
    return figure if figure.key in keys else Figure.unmeasured(figure.key, "nothing")
