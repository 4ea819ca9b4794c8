"""The canonical .npz: what is written comes back, and nothing dangerous is ever unpacked."""

import io
import struct
import time
import tracemalloc
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_sequences.errors import InputError, OutputError, PoseFileError
from pose_sequences.files import archive
from pose_sequences.files.declared import Declared
from pose_sequences.files.npz import read_npy, read_npz, write_npz
from pose_sequences.layout import LAYOUTS
from pose_sequences.sequence import PoseSequence, Segment
from tests.pose_sequences.mutation import mutations
from tests.pose_sequences.sequences import random_sequence

pytestmark = pytest.mark.light


def canonical(**changes: object) -> dict[str, object]:
    """Return the arrays of a small canonical file, some of them changed; None leaves one out."""
    sequence = random_sequence("reduced178", 4)
    arrays: dict[str, object] = {
        "keypoints": sequence.keypoints,
        "confidence": sequence.confidence,
        "fps": 25.0,
        "width": 210,
        "height": 260,
        "layout": "reduced178",
        "coords": "pixel",
        "schema_version": 1,
        **changes,
    }
    return {name: array for name, array in arrays.items() if array is not None}


def saved(folder: Path, **changes: object) -> Path:
    path = folder / "clip.npz"
    np.savez_compressed(path, **canonical(**changes))
    return path


def same(a: PoseSequence, b: PoseSequence) -> bool:
    facts = ("fps", "width", "height", "layout", "gloss", "segments", "handedness", "source")
    return (
        np.array_equal(a.keypoints, b.keypoints)
        and np.array_equal(a.confidence, b.confidence)
        and all(getattr(a, fact) == getattr(b, fact) for fact in facts)
    )


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_comes_back_as_it_was(name: str, tmp_path: Path) -> None:
    sequence = random_sequence(name, 6)
    write_npz(sequence, tmp_path / "a.npz")
    assert same(read_npz(tmp_path / "a.npz"), sequence)


words = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)


@settings(max_examples=30, deadline=None)
@given(
    gloss=words,
    source=words,
    glosses=st.lists(words, max_size=4),
    fps=st.sampled_from([22.392, 29.97, 1.0, 1000 / 3]),
    handedness=st.sampled_from(["", "left", "right"]),
    seed=st.integers(0, 1000),
)
def test_words_and_odd_frame_rates_come_back_exactly(
    tmp_path_factory: pytest.TempPathFactory,
    gloss: str,
    source: str,
    glosses: list[str],
    fps: float,
    handedness: str,
    seed: int,
) -> None:
    path = tmp_path_factory.mktemp("words") / "a.npz"
    rng = np.random.default_rng(seed)
    bounds = np.sort(rng.integers(0, 4, (len(glosses), 2)), axis=1).tolist()
    sequence = replace(
        random_sequence("wholebody133", 3, seed, fps=fps),
        gloss=gloss,
        source=source,
        handedness=handedness,
        segments=tuple(Segment(g, *bound) for g, bound in zip(glosses, bounds, strict=True)),
    )
    write_npz(sequence, path)
    assert same(read_npz(path), sequence)


def test_the_same_sequence_makes_the_same_bytes(tmp_path: Path) -> None:
    sequence = random_sequence("holistic543")
    write_npz(sequence, tmp_path / "a.npz")
    time.sleep(0.01)
    write_npz(sequence, tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_numpy_reads_what_is_written_without_pickles(tmp_path: Path) -> None:
    sequence = random_sequence("holistic543")
    write_npz(sequence, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        assert np.array_equal(arrays["keypoints"], sequence.keypoints)
        assert arrays["keypoints"].dtype == arrays["confidence"].dtype == np.float32
        assert str(arrays["layout"]) == "holistic543"
        assert str(arrays["coords"]) == "pixel"
        assert arrays["segments"].tolist() == [[0, 2], [2, 5]]
        assert arrays["segment_gloss"].tolist() == ["HELLO", "WÖRLD"]


def test_an_existing_file_is_not_replaced_unasked(tmp_path: Path) -> None:
    write_npz(random_sequence("openpose137"), tmp_path / "a.npz")
    with pytest.raises(OutputError, match="--overwrite"):
        write_npz(random_sequence("openpose137"), tmp_path / "a.npz")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.npz"]


def test_long_empty_clips_come_back_although_zeros_pack_tightly(tmp_path: Path) -> None:
    sequence = random_sequence("holistic543", 2700, missing=1.0)
    assert sequence.keypoints.nbytes > archive.MAX_PACKED_TIGHTLY
    write_npz(sequence, tmp_path / "a.npz")
    assert not read_npz(tmp_path / "a.npz").confidence.any()


def test_what_could_not_be_read_back_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OutputError, match="gloss has more than 10000 characters"):
        write_npz(replace(random_sequence("holistic543"), gloss="x" * 10_001), tmp_path / "a.npz")
    monkeypatch.setattr(archive, "MAX_FRAMES", 4)
    with pytest.raises(OutputError, match="would hold 5 frames"):
        write_npz(random_sequence("holistic543", 5), tmp_path / "a.npz")
    monkeypatch.setattr(archive, "MAX_BYTES", 10_000)
    with pytest.raises(OutputError, match="shorter pieces"):
        write_npz(random_sequence("holistic543"), tmp_path / "a.npz")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [">f4", "<f8", ">f8", "<f4"])
