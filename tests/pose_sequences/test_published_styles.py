"""Promises of the published styles: stated sizes, colours and faults, for their weights' sake."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from pose_sequences.draw import draw
from pose_sequences.draw.published_styles import (
    DEEPFASHION_TEST,
    DEEPFASHION_TRAINING,
    LIMBS_18,
    LIMBS_133,
    PHOENIX,
    RAINBOW,
    draw_cfld,
    draw_fpdm_18,
)
from pose_sequences.layout import LAYOUTS, layout
from pose_sequences.sequence import PoseSequence, mark_missing
from tests.pose_sequences.sequences import random_sequence
from tests.signer import signing

PUBLISHED = ("fpdm-18", "fpdm-133", "cfld-18")


def posed(
    points: dict[str, tuple[float, float]], size: tuple[int, int], name: str = "dwpose134"
) -> PoseSequence:
    rows = layout(name)
    keypoints = np.full((1, len(rows.points), 3), np.nan)
    for point, place in points.items():
        keypoints[0, rows.rows[point]] = (*place, 0)
    clean, confidence = mark_missing(keypoints, np.ones(keypoints.shape[:2]))
    width, height = size
    return PoseSequence(
        keypoints=clean, confidence=confidence, fps=25, width=width, height=height, layout=name
    )


def colours_of(picture: NDArray[np.uint8]) -> set[tuple[int, ...]]:
    return {tuple(c) for c in picture.reshape(-1, 3).tolist()} - {(0, 0, 0)}


@pytest.mark.parametrize("style", PUBLISHED)
@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_draws(style: str, name: str) -> None:
    maps = list(draw(random_sequence(name, 1), style=style, size=(64, 80)))
    assert [m.shape for m in maps] == [(80, 64, 3)]
    assert maps[0].any()


@pytest.mark.parametrize("style", PUBLISHED)
def test_missing_points_are_not_drawn_and_faint_ones_are_in_full(style: str) -> None:
    signer = signing(1)
    gone = replace(
        signer,
        keypoints=np.zeros_like(signer.keypoints),
        confidence=np.zeros_like(signer.confidence),
    )
    assert not next(draw(gone, style=style)).any()
    faint = replace(signer, confidence=signer.confidence * np.float32(0.01))
    assert (next(draw(faint, style=style)) == next(draw(signer, style=style))).all()


@pytest.mark.parametrize("style", PUBLISHED)
def test_what_lies_far_outside_leaves_no_mark(style: str) -> None:
    points = {f"body.{joint}": (-3e4, 9e4) for joint in ("neck", "nose", "left_shoulder")}
    assert not next(draw(posed(points, (64, 64)), style=style)).any()


def test_drawing_leaves_the_global_seed_alone() -> None:
    before = np.random.get_state()[1].tolist()
    list(draw(signing(1), style="fpdm-133"))
    assert np.random.get_state()[1].tolist() == before


def test_fpdm_points_are_discs_of_radius_4_with_red_and_blue_exchanged() -> None:
    drawn = next(
        draw(posed({"body.nose": (100, 200)}, (375, 550)), style="fpdm-18", size=(375, 550))
    )
    rows, columns = np.nonzero(drawn.any(axis=2))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (196, 204, 96, 104)
    assert colours_of(drawn) == {(0, 0, 255)}  # the rainbow's first is red


def test_fpdm_limbs_are_blended_six_to_four() -> None:
    arm = {"body.right_elbow": (50, 100), "body.right_wrist": (150, 100)}
    drawn = next(draw(posed(arm, (375, 550)), style="fpdm-18", size=(375, 550)))
    limb = LIMBS_18.index((3, 4))
    expected = np.rint(0.6 * RAINBOW[limb][::-1].astype(float))
    assert drawn[100, 100].tolist() == expected.tolist()
    assert np.nonzero(drawn[:, 100].any(axis=1))[0].tolist() == list(range(96, 105))
    # On a point: four parts of the point's colour, six of the limb's.
    point = 0.4 * RAINBOW[4][::-1] + expected
    assert np.abs(drawn[100, 148] - point).max() <= 1


def test_fpdm_strokes_are_thicker_in_training_than_at_test() -> None:
    lit = [
        next(draw_fpdm_18(signing(1), np.array([0]), 352, 512, canvas)).any(axis=2).mean()
        for canvas in (DEEPFASHION_TRAINING, DEEPFASHION_TEST)
    ]
    assert 1.5 < lit[0] / lit[1] < 2.2


def test_the_117_limbs_keep_their_faults() -> None:
    limbs = [tuple(point + 1 for point in limb) for limb in LIMBS_133]
    assert len(limbs) == 117
    assert limbs[77] == (83, 72, 72, 84, 88, 78)
    assert (132, 131) not in limbs
    assert (40 + 5, 40 + 6) in limbs  # through both brows
    assert sorted(limb for limb in limbs if limbs.count(limb) == 2) == [
        *[(24, 25)] * 2,
        *[(25, 26)] * 2,
        *[(26, 27)] * 2,
    ]
    joined = {point for limb in limbs for point in limb}
    assert set(range(1, 134)) - joined == {*range(1, 6), *range(18, 24), *range(89, 92)}


def test_fpdm_133_colours_are_seed_777s() -> None:
    colours = np.random.RandomState(777).choice(np.arange(256), 399).reshape(133, 3)
    nose, big_toe = (
        next(draw(posed({p: (100, 90)}, PHOENIX, "wholebody133"), style="fpdm-133"))
        for p in ("body.nose", "body.left_big_toe")
    )
    assert nose[90, 100].tolist() == colours[0, ::-1].tolist()
    assert big_toe[90, 100].tolist() == colours[17, ::-1].tolist()


def test_cfld_gaussians_have_a_sigma_of_six_pixels() -> None:
    drawn = next(draw_cfld(posed({"body.neck": (50, 100)}, (128, 256))))
    assert drawn.shape == (256, 256, 21)
    assert drawn.dtype == np.float32
    neck = drawn[..., 3 + 1]
    assert neck[100, 100] == 1
    assert neck[106, 100] == pytest.approx(np.exp(-0.5))
    assert neck[100, 88] == pytest.approx(np.exp(-2))
    others = np.delete(drawn[..., 3:], 1, axis=2)
    assert not others.any()


def test_cfld_picture_is_the_same_with_and_without_its_gaussians() -> None:
    signer = signing(2)
    pictures = draw(signer, style="cfld-18", size=(256, 256))
    for channels, picture in zip(draw_cfld(signer), pictures, strict=True):
        assert (np.rint(channels[..., :3] * 255) == picture).all()
        assert channels.min() >= 0
        assert channels.max() <= 1


def test_cfld_draws_joints_of_radius_3_over_bones_two_pixels_wide() -> None:
    arm = {"body.right_elbow": (50, 100), "body.right_wrist": (150, 100)}
    drawn = next(draw(posed(arm, (256, 256)), style="cfld-18"))
    assert drawn[100, 50].tolist() == RAINBOW[3].tolist()
    assert drawn[:, 50].any(axis=1).sum() == 7
    assert drawn[100, 100].tolist() == (0.6 * RAINBOW[LIMBS_18.index((3, 4))]).astype(int).tolist()
    assert drawn[:, 100].sum() / drawn[100, 100].sum() == pytest.approx(2, abs=0.02)
