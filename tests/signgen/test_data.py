"""The door from clips to tensors: what is drawn belongs together."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pose_sequences.errors import CorpusError
from pose_sequences.phoenix import Corpus
from signgen.choice import Pairing
from signgen.data import ClipArrays, MemoryClips, fit_frames, read_corpus, to_points
from tests.pose_sequences.tiny_phoenix import write_corpus
from tests.signer import signing
from tests.signgen.training.tiny import CPU


def numbered(signer: str, number: int, num_frames: int = 5) -> ClipArrays:
    """Return a clip whose pixels say which clip and which frame they are."""
    frames = np.zeros((num_frames, 64, 64, 3), np.uint8)
    frames[..., 0], frames[..., 1] = number, np.arange(num_frames)[:, None, None]
    return ClipArrays(name=str(number), signer=signer, frames=frames, poses=signing(num_frames))


def source(across_clips: float = 0.5, self_pairs: float = 0.0) -> MemoryClips:
    clips = [numbered("anna", 0), numbered("anna", 1, 7), numbered("bert", 2)]
    pairing = Pairing(across_clips=across_clips, self_pairs=self_pairs)
    return MemoryClips(clips, size=(64, 64), device=CPU, pairing=pairing)


def drawn(across_clips: float = 0.5) -> tuple[torch.Tensor, torch.Tensor]:
    """Return which (clip, frame) were drawn, (64, 3, 2), and the references, (64, 2)."""
    batch = source(across_clips).draw(64, 3, torch.Generator().manual_seed(0))
    marks = batch.clips.frames[:, :2, 0, 0].unflatten(0, (64, 3))
    return marks.int(), batch.references.frames[:, :2, 0, 0].int()


def test_frames_of_a_clip_follow_each_other() -> None:
    clips, _ = drawn()
    assert (clips[..., 0] == clips[:, :1, 0]).all()
    assert (clips[..., 1].diff(dim=1) == 1).all()


def test_a_reference_shows_the_same_signer() -> None:
    clips, references = drawn()
    signer = torch.tensor([0, 0, 1])
    assert (signer[clips[:, 0, 0]] == signer[references[:, 0]]).all()


@pytest.mark.parametrize(("across_clips", "same"), [(0.0, True), (1.0, False)])
def test_references_come_from_other_clips_as_often_as_told(across_clips: float, same: bool) -> None:
    clips, references = drawn(across_clips)
    assert bool((clips[:, 0, 0] == references[:, 0]).all()) == same


def test_the_other_clip_is_another_one_where_the_signer_has_one() -> None:
    clips, references = drawn(1.0)
    annas = clips[:, 0, 0] < 2
    assert (clips[annas, 0, 0] != references[annas, 0]).all()
    assert (clips[~annas, 0, 0] == references[~annas, 0]).all()


@pytest.mark.parametrize("self_pairs", [0.0, 0.5, 1.0])
def test_as_often_as_told_the_reference_is_the_first_frame_itself(self_pairs: float) -> None:
    choices = [
        source(1.0, share).draw(2000, 2, torch.Generator().manual_seed(0)).choice
        for share in (self_pairs, 0.0)
    ]
    pairs, strangers = choices
    assert pairs is not None
    assert strangers is not None
    assert torch.equal(pairs.clips, strangers.clips)
    own = pairs.references == pairs.clips[:, 0]
    by_chance = strangers.references == strangers.clips[:, 0]  # bert has but one clip
    expected = self_pairs + (1 - self_pairs) * float(by_chance.float().mean())
    assert float(own.float().mean()) == pytest.approx(expected, abs=0.04)
    assert torch.equal(pairs.references[~own], strangers.references[~own])


def test_the_same_clips_can_be_had_without_self_pairs() -> None:
    clips = source(0.0, 1.0)
    plain, own, none = (
        made.draw(40, 1, torch.Generator().manual_seed(0)).choice
        for made in (clips.without_self_pairs(), clips, source(0.0))
    )
    assert plain is not None
    assert own is not None
    assert none is not None
    assert torch.equal(plain.references, none.references)
    assert torch.equal(own.references, own.clips[:, 0])


def test_unseen_clips_are_those_that_would_be_seen_but_blank() -> None:
    seen, unseen = (
        draw(5, 3, torch.Generator().manual_seed(0))
        for draw in (source().draw, source().draw_unseen)
    )
    assert unseen.clips.size == seen.clips.size
    assert not unseen.clips.frames.any()
    assert torch.equal(unseen.clips.points.places, seen.clips.points.places)
    assert torch.equal(unseen.references.frames, seen.references.frames)
    assert torch.equal(unseen.references.points.shoulders, seen.references.points.shoulders)


def test_the_same_generator_draws_the_same_batch() -> None:
    for mine, theirs in zip(drawn(), drawn(), strict=True):
        assert torch.equal(mine, theirs)


def test_a_clip_that_is_too_short_stays_on_its_last_frame() -> None:
    clips = MemoryClips([numbered("anna", 0, 2)], size=(64, 64), device=CPU)
    batch = clips.draw(1, 4, torch.Generator().manual_seed(0))
    assert batch.clips.frames[:, 1, 0, 0].tolist() == [0, 1, 1, 1]


def test_frames_and_points_are_fitted_alike() -> None:
    frames = torch.zeros(1, 3, 100, 50, dtype=torch.uint8)
    frames[..., 80:82, 10:12] = 255
    fitted = fit_frames(frames, (64, 64))[0, 0].float()
    y, x = divmod(int(fitted.argmax()), 64)
    poses = signing(1)
    keypoints = np.array(poses.keypoints)
    keypoints[0, 0, :2] = (11.0, 81.0)
    moved = type(poses)(
        keypoints=keypoints,
        confidence=poses.confidence,
        fps=25,
        width=50,
        height=100,
        layout=poses.layout,
    )
    place = to_points(moved, (64, 64)).places[0, 0, :2]
    torch.testing.assert_close(place, torch.tensor([x + 0.5, y + 0.5]), rtol=0, atol=1.0)


def test_a_squeezed_picture_and_its_points_are_stretched_alike() -> None:
    frames = torch.zeros(1, 3, 52, 42, dtype=torch.uint8)
    frames[..., 40:42, 10:12] = 255
    stretched = fit_frames(frames, (60, 60), 300 / 260)[0, 0].float()
    y, x = divmod(int(stretched.argmax()), 60)
    assert (x, y) == pytest.approx((9 + 11, 41 * 60 / 52), abs=1.0)
    poses = signing(1)
    keypoints = np.array(poses.keypoints)
    keypoints[0, 0, :2] = (11.0, 41.0)
    squeezed = replace(poses, keypoints=keypoints, width=42, height=52)
    place = to_points(squeezed, (60, 60), 300 / 260).places[0, 0, :2]
    torch.testing.assert_close(place, torch.tensor([x + 0.5, y + 0.5]), rtol=0, atol=1.0)


def test_triples_are_fixed_for_good_and_inside_a_clip() -> None:
    clips = [numbered("anna", 0), numbered("anna", 1, 7), numbered("bert", 2)]
    seen = []
    for _ in range(2):  # another run has the same
        pairing = Pairing(across_clips=0.0, triples=4)
        source = MemoryClips(clips, size=(64, 64), device=CPU, pairing=pairing)
        choice = source.draw(200, 1, torch.Generator().manual_seed(len(seen))).choice
        assert choice is not None
        pairs = zip(choice.clips[:, 0].tolist(), choice.references.tolist(), strict=True)
        seen.append(set(pairs))
    assert seen[0] == seen[1]
    assert len(seen[0]) == 4
    clip_of = [0] * 5 + [1] * 7 + [2] * 5
    assert all(clip_of[target] == clip_of[source] for target, source in seen[0])


def test_frames_of_the_size_asked_for_are_untouched() -> None:
    frames = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    assert torch.equal(fit_frames(frames, (64, 64)), frames)


def test_a_corpus_without_keypoints_names_the_command(tmp_path: Path) -> None:
    corpus = Corpus.open(write_corpus(tmp_path))
    with pytest.raises(CorpusError, match="signgen corpus extract"):
        list(read_corpus(corpus, "train"))
