"""Frame errors: published definitions, the ceiling for equal clips, and crops of their own."""

import math

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from signgen.evaluation.figures import Figure
from signgen.evaluation.frames import METRICS, NO_POSES, FrameMeasure, mae, psnr
from signgen.evaluation.regions import Regions, no_regions
from tests.signgen.evaluation.clips import Frames, filmed, noisy, regions, shown


def measured(
    generated: Frames, reference: Frames | None, boxes: Regions, size: int = 4
) -> dict[str, Figure]:
    return shown(FrameMeasure(), generated, reference, boxes, size)


def test_psnr_is_scikit_images() -> None:
    frames = filmed(3)
    for spread in (0.2, 5, 60):
        worn = noisy(frames, spread)
        expected = [
            peak_signal_noise_ratio(a, b, data_range=255) for a, b in zip(frames, worn, strict=True)
        ]
        np.testing.assert_allclose(psnr(worn, frames), expected, atol=1e-4)


def test_the_mean_absolute_error_of_a_shift_is_the_shift() -> None:
    frames = filmed(2)
    np.testing.assert_allclose(mae(frames + np.uint8(7), frames), 7, atol=1e-5)
    np.testing.assert_allclose(mae(frames, frames + np.uint8(7)), 7, atol=1e-5)


def test_equal_clips_reach_every_ideal() -> None:
    frames = filmed()
    figures = measured(frames, frames.copy(), regions())
    assert set(figures) == {metric.key for metric in METRICS}
    for metric in METRICS:
        assert figures[metric.key].value == pytest.approx(metric.ideal, abs=1e-5)


def test_noise_makes_every_figure_worse() -> None:
    frames = filmed()
    clips = [measured(noisy(frames, spread), frames, regions()) for spread in (3, 9, 27)]
    for metric in METRICS:
        steps = np.diff([figures[metric.key].value for figures in clips])
        assert (steps < 0 if metric.better == "higher" else steps > 0).all()


@pytest.mark.parametrize(
    ("subject", "names"), [("hands", ("left_hand", "right_hand")), ("face", ("face",))]
)
def test_a_fault_in_a_region_is_seen_there_and_hardly_elsewhere(
    subject: str, names: tuple[str, ...]
) -> None:
    frames, boxes = filmed(), regions()
    faulty = frames.copy()
    for name in names:
        for i, box in enumerate(boxes.boxes(name)):  # type: ignore[arg-type]
            x0, y0, x1, y1 = (round(float(edge)) for edge in box)
            faulty[i, y0:y1, x0:x1] = frames[i, y0:y1, x0:x1].mean(axis=(0, 1))
    figures = measured(faulty, frames, boxes)
    other = {"hands": "face", "face": "hands"}[subject]
    assert figures[f"{subject}/psnr"].value < figures["frame/psnr"].value - 3
    assert figures[f"{subject}/psnr"].value < figures[f"{other}/psnr"].value - 6
    assert figures[f"{subject}/ssim"].value < 0.5 < figures["frame/ssim"].value


@pytest.mark.parametrize("size", [1, 5, 100])
def test_chunks_do_not_matter(size: int) -> None:
    frames = filmed()
    worn = noisy(frames, 9)
    figures, others = measured(worn, frames, regions()), measured(worn, frames, regions(), size)
    for key, figure in figures.items():
        assert others[key].value == pytest.approx(figure.value, rel=1e-9)
        np.testing.assert_array_equal(others[key].frames, figure.frames)


def test_a_hand_that_the_poses_lack_weighs_nothing() -> None:
    frames, boxes = filmed(), regions()
    left = boxes.left_hand.copy()
    left[2:4] = np.nan
    right = boxes.right_hand.copy()
    right[3] = np.nan
    figure = measured(
        noisy(frames, 9), frames, Regions(left_hand=left, right_hand=right, face=boxes.face)
    )["hands/psnr"]
    assert figure.weight == 2 * len(frames) - 3
    assert figure.frames is not None
    np.testing.assert_array_equal(np.isnan(figure.frames), np.arange(len(frames)) == 3)


def test_without_poses_only_whole_frames_have_figures() -> None:
    frames = filmed()
    figures = measured(noisy(frames, 9), frames, no_regions(len(frames)))
    assert figures["frame/psnr"].weight == len(frames)
    assert math.isnan(figures["hands/psnr"].value)
    assert figures["hands/psnr"].note == NO_POSES


def test_without_ground_truth_there_is_no_number() -> None:
    figures = measured(filmed(), None, regions())
    assert {figure.note for figure in figures.values()} == {"no ground-truth video"}
    assert all(math.isnan(figure.value) for figure in figures.values())


def test_frames_smaller_than_a_window_lose_that_row_alone() -> None:
    frames = filmed(2, side=48)
    figures = measured(noisy(frames, 9), frames, no_regions(2))
    assert "51" in figures["frame/ssim_51"].note
    assert 0 < figures["frame/ssim"].value < 1


def test_every_signature_names_its_settings() -> None:
    for metric in METRICS:
        assert "signgen:" in metric.signature
        assert ("1.4x" in metric.signature) == metric.key.startswith("hands/")