def test_byte_order_and_memory_order_do_not_matter(dtype: str, order: str, tmp_path: Path) -> None:
    arrays = canonical()
    keypoints = np.asarray(arrays["keypoints"]).astype(dtype, order=order)
    read = read_npz(saved(tmp_path, keypoints=keypoints))
    assert np.array_equal(read.keypoints, np.asarray(arrays["keypoints"]))


def test_normalised_coordinates_become_pixels_and_depth_stays(tmp_path: Path) -> None:
    points = np.full((4, 178, 3), 0.5, np.float32)
    read = read_npz(saved(tmp_path, keypoints=points, confidence=None, coords="normalized"))
    assert read.keypoints[2, 7].tolist() == [105, 130, 0.5]


def test_the_same_pixels_come_from_normalised_and_pixel_files(tmp_path: Path) -> None:
    size = np.array([210, 260, 1], np.float32)
    pixels = np.asarray(canonical()["keypoints"])
    a = read_npz(saved(tmp_path))
    b = read_npz(saved(tmp_path, keypoints=pixels / size, coords="normalized"))
    assert np.allclose(a.keypoints, b.keypoints, atol=1e-4)


def test_nan_under_full_confidence_is_missing(tmp_path: Path) -> None:
    points = np.asarray(canonical()["keypoints"]).copy()
    points[1, 3, 0] = np.nan
    read = read_npz(saved(tmp_path, keypoints=points, confidence=np.ones((4, 178))))
    assert read.confidence[1, 3] == 0
    assert not read.keypoints[1, 3].any()


def test_coordinates_left_over_under_confidence_zero_are_dropped(tmp_path: Path) -> None:
    read = read_npz(saved(tmp_path, confidence=np.zeros((4, 178))))
    assert not read.keypoints.any()


def test_confidence_above_one_becomes_one(tmp_path: Path) -> None:
    confidence = np.full((4, 178), 1.04)
    read = read_npz(saved(tmp_path, confidence=confidence))
    assert read.confidence.max() == 1


def test_numbers_beyond_any_frame_are_missing(tmp_path: Path) -> None:
    points = np.full((4, 178, 3), 1e308)
    read = read_npz(saved(tmp_path, keypoints=points, coords="normalized"))
    assert not read.confidence.any()


def test_one_gloss_a_segment_may_stand_under_gloss(tmp_path: Path) -> None:
    read = read_npz(saved(tmp_path, gloss=np.array(["A", "B"]), segments=[[0, 1], [1, 4]]))
    assert read.segments == (Segment("A", 0, 1), Segment("B", 1, 4))
    assert read.gloss == "A B"


def test_the_file_wins_where_nothing_contradicts_it(tmp_path: Path) -> None:
    read = read_npz(saved(tmp_path), Declared(layout="reduced178", fps=25.0, width=210))
    assert (read.fps, read.width, read.height) == (25.0, 210, 260)


@pytest.mark.parametrize(
    ("declared", "both"),
    [
        (Declared(fps=30.0), ["25", "30", "--fps"]),
        (Declared(width=1280), ["210", "1280", "--size"]),
        (Declared(layout="holistic543"), ["reduced178", "holistic543", "--layout"]),
    ],
)
def test_a_contradiction_names_both_and_the_option(
    declared: Declared, both: list[str], tmp_path: Path
) -> None:
    with pytest.raises(PoseFileError) as caught:
        read_npz(saved(tmp_path), declared)
    assert all(word in str(caught.value) for word in both)


