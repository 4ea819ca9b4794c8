"""What a detector finds in a film, held against the poses: nothing that is missing is left out."""

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pose_sequences.sequence import PoseSequence
from pose_sequences.video.mp4 import Mp4Writer
from signgen.rendering.film import ContactSheet
from signgen.rendering.redetection import Copy, Redetection, compare, open_copy
from signgen.rendering.steadiness import Steadiness
from signgen.rendering.viewers import Viewers
from signgen.stopwatch import Stopwatch
from signgen.studio.clip import (
    Take,
    draw_vocabulary,
    dress_signer,
    film,
    join_points,
    rehearse,
    to_poses,
)
from signgen.studio.factory import SignerFactory
from tests.signer import signing

POSES = signing(10)
HANDS = ("left_hand", "right_hand")


def changed(part: str, by: float = 0, missing: slice | None = None) -> PoseSequence:
    """Return POSES with a part moved to the right, in some frames missing."""
    keypoints, confidence = POSES.keypoints.copy(), POSES.confidence.copy()
    rows = POSES.points.part(part)  # type: ignore[arg-type]
    keypoints[:, rows, 0] += by * (confidence[:, rows] > 0)
    if missing is not None:
        confidence[missing, rows] = 0
        keypoints[missing, rows] = 0
    return replace(POSES, keypoints=keypoints, confidence=confidence)


def compared(found: PoseSequence) -> Redetection:
    result = compare(POSES, found)
    json.dumps([result.as_json(), *result.per_frame], allow_nan=False)
    assert len(result.per_frame) == len(POSES)
    return result


def test_a_detector_that_fails_costs_its_figures_and_nothing_else(tmp_path: Path) -> None:
    damaged = tmp_path / "film.mp4"
    damaged.write_bytes(b"no film at all")
    frames = np.full((2, POSES.height, POSES.width, 3), 90, np.uint8)
    with Mp4Writer(tmp_path / "other.mp4", POSES.width, POSES.height, POSES.fps) as other:
        viewers = Viewers(
            poses=POSES.frames(0, 2),
            size=(POSES.width, POSES.height),
            sheet=ContactSheet(2),
            steadiness=Steadiness(POSES.frames(0, 2), (), None),
            copy=Copy(damaged, other, ExitStack()),
            label=None,
            panels=None,
        )
        for frame in frames:
            viewers.show(frame)
    found = viewers.findings(lambda _: None, Stopwatch())
    assert found.redetection is None
    assert found.fault is not None
    assert "film.mp4" not in found.fault  # which is gone when it is read
    assert found.steadiness.num_frames == 2


def test_what_is_found_where_it_should_be_has_no_error() -> None:
    for frame in compared(POSES).per_frame:
        for part in ("left_hand", "right_hand", "face"):
            assert (frame[f"{part}_found"], frame[f"{part}_error_px"]) == (True, 0)


@pytest.mark.parametrize("part", ["left_hand", "right_hand", "face"])
def test_an_error_is_told_in_pixels_and_of_that_part_alone(part: str) -> None:
    result = compared(changed(part, by=3))
    for other in ("left_hand", "right_hand", "face"):
        expected = 3 if other == part else 0
        errors = [frame[f"{other}_error_px"] for frame in result.per_frame]
        assert errors == pytest.approx([expected] * 10, abs=1e-3)
        assert result.figures[f"{other}/error_px"] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("part", ["left_hand", "right_hand", "face"])
def test_what_is_missing_has_no_error_and_is_counted(part: str) -> None:
    result = compared(changed(part, missing=slice(4, 10)))
    found = [frame[f"{part}_found"] for frame in result.per_frame]
    assert found == [True] * 4 + [False] * 6
    assert result.per_frame[5][f"{part}_error_px"] is None
    assert result.figures[f"{part}/missing"] == 60


def test_a_hand_that_nobody_asked_for_is_neither_found_nor_missing() -> None:
    driving = changed("left_hand", missing=slice(0, 10))
    result = compare(driving, POSES)
    assert {frame["left_hand_found"] for frame in result.per_frame} == {None}
    assert result.figures["left_hand/missing"] is None
    assert result.figures["left_hand/extra"] == 100
    assert np.isfinite(result.figures["right_hand/error_px"] or 0)


def test_in_a_film_that_does_as_it_is_told_hands_and_face_are_found_in_their_places() -> None:
    figure = dress_signer(SignerFactory.load(), 5)
    rng = np.random.default_rng(4)
    take = Take(signer=5, glosses=draw_vocabulary(1, rng), seed=3, size=(256, 256), max_frames=24)
    performance, camera = rehearse(figure, take, 25)
    looked: list[int] = []
    with open_copy((256, 256), 25) as copy:
        shots = list(film(figure, performance.pose, camera))
        for shot in shots:
            for frame in shot.frames.numpy():
                copy.write(frame)
        driving = to_poses(join_points([shot.keypoints for shot in shots]), camera, 25)
        found = copy.look(driving, looked.append)
    assert len(looked) == len(driving) == len(found.per_frame)
    assert found.figures["face/missing"] == 0
    assert (found.figures["face/error_px"] or 0) < 4
    assert (found.figures["hands/missing"] or 0) < 50
    hands = [frame[f"{hand}_error_px"] for frame in found.per_frame for hand in HANDS]
    assert np.median([error for error in hands if error is not None]) < 6
