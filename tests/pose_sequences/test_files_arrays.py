"""Other people's arrays: read where they say enough, refused with the missing word where not."""

import logging
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_sequences.errors import InputError, PoseFileError
from pose_sequences.files.declared import Declared
from pose_sequences.files.npz import read_npy, read_npz
from pose_sequences.layout import LAYOUTS, layout
from pose_sequences.sequence import PoseSequence
from tests.pose_sequences.mutation import mutations
from tests.pose_sequences.sequences import random_sequence
from tests.pose_sequences.test_files_npz import damaged_archives

pytestmark = pytest.mark.light

FRAME = Declared(fps=25, width=200, height=100)
MEDIAPIPE = ("holistic543", "holistic553", "kaggle543", "reduced178", "reduced203")
SCORED = ("wholebody133", "dwpose134", "openpose137")


def shares(*shape: int, seed: int = 0) -> np.ndarray:
    """Return coordinates as shares of the frame, none of them zero."""
    return np.random.default_rng(seed).uniform(0.05, 0.95, shape).astype(np.float32)


def read(folder: Path, declared: Declared = FRAME, **arrays: object) -> PoseSequence:
    np.savez(folder / "theirs.npz", **arrays)
    return read_npz(folder / "theirs.npz", declared)


def declared(name: str | None) -> Declared:
    return Declared(layout=name, fps=25, width=200, height=100)


# ---- one array


@pytest.mark.parametrize("key", ["keypoints", "landmarks", "poses", "data", "arr_0"])
def test_one_array_is_found_under_every_usual_name(key: str, tmp_path: Path) -> None:
    sequence = read(tmp_path, **{key: shares(3, 553, 3)})
    assert sequence.layout == "holistic553"
    assert np.allclose(sequence.keypoints, shares(3, 553, 3) * (200, 100, 1), atol=1e-4)


@pytest.mark.parametrize("key", ["scores", "confidence", "visibility", "conf"])
def test_scores_are_found_under_every_usual_name(key: str, tmp_path: Path) -> None:
    scores = shares(3, 133, seed=1)
    sequence = read(tmp_path, keypoints=shares(3, 133, 2), **{key: scores})
    assert np.array_equal(sequence.confidence, scores)
    assert not sequence.keypoints[..., 2].any()


@pytest.mark.parametrize(
    ("count", "name"),
    [
        (133, "wholebody133"),
        (134, "dwpose134"),
        (137, "openpose137"),
        (178, "reduced178"),
        (203, "reduced203"),
        (553, "holistic553"),
        (576, "holistic543"),
        (586, "holistic553"),
        (75, "holistic543"),
    ],
)
def test_an_unambiguous_count_says_the_layout(count: int, name: str, tmp_path: Path) -> None:
    assert read(tmp_path, keypoints=shares(2, count, 3)).layout == name


def test_the_two_orders_of_543_are_never_guessed(tmp_path: Path) -> None:
    with pytest.raises(PoseFileError, match=r"--layout holistic543.*kaggle543"):
        read(tmp_path, keypoints=shares(2, 543, 3))
    for name in ("holistic543", "kaggle543"):
        assert read(tmp_path, declared(name), keypoints=shares(2, 543, 3)).layout == name
        assert read(tmp_path, keypoints=shares(2, 543, 3), layout=name).layout == name


def test_an_unknown_count_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PoseFileError, match="21 points a frame, which no layout has"):
        read(tmp_path, keypoints=shares(2, 21, 3))


@pytest.mark.parametrize("name", SCORED)
def test_the_third_of_three_columns_is_the_score_of_coco_and_openpose(
    name: str, tmp_path: Path
) -> None:
    values = shares(2, len(LAYOUTS[name].points), 3)
    alone = read(tmp_path, keypoints=values)
    assert np.array_equal(alone.confidence, values[..., 2])
    assert not alone.keypoints[..., 2].any()
    beside = read(tmp_path, keypoints=values, scores=np.ones(values.shape[:2]))
    assert np.array_equal(beside.keypoints[..., 2], values[..., 2])


