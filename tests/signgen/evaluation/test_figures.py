"""Figures: what was not measured never counts, and clips are weighed by what they rest on."""

import math

import numpy as np
import pytest

from signgen.evaluation.figures import Chunk, Figure, Metric, combine
from signgen.evaluation.regions import no_regions


def metric(key: str = "hands/psnr", better: str = "higher", ideal: float | None = None) -> Metric:
    return Metric(key=key, title="", unit="", better=better, ideal=ideal, signature="")


def test_a_corpus_has_the_mean_of_all_its_frames_however_they_are_cut_into_clips() -> None:
    frames = np.random.default_rng(0).uniform(0, 1, 17)
    clips = [Figure.of_frames("hands/mae", part) for part in np.split(frames, [2, 3, 11])]
    whole = combine(clips)["hands/mae"]
    assert whole.value == pytest.approx(frames.mean())
    assert whole.weight == 17


def test_what_was_not_measured_does_not_count_and_keeps_its_note() -> None:
    figures = [
        Figure(key="face/mae", value=3, weight=2),
        Figure.unmeasured("face/mae", "no face"),
        Figure.unmeasured("face/mae", "no face"),
    ]
    whole = combine(figures)["face/mae"]
    assert (whole.value, whole.weight, whole.note) == (3, 2, "no face (2 of 3 clips)")


def test_a_corpus_without_any_measurement_has_no_number() -> None:
    whole = combine([Figure.unmeasured("face/mae", "a"), Figure.unmeasured("face/mae", "b")])
    assert math.isnan(whole["face/mae"].value)
    assert (whole["face/mae"].weight, whole["face/mae"].note) == (
        0,
        "a (1 of 2 clips); b (1 of 2 clips)",
    )


def test_rows_keep_their_order() -> None:
    keys = ["face/mae", "hands/mae", "frame/mae"]
    figures = [Figure(key=key, value=1, weight=1) for key in (*keys, *reversed(keys))]
    assert list(combine(figures)) == keys


def test_the_mean_over_frames_leaves_out_those_without_a_value() -> None:
    figure = Figure.of_frames("hands/mae", np.array([1, np.nan, 3]), np.array([1.0, 0, 2]))
    assert figure.value == pytest.approx(7 / 3)
    assert figure.weight == 3
    np.testing.assert_array_equal(figure.frames, [1, np.nan, 3])
    for nothing in (
        Figure.of_frames("hands/mae", np.array([np.nan])),
        Figure.of_frames("hands/mae", np.array([3.0]), np.array([0.0])),
    ):
        assert math.isnan(nothing.value)
        assert nothing.weight == 0


@pytest.mark.parametrize(("value", "weight"), [(1.0, 0.0), (math.nan, 1.0), (1.0, -1.0)])
def test_a_value_and_its_weight_belong_together(value: float, weight: float) -> None:
    with pytest.raises(ValueError, match="hands/mae"):
        Figure(key="hands/mae", value=value, weight=weight)


@pytest.mark.parametrize("key", ["psnr", "arms/psnr", "hands/"])
def test_a_metric_is_called_by_subject_and_measure(key: str) -> None:
    with pytest.raises(ValueError, match="SUBJECT/MEASURE"):
        metric(key)


def test_a_metric_that_is_best_at_a_value_names_it() -> None:
    assert metric(better="same", ideal=1.0).ideal == 1.0
    with pytest.raises(ValueError, match="ideal"):
        metric(better="same")


@pytest.mark.parametrize(
    ("generated", "reference", "boxes"),
    [
        ((2, 8, 8, 3), (2, 8, 9, 3), 2),
        ((2, 8, 8, 3), (3, 8, 8, 3), 2),
        ((2, 8, 8, 3), None, 3),
        ((2, 8, 8), None, 2),
    ],
)
def test_a_chunk_fits_together(
    generated: tuple[int, ...], reference: tuple[int, ...] | None, boxes: int
) -> None:
    with pytest.raises(ValueError, match="frames"):
        Chunk(
            first=0,
            generated=np.zeros(generated, np.uint8),
            reference=None if reference is None else np.zeros(reference, np.uint8),
            regions=no_regions(boxes),
        )
