"""What a detector finds in a film, held against the poses: nothing that is missing is left out."""

import json
from dataclasses import replace

import numpy as np
import pytest

from pose_sequences.sequence import PoseSequence
from signgen.rendering.redetection import Redetection, compare
from tests.signer import signing

POSES = signing(10)


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