@pytest.mark.parametrize("name", MEDIAPIPE)
def test_the_third_column_is_depth_with_mediapipe(name: str, tmp_path: Path) -> None:
    values = shares(2, len(LAYOUTS[name].points), 3)
    sequence = read(tmp_path, declared(name), keypoints=values)
    assert np.array_equal(sequence.keypoints[..., 2], values[..., 2])
    assert (sequence.confidence == 1).all()


@pytest.mark.parametrize("columns", [4, 5])
def test_the_fourth_column_is_visibility(columns: int, tmp_path: Path) -> None:
    values = shares(2, 553, columns)
    sequence = read(tmp_path, keypoints=values)
    assert np.array_equal(sequence.confidence, values[..., 3])


def test_hands_and_face_without_visibility_are_there_where_they_have_coordinates(
    tmp_path: Path,
) -> None:
    values = shares(4, 553, 4)
    for part in ("face", "left_hand", "right_hand"):
        values[:, layout("holistic553").part(part), 3] = 0  # as MediaPipe leaves it
    values[2, layout("holistic553").part("left_hand")] = 0
    sequence = read(tmp_path, keypoints=values)
    assert sequence.seen("left_hand").tolist() == [True, True, False, True]
    assert sequence.seen("face").all()
    assert np.array_equal(sequence.part("body")[1], values[:, :33, 3])


def test_missing_points_stay_missing(tmp_path: Path) -> None:
    values = shares(3, 553, 3)
    values[0, 5] = 0
    values[1, 5] = np.nan
    sequence = read(tmp_path, keypoints=values)
    assert (sequence.confidence[:, 5] > 0).tolist() == [False, False, True]
    assert not sequence.keypoints[:2, 5].any()


def test_an_axis_of_one_person_is_dropped(tmp_path: Path) -> None:
    values, scores = shares(3, 1, 133, 2), shares(3, 1, 133, 1)
    sequence = read(tmp_path, keypoints=values, scores=scores)
    assert np.array_equal(sequence.confidence, scores[:, 0, :, 0])


def test_of_several_people_the_surest_is_taken_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    values = shares(4, 3, 133, 2)
    scores = np.stack([np.full((4, 133), s) for s in (0.3, 0.9, 0.5)], axis=1)
    with caplog.at_level(logging.WARNING):
        sequence = read(tmp_path, keypoints=values, scores=scores)
    assert np.allclose(sequence.keypoints[..., :2], values[:, 1] * (200, 100), atol=1e-4)
    assert "of 3 people" in caplog.text
    assert "number 2" in caplog.text


def test_people_before_frames_are_not_taken_for_frames(tmp_path: Path) -> None:
    with pytest.raises(PoseFileError, match="people first"):
        read(tmp_path, keypoints=shares(2, 30, 133, 3))


def test_world_landmarks_are_left_out_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    values = shares(2, 576, 3)
    with caplog.at_level(logging.INFO):
        sequence = read(tmp_path, keypoints=values, fps=25.0)
    assert np.allclose(sequence.keypoints, values[:, :543] * (200, 100, 1), atol=1e-4)
    assert "33 world landmarks" in caplog.text


def test_arrays_that_nobody_understands_are_named_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        read(tmp_path, keypoints=shares(2, 553, 3), timestamps=np.arange(2))
    assert "not understood: timestamps" in caplog.text


