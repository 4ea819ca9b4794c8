"""OpenPose JSON: folders of frames, DWPose exports, and all that is neither."""

import json
import logging
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_sequences.errors import InputError, OutputError, PoseFileError
from pose_sequences.files.declared import Declared
from pose_sequences.files.openpose import read_openpose, write_openpose
from pose_sequences.layout import LAYOUTS, layout
from pose_sequences.sequence import PoseSequence
from tests.pose_sequences.mutation import mutations
from tests.pose_sequences.sequences import random_sequence

pytestmark = pytest.mark.light

POINTS = layout("openpose137")
DECLARED = Declared(fps=25, width=210, height=260)
SIZES = {
    "pose_keypoints_2d": 25,
    "face_keypoints_2d": 70,
    "hand_left_keypoints_2d": 21,
    "hand_right_keypoints_2d": 21,
}


def person(x: float = 100.0, confidence: float = 0.5) -> dict[str, list[float]]:
    """Return somebody whose points are all different and near ``x``."""
    return {
        key: [v for i in range(size) for v in (x + i / 100, 50.0 + i, confidence)]
        for key, size in SIZES.items()
    }


def frame(*people: object, **more: object) -> dict[str, object]:
    return {"version": 1.3, "people": list(people), **more}


def folder_of(root: Path, frames: Sequence[object], name: str = "clip_{:012d}_keypoints") -> Path:
    folder = root / "clip"
    folder.mkdir()
    for i, content in enumerate(frames):
        (folder / f"{name.format(i)}.json").write_text(json.dumps(content))
    return folder


def file_of(root: Path, content: object) -> Path:
    path = root / "clip.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def refusal(path: Path, declared: Declared = DECLARED) -> str:
    with pytest.raises(PoseFileError) as caught:
        read_openpose(path, declared)
    assert "\n" not in str(caught.value)
    assert "clip" in str(caught.value)
    return str(caught.value)


def without_depth(sequence: PoseSequence) -> PoseSequence:
    return replace(sequence, keypoints=sequence.keypoints * np.array([1, 1, 0], np.float32))


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_round_trip_keeps_points_and_confidence(name: str, tmp_path: Path) -> None:
    sequence = random_sequence(name)
    write_openpose(sequence, tmp_path / "clip")
    back = read_openpose(tmp_path / "clip", DECLARED)
    expected = without_depth(sequence.converted("openpose137"))
    assert back.layout == "openpose137"
    np.testing.assert_array_equal(back.keypoints, expected.keypoints)
    np.testing.assert_array_equal(back.confidence, expected.confidence)
    assert (back.fps, back.width, back.height) == (25, 210, 260)


@settings(max_examples=30, deadline=None)
@given(num_frames=st.integers(1, 12), seed=st.integers(0, 1000), missing=st.floats(0, 1))
def test_any_sequence_survives_a_round_trip(
    tmp_path_factory: pytest.TempPathFactory, num_frames: int, seed: int, missing: float
) -> None:
    folder = tmp_path_factory.mktemp("round") / "clip"
    sequence = without_depth(random_sequence("openpose137", num_frames, seed, missing=missing))
    write_openpose(sequence, folder)
    back = read_openpose(folder, DECLARED)
    np.testing.assert_array_equal(back.keypoints, sequence.keypoints)
    np.testing.assert_array_equal(back.confidence, sequence.confidence)


def test_pose_format_reads_what_is_written(tmp_path: Path) -> None:
    openpose = pytest.importorskip("pose_format.utils.openpose")
    sequence = random_sequence("openpose137", 4)
    write_openpose(sequence, tmp_path / "clip")
    theirs = openpose.load_openpose_directory(str(tmp_path / "clip"), fps=25, width=210, height=260)
    np.testing.assert_allclose(theirs.body.confidence[:, 0], sequence.confidence, atol=1e-6)
    np.testing.assert_allclose(
        theirs.body.data.filled(0)[:, 0], sequence.keypoints[..., :2], atol=1e-3
    )


def test_files_are_named_as_openpose_names_them(tmp_path: Path) -> None:
    write_openpose(random_sequence("openpose137", 2), tmp_path / "gloss")
    names = sorted(path.name for path in (tmp_path / "gloss").iterdir())
    assert names == [f"gloss_{i:012d}_keypoints.json" for i in range(2)]


def test_an_existing_folder_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    write_openpose(random_sequence("openpose137", 3), tmp_path / "clip")
    with pytest.raises(OutputError, match="exists"):
        write_openpose(random_sequence("openpose137", 2), tmp_path / "clip")
    assert len(list((tmp_path / "clip").iterdir())) == 3
    write_openpose(random_sequence("openpose137", 2), tmp_path / "clip", overwrite=True)
    assert len(list((tmp_path / "clip").iterdir())) == 2


