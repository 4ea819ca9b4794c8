"""The detector model: nothing at strength 0, seeded, as strong as asked, and it can be refitted."""

from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from pose_sequences.layout import layout
from pose_sequences.sequence import PoseSequence
from signgen.studio.camera import CLOSE, Camera
from signgen.studio.clip import relative_places, to_poses
from signgen.studio.detector import LONGEST_GAP, Detection, DetectorModel, bundled_detector
from signgen.studio.detector_cover import estimate_visible
from signgen.studio.detector_error import flat_size, remembered, stretched
from signgen.studio.detector_fit import SeenClip, fit_detector, logistic
from signgen.studio.detector_fit_errors import kept_share, regression
from signgen.studio.detector_gaps import GapModel, runs
from signgen.studio.detector_sight import LAYOUT, Sight, kind, sights
from signgen.studio.figure import Pose
from signgen.studio.gloss import random_gloss
from signgen.studio.keypoints import Keypoints, project_keypoints
from signgen.studio.motion import perform
from signgen.studio.picture import render
from tests.signgen.studio.people import figure, hands_up, signer

pytestmark = pytest.mark.light

ROWS = layout(LAYOUT)
HANDS = ("left_hand", "right_hand")
CAMERA = Camera.framed(signer(4), (256, 256), CLOSE)


@cache
def clip(seed: int) -> tuple[PoseSequence, Keypoints]:
    """Return the exact points of a sign; nothing is rendered."""
    rng = np.random.default_rng(seed)
    pose = perform(signer(4), [random_gloss(rng)], fps=25.0, rng=rng).pose
    exact = estimate_visible(project_keypoints(figure(4), pose, CAMERA), CAMERA)
    return to_poses(exact, CAMERA, 25.0), exact


def told(seed: int, detection: Detection, of: int = 1) -> PoseSequence:
    """Return what the bundled model says of a clip."""
    rng = np.random.default_rng(seed)
    return bundled_detector().apply(*clip(of), CAMERA, rng, detection)


def test_at_strength_0_nothing_is_changed() -> None:
    poses, _ = clip(1)
    seen = told(3, Detection(strength=0.0))
    np.testing.assert_allclose(seen.keypoints, poses.keypoints, atol=1e-4)
    np.testing.assert_array_equal(seen.confidence, poses.confidence)


def test_what_is_told_follows_from_the_generator() -> None:
    first, again, other = (told(seed, Detection()) for seed in (3, 3, 4))
    assert first.keypoints.tobytes() == again.keypoints.tobytes()
    assert first.confidence.tobytes() == again.confidence.tobytes()
    assert not np.array_equal(first.keypoints, other.keypoints)


def test_errors_grow_with_the_strength() -> None:
    poses, exact = clip(1)
    places = relative_places(exact, CAMERA)
    once, twice = (told(3, Detection(strength=s)) for s in (1.0, 2.0))
    both = (once.confidence > 0) & (twice.confidence > 0)
    near, far = ((seen.keypoints - places)[both] for seen in (once, twice))
    np.testing.assert_allclose(far, 2 * near, atol=2e-3)
    assert np.abs(near).max() > 1
    assert (poses.confidence > 0).sum() > 0.5 * both.size


def test_misses_grow_with_the_strength() -> None:
    shares = [
        np.mean([1 - told(seed, Detection(strength=s)).seen("right_hand") for seed in range(12)])
        for s in (1.0, 2.0, 4.0)
    ]
    assert shares[0] < shares[1] < shares[2]


@pytest.mark.parametrize("seed", range(6))
def test_a_lost_hand_is_gone_from_the_whole_clip(seed: int) -> None:
    whole = Detection(strength=0.0)
    seen, plain = told(seed, replace(whole, lost_hands=1.0)), told(seed, whole)
    lost = [part for part in HANDS if not seen.part(part)[1].any()]
    kept = [part for part in HANDS if np.array_equal(seen.part(part)[1], plain.part(part)[1])]
    assert lost
    assert set(lost) | set(kept) == set(HANDS)
    assert np.array_equal(seen.part("face")[1], plain.part("face")[1])


@pytest.mark.parametrize("seed", range(6))
def test_a_long_gap_takes_one_hand_for_so_many_frames(seed: int) -> None:
    whole = Detection(strength=0.0)
    seen, plain = told(seed, replace(whole, long_gaps=1.0)), told(seed, whole)
    taken = [plain.part(part)[1][:, 0] - seen.part(part)[1][:, 0] > 0 for part in HANDS]
    lengths = [stop - start for part in taken for start, stop in runs(part)]
    assert sum(lengths) <= LONGEST_GAP
    assert sum(part.any() for part in taken) <= 1
    assert not (seen.confidence > plain.confidence).any()