@pytest.mark.parametrize("dtype", ["f2", "f8", "i1", "i4", "u2", "i8"])
def test_any_plain_number_type_is_read(dtype: str, tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(5, 90, (3, 553, 3)).astype(dtype)
    assert np.array_equal(read(tmp_path, keypoints=values).keypoints, values)


# ---- flat vectors


def test_the_tutorial_vector_is_taken_apart(tmp_path: Path) -> None:
    body, face = shares(2, 33, 4), shares(2, 468, 3, seed=1)
    left, right = np.zeros((2, 21, 3), np.float32), shares(2, 21, 3, seed=2)
    vector = np.concatenate([part.reshape(2, -1) for part in (body, face, left, right)], axis=1)
    assert vector.shape == (2, 1662)
    sequence = read(tmp_path, keypoints=vector)
    assert sequence.layout == "holistic543"
    assert np.array_equal(sequence.part("body")[1], body[..., 3])
    assert np.allclose(sequence.part("face")[0], face * (200, 100, 1), atol=1e-4)
    assert not sequence.seen("left_hand").any()
    assert sequence.seen("right_hand").all()


@pytest.mark.parametrize(("length", "columns"), [(258, 4), (225, 3)])
def test_vectors_without_a_face_are_taken_apart(length: int, columns: int, tmp_path: Path) -> None:
    body, hands = shares(2, 33, columns), shares(2, 42, 3, seed=1)
    vector = np.concatenate([body.reshape(2, -1), hands.reshape(2, -1)], axis=1)
    assert vector.shape == (2, length)
    sequence = read(tmp_path, keypoints=vector)
    assert np.allclose(sequence.part("right_hand")[0], hands[:, 21:] * (200, 100, 1), atol=1e-4)
    assert np.allclose(sequence.part("body")[0], body[..., :3] * (200, 100, 1), atol=1e-4)
    assert not sequence.seen("face").any()


@settings(max_examples=24, deadline=None)
@given(name=st.sampled_from(sorted(LAYOUTS)), columns=st.integers(2, 4))
def test_flat_and_folded_arrays_mean_the_same(
    tmp_path_factory: pytest.TempPathFactory, name: str, columns: int
) -> None:
    values = shares(2, len(LAYOUTS[name].points), columns)
    folder = tmp_path_factory.mktemp("flat")
    folded = read(folder, declared(name), keypoints=values)
    flat = read(folder, declared(name), keypoints=values.reshape(2, -1))
    assert np.array_equal(flat.keypoints, folded.keypoints)
    assert np.array_equal(flat.confidence, folded.confidence)


def test_an_ambiguous_vector_asks_for_its_layout(tmp_path: Path) -> None:
    with pytest.raises(PoseFileError, match=r"1629 numbers a frame.*--layout"):
        read(tmp_path, keypoints=shares(2, 1629))
    assert read(tmp_path, declared("kaggle543"), keypoints=shares(2, 1629)).layout == "kaggle543"
    with pytest.raises(PoseFileError, match="do not make the 133 points"):
        read(tmp_path, declared("wholebody133"), keypoints=shares(2, 1629))


# ---- coordinates


def test_small_coordinates_are_shares_of_the_frame_and_large_ones_pixels(tmp_path: Path) -> None:
    values = shares(2, 553, 3)
    assert read(tmp_path, keypoints=values * 2.9).keypoints[..., 0].max() > 200
    pixels = values * (200, 100, 1)
    assert np.allclose(read(tmp_path, keypoints=pixels).keypoints, pixels)


def test_coords_that_cannot_be_true_are_refused(tmp_path: Path) -> None:
    values = shares(2, 553, 3)
    with pytest.raises(PoseFileError, match=r"coords say pixel.*save coords as 'normalized'"):
        read(tmp_path, keypoints=values, coords="pixel")
    with pytest.raises(PoseFileError, match=r"coords say normalized.*save coords as 'pixel'"):
        read(tmp_path, keypoints=values * 200, coords="normalized")


def test_points_beyond_any_frame_are_missing_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    values = shares(2, 553, 3) * 200
    values[0, :3] = 1e7
    sequence = read(tmp_path, keypoints=values, coords="pixel")
    assert not sequence.confidence[0, :3].any()
    assert "3 points lie beyond any frame" in caplog.text


def test_coordinates_between_shares_and_pixels_are_not_guessed(tmp_path: Path) -> None:
    values = shares(2, 553, 3)
    values[0, 0] = 4
    with pytest.raises(PoseFileError, match="neither clearly pixels nor shares"):
        read(tmp_path, keypoints=values)
    assert read(tmp_path, keypoints=values, coords="normalized").keypoints[0, 0, 0] == 800


def test_the_frame_size_is_needed_and_asked_for(tmp_path: Path) -> None:
    with pytest.raises(PoseFileError, match=r"width.*--size WxH"):
        read(tmp_path, Declared(fps=25), keypoints=shares(2, 553, 3))


# ---- part by part


def parts(frames: int = 3, face: int = 468) -> dict[str, np.ndarray]:
    return {
        "pose": shares(frames, 33, 4, seed=1),
        "face": shares(frames, face, 3, seed=2),
        "lh": shares(frames, 21, 3, seed=3),
        "rh": shares(frames, 21, 3, seed=4),
    }


@pytest.mark.parametrize(("face", "name"), [(468, "holistic543"), (478, "holistic553")])
def test_parts_are_put_together(face: int, name: str, tmp_path: Path) -> None:
    arrays = parts(face=face)
    sequence = read(tmp_path, **arrays)
    assert sequence.layout == name
    for part, key in (("face", "face"), ("left_hand", "lh"), ("right_hand", "rh")):
        expected = arrays[key] * (200, 100, 1)
        assert np.allclose(sequence.part(part)[0], expected, atol=1e-4)
        assert (sequence.part(part)[1] == 1).all()
    assert np.array_equal(sequence.part("body")[1], arrays["pose"][..., 3])


@pytest.mark.parametrize(
    "names",
    [
        ("landmarks", "face_landmarks", "left_hand_landmarks", "right_hand_landmarks"),
        ("body", "face", "left_hand", "right_hand"),
    ],
)
def test_parts_have_other_names_and_may_be_flat(names: tuple[str, ...], tmp_path: Path) -> None:
    arrays = dict(zip(names, parts().values(), strict=True))
    flat = {name: array.reshape(3, -1) for name, array in arrays.items()}
    squeezed = {name: array[:, None] for name, array in arrays.items()}
    wanted = read(tmp_path, **parts())
    for same in (arrays, flat, squeezed):
        sequence = read(tmp_path, **same)
        assert np.array_equal(sequence.keypoints, wanted.keypoints)
        assert np.array_equal(sequence.confidence, wanted.confidence)


@pytest.mark.parametrize("mask", ["lh_valid", "left_hand_mask", "left_hand_landmarks_confidence"])
def test_masks_say_where_a_part_is_there(mask: str, tmp_path: Path) -> None:
    there = np.array([True, False, True])
    assert read(tmp_path, **parts(), **{mask: there}).seen("left_hand").tolist() == there.tolist()
    points = np.repeat(there[:, None], 21, axis=1)
    assert read(tmp_path, **parts(), **{mask: points}).seen("left_hand").tolist() == there.tolist()
    nowhere = read(tmp_path, **parts(), **{mask: np.zeros(3, bool)})
    assert not nowhere.seen("left_hand").any()


def test_parts_that_are_absent_are_missing(tmp_path: Path) -> None:
    arrays = parts()
    del arrays["face"], arrays["lh"]
    sequence = read(tmp_path, **arrays)
    assert sequence.layout == "holistic543"
    assert not sequence.seen("left_hand").any()
    assert sequence.seen("right_hand").all()


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"lh": shares(2, 21, 3)}, "2 frames of the left_hand"),
        ({"lh": shares(3, 20, 3)}, r"'lh' has shape \(3, 20, 3\)"),
        ({"lh": shares(3, 62)}, r"'lh' has shape \(3, 62\)"),
        ({"lh": np.zeros((0, 63))}, "'lh' has shape"),
        ({"lh": np.float32(1)}, "'lh' has shape"),
        ({"left_hand": shares(3, 21, 3)}, "both 'lh' and 'left_hand'"),
        ({"lh_valid": np.ones(2)}, r"'lh_valid' has shape \(2,\)"),
        ({"keypoints": shares(3, 553, 3)}, "more than one form"),
        ({"layout": "wholebody133"}, "parts of layout holistic543, not of wholebody133"),
    ],
)
def test_parts_that_do_not_fit_are_refused(
    changes: dict[str, object], fault: str, tmp_path: Path
) -> None:
    with pytest.raises(PoseFileError, match=fault):
        read(tmp_path, **{**parts(), **changes})