@pytest.mark.parametrize(
    ("missing", "option"), [("fps", "--fps"), ("width", "--size"), ("height", "--size")]
)
def test_what_nobody_says_is_asked_for(missing: str, option: str, tmp_path: Path) -> None:
    with pytest.raises(PoseFileError, match=rf"{missing}.*{option}"):
        read_npz(saved(tmp_path, **{missing: None}))
    declared = Declared(**{missing: 50})
    assert getattr(read_npz(saved(tmp_path, **{missing: None}), declared), missing) == 50


REFUSED: list[tuple[dict[str, object], str]] = [
    ({"schema_version": 2}, "schema version 2, and 1.*update"),
    ({"schema_version": 1.5}, "schema_version.*whole"),
    ({"fps": 0.0}, "fps is 0"),
    ({"fps": np.nan}, "fps is nan"),
    ({"fps": [25.0, 30.0]}, "fps.*single number"),
    ({"fps": "25"}, "fps.*single number"),
    ({"width": 0}, "width is 0"),
    ({"width": 210.5}, "width.*whole number"),
    ({"width": 10**12}, "width is"),
    ({"layout": "holistic"}, "layout is 'holistic'.*holistic543"),
    ({"layout": 543}, "layout.*text"),
    ({"layout": np.array(["reduced178", "reduced178"])}, "2 texts"),
    ({"layout": "wholebody133"}, "178 points a frame.*wholebody133 has 133"),
    ({"coords": "pixels"}, "coords are 'pixels'"),
    ({"handedness": "both"}, "handedness"),
    ({"keypoints": None}, "holds no keypoints"),
    ({"keypoints": np.ones((4, 178))}, "178 numbers a frame, which do not make"),
    ({"keypoints": np.ones(178)}, "shape"),
    ({"keypoints": np.float32(3)}, "shape"),
    ({"keypoints": "points"}, "text"),
    ({"keypoints": np.ones((0, 178, 3))}, "shape"),
    ({"keypoints": np.ones((4, 178, 6))}, "shape"),
    ({"confidence": np.ones((4, 177))}, r"confidence.*\(4, 177\)"),
    ({"scores": np.ones((4, 178))}, "both 'confidence' and 'scores'"),
    ({"segments": [[0, 9]], "gloss": "A"}, "outside the 4 frames"),
    ({"segments": [[2, 1]], "gloss": "A"}, "runs from frame 2 to 1"),
    ({"segments": [[0, np.inf]], "gloss": "A"}, "segments"),
    ({"segments": [0, 1], "gloss": "A"}, "segments"),
    ({"segments": 3, "gloss": "A"}, "segments"),
    ({"segments": [[0, 1], [1, 2]], "gloss": "A"}, "1 glosses for 2 segments"),
    ({"gloss": np.array(["A", "B"])}, "2 glosses for 0 segments"),
    ({"gloss": 5}, "gloss.*text"),
]


@pytest.mark.parametrize(("changes", "fault"), REFUSED)
def test_impossible_contents_are_refused(
    changes: dict[str, object], fault: str, tmp_path: Path
) -> None:
    with pytest.raises(PoseFileError, match=fault) as caught:
        read_npz(saved(tmp_path, **changes))
    assert "clip.npz" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    with pytest.raises(PoseFileError, match=r"note\.npy.*never loaded"):
        read_npz(saved(tmp_path, note=np.array([{"a": 1}], dtype=object)))
    with pytest.raises(PoseFileError, match="no plain array"):
        read_npz(saved(tmp_path, note=np.zeros(3, [("x", "f4")])))


def test_impossible_characters_are_refused(tmp_path: Path) -> None:
    beyond = np.array([0x7FFFFFFF], np.uint32).view("<U1")
    with pytest.raises(PoseFileError, match="impossible characters"):
        read_npz(saved(tmp_path, gloss=beyond))
    surrogate = np.array([0xD800], np.uint32).view("<U1")
    with pytest.raises(PoseFileError, match="impossible characters"):
        read_npz(saved(tmp_path, gloss=surrogate))


# ---- the archive itself


