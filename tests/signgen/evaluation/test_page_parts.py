"""The parts of a page by themselves: escaping, plots, picked hands, words, a verdict."""

import numpy as np
import pytest
from numpy.typing import NDArray

from signgen.evaluation.figures import Figure, Metric
from signgen.evaluation.page.html import Markup, element, joined, text
from signgen.evaluation.page.judgement import Contrast, Judgement, judgement_section
from signgen.evaluation.page.picks import NUM_PICKS, SPREAD, worst_hands
from signgen.evaluation.page.plots import Plot, draw_plot, plots_of, typical
from signgen.evaluation.page.words import best_words, headlines, value_words
from signgen.evaluation.regions import Regions, no_regions
from signgen.evaluation.results import ClipFigures
from tests.signgen.evaluation.page_reader import Element, points_of, read_page

NASTY = "</script><script>alert(\"1\")</script> & 'x' \u202egnp.exe \x00 \udcff"
NAN = float("nan")


def metric(key: str, **changes: object) -> Metric:
    words = {"title": key, "unit": "%", "better": "lower", "ideal": 0.0, "signature": "s"}
    return Metric(key=key, **(words | changes))  # type: ignore[arg-type]


def figure(key: str, values: list[float]) -> Figure:
    return Figure.of_frames(key, np.array(values, np.float32))


def clip(*figures: Figure, num_frames: int = 30) -> ClipFigures:
    return ClipFigures(name="a", num_frames=num_frames, figures=figures)


def plot(values: list[float], lost: NDArray[np.bool_] | None = None) -> Plot:
    array = np.array(values, np.float32)
    lost = np.zeros(len(array), bool) if lost is None else lost
    return Plot(key="hands/mae", title="Hands", unit="/255", values=array, lost=lost)


def drawn(plot: Plot, least: float = 0, edges: tuple[int, ...] = ()) -> Element:
    return read_page(draw_plot(plot, least, edges))


@pytest.mark.parametrize("where", ["content", "attribute"])
def test_no_text_can_leave_its_place(where: str) -> None:
    made = element("p", NASTY) if where == "content" else element("p", title=NASTY)
    (found,) = read_page(made).children
    assert not found.children
    assert list(found.attributes) == ([] if where == "content" else ["title"])
    said = found.words if where == "content" else found["title"]
    assert said == "</script><script>alert(\"1\")</script> & 'x' �gnp.exe � �"
    made.encode("utf-8")


def test_what_is_markup_already_is_not_escaped_again() -> None:
    inner = element("b", "a < b")
    assert joined(inner, "&") == "<b>a &lt; b</b>\n&amp;"
    assert element("p", inner) == "<p><b>a &lt; b</b></p>"
    assert isinstance(text("x"), Markup)


def test_attributes_are_left_out_where_they_are_not_so() -> None:
    made = element("input", type="radio", checked=True, hidden=False, class_=None, data_x=0)
    assert made == '<input type="radio" checked data-x="0">'


def test_the_points_of_a_plot_are_the_data_and_what_is_missing_is_a_gap() -> None:
    values = [1.5, 2.25, NAN, 0.125, NAN, NAN, 3.0, 4.0]
    figure = drawn(plot(values))
    lines = [points_of(line) for line in figure.all("polyline")]
    assert lines == [[(0, -1.5), (1, -2.25)], [(3, -0.125)] * 2, [(6, -3), (7, -4)]]
    shades = [(float(r["x"]), float(r["width"])) for r in figure.all("rect", "gap")]
    assert shades == [(1.5, 1), (3.5, 2)]
    left, top, width, height = map(float, figure.one("svg")["viewbox"].split())
    assert (left, width) == (-0.5, 8)
    assert -top == height >= 4
    assert "highest 4 /255 at frame 7; nothing to measure in 3" in figure.words


def test_a_hand_that_was_not_found_is_told_from_one_that_was_not_to_be_seen() -> None:
    figure = drawn(plot([1, NAN, NAN, NAN], np.array([False, True, True, False])))
    (lost,) = figure.all("rect", "lost")
    (gap,) = figure.all("rect", "gap")
    assert (float(lost["x"]), float(lost["width"])) == (0.5, 2)
    assert (float(gap["x"]), float(gap["width"])) == (2.5, 1)
    assert "not found in 2 frames; nothing to measure in 1" in figure.words


def test_edges_of_windows_are_marked_between_frames_and_inside_the_clip_alone() -> None:
    figure = drawn(plot([1.0] * 8), edges=(0, 4, 8))
    assert [line["x1"] for line in figure.all("line", "edge")] == ["3.5"]


def test_a_quiet_clip_is_drawn_on_the_scale_of_the_others() -> None:
    quiet, usual, wild = ([high, 0.0] for high in (0.1, 10, 1000))
    least = typical([plot(values) for values in (quiet, usual, wild)])["hands/mae"]
    assert least == 10
    heights = [
        float(drawn(plot(values), least).one("svg")["viewbox"].split()[3])
        for values in (quiet, usual, wild)
    ]
    assert heights == pytest.approx([10.5, 10.5, 1050])
    assert float(drawn(plot([0.0, 0.0])).one("svg")["viewbox"].split()[3]) == 1


