"""Pairs differ in one thing, their judges tell them apart, and what was made is made once."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from pose_sequences.errors import InputError
from pose_sequences.files import read_poses
from pose_sequences.images import read_image
from pose_sequences.video import read_frames
from signgen.evaluation.recognition.exam import FIRST_SIGNER
from signgen.evaluation.recognition.judge import Judge
from signgen.evaluation.recognition.training import JudgeTraining
from signgen.studio.gloss import Gloss
from tests.signgen.bundled.minimal_pairs import TOLD, Pair, draw_pairs, exam_takes, learn
from tests.signgen.bundled.pair_clips import PairClip, film_pair
from tests.signgen.bundled.pair_figures import PairExam, PairRun, write_report
from tests.signgen.bundled.pair_verdicts import Answer, Verdict, answer, table, tallies
from tests.signgen.studio.people import factory

TINY = JudgeTraining(signers=4, held_out=2, strengths=(0.0, 1.0), steps=4)
PLAIN = Gloss(handshape="5", location="space_high", orientation="palm_forward", path="hold")
PAIR = Pair(0, "handshape", (PLAIN, replace(PLAIN, handshape="s")))


def test_pairs_differ_in_one_parameter_of_the_contrast_whose_turn_it_is() -> None:
    pairs = draw_pairs(12, frozenset(), 3)
    assert [pair.contrast for pair in pairs] == [*TOLD, *TOLD, *TOLD]
    for pair in pairs:
        first, second = map(asdict, pair.glosses)
        (changed,) = (word for word in first if first[word] != second[word])
        assert changed == pair.parameter
        assert pair.contrast == {"path": "movement", "local": "movement"}.get(changed, changed)


def test_more_pairs_begin_with_the_same_and_none_has_a_sign_that_was_seen() -> None:
    few, many = draw_pairs(4, frozenset(), 5), draw_pairs(8, frozenset(), 5)
    assert many[:4] == few
    assert draw_pairs(4, frozenset(), 6) != few
    seen = frozenset({few[0].glosses[0], few[2].glosses[1]})
    others = draw_pairs(4, seen, 5)
    assert not seen.intersection(gloss for pair in others for gloss in pair.glosses)
    assert [others[1], others[3]] == [few[1], few[3]]


def test_both_signs_are_asked_of_one_person_whom_nobody_learned_from() -> None:
    takes = [exam_takes(PAIR, person, 2) for person in range(3)]
    assert all(first.signer == second.signer >= FIRST_SIGNER for first, second in takes)
    assert len({first.signer for first, _ in takes}) == 3
    assert all(
        (first.glosses, second.glosses) == ((PAIR.glosses[0],), (PAIR.glosses[1],))
        for first, second in takes
    )


@pytest.fixture(scope="module")
def judge() -> Judge:
    """Return a small judge of the pair."""
    return learn(PAIR, TINY, 4)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[PairClip]:
    """Return the pair's signs by one person, filmed."""
    return _filmed(tmp_path_factory.mktemp("pair"))


def _filmed(folder: Path) -> list[PairClip]:
    return film_pair(factory(), PAIR, folder, takes=1, num_frames=4, seed=1)


def test_a_pairs_judge_names_filmed_signs_and_not_swapped_ones(
    judge: Judge, clips: list[PairClip]
) -> None:
    assert judge.held_out.percent == 100
    seen = [read_poses(clip.poses) for clip in clips]
    right = [answer(judge, 0, clip.member, poses) for clip, poses in zip(clips, seen, strict=True)]
    swapped = [
        answer(judge, 0, 1 - clip.member, poses) for clip, poses in zip(clips, seen, strict=True)
    ]
    assert [each.is_right for each in right] == [True, True]
    assert [each.is_right for each in swapped] == [False, False]