def test_a_conversion_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    write_openpose(random_sequence("holistic543"), tmp_path / "clip")
    assert "holistic543 is written as openpose137" in caplog.text
    assert "glosses" in caplog.text


def test_what_loses_nothing_warns_of_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    write_openpose(random_sequence("openpose137", 1), tmp_path / "clip")
    read_openpose(tmp_path / "clip", DECLARED)
    assert not caplog.text


@pytest.mark.parametrize(
    "name", ["clip_{}_keypoints", "{}", "frame{}", "2024-clip-{:03d}_keypoints"]
)
def test_frames_are_ordered_by_their_number(name: str, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [frame(person(10.0 * i)) for i in range(12)], name)
    (folder / "notes.txt").write_text("no frame")
    nose = read_openpose(folder, DECLARED).keypoints[:, 0, 0]
    np.testing.assert_allclose(nose, 10.0 * np.arange(12))


def test_keypoint_files_are_told_from_other_json(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [frame(person())])
    (folder / "settings.json").write_text("{}")
    assert read_openpose(folder, DECLARED).num_frames == 1


def test_gaps_are_logged_and_closed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    folder = folder_of(tmp_path, [frame(person(10.0 * i)) for i in range(5)])
    (folder / "clip_000000000002_keypoints.json").unlink()
    assert read_openpose(folder, DECLARED).num_frames == 4
    assert "1 frames between 0 and 4 are not there" in caplog.text


def test_two_clips_in_a_folder_are_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [frame(person())])
    (folder / "other_000000000001_keypoints.json").write_text(json.dumps(frame(person())))
    assert "other_000000000001_keypoints.json" in refusal(folder)


def test_one_number_twice_is_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [frame(person())], "clip_{}")
    (folder / "clip_00.json").write_text(json.dumps(frame(person())))
    assert "clip_00.json" in refusal(folder)


def test_a_coco_body_is_mapped_by_name(tmp_path: Path) -> None:
    body = [v for i in range(18) for v in (100.0 + i, 50.0, 1.0)]
    sequence = read_openpose(file_of(tmp_path, frame({"pose_keypoints_2d": body})), DECLARED)
    there = {point for point, c in zip(POINTS.points, sequence.confidence[0], strict=True) if c}
    assert there == set(layout("dwpose134").points[:18])
    right_hip = sequence.keypoints[0, POINTS.rows["body.right_hip"], 0]
    left_ear = sequence.keypoints[0, POINTS.rows["body.left_ear"], 0]
    assert (right_hip, left_ear) == (108, 117)


def test_a_face_without_pupils_is_read(tmp_path: Path) -> None:
    face = [v for i in range(68) for v in (100.0 + i, 50.0, 1.0)]
    sequence = read_openpose(file_of(tmp_path, frame({"face_keypoints_2d": face})), DECLARED)
    assert np.flatnonzero(sequence.confidence[0]).tolist() == list(range(25, 93))


@pytest.mark.parametrize("nobody", [[], [{}], [{"pose_keypoints_2d": []}], [{"person_id": [-1]}]])
def test_a_frame_of_nobody_is_missing(nobody: list[object], tmp_path: Path) -> None:
    frames = [frame(person(10.0)), frame(*nobody), frame(person(30.0))]
    sequence = read_openpose(folder_of(tmp_path, frames), DECLARED)
    assert sequence.confidence.any(axis=1).tolist() == [True, False, True]


def test_missing_lists_are_missing_parts(tmp_path: Path) -> None:
    somebody: dict[str, object] = {**person(), "face_keypoints_2d": None}
    somebody["hand_left_keypoints_2d"] = []
    del somebody["hand_right_keypoints_2d"]
    sequence = read_openpose(file_of(tmp_path, frame(somebody)), DECLARED)
    seen = [part for part in ("body", "face", "left_hand", "right_hand") if sequence.seen(part)[0]]
    assert seen == ["body"]


def test_one_of_several_people_is_followed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    # The signer comes second and is surest at first; a passer-by is surer later and comes close.
    frames = [frame(person(20.0, 0.3), person(100.0, 0.6))]
    frames += [frame(person(20.0 + 10 * i, 0.9), person(100.0 + 2 * i, 0.5)) for i in range(1, 7)]
    frames[3] = frame()
    sequence = read_openpose(folder_of(tmp_path, frames), DECLARED)
    np.testing.assert_allclose(sequence.keypoints[:, 0, 0], [100, 102, 104, 0, 108, 110, 112])
    assert "several people in 6 frames" in caplog.text


