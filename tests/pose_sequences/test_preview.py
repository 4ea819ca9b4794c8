"""Promises of the pictures for people: right sizes, honest timelines, one tile a frame shown."""

from dataclasses import replace

import numpy as np
import pytest

from pose_sequences.draw import draw
from pose_sequences.draw.preview import (
    MARK_COLOUR,
    STRIP_HEIGHT,
    contact_sheet,
    fitted,
    preview_frames,
    timeline,
)
from pose_sequences.draw.stroke_plan import LEFT_COLOUR, RIGHT_COLOUR
from pose_sequences.layout import Part
from pose_sequences.sequence import PoseSequence
from tests.signer import signing

LEFT_ROW, RIGHT_ROW = 4, 4 + STRIP_HEIGHT // 2


def hidden(sequence: PoseSequence, part: Part, frames: slice) -> PoseSequence:
    keypoints, confidence = sequence.keypoints.copy(), sequence.confidence.copy()
    rows = sequence.points.part(part)
    keypoints[frames, rows], confidence[frames, rows] = 0, 0
    return replace(sequence, keypoints=keypoints, confidence=confidence)


def resized(sequence: PoseSequence, width: int, height: int) -> PoseSequence:
    return replace(sequence, width=width, height=height)


@pytest.mark.parametrize("size", [(256, 256), (640, 360), (210, 260), (333, 1000), (3000, 100)])
def test_previews_have_even_sizes_and_the_sequences_proportions(size: tuple[int, int]) -> None:
    sequence = resized(signing(1), *size)
    width, height = fitted(sequence, 1024, 512)
    assert width % 2 == height % 2 == 0
    assert width <= 1024
    assert height <= 512
    assert width / height == pytest.approx(size[0] / size[1], rel=0.05)
    frame = next(preview_frames(sequence))
    assert frame.shape == (height + STRIP_HEIGHT, width, 3)


def test_a_preview_is_the_map_and_the_timeline() -> None:
    sequence = signing(3)
    frames = list(preview_frames(sequence, size=(128, 96)))
    for frame, bare in zip(frames, draw(sequence, size=(128, 96)), strict=True):
        assert (frame[:96] == bare).all()


def test_an_odd_preview_is_refused() -> None:
    with pytest.raises(ValueError, match="127x96"):
        preview_frames(signing(1), size=(127, 96))


def test_the_timeline_shows_gaps_where_they_are() -> None:
    sequence = hidden(signing(10), "left_hand", slice(3, 6))
    strip = timeline(sequence, 16 + 100)[:, 16:]
    lit = (strip[LEFT_ROW] == LEFT_COLOUR).all(axis=1)
    assert np.flatnonzero(~lit).tolist() == list(range(30, 60))
    assert (strip[RIGHT_ROW] == RIGHT_COLOUR).all()


def test_one_missing_frame_shows_in_a_long_timeline() -> None:
    sequence = hidden(signing(1000), "right_hand", slice(500, 501))
    red = timeline(sequence, 16 + 100)[RIGHT_ROW, 16:, 0]
    assert np.flatnonzero(red < 255).tolist() == [50]


def test_the_current_frame_is_marked() -> None:
    frames = list(preview_frames(signing(8), size=(256, 64)))
    marks = [int(np.flatnonzero((f[-1] == MARK_COLOUR).all(axis=1)).mean().round()) for f in frames]
    assert marks == sorted(set(marks))
    assert np.ptp(np.diff(marks)) <= 1


def test_a_sheet_has_a_tile_for_each_frame_shown() -> None:
    sequence = signing(30)
    small, large = (contact_sheet(sequence, num_frames=n, tile=64) for n in (4, 8))
    assert small.shape[1] == large.shape[1] == 4 * 68 + 4
    assert large.shape[0] - small.shape[0] == 64 + 18 + 4
    first = next(draw(sequence, size=(64, 64)))
    assert (small[4:68, 4:68] == first).all()
    last = next(draw(sequence, size=(64, 64), frames=[29]))
    assert (small[4:68, -68:-4] == last).all()


def test_a_short_sequence_makes_a_small_sheet() -> None:
    assert contact_sheet(signing(2), tile=64).shape[1] == 2 * 68 + 4


def test_captions_name_the_hands_that_were_seen() -> None:
    sequence = hidden(signing(1), "left_hand", slice(0, 1))
    caption = contact_sheet(sequence, tile=128)[4 + 128 : 4 + 128 + 18].astype(int)
    red_over_blue = caption[..., 0] - caption[..., 2]  # letters have their hand's colour
    assert red_over_blue.max() > 80
    assert red_over_blue.min() > -80


def test_a_sheet_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="0 frames in 4 columns"):
        contact_sheet(signing(1), num_frames=0)
    with pytest.raises(ValueError, match="oil"):
        contact_sheet(signing(1), style="oil")
