"""What the studio's figures rest on: shares of silhouettes, sightings that are kept, counting."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from signgen.studio.camera import CLOSE, Camera
from signgen.studio.picture import render
from tests.signgen.studio import detection_figures, detector_figures
from tests.signgen.studio.people import figure, hands_up, signer
from tests.signgen.studio.sightings import (
    Kept,
    Sightings,
    clips_model,
    pictures_model,
    see,
    shown_share,
)

CAMERA = Camera.framed(signer(4), (256, 256), CLOSE)


@pytest.fixture(scope="module")
def seen() -> Sightings:
    """Return a picture with both hands beside the head."""
    return see(figure(4), hands_up(signer(4)), CAMERA, pictures_model())


def test_mediapipe_finds_a_signer_who_shows_both_hands(seen: Sightings) -> None:
    assert (seen.confidence > 0).all()
    assert (seen.shown > 0.9).all()
    rows = detector_figures.ROWS.find(("left_hand.wrist", "right_hand.wrist"))
    there = detection_figures.layout("holistic543").find(("left_hand.wrist", "right_hand.wrist"))
    assert np.abs(seen.found[:, there, :2] - seen.points[:, rows, :2]).max() < 12


def test_a_hand_counts_whole_however_far_it_leaves_the_picture() -> None:
    pose = hands_up(signer(4))
    shares = []
    for step in (0.0, 0.12, 0.45):
        moved = replace(CAMERA, centre=(CAMERA.centre[0] - step, *CAMERA.centre[1:]))
        parts = render(figure(4), pose, moved, 1).parts
        shares.append(shown_share(figure(4), pose, moved, parts)[0, 0])
    assert shares[0] > 0.9
    assert shares[0] > shares[1] > shares[2] == 0


def test_what_was_seen_is_kept_and_not_made_again(tmp_path: Path, seen: Sightings) -> None:
    kept, made = Kept(tmp_path), []
    for _ in range(2):
        again = kept.get("one", lambda: made.append(1) or seen)
        for ours, theirs in zip(vars(seen).values(), vars(again).values(), strict=True):
            assert np.array_equal(ours, theirs)
    assert len(made) == 1


def test_errors_and_gaps_are_counted_as_they_are(seen: Sightings) -> None:
    clip = detector_figures.seen_clip(seen, CAMERA, 0.0)
    several = replace(
        clip,
        places=np.repeat(clip.places, 4, 0) + np.arange(4)[:, None, None],
        visible=np.repeat(clip.visible, 4, 0),
    )
    found = several.places.copy()
    found[:, :, 0] += 3 * np.array([[1], [-1], [1], [-1]])
    sure = np.ones(found.shape[:2])
    sure[1:3, detector_figures.ROWS.part("left_hand")] = 0
    told = detector_figures.figures([several], [detector_figures.Told(found, sure)])
    assert told["fingertips, median px"] == pytest.approx(3)
    assert told["shoulders, lag-1 correlation"] == pytest.approx(-1)
    assert told["left hand, missed"] == 0.5
    assert told["left hand, gaps, mean length"] == 2
    assert told["right hand, missed"] == 0


@pytest.mark.slow
def test_mediapipe_takes_synthetic_signers_for_people(tmp_path: Path) -> None:
    figures = detection_figures.measure(Kept(tmp_path), tracks=True)
    assert figures.body >= 0.995
    assert figures.face >= 0.995
    hands = figures.hands
    for side in (0, 1):
        assert hands.found[hands.clear & (hands.side == side)].mean() >= 0.93
    assert np.nanmedian(hands.errors) <= 4.5


@pytest.mark.slow
def test_the_model_errs_and_misses_as_mediapipe_does_on_others(tmp_path: Path) -> None:
    clips = list(detector_figures.see_clips(Kept(tmp_path)))
    measured, model = detector_figures.held_out(clips)
    for name in detector_figures.HELD:
        assert model[name] == pytest.approx(measured[name], rel=0.15), name
    assert clips_model().tracks