def test_hidden_hands_are_missed_more_often_and_found_less_exactly() -> None:
    poses, exact = clip(2)
    places = relative_places(exact, CAMERA).astype(np.float64) * (1, 1, CAMERA.size[0])
    rng = np.random.default_rng(0)
    missed, size = [], []
    for share in (0.0, 0.5, 1.0):
        visible = rng.random(exact.visible.shape) > share
        hand = sights(places, visible, CAMERA.size, 0.0)["left_hand"]
        model = bundled_detector()
        drawn = [model.gaps["hand"].drawn(hand, rng) for _ in range(20)]
        missed.append(np.mean(drawn))
        errors = [model.errors["hand"].drawn(hand, rng) for _ in range(20)]
        size.append(np.median(np.concatenate([flat_size(e.reshape(len(e), -1)) for e in errors])))
    assert missed[0] < missed[1] < missed[2]
    assert size[0] < size[1] < size[2]
    assert len(poses) == len(places)


def test_body_joints_are_told_less_surely_the_farther_below_the_picture() -> None:
    seen = told(5, Detection())
    sure = [seen.confidence[:, ROWS.rows[f"body.left_{j}"]].mean() for j in ("shoulder", "ankle")]
    assert sure[0] > 0.95
    assert sure[1] < 0.5


def test_a_mirrored_signer_is_the_same_case() -> None:
    _, exact = clip(1)
    places = relative_places(exact, CAMERA).astype(np.float64) * (1, 1, CAMERA.size[0])
    visible = exact.visible.numpy()
    flipped = (places * (-1, 1, 1) + (CAMERA.size[0] - 1e-3, 0, 0))[:, ROWS.mirrored]
    ours = sights(places, visible, CAMERA.size, 0.5)
    theirs = sights(flipped, visible[:, ROWS.mirrored], CAMERA.size, 0.5)
    for part in ("arm", "hand"):
        np.testing.assert_allclose(
            ours[f"left_{part}"].turns, theirs[f"right_{part}"].turns, atol=1e-6
        )
        # all but the column that says which side it is
        one, other = ours[f"left_{part}"].troubles, theirs[f"right_{part}"].troubles
        assert (np.abs(one - other).max(0) > 1e-6).sum() == 1


def test_points_and_poses_of_two_clips_are_refused() -> None:
    poses, exact = clip(1)
    longer = Keypoints(exact.points.repeat(2, 1, 1), exact.visible.repeat(2, 1))
    with pytest.raises(ValueError, match="give a clip's own, in holistic553"):
        bundled_detector().apply(poses, longer, CAMERA, np.random.default_rng(0))


@pytest.mark.parametrize("name", [field.name for field in fields(Detection)])
def test_settings_out_of_range_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=rf"{name} is 4.5; 0 to \d is possible"):
        Detection(**{name: 4.5})


def test_a_saved_model_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    bundled_detector().save(path)
    (tmp_path / "any").touch()
    assert path.stat().st_mode == (tmp_path / "any").stat().st_mode
    again = DetectorModel.load(path).apply(*clip(1), CAMERA, np.random.default_rng(3))
    assert np.array_equal(again.keypoints, told(3, Detection()).keypoints)


def test_points_behind_a_hand_or_beside_the_picture_cannot_be_seen() -> None:
    _, exact = clip(1)
    points = exact.points[:1].clone()
    left, right = (ROWS.part(part) for part in HANDS)
    points[:, left] = points[:, right] + torch.tensor([0.0, 0.0, 0.1])  # ten centimetres behind
    points[:, right, 2] -= points[:, right, 2].mean()
    points[:, left, 2] -= points[:, left, 2].mean() - 0.1
    middle = points[:, right, :2].mean(1, keepdim=True) - 128
    points[..., :2] -= middle
    visible = estimate_visible(Keypoints(points, exact.visible[:1]), CAMERA).visible
    assert not visible[0, left].any()
    assert visible[0, right].float().mean() > 0.6
    points[..., 0] += 256
    assert (
        not estimate_visible(Keypoints(points, exact.visible[:1]), CAMERA).visible[0, right].any()
    )


def test_the_estimate_of_what_is_visible_is_near_what_a_render_says() -> None:
    rng = np.random.default_rng(8)
    pose = perform(signer(4), [random_gloss(rng)], fps=5.0, rng=rng).pose
    rendered = [
        project_keypoints(figure(4), one, CAMERA, render(figure(4), one, CAMERA, 1).depth)
        for one in (hands_up(signer(4)), Pose(pose.rotations, pose.actions, pose.root))
    ]
    rows = np.concatenate([ROWS.part(part) for part in HANDS])
    for exact in rendered:
        guess = estimate_visible(exact, CAMERA).visible[:, rows]
        assert (guess == exact.visible[:, rows]).float().mean() > 0.85


