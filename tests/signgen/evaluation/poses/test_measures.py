"""All pose measures together: ceilings, invariances, and each fault in its own figures."""

import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pose_sequences.files import read_poses
from pose_sequences.layout import LAYOUTS
from pose_sequences.sequence import PoseSequence
from signgen.evaluation.figures import combine
from signgen.evaluation.poses import HEADLINES, METRICS, Detector, measure_poses, pose_metrics
from tests.pose_sequences.sequences import random_sequence
from tests.signer import signing
from tests.signgen.evaluation.poses.faults import (
    Fault,
    delayed,
    frozen,
    jittered,
    mirrored_hand,
    moved,
    values,
    with_points,
    without,
)

pytestmark = pytest.mark.light

DATA = Path(__file__).parents[5] / "shared" / "data" / "poses"
IDEAL = {m.key.removesuffix("_vs_driving"): m.ideal for m in METRICS}


def expect_ceiling(sequence: PoseSequence) -> int:
    """Check that the sequence measured against itself is perfect; return how much was measured."""
    found = measure_poses(sequence, sequence, sequence)
    ideal = {metric.key: metric.ideal for metric in METRICS}
    measured = {figure.key: figure.value for figure in found if figure.weight}
    assert measured == pytest.approx({key: ideal[key] for key in measured}, abs=1e-4)
    return len(measured)


@pytest.mark.parametrize("seed", [0, 1])
def test_identical_poses_reach_the_ceiling_of_every_measure(seed: int) -> None:
    assert expect_ceiling(signing(seed=seed)) >= 120


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_ceiling_holds_for_any_layout_with_any_gaps(name: str) -> None:
    assert expect_ceiling(random_sequence(name, 12, missing=0.2)) >= 20


def test_points_that_hang_out_of_the_frame_cost_nothing() -> None:
    assert expect_ceiling(moved(signing(), 90, 60)) >= 80


def test_every_metric_has_one_figure_and_every_figure_a_metric() -> None:
    signer = signing(20)
    for reference in (signer, None):
        keys = [figure.key for figure in measure_poses(signer, signer, reference)]
        assert sorted(keys) == sorted(metric.key for metric in METRICS)
    assert set(HEADLINES) <= set(keys)


def test_without_a_real_clip_its_rows_say_so() -> None:
    signer = signing(20)
    for figure in measure_poses(signer, signer, None):
        if figure.key.endswith("_vs_reference"):
            assert np.isnan(figure.value)
            assert figure.note == "there is no real clip"


def test_real_clip_and_driving_poses_are_told_apart() -> None:
    signer = signing()
    figures = {f.key: f.value for f in measure_poses(moved(signer, 5, 0), signer, signer)}
    assert figures["hands/error_px_vs_reference"] == 0
    assert figures["hands/error_px_vs_driving"] == pytest.approx(5, abs=1e-4)


def test_signatures_name_detector_target_and_settings() -> None:
    detector = Detector(complexity=1, tracks=False)
    for metric in pose_metrics(detector):
        against = metric.key.rpartition("_vs_")[2]
        assert f"|against:{against}|" in metric.signature
        assert detector.signature in metric.signature
        assert detector.signature.endswith("picture")
        assert metric.signature.split("|")[0] != f"against:{against}"


def test_size_of_frame_and_distance_of_camera_change_nothing_but_pixels() -> None:
    signer = signing()
    broken = jittered(signer, 2)
    near = values(signer, broken)

    def larger(sequence: PoseSequence) -> PoseSequence:
        scaled = sequence.keypoints * np.array((2, 2, 1), np.float32)
        size = {"width": sequence.width * 2, "height": sequence.height * 2}
        return replace(sequence, keypoints=scaled, **size)

    far = values(larger(signer), larger(broken))
    rescaled = values(signer, larger(broken))  # the target is brought to the clip's pixels
    for key, value in near.items():
        expected = 2 * value if key.endswith("_px") else value
        for other in (far, rescaled):
            assert other[key] == pytest.approx(expected, rel=1e-3, abs=1e-3, nan_ok=True), key


