"""Kaggle's parquet layouts: read as kaggle543, written so that they come back."""

import io
import logging
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pose_sequences.errors import InputError, OutputError, PoseFileError, ToolError
from pose_sequences.files import parquet, parquet_columns
from pose_sequences.files.declared import Declared
from pose_sequences.files.parquet import read_parquet, write_parquet
from pose_sequences.layout import LAYOUTS
from tests.pose_sequences.mutation import mutations
from tests.pose_sequences.sequences import random_sequence

# an ImportError is what pyarrow raises beside a numpy that it was not built for
pq: Any = pytest.importorskip("pyarrow.parquet", exc_type=ImportError)
pa: Any = pytest.importorskip("pyarrow", exc_type=ImportError)

FRAME = Declared(fps=30.0, width=200, height=100)
COUNTS = {"face": 468, "left_hand": 21, "pose": 33, "right_hand": 21}


def shares(frames: int = 3, seed: int = 0) -> np.ndarray:
    """Return points (T, 543, 3) as shares of the frame, the left hand missing in frame 1."""
    points = np.random.default_rng(seed).uniform(0.05, 0.95, (frames, 543, 3))
    points[1, 468:489] = np.nan
    return points


def long(points: np.ndarray, numbers: list[int]) -> dict[str, Any]:
    """Return the columns of a file as the contest of isolated signs gives them."""
    kinds = np.repeat(list(COUNTS), list(COUNTS.values()))
    index = np.concatenate([np.arange(n) for n in COUNTS.values()])
    frame = np.repeat(numbers, 543)
    return {
        "frame": frame.astype(np.int16),
        "row_id": [f"{f}-{k}-{i}" for f in numbers for k, i in zip(kinds, index, strict=True)],
        "type": np.tile(kinds, len(numbers)),
        "landmark_index": np.tile(index, len(numbers)).astype(np.int16),
        **{axis: points[..., i].reshape(-1) for i, axis in enumerate("xyz")},
    }


def wide(points: np.ndarray, numbers: list[int]) -> dict[str, Any]:
    """Return the columns of a file as the contest of fingerspelling gives them."""
    names = [f"{kind}_{i}" for kind, count in COUNTS.items() for i in range(count)]
    columns = {
        f"{axis}_{name}": points[:, row, a].astype(np.float32)
        for a, axis in enumerate("xyz")
        for row, name in enumerate(names)
    }
    return {"frame": np.array(numbers, np.int32), **columns}


def saved(folder: Path, columns: dict[str, Any]) -> Path:
    pq.write_table(pa.table(columns), folder / "clip.parquet")
    return folder / "clip.parquet"


@pytest.mark.parametrize("form", [long, wide])
def test_both_layouts_of_the_contests_are_read(form: Any, tmp_path: Path) -> None:
    points = shares()
    sequence = read_parquet(saved(tmp_path, form(points, [0, 1, 2])), FRAME)
    there = np.isfinite(points[..., 0])
    assert sequence.layout == "kaggle543"
    assert np.array_equal(sequence.confidence > 0, there)
    expected = np.nan_to_num(points * (200, 100, 1))
    assert np.allclose(sequence.keypoints, expected, atol=1e-4)


