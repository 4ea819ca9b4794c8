"""Samples straight from the studio: seeded, whatever is kept, and as training expects them."""

from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import Tensor

from pose_sequences.layout import layout
from signgen.data import LAYOUT, Batch, SampleSource, View
from signgen.studio.source import StudioSource
from signgen.studio.source_settings import StudioSettings
from signgen.training.recipe import SampleSettings
from signgen.training.scene import Stage
from signgen.training.trainer import dice

CPU = torch.device("cpu")
SETTINGS = StudioSettings(
    size=(64, 72),
    seed=4,
    signers=2,
    clips=2,
    clip_frames=4,
    clips_a_draw=2,
    portraits=3,
    squeezed=1.0,
    detector=0.0,
    vocabulary=5,
    most_glosses=1,
    supersample=1,
)


@cache
def source(*, worn: bool = True) -> StudioSource:
    # what is not worn keeps little in memory, which must change nothing
    kept = SETTINGS.kept if worn else 1
    return StudioSource(replace(SETTINGS, worn=worn, kept=kept), CPU)


def draw(source: SampleSource, seed: int, num_samples: int = 4, num_frames: int = 3) -> Batch:
    return source.draw(num_samples, num_frames, torch.Generator().manual_seed(seed))


def tensors(batch: Batch) -> list[Tensor]:
    views = batch.clips, batch.references
    return [
        part
        for view in views
        for part in (view.frames, view.points.places, view.points.confidence, view.points.shoulders)
    ]


def corners(view: View) -> Tensor:
    """Return the colour of the backdrop beside the head, (N, 3)."""
    return view.frames[:, :, :10, :8].float().mean((2, 3))


def test_a_batch_has_the_shapes_that_training_takes() -> None:
    batch = draw(source(), 1, num_samples=3, num_frames=2)
    assert batch.clips.size == batch.references.size == (64, 72)
    num_points = len(layout(LAYOUT).points)
    for view, count in ((batch.clips, 6), (batch.references, 3)):
        assert view.frames.shape == (count, 3, 72, 64)
        assert view.frames.dtype == torch.uint8
        assert view.points.places.shape == (count, num_points, 3)
        assert view.points.confidence.shape == (count, num_points)
        assert (view.points.shoulders > 10).all()
        assert not view.points.places[view.points.confidence == 0].any()


def test_a_draw_follows_from_its_generator_and_not_from_what_was_drawn_before() -> None:
    first = draw(source(), 3)
    other = draw(source(), 4)
    for ours, theirs in zip(tensors(first), tensors(draw(source(), 3)), strict=True):
        assert torch.equal(ours, theirs)
    assert not torch.equal(first.clips.frames, other.clips.frames)


def test_what_is_filmed_ahead_is_what_would_be_filmed_when_it_is_drawn() -> None:
    said: list[str] = []
    ahead = StudioSource(replace(SETTINGS, kept=1), CPU)
    ahead.film_ahead(said.append)
    assert said == ["filmed 1 of 1 clips"]
    for ours, theirs in zip(tensors(draw(ahead, 3)), tensors(draw(source(), 3)), strict=True):
        assert torch.equal(ours, theirs)


def test_references_are_worn_and_targets_are_clean() -> None:
    ours, theirs = (draw(source(worn=worn), 5) for worn in (True, False))
    assert torch.equal(ours.clips.frames, theirs.clips.frames)
    assert torch.equal(ours.references.points.places, theirs.references.points.places)
    assert not torch.equal(ours.references.frames, theirs.references.frames)


def test_a_reference_shows_the_signer_of_its_clip() -> None:
    batch = draw(source(worn=False), 2, num_samples=12, num_frames=1)
    assert len(corners(batch.clips).round().unique(dim=0)) > 1  # both signers were drawn
    assert (corners(batch.clips) - corners(batch.references)).abs().max() < 2


def test_as_often_as_told_a_reference_is_a_still_from_where_its_clip_is_filmed() -> None:
    plain = replace(SETTINGS, worn=False, signers=1, clips=1)
    stills, portraits, mixed = (
        draw(StudioSource(plain, CPU, share), 2, num_samples=60, num_frames=1)
        for share in (0.0, 1.0, 0.5)
    )
    assert torch.equal(mixed.clips.frames, portraits.clips.frames)
    own, strange = (
        (mixed.references.frames == batch.references.frames).flatten(1).all(1)
        for batch in (stills, portraits)
    )
    assert (own ^ strange).all()
    assert float(strange.float().mean()) == pytest.approx(0.5, abs=0.15)
    still, moved = (
        float((batch.references.frames == batch.clips.frames).float().mean())
        for batch in (stills, portraits)
    )
    assert still > moved + 0.1