def test_a_hand_that_is_never_found_has_a_plot_all_the_same() -> None:
    never = clip(
        figure("left_hand/error_vs_driving", [NAN] * 3),
        figure("left_hand/missing_vs_driving", [100, NAN, 100]),
        figure("right_hand/error_vs_driving", [NAN] * 3),
        figure("right_hand/missing_vs_driving", [NAN] * 3),
        num_frames=3,
    )
    metrics = [metric(f.key) for f in never.figures]
    (left,) = plots_of(never, metrics)
    assert left.key == "left_hand/error_vs_driving"
    assert left.lost.tolist() == [True, False, True]
    assert len(drawn(left).all("rect", "lost")) == 2


def test_plots_are_against_the_real_clip_where_that_was_measured() -> None:
    both = clip(
        figure("face/error_vs_driving", [1, 2]),
        figure("face/error_vs_reference", [3, 4]),
        num_frames=2,
    )
    (face,) = plots_of(both, [metric(f.key) for f in both.figures])
    assert face.values.tolist() == [3, 4]


def boxes(num_frames: int = 30) -> Regions:
    box = np.tile(np.array([4, 4, 24, 24], np.float32), (num_frames, 1))
    return Regions(left_hand=np.full_like(box, np.nan), right_hand=box, face=box)


def test_hands_not_found_come_first_then_the_farthest_off_and_never_close_together() -> None:
    errors = np.linspace(1, 2, 30)
    errors[[3, 4, 20]] = NAN
    missing = np.where(np.isnan(errors), 100.0, 0.0)
    found = clip(
        figure("right_hand/error_vs_reference", errors.tolist()),
        figure("right_hand/missing_vs_reference", missing.tolist()),
        figure("left_hand/error_vs_reference", [9.0] * 30),
    )
    picks = worst_hands(found, boxes())
    assert {pick.hand for pick in picks} == {"right_hand"}  # the left one is not in the poses
    assert [pick.frame for pick in picks[:3]] == [3, 20, 29]
    assert picks[0].reason == "not found by the detector"
    assert picks[2].reason == "points off by 2 % of the hand's size"
    frames = sorted(pick.frame for pick in picks)
    assert len(frames) == NUM_PICKS
    assert min(np.diff(frames)) >= SPREAD


def test_without_a_detector_pixels_say_which_hands_are_worst() -> None:
    (pick, *_) = worst_hands(clip(figure("hands/mae", [*range(29), 99])), boxes())
    assert (pick.frame, pick.reason) == (29, "pixels off by 99 of 255, both hands")


def test_hands_are_spread_over_a_clip_of_which_nothing_was_measured() -> None:
    picks = worst_hands(clip(), boxes())
    assert [pick.frame for pick in picks] == [0, 10, 19, 29]
    assert "nothing was measured" in picks[0].reason
    assert worst_hands(clip(), no_regions(30)) == []


def test_a_value_that_is_missing_is_said_in_words() -> None:
    assert value_words(None) == "not measured"
    assert value_words(Figure.unmeasured("face/psnr")) == "not seen"
    weights = Figure.unmeasured("face/lpips", "no weights; make the file with …")
    assert value_words(weights) == "no weights"
    assert value_words(Figure(key="face/psnr", value=31.41592, weight=1)) == "31.42"


def test_which_way_is_better_is_said_with_the_ideal() -> None:
    assert best_words(metric("hands/psnr", better="higher", ideal=100.0)) == "higher, at best 100"
    assert best_words(metric("time/drift", ideal=None)) == "lower"
    assert best_words(metric("time/seam", better="same", ideal=1.0)) == "the closer to 1"


def test_headlines_are_against_what_was_measured() -> None:
    against = [metric(f"hands/error_vs_{target}") for target in ("reference", "driving")]
    measured = {m.key: Figure(key=m.key, value=1, weight=1) for m in against}
    assert headlines(against, measured) == against[:1]
    del measured[against[0].key]
    assert headlines(against, measured) == against[1:]


def verdict(counts: list[list[int]], **changes: object) -> Judgement:
    words = {"judge": "a judge", "statements": ("It saw.",), "signs": ("A", "<B>", "C")}
    words["confusion"] = np.array(counts)
    return Judgement(**(words | changes))  # type: ignore[arg-type]


def test_a_verdict_shows_each_count_of_the_matrix_where_it_belongs() -> None:
    pairs = (Contrast(signs=("A", "<B>"), differ_in="location", right=3, shown=4),)
    judgement = verdict([[4, 1, 0], [0, 5, 0], [2, 0, 3]], contrasts=pairs)
    section = read_page(judgement_section(judgement))
    cells = {
        (cell["x"], cell["y"]): cell.one("title").words
        for kind in ("right", "wrong")
        for cell in section.all("rect", kind)
    }
    assert cells == {
        ("0", "0"): "A, recognised as A: 4",
        ("10", "0"): "A, recognised as <B>: 1",
        ("10", "10"): "<B>, recognised as <B>: 5",
        ("0", "20"): "C, recognised as A: 2",
        ("20", "20"): "C, recognised as C: 3",
    }
    mistakes, contrasts = section.all("table")
    assert [cell.words for cell in mistakes.all("td")] == ["C", "A", "2", "A", "<B>", "1"]
    assert [cell.words for cell in contrasts.all("td")] == ["A / <B>", "location", "3 of 4"]
    assert "12 of 15 signs" in section.words


def test_a_matrix_that_does_not_fit_its_signs_is_refused() -> None:
    with pytest.raises(ValueError, match="3x3 are needed"):
        verdict([[1]])
    assert "No sign was taken" in judgement_section(verdict(np.eye(3, dtype=int).tolist()))