def member(shape: tuple[int, ...], data: bytes, descr: str = "<f4") -> bytes:
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return path


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = zipped(tmp_path / "bomb.npz", {"a.npy": bytes(17_000_000)})
    assert path.stat().st_size < 20_000
    with pytest.raises(PoseFileError, match="more than 200 times"):
        read_npz(path)


def test_a_header_that_promises_too_much_allocates_nothing(tmp_path: Path) -> None:
    for shape in ((1_000_000, 1_000_000), (100_001, 3), (4, 3001, 3), (1, 1, 1, 1, 1)):
        path = zipped(tmp_path / "a.npz", {"keypoints.npy": member(shape, b"\0" * 12)})
        with pytest.raises(PoseFileError, match="shape"):
            read_npz(path)
    path = zipped(tmp_path / "a.npz", {"keypoints.npy": member((100_000, 3000), b"\0" * 12)})
    with pytest.raises(PoseFileError, match="needs 1200000000 bytes"):
        read_npz(path)


@pytest.mark.parametrize("descr", ["|O", "<c8", "<M8[s]", "|V8", "|S5", "<U0", "<U10001", "<f3"])
def test_only_plain_numbers_and_text_are_read(descr: str, tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.npz", {"keypoints.npy": member((1,), b"\0" * 8, descr)})
    with pytest.raises(PoseFileError, match="has type"):
        read_npz(path)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "no numpy array"),
        (b"hello world, this is text", "no numpy array"),
        (b"\x93NUMPY\x09\x00" + b"\0" * 20, "no numpy array"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\x7f" + b"\0" * 20, "header of 2147483647 bytes"),
        (b"\x93NUMPY\x01\x00\x10\x27" + b"(" * 10_000, "no plain array"),
        (member((3,), b"\0" * 8), "needs 12 bytes"),
        (member((3,), b"\0" * 13), "needs 12 bytes"),
    ],
)
def test_damaged_headers_are_refused(content: bytes, fault: str, tmp_path: Path) -> None:
    with pytest.raises(PoseFileError, match=fault):
        read_npz(zipped(tmp_path / "a.npz", {"keypoints.npy": content}))
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(PoseFileError, match=fault):
        read_npy(tmp_path / "a.npy")


def test_too_many_or_doubled_members_are_refused(tmp_path: Path) -> None:
    many = {f"{i}.npy": member((1,), b"\0" * 4) for i in range(65)}
    with pytest.raises(PoseFileError, match="65 arrays"):
        read_npz(zipped(tmp_path / "a.npz", many))
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as made:
        made.writestr("a.npy", member((1,), b"\0" * 4))
        with pytest.warns(UserWarning, match="Duplicate"):
            made.writestr("a.npy", member((1,), b"\0" * 4))
    with pytest.raises(PoseFileError, match="'a' twice"):
        read_npz(tmp_path / "b.npz")


def test_more_members_than_the_end_record_counts_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.npz", {f"{i}.npy": member((1,), b"\0" * 4) for i in range(65)})
    content = bytearray(path.read_bytes())
    struct.pack_into("<HH", content, len(content) - 14, 1, 1)
    path.write_bytes(content)
    with pytest.raises(PoseFileError, match="65 arrays"):
        read_npz(path)


