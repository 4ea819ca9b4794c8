"""The sign inside its clip: rests and raises go, holds stay."""

from dataclasses import replace

import numpy as np
import pytest

from pose_sequences.join.body import Shoulders, fitted, shoulders
from pose_sequences.join.trim import signing_span
from pose_sequences.sequence import PoseSequence, concatenate
from tests.pose_sequences.signs import GLOSSES, RAISE, REST, bare_sign, recorded, repeated, without

pytestmark = pytest.mark.light


def span_of(sequence: PoseSequence) -> tuple[int, int]:
    body = shoulders(sequence)
    assert body is not None
    return signing_span(sequence, body)


def reversed_in_time(sequence: PoseSequence) -> PoseSequence:
    return replace(
        sequence, keypoints=sequence.keypoints[::-1], confidence=sequence.confidence[::-1]
    )


@pytest.mark.parametrize("gloss", GLOSSES)
def test_rests_are_cut_and_no_frame_of_the_sign_is(gloss: str) -> None:
    clip = recorded(gloss)
    start, stop = span_of(clip)
    assert REST < start <= REST + RAISE + 2
    assert REST < len(clip) - stop <= REST + RAISE + 2


@pytest.mark.parametrize("gloss", GLOSSES)
def test_a_longer_rest_changes_nothing_else(gloss: str) -> None:
    clip = recorded(gloss)
    longer = concatenate([repeated(clip.frames(0, 1), 30), clip])
    start, stop = span_of(clip)
    assert span_of(longer) == (start + 30, stop + 30)


@pytest.mark.parametrize("gloss", GLOSSES)
def test_time_reversed_is_the_span_reversed(gloss: str) -> None:
    clip = recorded(gloss)
    start, stop = span_of(clip)
    assert span_of(reversed_in_time(clip)) == (len(clip) - stop, len(clip) - start)


def test_size_and_place_of_the_signer_do_not_matter() -> None:
    clip = recorded("WORLD")
    own = shoulders(clip)
    assert own is not None
    assert span_of(fitted(clip, own, Shoulders(70.0, 500.0, 333.0), (640, 480))) == span_of(clip)


def test_a_hold_is_kept_however_long() -> None:
    sign = repeated(bare_sign("HELLO"), 50)
    assert span_of(sign) == (0, 50)
    clip = recorded("HELLO")
    start, stop = span_of(clip)
    held = concatenate([clip.frames(0, stop), repeated(clip.frames(0, stop), 40)])
    assert span_of(held) == (start, stop + 40)


def test_a_hand_that_is_not_found_while_it_rises_begins_the_sign_where_it_is_found() -> None:
    clip = recorded("HELLO")
    start, _ = span_of(clip)
    blind = without(clip.frames(0, start + 2), "left_hand", "right_hand")
    assert span_of(concatenate([blind, clip.frames(start + 2, len(clip))]))[0] == start + 2


def test_signs_without_any_found_hand_are_cut_by_the_wrists() -> None:
    clip = recorded("WORLD")
    assert span_of(without(clip, "left_hand", "right_hand")) == span_of(clip)
    kept = without(clip, "body.left_wrist", "body.right_wrist", "left_hand", "right_hand")
    assert span_of(kept) == (0, len(clip))


def test_a_sign_made_low_begins_and_ends_where_it_moves() -> None:
    rest = repeated(recorded("HELLO").frames(0, 1), 40)
    keypoints = rest.keypoints.copy()
    hands = [r for name, r in rest.points.rows.items() if "hand" in name or "_wrist" in name]
    sway = 12 * np.sin(np.arange(20) * 2 * np.pi / 10)
    keypoints[10:30, hands, 0] += sway[:, None].astype(np.float32)
    start, stop = span_of(replace(rest, keypoints=keypoints))
    assert 7 <= start <= 10
    assert 30 <= stop <= 33