def test_dwpose_exports_are_read_with_their_canvas(tmp_path: Path) -> None:
    canvas = {"canvas_width": 512, "canvas_height": 768}
    frames = [frame(person(10.0 * i), **canvas) for i in range(3)]
    sequence = read_openpose(file_of(tmp_path, frames), Declared(fps=24))
    assert (sequence.num_frames, sequence.width, sequence.height) == (3, 512, 768)
    np.testing.assert_allclose(sequence.keypoints[:, 0, 0], [0, 10, 20])


def test_normalised_and_pixel_exports_give_the_same_points(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    canvas = {"canvas_width": 512, "canvas_height": 768}
    pixels = person()
    scaled = {
        key: (np.reshape(numbers, (-1, 3)) / (512, 768, 1)).ravel().tolist()
        for key, numbers in pixels.items()
    }
    first = read_openpose(file_of(tmp_path, [frame(pixels, **canvas)]), Declared(fps=24))
    assert "normalised" not in caplog.text
    second = read_openpose(file_of(tmp_path, [frame(scaled, **canvas)]), Declared(fps=24))
    assert "normalised" in caplog.text
    np.testing.assert_allclose(second.keypoints, first.keypoints, atol=1e-3)


def test_coordinates_around_the_centre_are_refused(tmp_path: Path) -> None:
    centred = {"pose_keypoints_2d": [v for i in range(25) for v in (i / 25, -0.9, 1.0)]}
    assert "-1 to 1" in refusal(file_of(tmp_path, frame(centred)))


def test_a_folder_of_exports_with_one_frame_each_is_read(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [[frame(person(10.0 * i))] for i in range(3)], "pose_{:05d}_")
    assert read_openpose(folder, DECLARED).num_frames == 3


def test_a_canvas_that_changes_is_refused(tmp_path: Path) -> None:
    frames = [
        frame(person(), canvas_width=512, canvas_height=512),
        frame(person(), canvas_width=512, canvas_height=640),
    ]
    assert "512x640 in frame 1" in refusal(file_of(tmp_path, frames), Declared(fps=24))


@pytest.mark.parametrize(
    ("declared", "word"),
    [
        (Declared(width=210, height=260), "--fps"),
        (Declared(fps=25), "--size"),
        (Declared(fps=25, width=210), "--size"),
        (Declared(fps=0, width=210, height=260), "0.1 to 1000"),
        (Declared(fps=25, width=210, height=70000), "70000"),
        (Declared(fps=25, width=210, height=260, layout="wholebody133"), "wholebody133"),
    ],
)
def test_what_openpose_does_not_say_has_to_be_declared(
    declared: Declared, word: str, tmp_path: Path
) -> None:
    assert word in refusal(file_of(tmp_path, frame(person())), declared)


def test_a_canvas_that_contradicts_the_declared_size_is_refused(tmp_path: Path) -> None:
    path = file_of(tmp_path, frame(person(), canvas_width=512, canvas_height=512))
    message = refusal(path)
    assert "512" in message
    assert "210" in message


@pytest.mark.parametrize("canvas", [0, -5, 512.5, "512", None, True, 1e9])
def test_an_impossible_canvas_is_refused(canvas: object, tmp_path: Path) -> None:
    path = file_of(tmp_path, frame(person(), canvas_width=canvas, canvas_height=512))
    refusal(path, Declared(fps=25))


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_numbers_that_are_not_finite_are_missing_points(value: str, tmp_path: Path) -> None:
    text = json.dumps(frame(person())).replace("100.01", value)
    sequence = read_openpose(file_of(tmp_path, text), DECLARED)
    missing = [POINTS.points[row] for row in np.flatnonzero(sequence.confidence[0] == 0)]
    assert missing == ["body.neck", "face68.1", "left_hand.thumb_cmc", "right_hand.thumb_cmc"]


def test_confidence_that_vanishes_in_32_bits_is_missing(tmp_path: Path) -> None:
    faint = {"pose_keypoints_2d": [100.0, 50.0, 1e-60] * 24 + [100.0, 50.0, 0.5]}
    sequence = read_openpose(file_of(tmp_path, frame(faint)), DECLARED)
    assert np.flatnonzero(sequence.confidence[0]).tolist() == [24]
    assert np.flatnonzero(sequence.keypoints[0].any(axis=1)).tolist() == [24]


@pytest.mark.parametrize("value", ["true", "null", '"1"', "[1]", "{}"])
def test_what_is_no_number_is_refused(value: str, tmp_path: Path) -> None:
    text = json.dumps(frame(person())).replace("100.01", value)
    assert "no list of numbers" in refusal(file_of(tmp_path, text))


@pytest.mark.parametrize("length", [1, 51, 57, 72, 76, 78])
def test_bodies_of_other_lengths_are_refused(length: int, tmp_path: Path) -> None:
    path = file_of(tmp_path, frame({"pose_keypoints_2d": [1.0] * length}))
    message = refusal(path)
    assert f"holds {length} numbers" in message
    assert "75 or 54" in message


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("", "not JSON"),
        ("[]", "no frames"),
        ("{}", "people"),
        ("1", "people"),
        ('{"people": {}}', "people"),
        ('{"people": [1]}', "no object"),
        ('[{"people": []}', "not JSON"),
        ('[{"people": []},]', "not JSON"),
        ('[{"people": []} {"people": []}]', "not JSON"),
        ('{"people": []} x', "not JSON"),
        ('[{"people": []}, 3]', "frame 1"),
        ("[" * 100_000, "deeper than 32"),
        ('{"people": [], "x": ' + "[" * 40 + "]" * 40 + "}", "deeper than 32"),
        ('{"' + "]" * 2000 + '": ' + "[" * 2000, "deeper than 32"),
    ],
)
def test_json_of_other_shapes_is_refused(content: str, word: str, tmp_path: Path) -> None:
    assert word in refusal(file_of(tmp_path, content))


