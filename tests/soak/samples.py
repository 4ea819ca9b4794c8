"""Sound files of every kind that is read, small, and the reader of each: what a fuzzer damages."""

import io
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pose_sequences.files import Declared, read_poses, write_poses
from pose_sequences.files.dot_pose_names import MEDIAPIPE, OPENPOSE, WHOLEBODY
from pose_sequences.images import read_image
from pose_sequences.join.lexicon import INDEX, Lexicon
from pose_sequences.phoenix.table import read_table
from pose_sequences.video import open_frames, probe
from tests.pose_sequences.frames import foreign_clip
from tests.pose_sequences.mutation import mutations
from tests.pose_sequences.sequences import random_sequence
from tests.pose_sequences.test_files_dot_pose import (
    array_bytes,
    clip,
    described,
    interleaved_bytes,
)
from tests.pose_sequences.test_files_npz import damaged_archives
from tests.pose_sequences.test_files_openpose import frame, person
from tests.pose_sequences.test_files_parquet import long, pa, pq, wide
from tests.pose_sequences.test_files_parquet import shares as kaggle_shares
from tests.pose_sequences.tiny_phoenix import write_corpus

FACTS = Declared(fps=25.0, width=210, height=260)


@dataclass(frozen=True)
class Kind:
    """Files of one kind.

    read: reads a path to its end; originals: yields (name of the file, sound bytes); archives: the
    arrays of .npz files that are also damaged inside a sound zip archive, which no random damage to
    the whole file would leave.
    """

    read: Callable[[Path], object]
    originals: Callable[[], list[tuple[str, bytes]]]
    archives: Callable[[], list[dict[str, object]]] = list

    def damaged(self, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
        """Yield ``count`` damaged files, the originals taking turns."""
        originals, archives = self.originals(), self.archives()
        share = -(-count // (len(originals) + len(archives)))
        whole = [
            ((name, data) for data in mutations(content, share, seed + i))
            for i, (name, content) in enumerate(originals)
        ]
        inside = [
            (("a.npz", data) for data in damaged_archives(arrays, share, seed + 1000 * i))
            for i, arrays in enumerate(archives)
        ]
        turns = chain.from_iterable(zip_longest(*whole, *inside))
        for _, case in zip(range(count), filter(None, turns), strict=False):
            yield case


def _read_poses(path: Path) -> object:
    return read_poses(path, FACTS)


def _read_table(path: Path) -> object:
    return Lexicon.open(path.parent) if path.name == INDEX else read_table(path)


def _read_video(path: Path) -> object:
    probe(path)
    return sum(picture.shape[2] == 3 for picture in open_frames(path)[1])


def _saved(suffix: str, write: Callable[[Path], object]) -> tuple[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        write(path)
        return path.name, path.read_bytes()


def _arrays() -> list[dict[str, object]]:
    rng = np.random.default_rng(0)
    ours = random_sequence("holistic543", 3)
    single: dict[str, object] = {
        "keypoints": ours.keypoints,
        "confidence": ours.confidence,
        "fps": 25.0,
        "width": 210,
        "height": 260,
        "layout": ours.layout,
        "coords": "pixel",
        "gloss": "A",
        "segments": np.array([[0, 3]]),
        "segment_gloss": np.array(["A"]),
    }
    parts: dict[str, object] = {
        "pose": rng.random((2, 132)),
        "lh": rng.random((2, 21, 3)),
        "rh": rng.random((2, 21, 3)),
        "lh_valid": np.ones(2, bool),
    }
    people: dict[str, object] = {
        "keypoints": rng.random((3, 2, 133, 3)),
        "scores": rng.random((3, 2, 133)),
        "layout": "wholebody133",
    }
    return [single, parts, people]


def _npz() -> list[tuple[str, bytes]]:
    files = [
        _saved(".npz", partial(write_poses, random_sequence(name, 3)))
        for name in ("holistic553", "reduced178", "openpose137")
    ]
    for arrays in _arrays():
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
        files.append(("a.npz", buffer.getvalue()))
    buffer = io.BytesIO()
    np.save(buffer, random_sequence("wholebody133", 2).keypoints)
    return [*files, ("a.npy", buffer.getvalue())]


def _pictures() -> list[tuple[str, bytes]]:
    y, x = np.mgrid[:24, :32]
    colours = np.stack((x * 8, y * 10, x * y % 256), axis=-1).astype(np.uint8)
    rgb = Image.fromarray(colours)
    exif = Image.Exif()
    exif[0x0112] = 6
    grey16 = Image.fromarray((colours[..., 2].astype(np.uint16) << 8) + 7)
    made: tuple[tuple[Image.Image, str, dict[str, Any]], ...] = (
        (rgb, "PNG", {"exif": exif.tobytes()}),
        (rgb.convert("RGBA"), "PNG", {}),
        (rgb.convert("P"), "PNG", {}),
        (grey16, "PNG", {}),
        (rgb, "JPEG", {"exif": exif.tobytes()}),
        (rgb, "JPEG", {"progressive": True}),
        (rgb.convert("CMYK"), "JPEG", {}),
        (rgb, "WEBP", {"exif": exif.tobytes()}),
        (rgb.convert("RGBA"), "WEBP", {"lossless": True}),
    )
    files = []
    for picture, kind, options in made:
        buffer = io.BytesIO()
        picture.save(buffer, kind, **options)
        files.append((f"a.{kind.lower()}", buffer.getvalue()))
    return files


def _dot_pose() -> list[tuple[str, bytes]]:
    coordinates, confidence = clip(2, 1, 178)
    rows = np.concatenate([coordinates, confidence[..., None]], axis=3)
    reduced = described(MEDIAPIPE, "reduced178")
    openpose = clip(2, 1, 137)
    files = (
        interleaved_bytes(reduced, [[(0, one[0])] for one in rows]),
        array_bytes(reduced, coordinates, confidence, 0.1),
        array_bytes(reduced, coordinates, confidence, 0.2),
        array_bytes(described(WHOLEBODY, "wholebody133"), *clip(2, 2, 133)),
        array_bytes(described(OPENPOSE, "openpose137"), *openpose, 0.1),
    )
    return [("a.pose", content) for content in files]


def _json() -> list[tuple[str, bytes]]:
    canvas = {"canvas_width": FACTS.width, "canvas_height": FACTS.height}
    several = [frame(person(10.0), person(90.0), **canvas), frame(), frame(person(), **canvas)]
    return [("a.json", json.dumps(content).encode()) for content in (frame(person()), several)]


def _parquet() -> list[tuple[str, bytes]]:
    plain = {"use_dictionary": False, "compression": "none"}
    points = kaggle_shares()
    few = {name: np.asarray(column)[:600] for name, column in long(points, [0, 1, 2]).items()}
    narrow = {n: c for n, c in wide(points, [0, 1, 2]).items() if "hand" in n or n == "frame"}
    files = []
    for columns in (few, narrow):
        for options in ({}, plain):
            buffer = io.BytesIO()
            pq.write_table(pa.table(columns), buffer, **options)
            files.append(("a.parquet", buffer.getvalue()))
    return files


def _tables() -> list[tuple[str, bytes]]:
    with tempfile.TemporaryDirectory() as folder:
        tables = [path.read_bytes() for path in write_corpus(Path(folder)).rglob("*.csv")]
    index = (
        "path,spoken_language,signed_language,start,end,words,glosses,priority\r\n"
        'sgg/a.pose,de,sgg,0,0,"haus, heim",HAUS,0\r\nb.npz,de,sgg,120,900,klein,KLEIN,1\r\n'
    )
    return [*(("a.csv", table) for table in tables), (INDEX, index.encode())]


def _videos() -> list[tuple[str, bytes]]:
    h264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "5")
    forms = (
        h264,
        (*h264, "-movflags", "+faststart"),
        (*h264, "-movflags", "frag_keyframe+empty_moov"),
        ("-c:v", "mpeg4"),
    )
    return [_saved(".mp4", partial(_write_video, options)) for options in forms]


def _write_video(options: tuple[str, ...], path: Path) -> object:
    return foreign_clip(path, *options, seconds="0.3")


KINDS = {
    "npz": Kind(_read_poses, _npz, _arrays),
    "pictures": Kind(read_image, _pictures),
    "pose": Kind(_read_poses, _dot_pose),
    "json": Kind(_read_poses, _json),
    "parquet": Kind(_read_poses, _parquet),
    "tables": Kind(_read_table, _tables),
    "mp4": Kind(_read_video, _videos),
}
