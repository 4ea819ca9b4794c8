"""Sentences from signs: one body, one rate, exact segments, hands no faster than signs."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from pose_sequences.join import Clip, Join, Lexicon, join, webvtt
from pose_sequences.join.body import Shoulders, fitted, hand_speeds, shoulders
from pose_sequences.sequence import PoseSequence, Segment
from tests.pose_sequences.signs import GLOSSES, REST, lexicon_clips, recorded, without
from tests.signer import signing

pytestmark = pytest.mark.light

REAL = Path(__file__).parents[3] / "shared/data/poses/spoken-to-signed/lexicon-sgg"


def body_of(sequence: PoseSequence) -> Shoulders:
    body = shoulders(sequence)
    assert body is not None
    return body


def moved(clip: Clip, scale: float, shift: tuple[float, float], fps: float) -> Clip:
    """Return the clip as another camera took it."""
    own = body_of(clip.sequence)
    other = Shoulders(own.x * scale + shift[0], own.y * scale + shift[1], own.width * scale)
    taken = fitted(clip.sequence, own, other, (640, 480))
    return Clip(clip.gloss, taken.resampled(fps))


def test_segments_are_the_signs_and_their_frames() -> None:
    clips = lexicon_clips(*GLOSSES)
    sentence = join(clips, Join())
    assert [s.gloss for s in sentence.sequence.segments] == list(GLOSSES)
    assert sentence.sequence.gloss == " ".join(GLOSSES)
    for segment, piece in zip(sentence.sequence.segments, sentence.pieces, strict=True):
        own = piece.clip.sequence.frames(piece.start, piece.stop)
        shown = sentence.sequence.frames(segment.start, segment.stop)
        # the same signer throughout, so nothing is scaled
        np.testing.assert_allclose(shown.keypoints, own.keypoints, atol=1e-3)
        np.testing.assert_array_equal(shown.confidence, own.confidence)


def test_what_is_no_sign_is_a_transition_of_the_length_said() -> None:
    sentence = join(lexicon_clips("HELLO", "WORLD", "I"), Join())
    edges = [edge for s in sentence.sequence.segments for edge in (s.start, s.stop)]
    assert (edges[0], edges[-1]) == (0, len(sentence.sequence))
    gaps = [start - stop for stop, start in zip(edges[1:-1:2], edges[2::2], strict=True)]
    assert [*gaps, 0] == [piece.transition for piece in sentence.pieces]


def test_hands_between_signs_are_no_faster_than_in_them() -> None:
    performed = signing(name="reduced203")
    clips = [Clip(s.gloss, performed.frames(s.start, s.stop)) for s in performed.segments]
    sentence = join(clips, Join())
    speeds = hand_speeds(sentence.sequence, body_of(sentence.sequence))
    segments = sentence.sequence.segments
    own = np.concatenate([speeds[s.start : s.stop - 1].ravel() for s in segments])
    assert np.percentile(own, 95) == pytest.approx(sentence.fastest, rel=1e-3)
    ways = [speeds[s.stop - 1 : t.start] for s, t in pairwise(segments)]
    assert max(way.max() for way in ways) <= sentence.fastest * 1.001


def test_real_signs_are_joined_at_their_own_speed() -> None:
    if not REAL.is_dir():
        pytest.skip("the real lexicon is not here")
    sentence = join(Lexicon.open(REAL).read(["kleine", "kinder", "essen", "pizza"]), Join())
    segments = sentence.sequence.segments
    assert [s.gloss for s in segments] == ["Kleine", "Kinder", "Essen", "Pizza"]
    speeds = np.nan_to_num(hand_speeds(sentence.sequence, body_of(sentence.sequence)))
    ways = [speeds[s.stop - 1 : t.start] for s, t in pairwise(segments)]
    assert max(way.max() for way in ways) <= sentence.fastest * 1.001
    for piece in sentence.pieces:  # hands rest at both ends of all four
        assert 5 <= piece.start < piece.stop <= len(piece.clip.sequence) - 5


def test_signs_of_other_cameras_come_to_the_first_ones_body_rate_and_frame() -> None:
    first, second = lexicon_clips("HELLO", "WORLD")
    other = moved(second, 2.5, (40, -90), fps=50.0)
    sequence = join([first, other], Join()).sequence
    assert (sequence.fps, sequence.width, sequence.height) == (25.0, 256, 256)
    target = body_of(first.sequence)
    for segment in sequence.segments:
        body = body_of(sequence.frames(segment.start, segment.stop))
        assert body.x == pytest.approx(target.x, abs=0.1)
        assert body.y == pytest.approx(target.y, abs=0.1)
        assert body.width == pytest.approx(target.width, abs=0.1)


def test_another_camera_changes_nothing_but_the_rounding() -> None:
    clips = lexicon_clips("HELLO", "SIGN", "I")
    plain = join(clips, Join()).sequence
    other = join([clips[0], moved(clips[1], 0.5, (9, 7), fps=25.0), clips[2]], Join()).sequence
    assert other.segments == plain.segments
    np.testing.assert_allclose(other.keypoints, plain.keypoints, atol=1e-2)


@pytest.mark.parametrize("name", ["reduced178", "wholebody133", None])
def test_layouts_become_the_one_asked_for_or_the_first_ones(name: str | None) -> None:
    clips = [
        Clip(gloss, recorded(gloss, name=layout))
        for gloss, layout in (("HELLO", "holistic553"), ("WORLD", "openpose137"))
    ]
    sequence = join(clips, Join(layout=name, fps=12.5)).sequence
    assert sequence.layout == (name or "holistic553")
    assert sequence.fps == 12.5


def test_rest_keeps_what_surrounds_the_sentence_and_no_more() -> None:
    clips = lexicon_clips("HELLO", "WORLD")
    bare, rested = join(clips, Join()), join(clips, Join(rest=True))
    before = rested.pieces[0].start
    after = len(clips[-1].sequence) - rested.pieces[-1].stop
    assert min(before, after) >= REST
    assert len(rested.sequence) == len(bare.sequence) + before + after
    shifted = [Segment(s.gloss, s.start + before, s.stop + before) for s in bare.sequence.segments]
    assert list(rested.sequence.segments) == shifted
    inner = rested.sequence.frames(before, len(rested.sequence) - after)
    np.testing.assert_array_equal(inner.keypoints, bare.sequence.keypoints)


@pytest.mark.parametrize("hold", [0.4, 1.0])
def test_a_letter_stands_still_as_long_as_asked_and_a_sign_does_not(hold: float) -> None:
    clips = lexicon_clips("HELLO", "I", "WORLD")
    plain, held = join(clips, Join()).sequence, join(clips, Join(hold=hold)).sequence
    lengths = [[s.stop - s.start for s in each.segments] for each in (plain, held)]
    assert lengths[0][::2] == lengths[1][::2]
    assert lengths[1][1] > lengths[0][1]
    letter = held.frames(held.segments[1].start, held.segments[1].stop)
    still = (np.nan_to_num(hand_speeds(letter, body_of(held))[:, 1]) < 0.5).astype(int)
    longest = max(map(len, "".join(map(str, still)).split("0")))
    assert longest + 1 >= hold * held.fps


def test_one_sign_is_a_sentence() -> None:
    sentence = join(lexicon_clips("HELLO"), Join())
    assert sentence.sequence.segments == (Segment("HELLO", 0, len(sentence.sequence)),)


def test_what_cannot_be_joined_is_said() -> None:
    with pytest.raises(ValueError, match="at least one gloss"):
        join([], Join())
    blind = Clip("BLIND", without(recorded("HELLO"), "body.left_shoulder"))
    with pytest.raises(ValueError, match="BLIND shows no shoulders"):
        join([blind], Join())


@pytest.mark.parametrize("bad", [{"fps": 0.0}, {"hold": -1.0}, {"hold": 99.0}, {"layout": "mine"}])
def test_settings_that_cannot_be_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=str(next(iter(bad.values())))):
        Join(**bad)  # type: ignore[arg-type]


def frames_of(captions: str, fps: float) -> list[tuple[str, int, int]]:
    """Read WebVTT back as (text, first frame, frame after the last)."""

    def frame(time: str) -> int:
        hours, minutes, seconds = time.split(":")
        return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * fps)

    cues = [cue.splitlines() for cue in captions.split("\n\n")[1:]]
    times = [cue[1].split(" --> ") for cue in cues]
    return [
        (cue[2], frame(start), frame(stop)) for cue, (start, stop) in zip(cues, times, strict=True)
    ]


@pytest.mark.parametrize("fps", [22.39, 25.0, 29.97, 59.94, 480.0])
def test_captions_name_the_frames_of_the_segments(fps: float) -> None:
    sequence = replace(join(lexicon_clips("HELLO", "WORLD", "I"), Join()).sequence, fps=fps)
    captions = webvtt(sequence)
    assert captions.startswith("WEBVTT\n\n")
    assert frames_of(captions, fps) == [(s.gloss, s.start, s.stop) for s in sequence.segments]


def test_captions_escape_what_players_would_read_as_marks() -> None:
    sequence = replace(
        recorded("I"), segments=(Segment("<b>&-->\n", 0, 3), Segment("", 3, 4), Segment("X", 4, 4))
    )
    assert webvtt(sequence).split("\n\n")[1:] == [
        "1\n00:00:00.000 --> 00:00:00.120\n&lt;b&gt;&amp;--&gt;\n"
    ]