def test_a_few_bytes_cannot_claim_a_crowd(tmp_path: Path) -> None:
    assert "101 people" in refusal(file_of(tmp_path, frame(*([{}] * 101))))


def test_brackets_in_strings_are_no_depth(tmp_path: Path) -> None:
    path = file_of(tmp_path, frame(person(), note="[{" * 100 + '\\"[['))
    assert read_openpose(path, DECLARED).num_frames == 1


@given(notes=st.lists(st.text('"\\[]{}, ä'), min_size=1, max_size=5))
@settings(max_examples=50, deadline=None)
def test_frames_of_a_list_are_told_apart_whatever_their_strings_hold(
    tmp_path_factory: pytest.TempPathFactory, notes: list[str]
) -> None:
    frames = [frame(person(10.0 * i), **{note: [note]}) for i, note in enumerate(notes)]
    text = json.dumps(frames, ensure_ascii=False)
    nose = read_openpose(file_of(tmp_path_factory.mktemp("list"), text), DECLARED).keypoints[:, 0]
    np.testing.assert_allclose(nose[:, 0], 10.0 * np.arange(len(notes)))


@pytest.mark.parametrize("unclosed", ['["' + '\\"' * 500_000, '["' + "\\" * 1_000_001])
def test_an_unclosed_string_is_gone_through_once(unclosed: str, tmp_path: Path) -> None:
    # the second time would take hours
    assert "not JSON" in refusal(file_of(tmp_path, unclosed))


def test_a_frame_in_a_list_is_measured_before_it_is_parsed(tmp_path: Path) -> None:
    path = file_of(tmp_path, '[{"people": [' + "[]," * 3_000_000 + "[]]}]")
    tracemalloc.start()
    try:
        assert "frame 0 is larger than 4 MB" in refusal(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * path.stat().st_size


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "clip.json"
    path.write_text(json.dumps(frame(person())), encoding="utf-8-sig")
    assert read_openpose(path, DECLARED).num_frames == 1
    path.write_bytes(b'{"people": "\xff"}')
    assert "UTF-8" in refusal(path)


def test_a_frame_of_many_megabytes_is_refused(tmp_path: Path) -> None:
    padding = " " * (16 << 20)
    assert "4 MB" in refusal(file_of(tmp_path, json.dumps(frame(person())) + padding))
    folder = folder_of(tmp_path, [frame(person())])
    (folder / "clip_000000000001_keypoints.json").write_text(padding + "{}")
    assert "4 MB" in refusal(folder)


def test_more_frames_than_a_clip_has_are_refused(tmp_path: Path) -> None:
    path = file_of(tmp_path, "[" + '{"people":[]},' * 100_000 + '{"people":[]}]')
    assert "over 100000 frames" in refusal(path)


def test_paths_without_frames_are_refused(tmp_path: Path) -> None:
    empty = tmp_path / "clip"
    empty.mkdir()
    assert "0 .json files" in refusal(empty)
    refusal(tmp_path / "clip.json")
    refusal(tmp_path / ("clip" * 100))


def test_a_frame_file_with_several_frames_is_refused(tmp_path: Path) -> None:
    assert "one frame" in refusal(folder_of(tmp_path, [[frame(), frame()]]))


def test_damaged_files_are_read_or_refused_and_never_crash(tmp_path: Path) -> None:
    canvas = {"canvas_width": 512, "canvas_height": 768}
    originals = (
        frame(person()),
        [frame(person(10.0), person(90.0), **canvas), frame(), frame(person(), **canvas)],
    )
    path = tmp_path / "clip.json"
    refused = 0
    for seed, original in enumerate(originals):
        for data in mutations(json.dumps(original).encode(), 1000, seed):
            path.write_bytes(data)
            try:
                read_openpose(path, Declared(fps=25, width=512, height=768))
            except InputError:
                refused += 1
    assert refused > 500
