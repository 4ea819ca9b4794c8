"""The way between two signs: as fast as allowed, with hands that keep their bones."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pose_sequences.join.body import Floats, Shoulders, hand_speeds, shoulders
from pose_sequences.join.handshapes import turned
from pose_sequences.join.transitions import Pace, between, transition
from pose_sequences.layout import layout
from pose_sequences.sequence import PoseSequence, concatenate
from tests.pose_sequences.signs import bare_sign, repeated, without

pytestmark = pytest.mark.light

LIMBS = layout("holistic543").limbs("left_hand") - layout("holistic543").part("left_hand")[0]
WRISTS = ("body.left_wrist", "body.right_wrist")


def random_hand(seed: int) -> Floats:
    return np.random.default_rng(seed).normal(0, 20, (21, 3))


def bones(hands: Floats) -> Floats:
    return np.asarray(
        np.linalg.norm(hands[..., LIMBS[:, 1], :] - hands[..., LIMBS[:, 0], :], axis=-1)
    )


def body_of(sequence: PoseSequence) -> Shoulders:
    body = shoulders(sequence)
    assert body is not None
    return body


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_handshape_begins_as_the_first_and_ends_as_the_last(one: int, two: int) -> None:
    first, last = random_hand(one), random_hand(two)
    hands = turned(first, last, np.array((0.0, 1.0)))
    np.testing.assert_allclose(hands[0], first - first[0], atol=1e-6)
    np.testing.assert_allclose(hands[1], last - last[0], atol=1e-6)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_bones_never_leave_the_lengths_of_the_two_handshapes(one: int, two: int) -> None:
    first, last = random_hand(one), random_hand(two)
    lengths = bones(turned(first, last, np.linspace(0, 1, 9)))
    assert (lengths >= np.minimum(bones(first), bones(last)) - 1e-6).all()
    assert (lengths <= np.maximum(bones(first), bones(last)) + 1e-6).all()


@given(st.integers(0, 10_000), st.floats(-3.1, 3.1))
def test_a_hand_that_only_turns_stays_rigid(seed: int, angle: float) -> None:
    hand = random_hand(seed)
    c, s = np.cos(angle), np.sin(angle)
    last = hand @ np.array(((c, s, 0), (-s, c, 0), (0, 0, 1)))
    hands = turned(hand, last, np.linspace(0, 1, 5))
    between_points = np.linalg.norm(hands[:, :, None] - hands[:, None], axis=-1)
    np.testing.assert_allclose(between_points, between_points[:1].repeat(5, axis=0), atol=1e-5)


def test_opposite_and_collapsed_bones_are_no_trouble() -> None:
    hand = random_hand(1)
    for last in (-hand, np.zeros_like(hand), hand * (1, -1, 1)):
        assert np.isfinite(turned(hand, last, np.linspace(0, 1, 5))).all()


def test_no_hand_is_faster_than_the_pace() -> None:
    before, after = bare_sign("HELLO"), bare_sign("WORLD")
    body = body_of(before)
    lengths = []
    for fastest in (1.5, 3.0, 6.0, 12.0):
        frames = transition(before, after, body, Pace(fastest=fastest, longest=3.0))
        ends = before.frames(len(before) - 1, len(before)), after.frames(0, 1)
        speeds = hand_speeds(concatenate([ends[0], frames, ends[1]]), body)
        assert speeds.max() <= fastest
        lengths.append(len(frames))
    assert all(slow >= fast for slow, fast in pairwise(lengths))
    assert lengths[0] > lengths[-1]


def test_a_transition_has_its_bounds() -> None:
    sign = bare_sign("HELLO")
    body = body_of(sign)
    still = transition(sign, repeated(sign, 1), body, Pace(fastest=1.0))
    assert len(still) == 4  # 0.16 s
    assert len(transition(sign, bare_sign("WORLD"), body, Pace(fastest=0.01))) <= 25


def test_a_sign_that_leads_to_itself_does_not_move() -> None:
    sign = repeated(bare_sign("LIKE"), 3)
    frames = between(sign, sign, 5, fastest=np.inf)
    expected = np.repeat(sign.keypoints[:1], 5, axis=0)
    np.testing.assert_allclose(frames.keypoints, expected, atol=1e-3)
    np.testing.assert_array_equal(frames.confidence, np.repeat(sign.confidence[:1], 5, axis=0))


def test_wrists_leave_and_arrive_with_the_speed_they_have() -> None:
    still = repeated(bare_sign("HELLO"), 3)
    drift = np.zeros((3, 1, 3), np.float32)
    drift[:, 0, 0] = (-4, -2, 0)  # pixels a frame, two each
    there = still.confidence[..., None] > 0
    moving = replace(still, keypoints=np.where(there, still.keypoints + drift, 0))
    row = still.points.rows["body.right_wrist"]
    x = between(moving, still, 20, fastest=np.inf).keypoints[:, row, 0]
    first = x[0] - moving.keypoints[-1, row, 0]
    assert first == pytest.approx(2, abs=0.4)
    assert abs(x[-1] - still.keypoints[0, row, 0]) < 0.1


@pytest.mark.parametrize("swapped", [False, True])
def test_a_hand_that_one_sign_lacks_goes_with_the_wrist(swapped: bool) -> None:
    has, lacks = bare_sign("WORLD"), without(bare_sign("HELLO"), "left_hand")
    pair = (lacks, has) if swapped else (has, lacks)
    frames = between(*pair, 8, fastest=0.0)
    assert frames.seen("left_hand").all()
    rows = frames.points.part("left_hand")
    wrist = frames.points.rows["body.left_wrist"]
    arm = frames.keypoints[:, rows] - frames.keypoints[:, [wrist]]
    np.testing.assert_allclose(arm, np.repeat(arm[:1], 8, axis=0), atol=1e-3)


def test_a_hand_that_one_sign_lacks_is_hidden_without_a_wrist_to_follow() -> None:
    has, lacks = bare_sign("WORLD"), without(bare_sign("HELLO"), "left_hand", *WRISTS)
    frames = between(has, lacks, 8, fastest=0.0)
    assert not frames.part("left_hand")[1].any()
    assert frames.seen("right_hand").all()


def test_missing_points_stay_missing() -> None:
    before = without(bare_sign("HELLO"), "body.nose", "left_hand.pinky_tip")
    after = without(bare_sign("WORLD"), "face.61")
    frames = between(before, after, 4, fastest=np.inf)
    rows = frames.points.find(("body.nose", "left_hand.pinky_tip", "face.61"))
    assert not frames.keypoints[:, rows].any()
    assert not frames.confidence[:, rows].any()


def test_layouts_without_depth_or_hand_names_in_the_body_are_led_too() -> None:
    for name in ("openpose137", "wholebody133", "kaggle543"):
        pair = bare_sign("HELLO", name=name), bare_sign("SIGN", name=name)
        assert len(transition(*pair, body_of(pair[0]), Pace(fastest=4.0))) >= 4
