"""The streaming of video measures: however a clip is cut into chunks, the figures are the same."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from signgen.evaluation.figures import Chunk, Figure
from signgen.evaluation.frames import NO_POSES, NO_REGION, FrameMeasure
from signgen.evaluation.identity import FACE_COLOURS, IdentityMeasure, face_colours
from signgen.evaluation.regions import Regions, no_regions
from signgen.evaluation.video import METRICS, MOVING, STILL, VideoMeasure, best_lag
from temporal import smoothness
from tests.signgen.evaluation.clips import shown

SIZE = 32
Frames = np.ndarray


def clips(num_frames: int = 20) -> tuple[Frames, Frames]:
    """Return a clip of a walking square with noise in it, and the clean one."""
    rng = np.random.default_rng(0)
    clean = np.repeat(rng.integers(0, 256, (1, SIZE, SIZE, 3)), num_frames, axis=0)
    for t in range(num_frames):
        clean[t, 8:16, t % 20 : t % 20 + 8] = (200, 40, 90)
    noisy = np.clip(clean + rng.normal(0, 6, clean.shape), 0, 255)
    return noisy.astype(np.uint8), clean.astype(np.uint8)


def boxes(num_frames: int) -> Regions:
    """Return boxes of a left hand and a face that never move."""
    nobody = np.full((num_frames, 4), np.nan, np.float32)
    hand, face = (
        np.tile(np.float32(box), (num_frames, 1)) for box in ((0, 4, 20, 24), (2, 2, 30, 30))
    )
    return Regions(left_hand=hand, right_hand=nobody, face=face)


def figures(
    generated: Frames, reference: Frames | None, chunk: int = 7, edges: tuple[int, ...] = (8,)
) -> dict[str, Figure]:
    return shown(VideoMeasure(edges), generated, reference, boxes(len(generated)), chunk)


@pytest.mark.parametrize("chunk", [1, 2, 7, 20])
def test_the_size_of_the_chunks_changes_no_figure(chunk: int) -> None:
    for reference in (clips()[1], None):
        whole, cut = (figures(clips()[0], reference, c) for c in (100, chunk))
        assert whole.keys() == cut.keys()
        for key, figure in whole.items():
            assert cut[key].value == pytest.approx(figure.value, rel=1e-4, nan_ok=True), key
            if figure.frames is not None:
                np.testing.assert_allclose(cut[key].frames, figure.frames, rtol=1e-4)


def test_the_figures_are_the_definitions_of_smoothness() -> None:
    noisy, clean = clips()
    found = figures(noisy, clean)
    a, b = (torch.from_numpy(clip).float().movedim(-1, 1)[None] for clip in (noisy, clean))
    moved = b - b[:, :1]
    still = smoothness.still_pixels(moved.sum(1), moved.square().sum(1), 20, STILL)
    moving = smoothness.moving_pixels(b, MOVING)
    expected = {
        "time/motion_error": smoothness.motion_error(a, b).mean(),
        "time/tcd": smoothness.consistency_difference(a, b).mean(),
        "time/still_flicker": smoothness.still_flicker(a, b, STILL)[0],
        "time/colour_drift": 100 * smoothness.colour_drift(a, b, still)[0],
        "time/motion_ratio": smoothness.motion_ratio(a, b, moving)[0],
    }
    for key, value in expected.items():
        assert found[key].value == pytest.approx(float(value), rel=1e-3), key


def test_every_figure_has_a_row_and_every_row_of_a_kind_a_figure() -> None:
    noisy, clean = clips()
    both = {*figures(noisy, clean), *figures(noisy, None)}
    assert both == {metric.key for metric in METRICS}


def test_without_window_edges_there_is_no_seam_score() -> None:
    noisy, clean = clips()
    assert "time/seam" not in figures(noisy, clean, edges=())


@pytest.mark.parametrize("num_frames", [1, 2, 3])
def test_a_clip_too_short_for_a_figure_says_so(num_frames: int) -> None:
    noisy, clean = (clip[:num_frames] for clip in clips())
    found = figures(noisy, clean, edges=())
    assert "too few frames" in found["time/tcd"].note or num_frames > 2
    for figure in found.values():
        assert bool(figure.note) == (figure.weight == 0)


@pytest.mark.parametrize("late", [0, 3, -5])
def test_the_lag_of_a_motion_is_found_whichever_way_it_goes(late: int) -> None:
    rng = np.random.default_rng(1)
    motion = np.convolve(rng.random(90), np.ones(3))
    shown, asked = motion[20 - late : 70 - late], motion[20:70]
    assert best_lag(shown, asked) == abs(late)


def test_motions_that_have_nothing_in_common_have_no_lag() -> None:
    rng = np.random.default_rng(2)
    assert np.isnan(best_lag(np.full(50, 3.0), rng.random(50)))


def test_colours_of_a_face_know_another_face_and_no_other_place_in_it() -> None:
    rng = np.random.default_rng(3)
    face = rng.integers(90, 140, (6, SIZE, SIZE, 3)).astype(np.uint8)
    shuffled, pale = face[:, ::-1, ::-1].copy(), face + np.uint8(90)
    for generated, low, high in ((face, 0, 1e-3), (shuffled, 0, 5), (pale, 50, 100)):
        measure = IdentityMeasure(FACE_COLOURS, face_colours)
        chunk = Chunk(first=0, generated=generated, reference=face, regions=boxes(6))
        measure.add(chunk)
        distance = {figure.key: figure.value for figure in measure.figures()}["face/face_colours"]
        assert low <= distance <= high


@pytest.mark.parametrize(("known", "why"), [(False, NO_POSES), (True, NO_REGION)])
def test_without_hands_and_face_their_figures_say_why(known: bool, why: str) -> None:
    noisy, clean = clips()
    measures = IdentityMeasure(FACE_COLOURS, face_colours), VideoMeasure(), FrameMeasure()
    chunk = Chunk(
        first=0, generated=noisy, reference=clean, regions=replace(no_regions(20), known=known)
    )
    for measure in measures:
        measure.add(chunk)
    figures = [figure for measure in measures for figure in measure.figures()]
    notes = {figure.key: figure.note for figure in figures if not figure.weight}
    for key in ("hands/psnr", "face/ssim", "hands/motion_ratio", "face/face_colours"):
        assert notes[key] == why