def test_moving_the_signer_moves_errors_and_no_shape() -> None:
    signer = signing()
    found = values(signer, moved(signer, 3, -2))
    assert found["hands/error_px"] == pytest.approx(np.hypot(3, 2), abs=1e-3)
    still = ("angle_error", "turn_error", "local_error", "dtw_mje", "wobble", "shape", "_follows")
    unmoved = {k: v for k, v in found.items() if any(s in k for s in still) and not np.isnan(v)}
    assert len(unmoved) >= 18
    assert unmoved == pytest.approx({key: IDEAL[key] for key in unmoved}, abs=2e-2)


def test_every_error_grows_with_jitter() -> None:
    signer = signing()
    levels = [values(signer, jittered(signer, pixels)) for pixels in (0, 1, 3, 10)]
    for metric in METRICS:
        key = metric.key.removesuffix("_vs_driving")
        track = [level[key] for level in levels if key in level]
        if not track or np.isnan(track).any() or key.endswith(("seen", "missing", "extra", "lag")):
            continue
        steps = np.diff(track) * (1 if metric.better == "lower" else -1)
        assert (steps >= -1e-6).all(), (key, track)
        assert steps.sum() > 0, (key, track)


FAULTS: dict[str, tuple[Fault, dict[str, float], set[str]]] = {
    # the fault; figures that must get worse by at least so much; subjects that must stay ideal
    "mirrored hand": (
        lambda s: mirrored_hand(s, "right_hand"),
        {"right_hand/facing": 90, "right_hand/turn_error": 40, "right_hand/pck_0.2": 30},
        {"left_hand", "face", "body"},
    ),
    "missing hand": (
        lambda s: without(s, "left_hand", 20, 60),
        {
            "left_hand/missing": 40,
            "left_hand/pck_0.2": 35,
            "left_hand/seen": 35,
            "hands/dtw_mje": 5,
        },
        {"right_hand", "face", "body"},
    ),
    "frozen hand": (
        lambda s: frozen(s, "right_hand"),
        {"right_hand/angle_error": 8, "right_hand/error": 50, "right_hand/pck_0.1": 50},
        {"left_hand", "face", "body"},
    ),
    "frozen face": (
        lambda s: frozen(s, "face"),
        {"face/mouth_opening_follows": 0.99, "face/brow_height_follows": 0.99},
        {"hands", "left_hand", "right_hand", "body", "time", "sign"},
    ),
    "half a second late": (
        lambda s: delayed(s, 12),
        {"time/lag": 480, "hands/pck_0.2": 20, "face/mouth_opening_follows": 0.3},
        set(),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_moves_its_own_figures_and_no_others(name: str) -> None:
    fault, moves, healthy = FAULTS[name]
    signer = signing()
    found = values(signer, fault(signer))
    for key, least in moves.items():
        assert abs(found[key] - (IDEAL[key] or 0)) >= least, (key, found[key])
    for key, value in found.items():
        if key.split("/")[0] in healthy and not np.isnan(value):
            assert value == pytest.approx(IDEAL[key], abs=1e-4), key


def test_dtw_forgives_a_delay_that_pck_does_not() -> None:
    signer = signing()
    late = values(signer, delayed(signer, 12))
    assert late["sign/dtw_mje"] < 0.4 * late["body/error"]


def test_a_hand_that_nobody_signs_is_counted_as_invented() -> None:
    signer = signing()
    found = values(without(signer, "left_hand", 0, 50), signer)
    assert found["left_hand/extra"] == 100
    assert found["left_hand/missing"] == 0
    assert found["right_hand/missing"] == 0
    assert np.isnan(found["right_hand/extra"])


def test_a_hand_that_neither_shows_is_not_missing() -> None:
    one_handed = without(signing(), "left_hand", 0, 100)
    found = values(one_handed, one_handed)
    assert found["hands/missing"] == found["hands/extra"] == 0
    assert np.isnan(found["left_hand/missing"])


def test_what_hangs_out_of_the_frame_need_not_be_found() -> None:
    wanted = moved(signing(), 90, 60)
    inside = (wanted.keypoints[..., :2] <= (wanted.width, wanted.height)).all(axis=2)
    assert inside.mean() < 0.98
    found = values(wanted, with_points(wanted, wanted.keypoints, wanted.confidence * inside))
    for key in ("body/pck_0.1", "hands/pck_0.1", "hands/seen", "face/seen"):
        assert found[key] == 100
    assert found["sign/dtw_mje"] == found["hands/missing"] == 0


def test_seeing_less_never_makes_a_clip_better() -> None:
    signer = signing()
    broken = jittered(signer, 6)
    blind = without(broken, "right_hand", 0, signer.num_frames)
    before, after = values(signer, broken), values(signer, blind)
    for key in ("right_hand/pck_0.1", "hands/pck_0.2", "hands/seen"):
        assert after[key] < before[key]
    assert after["hands/dtw_mje"] > before["hands/dtw_mje"]
    assert np.isnan(after["right_hand/error"])


def test_a_corpus_weighs_clips_by_what_was_seen() -> None:
    signer = signing()
    few = without(moved(signer, 8, 0), "left_hand", 10, 100)
    figures = [
        figure
        for clip in (signer, few)
        for figure in measure_poses(signer, clip, None)
        if figure.key == "left_hand/error_px_vs_driving"
    ]
    seen = [figure.weight for figure in figures]
    expected = 8 * seen[1] / sum(seen)
    assert combine(figures)[figures[0].key].value == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (lambda s: s.frames(0, 9), r"has 9 frames and the driving poses 10"),
        (lambda s: replace(s, height=512), r"is 256x512 and the driving poses are of .* 256x256"),
    ],
)
def test_poses_of_another_clip_are_refused(other: Fault, message: str) -> None:
    signer = signing(10)
    with pytest.raises(ValueError, match=message):
        measure_poses(signer, other(signer), None)


