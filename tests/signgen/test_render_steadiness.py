"""Flicker, seams and drift of a film, told while it is made: what counts, and what must not."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from pose_sequences.sequence import PoseSequence
from signgen.rendering.signer import placed
from signgen.rendering.steadiness import Steadiness
from signgen.rendering.stillness import Stillness
from tests.signer import signing

SEAMS = (8, 16, 24)
SIDE = 96
POSES = placed(signing(32), (SIDE, SIDE))


def seen(frames: np.ndarray, poses: PoseSequence = POSES) -> Steadiness:
    """Return what sees frames (T, H, W, 3)."""
    steadiness = Steadiness(poses, SEAMS, None)
    for frame in frames:
        steadiness.write(frame)
    json.dumps(steadiness.as_json(), allow_nan=False)
    assert len(steadiness.flicker) == len(frames)
    return steadiness


def still_picture(num_frames: int = 32) -> np.ndarray:
    picture = np.random.default_rng(0).integers(40, 200, (SIDE, SIDE, 3))
    return np.repeat(picture[None], num_frames, axis=0)


def film(clip: np.ndarray) -> np.ndarray:
    return clip.round().clip(0, 255).astype(np.uint8)


def test_a_still_clip_has_nothing_to_report() -> None:
    found = seen(film(still_picture()))
    assert found.flicker == [None] + 31 * [0]
    facts = found.as_json()
    assert facts["still_share"] > 0.1
    assert facts["still_flicker"] == facts["colour_drift"] == 0
    assert facts["seam_score"] == facts["seam_score_still"] == 1
    assert facts["identity_drift"] == {"face_colours": 0}


def test_noise_is_flicker_by_its_deviation() -> None:
    noise = np.random.default_rng(1).normal(0, 3, (32, SIDE, SIDE, 3))
    found = seen(film(still_picture() + noise))
    assert found.as_json()["still_flicker"] == pytest.approx(3, rel=0.05)
    # the mean absolute difference of two draws
    assert found.flicker[5] == pytest.approx(3 * 2 / math.sqrt(math.pi), rel=0.05)
    assert found.as_json()["seam_score"] == pytest.approx(1, abs=0.05)


def test_what_moves_with_the_poses_is_no_flicker() -> None:
    clip = still_picture()
    stillness = Stillness(POSES)
    moving = np.zeros((SIDE, SIDE), bool)
    for frame in range(1, 32):
        moving |= ~stillness.step(frame)
    clip[:, moving] = np.random.default_rng(2).integers(0, 255, (32, int(moving.sum()), 3))
    found = seen(film(clip))
    assert found.as_json()["still_flicker"] == 0
    wrists = POSES.keypoints[:, POSES.points.find(("body.right_wrist",)), :2].round().astype(int)
    inside = wrists[(wrists >= 0).all(axis=-1) & (wrists < SIDE).all(axis=-1)]
    assert moving[inside[:, 1], inside[:, 0]].all()


def test_poses_that_hold_still_leave_nothing_out() -> None:
    first = POSES.frames(0, 1)
    held = replace(
        first,
        keypoints=np.repeat(first.keypoints, 3, axis=0),
        confidence=np.repeat(first.confidence, 3, axis=0),
    )
    assert seen(film(still_picture(3)), held).as_json()["still_share"] == 1


def test_a_hand_that_vanishes_is_motion() -> None:
    confidence = POSES.confidence.copy()
    confidence[1:, POSES.points.part("left_hand")] = 0
    keypoints = np.where(confidence[..., None] > 0, POSES.keypoints, np.float32(0))
    keypoints[:, confidence[0] > 0] = np.where(
        confidence[:, confidence[0] > 0, None] > 0, POSES.keypoints[0, confidence[0] > 0], 0
    )
    stillness = Stillness(replace(POSES, keypoints=keypoints, confidence=confidence))
    x, y = POSES.part("left_hand")[0][0, 9, :2].round().astype(int)
    assert not stillness.step(1)[y, x]
    assert stillness.step(2).all()


def test_what_moves_just_outside_the_frame_reaches_into_it() -> None:
    first = POSES.frames(0, 1)
    keypoints = np.repeat(first.keypoints, 3, axis=0)
    confidence = np.repeat(first.confidence, 3, axis=0)
    for row in POSES.points.part("left_hand"):
        confidence[:, row] = 1
        keypoints[:, row, :2] = -5, SIDE / 2
        keypoints[1, row, 1] += 4
    stillness = Stillness(replace(first, keypoints=keypoints, confidence=confidence))
    still = stillness.step(1)
    assert not still[SIDE // 2, 0]
    assert still[SIDE // 2, -1]
    keypoints[:, POSES.points.part("left_hand"), 0] = -SIDE
    assert Stillness(replace(first, keypoints=keypoints, confidence=confidence)).step(1).all()


def test_a_step_at_window_edges_is_a_seam() -> None:
    noise = np.random.default_rng(1).normal(0, 1, (32, SIDE, SIDE, 3))
    steps = 5 * (np.arange(32) // 8 % 2)[:, None, None, None]
    facts = seen(film(still_picture() + noise + steps)).as_json()
    assert facts["seam_score"] > 2
    assert facts["seam_score_still"] > 2


def test_frames_in_which_all_moves_leave_the_other_seams_as_they_are() -> None:
    keypoints, confidence = (
        np.repeat(of_first, 32, axis=0) for of_first in (POSES.keypoints[:1], POSES.confidence[:1])
    )
    (rows,) = np.nonzero(confidence[3])
    across = math.isqrt(len(rows))
    places = np.stack(np.divmod(np.arange(len(rows)), across), axis=1)
    keypoints[3, rows, :2] = places * (SIDE / across)  # all over the frame, and back
    poses = replace(POSES, keypoints=keypoints, confidence=confidence)
    clip = still_picture() + 5 * (np.arange(32) // 8 % 2)[:, None, None, None]
    found = seen(film(clip), poses)
    assert [at for at, change in enumerate(found.flicker) if change is None] == [0, 3, 4]
    assert found.as_json()["seam_score_still"] > 2


@pytest.mark.parametrize("rate", [0.25, -0.5])
def test_a_colour_that_walks_is_drift_and_hardly_flicker(rate: float) -> None:
    walk = rate * np.arange(32)[:, None, None, None]
    facts = seen(film(still_picture() + walk)).as_json()
    assert facts["colour_drift"] == pytest.approx(100 * abs(rate) * math.sqrt(3), rel=0.05)


def test_a_face_that_changes_its_colours_is_drift_of_identity() -> None:
    clip = still_picture().astype(float)
    clip[16:, : SIDE // 2] *= 0.2
    drift = seen(film(clip)).as_json()["identity_drift"]["face_colours"]
    assert drift > 10


def test_a_single_frame_has_no_time() -> None:
    found = seen(film(still_picture(1)), POSES.frames(0, 1))
    assert found.flicker == [None]
    facts = found.as_json()
    assert facts["still_flicker"] is facts["seam_score"] is facts["colour_drift"] is None