# ---- DWPose


def dwpose(count: int = 18) -> dict[str, np.ndarray]:
    return {
        "bodies": shares(3, count, 2, seed=1),
        "bodies_scores": shares(3, count, seed=2),
        "faces": shares(3, 1, 68, 2, seed=3),
        "faces_scores": shares(3, 1, 68, seed=4),
        "hands": shares(3, 2, 21, 2, seed=5),
        "hands_scores": shares(3, 2, 21, seed=6),
    }


@pytest.mark.parametrize(
    ("count", "name"),
    [(18, "dwpose134"), (24, "dwpose134"), (17, "wholebody133"), (23, "wholebody133")],
)
def test_dwpose_arrays_are_put_together(count: int, name: str, tmp_path: Path) -> None:
    arrays = dwpose(count)
    sequence = read(tmp_path, **arrays)
    assert sequence.layout == name
    size = (200, 100)
    body, trust = sequence.part("body")
    assert np.allclose(body[:, :count, :2], arrays["bodies"] * size, atol=1e-4)
    assert np.array_equal(trust[:, :count], arrays["bodies_scores"])
    assert not trust[:, count:].any()
    for hand, part in enumerate(("left_hand", "right_hand")):
        points = sequence.part(part)[0]
        assert np.allclose(points[..., :2], arrays["hands"][:, hand] * size, atol=1e-4)
    assert np.array_equal(sequence.part("face")[1], arrays["faces_scores"][:, 0])