@pytest.mark.parametrize("form", [long, wide])
def test_frames_come_in_the_order_of_their_numbers_and_gaps_are_logged(
    form: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    points = shares()
    with caplog.at_level(logging.WARNING):
        shuffled = read_parquet(saved(tmp_path, form(points, [40, 12, 30])), FRAME)
    ordered = read_parquet(saved(tmp_path, form(points[[1, 2, 0]], [12, 30, 40])), FRAME)
    assert np.array_equal(shuffled.keypoints, ordered.keypoints)
    assert "26 frame numbers are left out" in caplog.text


def test_rows_in_any_order_and_rows_left_out_are_read(tmp_path: Path) -> None:
    columns = long(shares(), [0, 1, 2])
    whole = read_parquet(saved(tmp_path, columns), FRAME)
    order = np.random.default_rng(0).permutation(3 * 543)
    mixed = {name: np.asarray(column)[order] for name, column in columns.items()}
    assert np.array_equal(read_parquet(saved(tmp_path, mixed), FRAME).keypoints, whole.keypoints)
    there = np.isfinite(columns["x"])
    fewer = {name: np.asarray(column)[there] for name, column in columns.items()}
    assert np.array_equal(read_parquet(saved(tmp_path, fewer), FRAME).keypoints, whole.keypoints)


def test_nulls_are_missing_points(tmp_path: Path) -> None:
    columns = long(shares(), [0, 1, 2])
    whole = read_parquet(saved(tmp_path, columns), FRAME)
    for axis in "xyz":
        columns[axis] = pa.array(columns[axis], from_pandas=True)
        assert columns[axis].null_count == 21
    assert np.array_equal(read_parquet(saved(tmp_path, columns), FRAME).keypoints, whole.keypoints)


@pytest.mark.parametrize("kind", ["large_string", "dictionary"])
def test_the_ways_of_pandas_to_store_text_are_read(kind: str, tmp_path: Path) -> None:
    columns = long(shares(), [0, 1, 2])
    whole = read_parquet(saved(tmp_path, columns), FRAME)
    types = pa.array(columns["type"])
    columns["type"] = types.dictionary_encode() if kind == "dictionary" else types.cast(kind)
    assert np.array_equal(read_parquet(saved(tmp_path, columns), FRAME).keypoints, whole.keypoints)


def test_wide_files_without_depth_are_flat(tmp_path: Path) -> None:
    columns = {n: c for n, c in wide(shares(), [0, 1, 2]).items() if not n.startswith("z_")}
    sequence = read_parquet(saved(tmp_path, columns), FRAME)
    assert (sequence.confidence[0] > 0).all()
    assert not sequence.keypoints[..., 2].any()


@pytest.mark.parametrize("name", LAYOUTS)
def test_points_come_back_and_confidence_becomes_presence(name: str, tmp_path: Path) -> None:
    sequence = random_sequence(name, 4, fps=29.97)
    write_parquet(sequence, tmp_path / "a.parquet")
    back, wanted = read_parquet(tmp_path / "a.parquet"), sequence.converted("kaggle543")
    assert np.array_equal(back.keypoints, wanted.keypoints)
    assert np.array_equal(back.confidence, wanted.confidence > 0)
    assert (back.fps, back.width, back.height) == (29.97, 210, 260)


def test_what_is_written_has_the_columns_of_the_contest(tmp_path: Path) -> None:
    write_parquet(random_sequence("kaggle543", 2), tmp_path / "a.parquet")
    table = pq.read_table(tmp_path / "a.parquet")
    columns = [(field.name, str(field.type)) for field in table.schema]
    assert columns == [
        ("frame", "int16"),
        ("row_id", "string"),
        ("type", "string"),
        ("landmark_index", "int16"),
        *((axis, "double") for axis in "xyz"),
    ]
    assert table["row_id"][543 + 470].as_py() == "1-left_hand-2"


def test_what_parquet_cannot_hold_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        write_parquet(random_sequence("wholebody133"), tmp_path / "a.parquet")
    assert "confidence has no place" in caplog.text
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    for words in ("glosses have no place", "points are missing"):
        assert any(words in warning for warning in warnings)


def test_what_loses_nothing_warns_of_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        write_parquet(random_sequence("holistic543", 1), tmp_path / "a.parquet")
        read_parquet(tmp_path / "a.parquet")
    assert not caplog.text


def test_an_existing_file_is_not_replaced_unasked(tmp_path: Path) -> None:
    write_parquet(random_sequence("kaggle543"), tmp_path / "a.parquet")
    with pytest.raises(OutputError, match="--overwrite"):
        write_parquet(random_sequence("kaggle543"), tmp_path / "a.parquet")


def test_what_kaggle_leaves_open_is_asked_for(tmp_path: Path) -> None:
    path = saved(tmp_path, long(shares(), [0, 1, 2]))
    with pytest.raises(PoseFileError, match="--fps"):
        read_parquet(path, Declared(width=200, height=100))
    with pytest.raises(PoseFileError, match="--size WxH"):
        read_parquet(path, Declared(fps=30))
    with pytest.raises(PoseFileError, match=r"kaggle543, but holistic543.*--layout"):
        read_parquet(path, Declared(layout="holistic543", fps=30, width=200, height=100))


def _changed(**changes: Any) -> dict[str, Any]:
    columns = {**long(shares(), [0, 1, 2]), **changes}
    return {name: column for name, column in columns.items() if column is not None}


REFUSED: list[tuple[dict[str, Any], str]] = [
    (_changed(type=["iris"] * (3 * 543)), "type that is none of face"),
    (_changed(type=np.arange(3 * 543)), "type that is none of face"),
    (_changed(type=[None] * (3 * 543)), "type that is none of face"),
    (_changed(landmark_index=np.full(3 * 543, 468)), "landmark_index 468"),
    (_changed(landmark_index=np.full(3 * 543, -1)), "landmark_index -1"),
    (_changed(frame=np.zeros(3 * 543, np.int16)), "a point twice in a frame"),
    (_changed(frame=[None] * (3 * 543)), "without a number"),
    (_changed(frame=np.full(3 * 543, 0.5)), "no intact parquet"),
    (_changed(x=["a"] * (3 * 543)), "column 'x' holds string"),
    (_changed(x=None), "has columns frame, row_id, type"),
    (_changed(sequence_id=np.arange(3 * 543) // 543), "more than one sequence_id"),
    ({"a": [1]}, "has columns a"),
    (wide(shares(), [0, 0, 1]), "a frame twice"),
    ({**wide(shares(), [0, 1, 2]), "sequence_id": [1, 1, 2]}, "more than one sequence_id"),
    ({"x_face_468": [0.5], "y_face_468": [0.5]}, "no point for column x_face_468"),
    ({"x_face_00": [0.5]}, "has columns x_face_00"),
    ({"x_face_0": np.zeros(0)}, "has 0 frames"),
    ({"x_face_0": [[1.0, 2.0]]}, "column 'x_face_0' holds list"),
]


@pytest.mark.parametrize(("columns", "fault"), REFUSED)
def test_impossible_contents_are_refused(
    columns: dict[str, Any], fault: str, tmp_path: Path
) -> None:
    with pytest.raises(PoseFileError, match=fault) as caught:
        read_parquet(saved(tmp_path, columns), FRAME)
    assert "clip.parquet" in str(caught.value)


def test_sizes_are_judged_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path, {"x_face_0": np.zeros(10_001)})
    with pytest.raises(PoseFileError, match="10001 rows"):
        read_parquet(path, FRAME)
    path = saved(tmp_path, {f"x{i}": [0.5] for i in range(2001)})
    with pytest.raises(PoseFileError, match="2001 columns"):
        read_parquet(path, FRAME)
    path = saved(tmp_path, long(shares(), [0, 1, 2]))
    monkeypatch.setattr(parquet_columns, "MAX_BYTES", 10_000)
    with pytest.raises(PoseFileError, match=r"larger than 0\.01 MB"):
        read_parquet(path, FRAME)


def test_a_long_text_is_not_repeated_for_every_row(tmp_path: Path) -> None:
    rows = 2_000
    text = pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), ["x" * 80_000])
    columns: dict[str, Any] = {"frame": np.zeros(rows, np.int16), "type": text}
    columns |= {"landmark_index": np.zeros(rows, np.int16), **dict.fromkeys("xyz", np.zeros(rows))}
    # said by the pages, not by the schema
    pq.write_table(pa.table(columns), tmp_path / "clip.parquet", store_schema=False)
    usual = pa.default_memory_pool()
    pool = pa.proxy_memory_pool(usual)  # counts from here on
    pa.set_memory_pool(pool)
    try:
        with pytest.raises(PoseFileError, match="type that is none of face"):
            read_parquet(tmp_path / "clip.parquet", FRAME)
    finally:
        pa.set_memory_pool(usual)
    assert pool.max_memory() < 10_000_000


