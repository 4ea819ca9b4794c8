"""Smoothing: jitter of a held hand goes, strokes and fast fingers stay, gaps stay apart."""

from dataclasses import replace

import numpy as np
import pytest

from pose_sequences.layout import PARTS, Part
from pose_sequences.repair.scale import shoulder_width
from pose_sequences.repair.smoothing import Method, smooth
from pose_sequences.sequence import PoseSequence, mark_missing
from tests.signer import signing

pytestmark = pytest.mark.light

RIGHT: Part = "right_hand"
METHODS: tuple[Method, ...] = ("one-euro", "savgol")
both = pytest.mark.parametrize("method", METHODS)


def with_path(way: np.ndarray, points: tuple[int, ...] | None = None) -> PoseSequence:
    """Return a still signer whose right hand moves sideways by ``way`` (T,) shoulder widths."""
    still = signing(1)
    num_frames = len(way)
    keypoints = np.repeat(still.keypoints, num_frames, axis=0)
    rows = still.points.part(RIGHT)[list(points) if points else slice(None)]
    keypoints[:, rows, 0] += (way[:, None] * shoulder_width(still)).astype(np.float32)
    confidence = np.repeat(still.confidence, num_frames, axis=0)
    return replace(still, keypoints=keypoints, confidence=confidence, segments=())


def way_of(sequence: PoseSequence, point: int = 0) -> np.ndarray:
    """Return the way (T,) of a point of the right hand in shoulder widths, from its first frame."""
    path = sequence.part(RIGHT)[0][:, point, 0].astype(np.float64)
    return np.asarray((path - path[0]) / shoulder_width(sequence))


def minimum_jerk(frames: int, start: int, length: int) -> np.ndarray:
    """Return (frames,) a stroke from 0 to 1 as hands make it (Flash and Hogan 1985)."""
    t = np.clip((np.arange(frames) - start) / length, 0, 1)
    return np.asarray(10 * t**3 - 15 * t**4 + 6 * t**5)


@both
def test_what_stands_still_stays_where_it_is(method: Method) -> None:
    still = with_path(np.zeros(20))
    for part in PARTS:
        result = smooth(still, part, method, 1.0)
        assert np.allclose(result.keypoints, still.keypoints, atol=1e-3)


def test_jitter_of_a_held_hand_falls_by_sixty_percent() -> None:
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(300)
    for t in range(1, 300):
        noise[t] = 0.5 * noise[t - 1] + np.sqrt(0.75) * noise[t]
    held = with_path(1.5 / 90 * noise)  # 1.5 pixels where the shoulders are 90 apart
    result = smooth(held, RIGHT, "one-euro", 1.0)
    assert np.diff(way_of(result)).std() < 0.4 * np.diff(way_of(held)).std()


@pytest.mark.parametrize("length", [4, 6, 10])
def test_a_stroke_keeps_its_speed_and_its_end(length: int) -> None:
    stroke = with_path(minimum_jerk(40, 15, length))
    result = smooth(stroke, RIGHT, "one-euro", 1.0)
    was, now = way_of(stroke), way_of(result)
    assert np.diff(now).max() > 0.9 * np.diff(was).max()
    assert abs(now[-1] - was[-1]) < 0.01
    assert np.abs(now - was).max() < 0.05


@pytest.mark.parametrize("hertz", [2, 4, 6])
def test_fast_fingers_keep_their_reach(hertz: int) -> None:
    wiggle = 0.1 * np.sin(2 * np.pi * hertz * np.arange(50) / 25)
    fingers = with_path(wiggle, points=(7, 8))
    result = smooth(fingers, RIGHT, "one-euro", 1.0)
    assert np.ptp(way_of(result, 8)[5:-5]) > 0.9 * np.ptp(way_of(fingers, 8)[5:-5])
    assert np.ptp(way_of(result, 12)) < 1e-6


@both
def test_nothing_lags(method: Method) -> None:
    signer = signing(60)
    backwards = replace(
        signer, keypoints=signer.keypoints[::-1], confidence=signer.confidence[::-1], segments=()
    )
    for part in PARTS:
        forth = smooth(signer, part, method, 1.0).keypoints
        back = smooth(backwards, part, method, 1.0).keypoints[::-1]
        assert np.allclose(forth, back, atol=1e-3)


@both
def test_gaps_are_walls(method: Method) -> None:
    rng = np.random.default_rng(0)
    noisy = with_path(0.02 * rng.standard_normal(30))
    confidence = noisy.confidence.copy()
    confidence[12:15, noisy.points.part(RIGHT)] = 0
    keypoints, confidence = mark_missing(noisy.keypoints, confidence)
    gapped = replace(noisy, keypoints=keypoints, confidence=confidence)
    whole = smooth(gapped, RIGHT, method, 1.0)
    assert np.array_equal(whole.confidence, gapped.confidence)
    assert not whole.part(RIGHT)[0][12:15].any()
    for start, stop in ((0, 12), (15, 30)):
        alone = smooth(gapped.frames(start, stop), RIGHT, method, 1.0)
        assert np.allclose(whole.keypoints[start:stop], alone.keypoints, atol=1e-3)


@both
def test_fingers_without_a_wrist_are_left_alone(method: Method) -> None:
    rng = np.random.default_rng(0)
    noisy = with_path(0.02 * rng.standard_normal(30))
    confidence = noisy.confidence.copy()
    confidence[12:15, noisy.points.rows["right_hand.wrist"]] = 0
    keypoints, confidence = mark_missing(noisy.keypoints, confidence)
    headless = replace(noisy, keypoints=keypoints, confidence=confidence)
    result = smooth(headless, RIGHT, method, 1.0)
    assert np.array_equal(result.keypoints[12:15], headless.keypoints[12:15])


@both
def test_depth_is_smoothed_like_the_rest(method: Method) -> None:
    rng = np.random.default_rng(0)
    held = with_path(np.zeros(60))
    keypoints = held.keypoints.copy()
    rows = held.points.part(RIGHT)
    keypoints[:, rows, 2] += 0.01 * rng.standard_normal((60, 21)).astype(np.float32)
    noisy = replace(held, keypoints=keypoints)
    result = smooth(noisy, RIGHT, method, 1.0)
    was, now = (s.keypoints[:, rows, 2].std(axis=0).mean() for s in (noisy, result))
    assert now < 0.75 * was


@both
@pytest.mark.parametrize("num_frames", [1, 2, 3, 4])
def test_the_shortest_clips_can_be_smoothed(method: Method, num_frames: int) -> None:
    result = smooth(signing(num_frames), "body", method, 1.0)
    assert len(result) == num_frames


@both
def test_more_strength_smooths_more_and_none_nothing(method: Method) -> None:
    rng = np.random.default_rng(0)
    noisy = with_path(0.01 * rng.standard_normal(100))
    unrest = [
        np.diff(way_of(smooth(noisy, RIGHT, method, strength))).std() for strength in (0.5, 1, 2)
    ]
    assert unrest[0] > unrest[1] > unrest[2]
    assert smooth(noisy, RIGHT, method, 0) is noisy
    assert smooth(noisy, RIGHT, "none", 1) is noisy


@both
def test_parts_are_smoothed_by_themselves(method: Method) -> None:
    signer = signing(30)
    result = smooth(signer, "face", method, 1.0)
    others = np.setdiff1d(np.arange(553), signer.points.part("face"))
    assert np.array_equal(result.keypoints[:, others], signer.keypoints[:, others])