def test_a_filmed_clip_has_its_poses_and_another_picture_of_the_signer(
    clips: list[PairClip],
) -> None:
    for clip in clips:
        frames = list(read_frames(clip.video))
        poses = read_poses(clip.poses)
        assert len(frames) == len(poses) == 4
        picture, rest = read_image(clip.picture), read_poses(clip.picture_poses)
        assert picture.shape == frames[0].shape
        wrists = poses.points.find(("body.left_wrist", "body.right_wrist"))
        lifted = rest.keypoints[0, wrists, 1] - poses.keypoints[-1, wrists, 1]
        assert lifted.max() > 40  # pixels: the picture shows the hands elsewhere


def test_only_what_is_not_there_is_filmed(clips: list[PairClip]) -> None:
    folder = clips[0].folder
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    bytes_of = clips[1].video.read_bytes()
    clips[1].video.unlink()
    assert _filmed(folder) == clips
    assert clips[1].video.read_bytes() == bytes_of
    after = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    again = {path for path in before if after[path] != before[path]}
    assert again == {
        getattr(clips[1], part) for part in ("video", "poses", "picture", "picture_poses")
    }


def _verdict(contrast: str, truth: list[bool], renders: list[tuple[int, float]]) -> Verdict:
    pair = next(pair for pair in draw_pairs(4, frozenset(), 0) if pair.contrast == contrast)
    return Verdict(
        pair=pair,
        held_out=100.0,
        truth=tuple(Answer(0, 0, (float(right), 0.5)) for right in truth),
        renders=tuple(
            Answer(0, own, (margin, 0.0) if own == 0 else (0.0, margin)) for own, margin in renders
        ),
    )


def test_only_split_pairs_count_and_both_signs_must_be_named() -> None:
    good = _verdict("handshape", [True] * 4, [(0, 2.0), (0, 1.0), (1, 3.0), (1, 1.0)])
    shaky = _verdict("handshape", [True] * 4, [(0, 2.0), (0, -9.0), (0, 1.0), (1, 3.0)])
    wrong = _verdict("movement", [True] * 4, [(0, 2.0), (0, 1.0), (1, -3.0), (1, 1.0)])
    unsplit = _verdict("location", [True] * 3 + [False], [])
    verdicts = [good, shaky, wrong, unsplit]
    assert [verdict.is_split for verdict in verdicts] == [True, True, True, False]
    assert [verdict.is_named for verdict in verdicts] == [True, True, False, False]
    assert [verdict.is_flawless for verdict in verdicts] == [True, False, False, False]
    everything = tallies(verdicts)["all"]
    assert (everything.pairs, everything.split, everything.named) == (4, 3, 2)
    assert (everything.renders, everything.right) == (12, 10)
    text = "\n".join(table(verdicts))
    assert "| handshape | 2 | 2 | 87.5 | 2 | 1 |" in text
    assert text.count("pair0001") == 1  # the shaky one; the good one is not listed
    assert "filmed 3 of 4, not split" in text


def test_a_folder_of_other_settings_is_refused_but_not_for_more_takes(tmp_path: Path) -> None:
    exam = PairExam(takes=1, num_frames=4, seed=1)
    PairRun(tmp_path, exam, None, workers=1)
    PairRun(tmp_path, replace(exam, takes=2), None, workers=1)
    with pytest.raises(InputError, match="other settings"):
        PairRun(tmp_path, replace(exam, num_frames=5), None, workers=1)


def test_the_report_holds_each_pair_and_the_table(tmp_path: Path) -> None:
    verdicts = [
        _verdict("movement", [True, True], [(0, 2.0), (1, -3.0)]),
        _verdict("location", [True, False], []),
    ]
    exam = PairExam(takes=1, num_frames=4, seed=1)
    write_report(tmp_path / "report.json", exam, None, verdicts)
    words = json.loads((tmp_path / "report.json").read_text())
    assert words["contrasts"]["all"] == asdict(tallies(verdicts)["all"])
    first, second = words["pairs"]
    assert (first["split"], first["named"], second["split"], second["named"]) == (
        *(True, False),
        *(False, None),
    )
    assert [each["right"] for each in first["rendered"]] == [True, False]
    assert len(set(first["glosses"])) == 2