def test_remembered_noise_has_unit_variance_and_the_memory_asked_for() -> None:
    memory = np.array([0.0, 0.5, 0.9, 1.0])
    noise = remembered(memory, 40_000, np.random.default_rng(0))
    np.testing.assert_allclose(noise[:, :3].std(0), 1, atol=0.05)
    follows = np.arange(len(noise)) > 0
    np.testing.assert_allclose(kept_share(noise, follows)[:3], memory[:3], atol=0.02)
    assert (noise[:, 3] == noise[0, 3]).all()


@pytest.mark.parametrize("tail", [1.0, 1.4, 2.0])
def test_stretched_noise_keeps_unit_variance(tail: float) -> None:
    noise = np.random.default_rng(0).standard_normal(200_000)
    assert stretched(noise, tail).std() == pytest.approx(1, abs=0.03)


def test_gaps_last_as_long_as_their_odds_say() -> None:
    def odds(chance: float) -> float:
        return float(np.log(chance / (1 - chance)))

    # lost once in 20 frames, found again once in 4: gaps of 4 frames, a sixth of all
    model = GapModel(
        start=np.array([odds(1 / 6)]),
        lose=np.array([odds(0.05), 0.0]),
        keep=np.array([odds(0.75), 0.0]),
    )
    constant, nowhere = np.ones((60_000, 1)), np.zeros(0, np.intp)
    always = Sight(nowhere, nowhere, 1.0, False, constant, constant, np.zeros(60_000, np.bool_))
    missed = model.drawn(always, np.random.default_rng(0))
    lengths = np.array([stop - start for start, stop in runs(missed)])
    assert lengths.mean() == pytest.approx(4, rel=0.05)
    assert missed.mean() == pytest.approx(1 / 6, rel=0.06)


def test_runs_are_where_the_marks_are() -> None:
    marked = np.array([True, True, False, False, True, False, True])
    assert runs(marked) == [(0, 2), (4, 5), (6, 7)]
    assert runs(~marked) == [(2, 4), (5, 6)]


def test_fits_find_the_coefficients_that_made_the_data() -> None:
    rng = np.random.default_rng(0)
    columns = np.concatenate([np.ones((20_000, 1)), rng.standard_normal((20_000, 2))], 1)
    wanted = np.array([-1.0, 0.8, -0.5])
    happened = rng.random(len(columns)) < 1 / (1 + np.exp(-columns @ wanted))
    np.testing.assert_allclose(logistic(columns, happened), wanted, atol=0.08)
    values = columns @ wanted[:, None]
    found = regression(columns, values, np.ones(len(columns)))
    np.testing.assert_allclose(found[:, 0], wanted, atol=5e-3)


def test_a_model_fitted_to_what_a_model_says_errs_as_far_and_misses_as_often() -> None:
    model = bundled_detector()
    clips = [seen_by(model, seed) for seed in range(12)]
    refitted = fit_detector(clips)
    again = [seen_by(refitted, seed, stream=7) for seed in range(12)]
    for part in ("left_hand", "right_hand", "face"):
        before, after = (errors(seen, part) for seen in (clips, again))
        assert np.median(after) == pytest.approx(np.median(before), rel=0.25)
    missed = [
        np.mean([c.confidence[:, ROWS.part("right_hand")] == 0 for c in s]) for s in (clips, again)
    ]
    assert missed[1] == pytest.approx(missed[0], abs=0.08)


def seen_by(model: DetectorModel, seed: int, stream: int = 0) -> SeenClip:
    """Return 40 frames of a sign as a fit takes them, seen by a model."""
    _, exact = clip(1 + seed % 3)
    rng = np.random.default_rng([stream, seed])
    frames = slice(0, 40)
    places = relative_places(exact, CAMERA).astype(np.float64)[frames] * (1, 1, CAMERA.size[0])
    visible = exact.visible.numpy()[frames]
    found, confidence = places.copy(), np.ones(places.shape[:2])
    for name, sight in sights(places, visible, CAMERA.size, 0.0).items():
        found[:, sight.rows] += model.errors[kind(name)].drawn(sight, rng)
        if kind(name) in model.gaps:
            missed = model.gaps[kind(name)].drawn(sight, rng)
            confidence[:, sight.rows] = ~missed[:, None]
    return SeenClip(
        places=places,
        visible=visible,
        size=CAMERA.size,
        shutter=0.0,
        found=found,
        confidence=confidence,
    )


def errors(clips: list[SeenClip], part: str) -> np.ndarray:
    """Return how far the points of a part that was found are off."""
    rows = ROWS.part(part)  # type: ignore[arg-type]  # a name of a part
    gaps = [(c.found - c.places)[:, rows, :2][c.confidence[:, rows[0]] > 0] for c in clips]
    return np.linalg.norm(np.concatenate(gaps), axis=2)