@pytest.mark.parametrize("name", ["frame", "landmark_index", "x"])
def test_a_text_where_a_number_belongs_is_refused_unread(name: str, tmp_path: Path) -> None:
    with pytest.raises(PoseFileError, match=f"column '{name}' holds string"):
        read_parquet(saved(tmp_path, _changed(**{name: ["1"] * (3 * 543)})), FRAME)


def test_columns_that_unpack_to_too_much_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = _changed(row_id=None, **dict.fromkeys("xyz", np.full(3 * 543, 0.5)))
    path = saved(tmp_path, columns)
    monkeypatch.setattr(parquet_columns, "MAX_BYTES", 10_000)
    assert path.stat().st_size < parquet_columns.MAX_BYTES
    with pytest.raises(PoseFileError, match="rows of 0 MB, too much"):
        read_parquet(path, FRAME)
    monkeypatch.setattr(parquet_columns, "MAX_UNPACKED_BYTES", 1_000)
    with pytest.raises(PoseFileError, match="MB of columns, too much"):
        read_parquet(path, FRAME)


def test_metadata_that_hold_no_numbers_are_refused(tmp_path: Path) -> None:
    table = pa.table(long(shares(), [0, 1, 2]))
    table = table.replace_schema_metadata({b"signgen.fps": b"fast"})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(PoseFileError, match="hold no numbers"):
        read_parquet(tmp_path / "a.parquet", FRAME)


def test_more_frames_than_are_read_back_are_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "MAX_FRAMES", 3)
    with pytest.raises(OutputError, match="would have 4 frames"):
        write_parquet(random_sequence("kaggle543", 4), tmp_path / "a.parquet")
    assert not any(tmp_path.iterdir())


def test_without_pyarrow_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ToolError, match=r"pip install 'signgen\[parquet\]'"):
        read_parquet(tmp_path / "a.parquet", FRAME)
    with pytest.raises(ToolError, match=r"pip install 'signgen\[parquet\]'"):
        write_parquet(random_sequence("kaggle543"), tmp_path / "a.parquet")


def test_damaged_files_raise_nothing_but_input_errors(tmp_path: Path) -> None:
    originals = []
    plain = {"use_dictionary": False, "compression": "none"}
    few = {name: np.asarray(column)[:600] for name, column in long(shares(), [0, 1, 2]).items()}
    narrow = {n: c for n, c in wide(shares(), [0, 1, 2]).items() if "hand" in n or n == "frame"}
    for columns, options in ((few, {}), (few, plain), (narrow, {}), (narrow, plain)):
        buffer = io.BytesIO()
        pq.write_table(pa.table(columns), buffer, **options)
        originals.append(buffer.getvalue())
    path = tmp_path / "damaged.parquet"
    outcomes = Counter[bool]()
    for seed, original in enumerate(originals):
        for damaged in mutations(original, 500, seed):
            path.unlink(missing_ok=True)  # replacing in place waits for the disk
            path.write_bytes(damaged)
            try:
                read_parquet(path, FRAME)
                outcomes[True] += 1
            except InputError:
                outcomes[False] += 1
    assert outcomes.total() == 2000
    assert min(outcomes.values()) > 10