def test_one_frame_and_no_signer_at_all_are_measured_without_a_warning() -> None:
    signer = signing(1)
    nobody = signer
    for part in ("body", "face", "left_hand", "right_hand"):
        nobody = without(nobody, part, 0, 1)
    for driving, generated in ((signer, signer), (signer, nobody), (nobody, signer)):
        assert len(measure_poses(driving, generated, generated)) == len(METRICS)
    found = values(signer, nobody)
    assert found["hands/pck_0.2"] == 0
    assert found["hands/missing"] == found["sign/dtw_mje"] == 100


def test_frames_of_a_figure_are_those_of_the_clip() -> None:
    signer = signing(30)
    broken = without(jittered(signer, 2), "left_hand", 10, 20)
    by_key = {figure.key: figure for figure in measure_poses(signer, broken, None)}
    for key in ("hands/error", "left_hand/error", "face/error", "face/lip_shape_error"):
        frames = by_key[f"{key}_vs_driving"].frames
        assert frames is not None
        assert frames.shape == (30,)
    frames = by_key["left_hand/error_vs_driving"].frames
    assert frames is not None
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(frames)), np.arange(10, 20))


def test_five_hundred_frames_are_measured_in_a_second_of_this_process() -> None:
    signer = signing(500)
    broken = jittered(signer, 1)
    spent = []
    for _ in range(3):
        start = time.process_time()
        measure_poses(signer, broken, signer)
        spent.append(time.process_time() - start)
    assert min(spent) < 1


@pytest.mark.skipif(not DATA.is_dir(), reason=f"there are no real pose files at {DATA}")
def test_real_files_reach_their_ceiling_and_fall_with_jitter() -> None:
    paths = sorted(DATA.rglob("*.pose"))
    some = [*(DATA / "pose").glob("*.pose"), *paths[:: max(1, len(paths) // 6)]]
    for path in some:
        sequence = read_poses(path)
        sequence = sequence.frames(0, min(sequence.num_frames, 150))
        assert expect_ceiling(sequence) > 0, os.fspath(path)
        before, after = (values(sequence, jittered(sequence, p)) for p in (0.5, 8))
        for key in ("hands/error", "hands/dtw_mje", "body/error"):
            assert np.isnan(before[key]) or after[key] > before[key], (path, key)
