"""Laws of retargeting: what another body changes, and what it may not."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from pose_sequences.layout import LAYOUTS
from pose_sequences.mirror import mirrored
from pose_sequences.retarget import RetargetReport, measure_body, retarget
from pose_sequences.retarget.picture import comparison
from pose_sequences.retarget.turns import turned
from pose_sequences.sequence import PoseSequence, mark_missing
from tests.pose_sequences.bodies import built, other_bodies, seen_from, without
from tests.pose_sequences.retarget_figures import bone_angles, jitter
from tests.pose_sequences.sequences import random_sequence
from tests.signer import signing

SIGNER = signing(60, seed=1)
BROAD = built(signing(60, seed=2), shoulders=1.3, arms=1.2)
BODIES = other_bodies()


@cache
def fitted(body: str) -> tuple[PoseSequence, RetargetReport]:
    """Return SIGNER on one of BODIES."""
    return retarget(SIGNER, BODIES[body])


def places(sequence: PoseSequence, *points: str) -> NDArray[np.float64]:
    """Return points (T, N, 2) of a sequence that has them."""
    return sequence.keypoints[:, sequence.points.find(points), :2].astype(np.float64)


def shoulder_width(sequence: PoseSequence) -> float:
    """Return the median distance of the shoulders."""
    across = np.diff(places(sequence, "body.left_shoulder", "body.right_shoulder"), axis=1)
    return float(np.median(np.linalg.norm(across, axis=-1)))


def moved_hand(sequence: PoseSequence, tip: str, target: NDArray[np.float64]) -> PoseSequence:
    """Return the sequence with a whole hand and its wrist shifted so that a tip is at a target."""
    side = tip.split("_")[0]
    shift = target - places(sequence, tip)[:, 0]
    keypoints = sequence.keypoints.copy()
    rows = [r for p, r in sequence.points.rows.items() if p.startswith(f"{side}_hand.")]
    rows.append(sequence.points.rows[f"body.{side}_wrist"])
    keypoints[:, rows, :2] += shift[:, None].astype(np.float32)
    clean, confidence = mark_missing(keypoints, sequence.confidence)
    return replace(sequence, keypoints=clean, confidence=confidence)


def test_a_signer_fitted_to_itself_stays() -> None:
    result, report = retarget(SIGNER, SIGNER)
    np.testing.assert_allclose(result.keypoints, SIGNER.keypoints, atol=1e-3)
    assert all(kept.found == kept.kept == kept.in_place for kept in report.touches.values())


def test_the_frame_is_the_references_and_the_time_the_sources() -> None:
    reference = seen_from(BROAD, 2, (10, 20), (640, 480)).resampled(12.5)
    result, _ = retarget(SIGNER.converted("openpose137"), reference)
    assert (result.width, result.height) == (640, 480)
    assert (result.num_frames, result.fps) == (SIGNER.num_frames, SIGNER.fps)
    assert result.layout == "openpose137"
    assert result.segments == SIGNER.segments


@pytest.mark.parametrize("name", LAYOUTS)
def test_missing_points_stay_missing_and_no_others_do(name: str) -> None:
    source = random_sequence(name, 7, seed=4)
    result, report = retarget(source, BROAD)
    assert np.array_equal(result.confidence, source.confidence)
    json.dumps(report.as_json(), allow_nan=False)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_layout_serves_as_the_reference(layout: str) -> None:
    wanted, _ = retarget(SIGNER, BROAD)
    result, _ = retarget(SIGNER, BROAD.converted(layout))
    assert shoulder_width(result) == pytest.approx(shoulder_width(wanted), rel=0.01)


def test_two_calls_give_the_same() -> None:
    first, second = (retarget(SIGNER, BROAD)[0] for _ in range(2))
    assert np.array_equal(first.keypoints, second.keypoints)


def test_the_references_camera_only_moves_and_scales_the_result() -> None:
    camera = (1.7, (31.0, -12.0), (500, 400))
    near, _ = retarget(SIGNER, seen_from(BROAD, *camera))
    far = seen_from(retarget(SIGNER, BROAD)[0], *camera)
    # what lies outside a frame is not measured, so only the frame's content has to agree
    for point in ("body.nose", "body.left_shoulder", "body.right_shoulder", "face.152"):
        assert np.abs(places(near, point) - places(far, point)).max() < 1.0


def test_the_sources_camera_does_not_matter() -> None:
    seen, _ = retarget(seen_from(SIGNER, 2, (0, 0), (512, 512)), BROAD)
    np.testing.assert_allclose(seen.keypoints, retarget(SIGNER, BROAD)[0].keypoints, atol=0.05)


def test_mirrored_signers_give_the_mirrored_result() -> None:
    result, _ = retarget(mirrored(SIGNER), mirrored(BROAD))
    np.testing.assert_allclose(
        result.keypoints, mirrored(retarget(SIGNER, BROAD)[0]).keypoints, atol=0.05
    )


@pytest.mark.parametrize("body", BODIES)
def test_handshapes_keep_their_angles(body: str) -> None:
    result, _ = fitted(body)
    assert np.abs(bone_angles(result) - bone_angles(SIGNER)).max() < 0.1


@pytest.mark.parametrize("body", BODIES)
def test_touches_stay_touches(body: str) -> None:
    _, report = fitted(body)
    found = sum(kept.found for kept in report.touches.values())
    assert found > 100
    assert sum(kept.kept for kept in report.touches.values()) >= 0.95 * found


@pytest.mark.parametrize("body", ["broad, long arms", "narrow, short arms", "large head"])
@pytest.mark.parametrize("spot", ["face.152", "face.10", "face.61", "face.263"])
def test_a_finger_at_a_place_of_the_face_is_at_that_place(body: str, spot: str) -> None:
    tip = "right_hand.index_tip"
    source = moved_hand(signing(20, seed=5), tip, places(signing(20, seed=5), spot)[:, 0])
    result, _ = retarget(source, BODIES[body])
    apart = np.linalg.norm(places(result, tip) - places(result, spot), axis=-1)
    # a finger's breadth: the other fingers are before the face too, and pull
    assert apart.max() < 0.045 * shoulder_width(result)


@pytest.mark.parametrize("body", ["broad, long arms", "narrow, short arms", "large head"])
def test_hands_that_touch_meet_and_give_way_alike(body: str) -> None:
    source = signing(20, seed=5)
    middle = places(source, "body.left_shoulder", "body.right_shoulder").mean(axis=1)
    middle[:, 1] += 45
    for side in ("left", "right"):
        source = moved_hand(source, f"{side}_hand.index_tip", middle)
    result, _ = retarget(source, BODIES[body])
    tips = places(result, "left_hand.index_tip", "right_hand.index_tip")
    width = shoulder_width(result)
    assert np.linalg.norm(tips[:, 0] - tips[:, 1], axis=-1).max() < 0.03 * width
    neck = places(result, "body.left_shoulder", "body.right_shoulder").mean(axis=1)
    assert np.abs(tips.mean(axis=1) - neck)[:, 0].max() < 0.05 * width


def test_the_face_keeps_its_expression() -> None:
    result, report = fitted("large head")
    rows = SIGNER.points.part("face")
    before, after = (s.keypoints[:, rows, :2].astype(np.float64) for s in (SIGNER, result))
    here = before[:, 0].any(axis=1)
    relative = (before - before[:, :1]) * report.scales.head
    seen = (SIGNER.confidence[:, rows] > 0) & here[:, None]
    np.testing.assert_allclose((after - after[:, :1])[seen], relative[seen], atol=1e-2)


def test_one_odd_frame_of_the_reference_does_not_matter() -> None:
    keypoints = BROAD.keypoints.copy()
    keypoints[0] *= 3
    odd, _ = retarget(SIGNER, replace(BROAD, keypoints=keypoints))
    wanted, _ = retarget(SIGNER, BROAD)
    apart = np.linalg.norm(odd.keypoints[..., :2] - wanted.keypoints[..., :2], axis=-1)
    assert apart.max() < 0.05 * shoulder_width(wanted)


def test_tilted_shoulders_are_the_references() -> None:
    angle = np.radians(8)
    turn = np.array(((np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))))
    keypoints = BROAD.keypoints.copy()
    keypoints[..., :2] = (keypoints[..., :2] - (128, 108)) @ turn.T + (128, 108)
    clean, confidence = mark_missing(keypoints, BROAD.confidence)
    result, _ = retarget(SIGNER, replace(BROAD, keypoints=clean, confidence=confidence))
    assert measure_body(result).tilt == pytest.approx(angle, abs=0.01)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_camera_held_sideways_is_put_right(quarters: int) -> None:
    upright, _ = retarget(SIGNER, BROAD)
    result, report = retarget(turned(SIGNER, quarters), BROAD)
    assert report.turned == 360 - 90 * quarters
    np.testing.assert_allclose(result.keypoints, upright.keypoints, atol=0.05)
    sideways, _ = retarget(SIGNER, turned(BROAD, quarters))
    np.testing.assert_allclose(sideways.keypoints, turned(upright, quarters).keypoints, atol=0.05)


def test_exchanged_sides_do_not_turn_the_torso_upside_down() -> None:
    exchanged = replace(mirrored(BROAD), keypoints=BROAD.keypoints[:, BROAD.points.mirrored])
    result, _ = retarget(SIGNER, exchanged)
    shoulders, hips = (places(result, f"body.left_{joint}")[:, 0] for joint in ("shoulder", "hip"))
    assert (hips[:, 1] > shoulders[:, 1]).all()


def test_what_the_reference_does_not_show_is_judged_by_what_it_shows() -> None:
    _, report = retarget(SIGNER, without(BROAD, "left_hand", "right_hand"))
    assert "not seen in the reference" in report.scales.fallbacks["hand"]
    _, report = retarget(SIGNER, BODIES["narrow, short arms"].frames(0, 1))
    assert "do not tell short from foreshortened" in report.scales.fallbacks["forearm"]


def test_a_reference_without_shoulders_is_judged_by_its_face() -> None:
    _, report = retarget(SIGNER, without(seen_from(SIGNER, 2, (0, 0), (512, 512)), "body"))
    assert report.scales.shoulders == pytest.approx(2, rel=0.3)
    assert "judged by the face" in report.scales.fallbacks["shoulders"]


def test_nobody_to_be_seen_is_an_error_that_says_who() -> None:
    nobody = without(SIGNER, "body", "face")
    with pytest.raises(ValueError, match="the reference shows neither both shoulders nor a face"):
        retarget(SIGNER, nobody)
    with pytest.raises(ValueError, match="the sequence shows neither both shoulders nor a face"):
        retarget(nobody, SIGNER)


def test_hands_outside_the_frame_are_counted() -> None:
    _, inside = retarget(SIGNER, seen_from(SIGNER, 0.2, (128, 128), (512, 512)))
    assert inside.outside["right_hand"] == (0.0, ())
    _, outside = retarget(SIGNER, seen_from(SIGNER, 1, (0, 0), (256, 160)))
    share, frames = outside.outside["right_hand"]
    assert share > 0
    assert len(frames) > 0


@pytest.mark.parametrize("body", BODIES)
def test_hands_move_as_steadily_as_before(body: str) -> None:
    result, report = fitted(body)
    assert jitter(result) < 1.5 * report.scales.arm * jitter(SIGNER)


def test_the_picture_shows_source_reference_and_result() -> None:
    reference = BODIES["one frame"]
    result, _ = retarget(SIGNER, reference)
    picture = comparison(SIGNER, reference, result, num_frames=3, tile=64)
    assert picture.shape == (3 * 68, 3 * 68, 3)
    with pytest.raises(ValueError, match="0 frames"):
        comparison(SIGNER, reference, result, num_frames=0)