def test_minus_one_is_missing_with_dwpose(tmp_path: Path) -> None:
    arrays = dwpose()
    del arrays["bodies_scores"]
    arrays["bodies"][1, 4] = -1
    sequence = read(tmp_path, **arrays)
    assert (sequence.part("body")[1][:, 4] > 0).tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"bodies": shares(3, 20, 2)}, "bodies have 20 points"),
        ({"bodies": shares(3)}, "bodies have 0 points"),
        ({"bodies": np.zeros((0, 18, 2))}, "'bodies' has shape"),
        ({"hands": shares(3, 4, 21, 2)}, r"'hands' has shape \(3, 4, 21, 2\)"),
        ({"hands": np.float32(0)}, "'hands' has shape"),
        ({"hands": shares(2, 2, 21, 2), "hands_scores": shares(2, 2, 21)}, "numbers of frames"),
        ({"hands_scores": shares(3, 1, 21)}, "'hands_scores' has shape"),
        ({"hands_scores": np.float32(0)}, "'hands_scores' has shape"),
        ({"layout": "wholebody133"}, "do not make wholebody133"),
    ],
)
def test_dwpose_arrays_that_do_not_fit_are_refused(
    changes: dict[str, object], fault: str, tmp_path: Path
) -> None:
    with pytest.raises(PoseFileError, match=fault):
        read(tmp_path, **{**dwpose(), **changes})


# ---- .npy


def test_a_plain_array_is_read_where_the_rest_is_declared(tmp_path: Path) -> None:
    values = shares(3, 543, 3)
    np.save(tmp_path / "a.npy", values)
    sequence = read_npy(tmp_path / "a.npy", declared("kaggle543"))
    assert np.allclose(sequence.keypoints, values * (200, 100, 1), atol=1e-4)
    with pytest.raises(PoseFileError, match="--layout"):
        read_npy(tmp_path / "a.npy", FRAME)
    with pytest.raises(PoseFileError, match="--fps"):
        read_npy(tmp_path / "a.npy", Declared(layout="kaggle543"))


# ---- damage


def test_damaged_files_raise_nothing_but_input_errors(tmp_path: Path) -> None:
    people = {"keypoints": shares(3, 2, 133, 3), "scores": shares(3, 2, 133), "fps": 25.0}
    small = {"pose": shares(2, 132), "lh": shares(2, 21, 3), "lh_valid": np.ones(2, bool)}
    np.save(tmp_path / "whole.npy", random_sequence("wholebody133", 2).keypoints)
    whole = (tmp_path / "whole.npy").read_bytes()
    files = [("npz", d) for arrays in (people, small, dwpose()) for d in _damaged(arrays)]
    files += [("npy", d) for d in mutations(whole, 500, seed=9)]
    outcomes = Counter[bool]()
    for suffix, content in files:
        path = tmp_path / f"damaged.{suffix}"
        path.unlink(missing_ok=True)  # replacing in place waits for the disk
        path.write_bytes(content)
        try:
            (read_npz if suffix == "npz" else read_npy)(path, FRAME)
            outcomes[True] += 1
        except InputError:
            outcomes[False] += 1
    assert outcomes.total() >= 2000
    assert min(outcomes.values()) > 10


def _damaged(arrays: dict[str, np.ndarray]) -> list[bytes]:
    return list(damaged_archives(dict(arrays), 500, seed=len(arrays)))
