"""Binary .pose files: what pose-format reads, we read; what we write, it reads."""

import logging
import struct
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pose_sequences.errors import InputError, OutputError, PoseFileError
from pose_sequences.files.declared import Declared
from pose_sequences.files.dot_pose import read_dot_pose, write_dot_pose
from pose_sequences.files.dot_pose_header import Component, Header, packed_header
from pose_sequences.files.dot_pose_names import MEDIAPIPE, OPENPOSE, WHOLEBODY, Family, meanings
from pose_sequences.layout import LAYOUTS, PARTS, Part, layout
from pose_sequences.sequence import PoseSequence
from tests.pose_sequences.mutation import mutations
from tests.pose_sequences.sequences import random_sequence

pytestmark = pytest.mark.light

REAL = Path(__file__).parents[3] / "shared" / "data" / "poses"
NEAREST = {"kaggle543": "holistic543", "dwpose134": "wholebody133"}
HANDS: tuple[Part, ...] = ("left_hand", "right_hand")

Floats = NDArray[np.float32]


def described(family: Family, name: str, parts: Sequence[Part] = PARTS) -> tuple[Component, ...]:
    return tuple(family.component(name, part, "XYZC") for part in parts)


def clip(num_frames: int, num_people: int, num_points: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Return random coordinates (T, P, K, 3) and confidence (T, P, K)."""
    rng = np.random.default_rng(seed)
    shape = (num_frames, num_people, num_points)
    return (
        rng.uniform(1, 200, (*shape, 3)).astype(np.float32),
        rng.uniform(0.1, 1, shape).astype(np.float32),
    )


def array_bytes(
    components: tuple[Component, ...],
    coordinates: Floats,
    confidence: Floats,
    version: float = 0.2,
    **said: float,
) -> bytes:
    """Return a file of version 0.1 or 0.2; said: what its header claims, true or not."""
    width, height = int(said.get("width", 210)), int(said.get("height", 260))
    frames, people = int(said.get("frames", len(coordinates))), coordinates.shape[1]
    fps = said.get("fps", 25)
    counts = (
        struct.pack("<fIH", fps, frames, people)
        if version == 0.2
        else struct.pack("<HHH", int(fps), frames, people)
    )
    header = packed_header(Header(version, width, height, components))
    return header + counts + coordinates.astype("<f4").tobytes() + confidence.tobytes()


def interleaved_bytes(
    components: tuple[Component, ...], frames: Sequence[Sequence[tuple[int, Floats]]]
) -> bytes:
    """Return a file of version 0.0; frames: for each person an id and rows (K, 4) x, y, z, c."""
    parts = [packed_header(Header(0.0, 210, 260, components)), struct.pack("<HH", 25, len(frames))]
    for people in frames:
        parts.append(struct.pack("<H", len(people)))
        for identity, rows in people:
            parts.append(struct.pack("<h", identity))
            start = 0
            for c in components:
                mine = rows[start : start + len(c.points)]
                kept = np.concatenate([mine[:, : len(c.format) - 1], mine[:, 3:]], axis=1)
                parts.append(kept.astype("<f4").tobytes())
                start += len(c.points)
    return b"".join(parts)


def read_bytes(folder: Path, data: bytes, declared: Declared | None = None) -> PoseSequence:
    path = folder / "clip.pose"
    path.write_bytes(data)
    return read_dot_pose(path, declared or Declared())


def refusal(folder: Path, data: bytes, declared: Declared | None = None) -> str:
    with pytest.raises(PoseFileError) as caught:
        read_bytes(folder, data, declared)
    assert "clip.pose" in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def real_files() -> list[Path]:
    files = sorted(REAL.rglob("*.pose"))
    if not files:
        pytest.skip("the real files are not here")
    return files


def test_real_files_read_as_pose_format_reads_them() -> None:
    pose_format = pytest.importorskip("pose_format")
    for path in real_files():
        theirs = pose_format.Pose.read(path.read_bytes())
        ours = read_dot_pose(path)
        names = [(c.name, point) for c in theirs.header.components for point in c.points]
        kept = [i for i, name in enumerate(names) if name in meanings()]
        rows = ours.points.find(tuple(meanings()[names[i]][0] for i in kept))
        confidence = theirs.body.confidence[:, 0][:, kept]
        points = theirs.body.data.data[:, 0][:, kept]
        assert len(rows) == len(ours.points.points), path
        np.testing.assert_array_equal(ours.confidence[:, rows], np.clip(confidence, 0, 1))
        there = confidence > 0
        dims = points.shape[2]
        np.testing.assert_array_equal(ours.keypoints[:, rows, :dims][there], points[there])
        assert ours.fps == pytest.approx(theirs.body.fps, rel=1e-6)
        size = theirs.header.dimensions
        assert (ours.width, ours.height) == (size.width, size.height)


@pytest.mark.parametrize(
    ("start", "name"),
    [
        ("holistic178", "reduced178"),
        ("holistic576", "holistic543"),
        ("holistic586", "holistic553"),
        ("openpose137", "openpose137"),
        ("wholebody133", "wholebody133"),
    ],
)
def test_real_files_are_put_into_the_layout_that_holds_them(start: str, name: str) -> None:
    chosen = [path for path in real_files() if path.name.startswith(start)]
    assert chosen
    for path in chosen:
        assert read_dot_pose(path).layout == name


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_round_trip_keeps_points_and_confidence(name: str, tmp_path: Path) -> None:
    sequence = random_sequence(name, fps=29.97)
    write_dot_pose(sequence, tmp_path / "clip.pose")
    back = read_dot_pose(tmp_path / "clip.pose")
    expected = sequence.converted(NEAREST.get(name, name))
    assert back.layout == expected.layout
    np.testing.assert_array_equal(back.keypoints, expected.keypoints)
    np.testing.assert_array_equal(back.confidence, expected.confidence)
    assert (back.fps, back.width, back.height) == (29.97, 210, 260)


@settings(max_examples=30, deadline=None)
@given(
    name=st.sampled_from(["reduced178", "wholebody133", "openpose137"]),
    num_frames=st.integers(1, 4),
    fps=st.floats(0.125, 1000, width=32),
    size=st.tuples(st.integers(1, 65535), st.integers(1, 65535)),
    seed=st.integers(0, 1000),
)
def test_any_sequence_survives_a_round_trip(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    num_frames: int,
    fps: float,
    size: tuple[int, int],
    seed: int,
) -> None:
    path = tmp_path_factory.mktemp("round") / "clip.pose"
    sequence = random_sequence(name, num_frames, seed, missing=0.5)
    sequence = replace(sequence, fps=fps, width=size[0], height=size[1])
    write_dot_pose(sequence, path)
    back = read_dot_pose(path)
    np.testing.assert_array_equal(back.keypoints, sequence.keypoints)
    np.testing.assert_array_equal(back.confidence, sequence.confidence)
    assert np.float32(back.fps) == np.float32(fps)
    assert (back.width, back.height) == size


@pytest.mark.parametrize("name", LAYOUTS)
def test_pose_format_reads_and_recognises_what_is_written(name: str, tmp_path: Path) -> None:
    pose_format = pytest.importorskip("pose_format")
    generic = pytest.importorskip("pose_format.utils.generic")
    sequence = random_sequence(name)
    write_dot_pose(sequence, tmp_path / "clip.pose")
    theirs = pose_format.Pose.read((tmp_path / "clip.pose").read_bytes())
    expected = sequence.converted(NEAREST.get(name, name))
    assert theirs.body.data.shape == (5, 1, len(expected.points.points), 3)
    np.testing.assert_array_equal(theirs.body.data.data[:, 0], expected.keypoints)
    np.testing.assert_array_equal(theirs.body.confidence[:, 0], expected.confidence)
    assert (theirs.body.fps, theirs.header.dimensions.width) == (25, 210)
    known = {"openpose137": "openpose", "wholebody133": "coco_wholebody_133"}
    detected = generic.detect_known_pose_format(theirs)
    assert detected == known.get(expected.layout, "holistic")


@pytest.mark.parametrize(
    ("family", "module", "components"),
    [
        (OPENPOSE, "openpose", "OpenPose_Components"),
        (WHOLEBODY, "cocowholebody133_header", "cocowholebody_components"),
    ],
)
def test_components_are_those_of_pose_format(family: Family, module: str, components: str) -> None:
    theirs = getattr(pytest.importorskip(f"pose_format.utils.{module}"), components)
    for mine, other in zip(
        described(family, family.layouts[-1]),
        theirs() if callable(theirs) else theirs,
        strict=True,
    ):
        assert (mine.name, list(mine.points)) == (other.name, other.points)
        assert set(map(frozenset, mine.limbs)) == set(map(frozenset, other.limbs))
        assert mine.colours == tuple(tuple(min(v, 255) for v in hue) for hue in other.colors)


def test_holistic_components_are_those_of_real_files() -> None:
    pose_format = pytest.importorskip("pose_format")
    path = next(path for path in real_files() if path.name == "holistic586_two_hands.pose")
    theirs = pose_format.Pose.read(path.read_bytes()).header.components[:4]
    for mine, other in zip(described(MEDIAPIPE, "holistic553"), theirs, strict=True):
        assert (mine.name, list(mine.points)) == (other.name, other.points)
        ours, real = (set(map(frozenset, c.limbs)) for c in (mine, other))
        # The face is drawn by its contours alone, which are part of the mesh.
        assert ours < real if mine.name == "FACE_LANDMARKS" else ours == real
        hues = np.minimum(np.array(other.colors), 255)
        np.testing.assert_array_equal(np.array(mine.colours), hues)


def test_a_flat_sequence_is_written_without_depth(tmp_path: Path) -> None:
    sequence = random_sequence("openpose137")
    flat = replace(sequence, keypoints=sequence.keypoints * np.array([1, 1, 0], np.float32))
    write_dot_pose(sequence, tmp_path / "deep.pose")
    write_dot_pose(flat, tmp_path / "flat.pose")
    saved = (tmp_path / "deep.pose").stat().st_size - (tmp_path / "flat.pose").stat().st_size
    assert saved == 4 * 5 * 137 + 4  # one float a point, one letter a component
    np.testing.assert_array_equal(read_dot_pose(tmp_path / "flat.pose").keypoints, flat.keypoints)


def test_what_pose_has_no_place_for_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    write_dot_pose(random_sequence("dwpose134"), tmp_path / "clip.pose")
    assert "glosses" in caplog.text
    assert "wholebody133" in caplog.text
    caplog.clear()
    write_dot_pose(random_sequence("wholebody133", 1), tmp_path / "plain.pose")
    read_dot_pose(tmp_path / "plain.pose")
    assert not caplog.text


def test_an_existing_file_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "clip.pose"
    write_dot_pose(random_sequence("reduced178"), path)
    before = path.read_bytes()
    with pytest.raises(OutputError, match="exists"):
        write_dot_pose(random_sequence("reduced178", seed=1), path)
    assert path.read_bytes() == before
    write_dot_pose(random_sequence("reduced178", seed=1), path, overwrite=True)
    assert path.read_bytes() != before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("parts", "name"), [(HANDS, "reduced178"), (HANDS[:1], "reduced178"), (("face",), "reduced203")]
)
def test_part_of_a_skeleton_goes_into_the_smallest_layout_that_holds_it(
    parts: Sequence[Part], name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    components = described(MEDIAPIPE, "reduced203", parts)
    num_points = sum(len(c.points) for c in components)
    coordinates, confidence = clip(3, 1, num_points)
    sequence = read_bytes(tmp_path, array_bytes(components, coordinates, confidence))
    assert sequence.layout == ("reduced178" if parts == ("face",) else name)
    assert (sequence.confidence > 0).sum() == 3 * num_points
    rows = np.concatenate([sequence.points.part(part) for part in parts])
    np.testing.assert_array_equal(sequence.keypoints[:, rows], coordinates[:, 0])
    assert "stay missing" in caplog.text


def test_body_and_hands_of_mediapipe_go_into_reduced203(tmp_path: Path) -> None:
    components = described(MEDIAPIPE, "holistic543", ("body", *HANDS))
    sequence = read_bytes(tmp_path, array_bytes(components, *clip(2, 1, 75)))
    assert sequence.layout == "reduced203"
    assert sequence.seen("body").all()
    assert not sequence.seen("face").any()


@given(order=st.permutations(PARTS))
@settings(max_examples=10, deadline=None)
def test_points_are_found_by_name_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, order: list[Part]
) -> None:
    sequence = random_sequence("wholebody133", missing=0)
    rows = np.concatenate([sequence.points.part(part) for part in order])
    data = array_bytes(
        described(WHOLEBODY, "wholebody133", order),
        sequence.keypoints[:, None, rows],
        sequence.confidence[:, None, rows],
    )
    back = read_bytes(tmp_path_factory.mktemp("order"), data)
    np.testing.assert_array_equal(back.keypoints, sequence.keypoints)


def test_other_spellings_of_wholebody_are_read(tmp_path: Path) -> None:
    plain = described(WHOLEBODY, "wholebody133")
    sided = tuple(
        replace(c, points=tuple(p.replace("hand", c.name.lower()) for p in c.points)) for c in plain
    )
    counted = tuple(replace(c, name=f"{c.name}_133") for c in plain)
    coordinates, confidence = clip(2, 1, 133)
    for components in (plain, sided, counted):
        sequence = read_bytes(tmp_path, array_bytes(components, coordinates, confidence))
        assert sequence.layout == "wholebody133"
        np.testing.assert_array_equal(sequence.keypoints, coordinates[:, 0])


def test_world_landmarks_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    components = described(MEDIAPIPE, "holistic543")
    world = replace(components[0], name="POSE_WORLD_LANDMARKS")
    coordinates, confidence = clip(2, 1, 576)
    sequence = read_bytes(tmp_path, array_bytes((*components, world), coordinates, confidence))
    assert sequence.layout == "holistic543"
    np.testing.assert_array_equal(sequence.keypoints, coordinates[:, 0, :543])
    assert "POSE_WORLD_LANDMARKS" in caplog.text


def test_a_fourth_coordinate_is_left_out(tmp_path: Path) -> None:
    components = tuple(
        replace(c, format="XYZKC") for c in described(MEDIAPIPE, "reduced178", HANDS)
    )
    coordinates, confidence = clip(2, 1, 42)
    depth = np.full((2, 1, 42, 1), 7, np.float32)
    data = array_bytes(components, np.concatenate([coordinates, depth], axis=3), confidence)
    rows = [row for part in HANDS for row in layout("reduced178").part(part)]
    np.testing.assert_array_equal(read_bytes(tmp_path, data).keypoints[:, rows], coordinates[:, 0])


def test_left_overs_of_missing_points_are_cleared(tmp_path: Path) -> None:
    coordinates, confidence = clip(4, 1, 42)
    confidence[0], confidence[1], confidence[2] = 0, 1.04, -0.02
    coordinates[3] = np.nan
    components = described(MEDIAPIPE, "reduced178", HANDS)
    sequence = read_bytes(tmp_path, array_bytes(components, coordinates, confidence))
    assert (sequence.confidence > 0).any(axis=1).tolist() == [False, True, False, False]
    assert sequence.confidence.max() == 1
    assert not sequence.keypoints[[0, 2, 3]].any()


def test_the_most_confident_of_several_people_is_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    coordinates, confidence = clip(3, 3, 42)
    confidence[:, 0], confidence[:, 1], confidence[:, 2] = 0.4, 0.9, np.nan
    components = described(MEDIAPIPE, "reduced178", HANDS)
    sequence = read_bytes(tmp_path, array_bytes(components, coordinates, confidence))
    rows = [row for part in HANDS for row in sequence.points.part(part)]
    np.testing.assert_array_equal(sequence.keypoints[:, rows], coordinates[:, 1])
    assert "of 3 people, number 2" in caplog.text


def test_version_0_0_follows_a_person_by_id(tmp_path: Path) -> None:
    components = described(MEDIAPIPE, "reduced178", HANDS)
    rows = np.concatenate([*clip(4, 2, 42)[:1], np.full((4, 2, 42, 1), 0.5, np.float32)], axis=3)
    frames = [
        [(7, rows[0, 0]), (3, rows[0, 1])],
        [],
        [(3, rows[2, 1])],
        [(3, rows[3, 1]), (7, rows[3, 0])],
    ]
    sequence = read_bytes(tmp_path, interleaved_bytes(components, frames))
    found = [row for part in HANDS for row in sequence.points.part(part)]
    expected = rows[:, 1, :, :3] * np.array([1, 0, 1, 1])[:, None, None]
    np.testing.assert_array_equal(sequence.keypoints[:, found], expected)


def test_version_0_0_keeps_people_without_ids_apart(tmp_path: Path) -> None:
    components = described(MEDIAPIPE, "reduced178", HANDS)
    rows = np.concatenate([*clip(3, 2, 42)[:1], np.full((3, 2, 42, 1), 0.5, np.float32)], axis=3)
    rows[:, 1, :, 3] = 0.9
    frames = [[(-1, first), (-1, second)] for first, second in rows]
    sequence = read_bytes(tmp_path, interleaved_bytes(components, frames))
    assert set(np.unique(sequence.confidence)) == {0, np.float32(0.9)}


def test_version_0_0_reads_as_pose_format_reads_it(tmp_path: Path) -> None:
    pose_format = pytest.importorskip("pose_format")
    coordinates, confidence = clip(3, 1, 137)
    rows = np.concatenate([coordinates, confidence[..., None]], axis=3)
    components = tuple(OPENPOSE.component("openpose137", part, "XYC") for part in PARTS)
    data = interleaved_bytes(components, [[(0, frame[0])] for frame in rows])
    theirs = pose_format.Pose.read(data).body
    ours = read_bytes(tmp_path, data)
    np.testing.assert_array_equal(ours.keypoints[..., :2], theirs.data.data[:, 0])
    np.testing.assert_array_equal(ours.confidence, theirs.confidence[:, 0])
    assert not ours.keypoints[..., 2].any()


def test_version_0_1_counts_beyond_its_counter(tmp_path: Path) -> None:
    components = (Component("LEFT_HAND", "XYC", ("hand_0",)),)
    coordinates = np.arange(1, 2 * 66_000 + 1, dtype=np.float32).reshape(66_000, 1, 1, 2)
    confidence = np.ones((66_000, 1, 1), np.float32)
    data = array_bytes(components, coordinates, confidence, 0.1, frames=0)
    sequence = read_bytes(tmp_path, data)
    assert sequence.num_frames == 66_000
    np.testing.assert_array_equal(sequence.part("left_hand")[0][:, 0, :2], coordinates[:, 0, 0])


def test_version_0_1_keeps_whole_frame_rates_that_a_person_may_refine(tmp_path: Path) -> None:
    components = described(MEDIAPIPE, "reduced178", HANDS)
    data = array_bytes(components, *clip(2, 1, 42), version=0.1, fps=29)
    assert read_bytes(tmp_path, data).fps == 29
    assert read_bytes(tmp_path, data, Declared(fps=29.97)).fps == 29.97
    assert "30.5" in refusal(tmp_path, data, Declared(fps=30.5))


def test_what_the_header_leaves_open_has_to_be_declared(tmp_path: Path) -> None:
    components = described(MEDIAPIPE, "reduced178", HANDS)
    body = clip(2, 1, 42)
    assert "--size" in refusal(tmp_path, array_bytes(components, *body, width=0))
    assert "--fps" in refusal(tmp_path, array_bytes(components, *body, fps=0))
    data = array_bytes(components, *body, width=0, height=0, fps=0)
    sequence = read_bytes(tmp_path, data, Declared(fps=12.5, width=100, height=90))
    assert (sequence.fps, sequence.width, sequence.height) == (12.5, 100, 90)


@pytest.mark.parametrize(
    ("declared", "both"),
    [
        (Declared(fps=30), ("25", "30")),
        (Declared(width=211), ("210", "211")),
        (Declared(height=1), ("260", "1")),
        (Declared(layout="wholebody133"), ("reduced178", "wholebody133")),
    ],
)
def test_a_contradiction_names_both_sides(
    declared: Declared, both: tuple[str, str], tmp_path: Path
) -> None:
    data = array_bytes(described(MEDIAPIPE, "reduced178", HANDS), *clip(2, 1, 42))
    message = refusal(tmp_path, data, declared)
    assert all(word in message for word in both)


def test_agreement_is_no_contradiction(tmp_path: Path) -> None:
    data = array_bytes(described(MEDIAPIPE, "reduced178", HANDS), *clip(2, 1, 42), fps=29.97003)
    declared = Declared(layout="reduced178", fps=29.97, width=210, height=260)
    assert read_bytes(tmp_path, data, declared).fps == 29.97003


def damaged_headers() -> list[tuple[tuple[Component, ...], str]]:
    hand = Component("LEFT_HAND_LANDMARKS", "XYZC", ("WRIST",))
    return [
        ((), "no points"),
        ((replace(hand, points=()),), "no points"),
        ((replace(hand, name="TAIL"),), "TAIL/WRIST"),
        ((replace(hand, points=tuple("abcde")),), "LEFT_HAND_LANDMARKS/c and 2 more"),
        ((hand, hand), "twice"),
        ((hand, Component("BODY", "XYZC", ("nose",))), "mixes"),
        ((replace(hand, name="POSE_WORLD_LANDMARKS"),), "nothing but"),
        ((replace(hand, format="CYX"),), "CYX"),
        ((replace(hand, format="XYZ"),), "XYZ"),
        ((replace(hand, name="x" * 300),), "300 bytes"),
        ((replace(hand, points=tuple(map(str, range(2001)))),), "2001 points"),
    ]


@pytest.mark.parametrize(("components", "word"), damaged_headers())
def test_a_header_without_known_points_is_refused(
    components: tuple[Component, ...], word: str, tmp_path: Path
) -> None:
    num_points = sum(len(c.points) for c in components)
    assert word in refusal(tmp_path, array_bytes(components, *clip(1, 1, num_points)))


@pytest.mark.parametrize("version", [0.1, 0.2])
@pytest.mark.parametrize("change", [-4, -1, 1, 16 * 42])
def test_a_body_of_the_wrong_size_is_refused_with_both_sizes(
    version: float, change: int, tmp_path: Path
) -> None:
    data = array_bytes(described(MEDIAPIPE, "reduced178", HANDS), *clip(3, 1, 42), version)
    changed = data[:change] if change < 0 else data + bytes(change)
    message = refusal(tmp_path, changed)
    assert str(16 * 42 * 3) in message
    assert str(16 * 42 * 3 + change) in message


@pytest.mark.parametrize("change", [-4, -1, 1])
def test_interleaved_frames_of_the_wrong_size_are_refused(change: int, tmp_path: Path) -> None:
    rows = np.ones((42, 4), np.float32)
    data = interleaved_bytes(described(MEDIAPIPE, "reduced178", HANDS), [[(0, rows)]] * 2)
    message = refusal(tmp_path, data[:change] if change < 0 else data + bytes(change))
    assert "bytes" in message


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"frames": 0}, "0 frames"),
        ({"frames": 100_001}, "100001 frames"),
        ({"frames": 2**32 - 1}, "4294967295 frames"),
        ({"fps": float("nan")}, "nan"),
        ({"fps": -25}, "-25"),
        ({"fps": float("inf")}, "inf"),
    ],
)
def test_impossible_numbers_are_refused(said: dict[str, float], word: str, tmp_path: Path) -> None:
    coordinates, confidence = clip(2, 1, 42)
    components = described(MEDIAPIPE, "reduced178", HANDS)
    assert word in refusal(tmp_path, array_bytes(components, coordinates, confidence, 0.2, **said))


def test_a_clip_of_nobody_is_refused(tmp_path: Path) -> None:
    components = described(MEDIAPIPE, "reduced178", HANDS)
    assert "no people" in refusal(tmp_path, array_bytes(components, *clip(2, 0, 42)))
    assert "no people" in refusal(tmp_path, interleaved_bytes(components, [[], []]))


def test_a_few_bytes_cannot_claim_much_memory(tmp_path: Path) -> None:
    components = described(MEDIAPIPE, "reduced178", HANDS)
    rows = np.ones((42, 4), np.float32)
    crowd = interleaved_bytes(components, [[(0, rows)] * 101])
    assert "101 people" in refusal(tmp_path, crowd)
    empty = interleaved_bytes(components, [[(0, rows)], *([[]] * 20_000)])
    assert "1 of 20001 frames" in refusal(tmp_path, empty)


@pytest.mark.parametrize("data", [b"", b"\0", b"PK\3\4" + bytes(100), bytes(12), b"\0" * 10_000])
def test_what_is_no_pose_file_is_refused(data: bytes, tmp_path: Path) -> None:
    refusal(tmp_path, data)


def test_paths_that_are_no_files_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent.pose", tmp_path / ("x" * 300)):
        with pytest.raises(PoseFileError):
            read_dot_pose(path)


def test_names_are_counted_in_bytes(tmp_path: Path) -> None:
    pose_format = pytest.importorskip("pose_format")
    components = (Component("Körper", "XYC", ("Hüfte", "Fuß")),)
    coordinates, confidence = clip(2, 1, 2)
    data = array_bytes(components, coordinates[..., :2], confidence)
    theirs = pose_format.Pose.read(data)
    assert theirs.header.components[0].points == ["Hüfte", "Fuß"]
    np.testing.assert_array_equal(theirs.body.data.data, coordinates[..., :2])
    assert "Körper/Hüfte" in refusal(tmp_path, data)


def test_damaged_files_are_read_or_refused_and_never_crash(tmp_path: Path) -> None:
    coordinates, confidence = clip(2, 1, 42)
    rows = np.concatenate([coordinates, confidence[..., None]], axis=3)
    hands = described(MEDIAPIPE, "reduced178", HANDS)
    originals = (
        interleaved_bytes(hands, [[(0, frame[0])] for frame in rows]),
        array_bytes(hands, coordinates, confidence, 0.1),
        array_bytes(hands, coordinates, confidence, 0.2),
        array_bytes(described(WHOLEBODY, "wholebody133"), *clip(2, 2, 133)),
    )
    refused = 0
    for seed, original in enumerate(originals):
        for data in mutations(original, 500, seed):
            try:
                read_bytes(tmp_path, data)
            except InputError:
                refused += 1
    assert refused > 500