def test_frames_of_a_clip_follow_each_other_and_stay_at_its_end() -> None:
    clip = draw(source(), 6, num_samples=1, num_frames=7).clips
    assert torch.equal(clip.frames[3], clip.frames[6])
    assert torch.equal(clip.points.places[3], clip.points.places[6])


def test_points_lie_on_what_they_mark_in_a_squeezed_picture() -> None:
    clips = draw(source(), 8).clips
    rows = layout(LAYOUT).rows
    nose = clips.points.places[:, rows["body.nose"], :2]
    x, y = nose.floor().long().unbind(1)
    colour = clips.frames[torch.arange(len(nose)), :, y, x].int()
    assert (colour[:, 0] > colour[:, 2] + 5).all()  # skin is redder than it is blue
    ends = [rows["body.left_shoulder"], rows["body.right_shoulder"]]
    left, right = clips.points.places[:, ends, :2].unbind(1)
    assert torch.allclose(clips.points.shoulders, (left - right).norm(dim=1), rtol=0.1)


def test_training_draws_its_scenes_from_it() -> None:
    scene = Stage(source=source(), settings=SampleSettings(), size=64).draw(2, 2, dice(1, CPU))
    assert scene.pixels.shape == (2, 2, 3, 64, 64)
    for part in (scene.pixels, scene.maps, scene.hands, scene.weights, scene.reference):
        assert part.isfinite().all()
    assert (scene.maps > 0.3).any()


def test_points_err_as_a_detector_s_do_and_pictures_stay_exact() -> None:
    exact, told = draw(source(), 3), draw(StudioSource(replace(SETTINGS, detector=1.0), CPU), 3)
    for plain, seen in ((exact.clips, told.clips), (exact.references, told.references)):
        assert torch.equal(plain.frames, seen.frames)
        both = (plain.points.confidence > 0.5) & (seen.points.confidence > 0.5)
        off = (plain.points.places - seen.points.places)[both][:, :2].norm(dim=1)
        assert 0.1 < off.median() < 2  # of 64 pixels
        assert not seen.points.places[seen.points.confidence == 0].any()


def test_a_hand_can_be_lost_in_all_clips() -> None:
    clips = draw(StudioSource(replace(SETTINGS, lost_hands=1.0), CPU), 3).clips
    rows = [layout(LAYOUT).part(part) for part in ("left_hand", "right_hand")]
    found = torch.stack([(clips.points.confidence[:, own] > 0).any(1) for own in rows])
    assert not found.all(0).any()


def test_what_a_detector_loses_is_known_all_the_same() -> None:
    told = draw(StudioSource(replace(SETTINGS, detector=1.0, lost_hands=1.0), CPU), 3).clips
    exact = draw(source(), 3).clips.points
    assert torch.equal(told.shown.places, exact.places)
    assert torch.equal(told.shown.confidence, exact.confidence)
    assert not torch.equal(told.points.places, told.shown.places)


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="clips_a_draw is 0; give at least 1"):
        replace(SETTINGS, clips_a_draw=0)
    with pytest.raises(ValueError, match="most_glosses is 0; give at least 1"):
        replace(SETTINGS, most_glosses=0)
    with pytest.raises(ValueError, match="seed is -1; give 0 or more"):
        replace(SETTINGS, seed=-1)
    with pytest.raises(ValueError, match=r"squeezed is 1.5; 0 to 1 is possible"):
        replace(SETTINGS, squeezed=1.5)
    with pytest.raises(ValueError, match=r"lost_hands is 1.5; 0 to 1 is possible"):
        replace(SETTINGS, lost_hands=1.5)


@pytest.mark.gpu
def test_the_same_samples_are_drawn_on_an_accelerator() -> None:
    there = draw(StudioSource(SETTINGS, torch.device("cuda")), 3)
    for ours, theirs in zip(tensors(draw(source(), 3)), tensors(there), strict=True):
        assert ((ours.float() - theirs.cpu().float()).abs() <= 2).float().mean() > 0.99


def test_wide_samples_show_other_pictures_of_the_same_shapes() -> None:
    narrow = draw(source(), 1)
    wide = draw(StudioSource(replace(SETTINGS, breadth="wide"), CPU), 1)
    for ours, theirs in zip(tensors(wide), tensors(narrow), strict=True):
        assert ours.shape == theirs.shape
    assert (wide.clips.frames != narrow.clips.frames).float().mean() > 0.5
    with pytest.raises(ValueError, match="breadth is 'huge'"):
        replace(SETTINGS, breadth="huge")  # type: ignore[arg-type]