@pytest.mark.parametrize(("descr", "width"), [("|i1", 4), ("<u2", 4), ("|b1", 4), ("<i4", 8)])
def test_numbers_are_bounded_as_the_floats_they_become(
    descr: str, width: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dtype = np.dtype(descr)
    half = zipped(
        tmp_path / "a.npz", {"mask.npy": member((100,), bytes(100 * dtype.itemsize), descr)}
    )
    both = {name: member((100,), bytes(100 * dtype.itemsize), descr) for name in ("a.npy", "b.npy")}
    monkeypatch.setattr(archive, "MAX_BYTES", 100 * width)
    assert archive.read_archive(half)["mask"].dtype == dtype
    monkeypatch.setattr(archive, "MAX_BYTES", 200 * width - 1)
    with pytest.raises(PoseFileError, match=r"'b\.npy' as floats"):
        read_npz(zipped(tmp_path / "b.npz", both))
    np.save(tmp_path / "c.npy", np.zeros(200, dtype))
    with pytest.raises(PoseFileError, match="the array as floats"):
        read_npy(tmp_path / "c.npy")


def test_small_numbers_take_no_more_memory_than_floats(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(1, 100, (500, 553, 3))
    peaks = {}
    for dtype in ("i1", "f4"):
        np.save(tmp_path / f"{dtype}.npy", values.astype(dtype))
        tracemalloc.start()
        try:
            read_npy(tmp_path / f"{dtype}.npy", Declared(fps=25, width=200, height=100))
            peaks[dtype] = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peaks["i1"] < 1.2 * peaks["f4"]


def test_other_members_methods_and_encryption_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PoseFileError, match=r"readme\.txt.*no array"):
        read_npz(zipped(tmp_path / "a.npz", {"readme.txt": b"hello"}))
    plain = {"a.npy": member((1,), b"\0" * 4)}
    with pytest.raises(PoseFileError, match="method 14"):
        read_npz(zipped(tmp_path / "b.npz", plain, zipfile.ZIP_LZMA))
    content = bytearray(zipped(tmp_path / "c.npz", plain).read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "c.npz").write_bytes(content)
    with pytest.raises(PoseFileError, match="encrypted"):
        read_npz(tmp_path / "c.npz")


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        (24, 0xF0000000, "MB of arrays"),  # the unpacked size
        (20, 0x00FFFFFF, "inside the file"),  # the packed size
        (42, 0x00FFFFFF, "inside the file|damaged"),  # where the member stands
        (16, 0, "damaged"),  # the checksum
        (24, 100, "damaged"),  # an unpacked size that is too small
    ],
)
def test_a_directory_that_lies_is_refused(
    field: int, value: int, fault: str, tmp_path: Path
) -> None:
    path = zipped(tmp_path / "a.npz", {"keypoints.npy": member((90,), b"\1\2\3" * 120)})
    content = bytearray(path.read_bytes())
    struct.pack_into("<L", content, content.index(b"PK\x01\x02") + field, value)
    path.write_bytes(content)
    with pytest.raises(PoseFileError, match=fault):
        read_npz(path)


def test_files_cut_short_anywhere_are_refused(tmp_path: Path) -> None:
    whole = saved(tmp_path).read_bytes()
    for length in range(0, len(whole), len(whole) // 40):
        (tmp_path / "cut.npz").write_bytes(whole[:length])
        with pytest.raises(PoseFileError, match="cut short"):
            read_npz(tmp_path / "cut.npz")


def test_the_larger_zip_format_is_refused(tmp_path: Path) -> None:
    whole = saved(tmp_path).read_bytes()
    locator = b"PK\x06\x07" + bytes(16)
    (tmp_path / "large.npz").write_bytes(whole[:-22] + locator + whole[-22:])
    with pytest.raises(PoseFileError, match=r"no \.npz archive"):
        read_npz(tmp_path / "large.npz")


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PoseFileError, match=r"none\.npz.*cannot be opened"):
        read_npz(tmp_path / "none.npz")
    with pytest.raises(PoseFileError, match="directory"):
        read_npz(tmp_path)


def damaged_archives(arrays: dict[str, object], count: int, seed: int) -> Iterator[bytes]:
    """Yield .npz files with one damaged array each, in zip archives that are sound."""
    members = {}
    for name, array in arrays.items():
        buffer = io.BytesIO()
        np.save(buffer, np.asarray(array))
        members[name + ".npy"] = buffer.getvalue()
    for i, name in enumerate(members):
        for damaged in mutations(members[name], count // len(members) + 1, seed + i):
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w") as made:
                for other, content in members.items():
                    made.writestr(other, damaged if other == name else content)
            yield buffer.getvalue()


def test_damaged_files_raise_nothing_but_input_errors(tmp_path: Path) -> None:
    arrays = canonical(gloss="A", segments=[[0, 4]], segment_gloss=["B"], source="x.mp4")
    whole = saved(tmp_path, gloss="A").read_bytes()
    path = tmp_path / "damaged.npz"
    outcomes = Counter[bool]()
    for damaged in (*damaged_archives(arrays, 1000, seed=1), *mutations(whole, 1000, seed=2)):
        path.unlink(missing_ok=True)  # replacing in place waits for the disk
        path.write_bytes(damaged)
        try:
            read_npz(path)
            outcomes[True] += 1
        except InputError:
            outcomes[False] += 1
    assert outcomes.total() >= 2000
    assert min(outcomes.values()) > 10
