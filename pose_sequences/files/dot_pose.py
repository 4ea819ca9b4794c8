"""Binary ``.pose`` files, the format of the pose-format tools, read and written in pure numpy.

Bytes are the business of dot_pose_header.py and dot_pose_body.py, names of dot_pose_names.py.
"""

import logging
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pose_sequences.errors import PoseFileError
from pose_sequences.files.declared import NOTHING, Declared
from pose_sequences.files.dot_pose_body import Body, read_body
from pose_sequences.files.dot_pose_header import ByteReader, Header, packed_header, read_header
from pose_sequences.files.dot_pose_names import MEDIAPIPE, WORLD, family_of, meanings
from pose_sequences.files.landmarks import Annotations, Landmarks, build_sequence
from pose_sequences.inputs import read_input
from pose_sequences.layout import PARTS, layout
from pose_sequences.outputs import fresh_file
from pose_sequences.sequence import PoseSequence

MAX_BYTES = 1_000_000_000

# Layouts that have no component names of their own go into the nearest that has.
_NEAREST = {"kaggle543": "holistic543", "dwpose134": "wholebody133"}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Placement:
    """``rows`` of the file go to the rows ``targets`` of a layout."""

    layout: str
    rows: NDArray[np.intp]
    targets: NDArray[np.intp]


def read_dot_pose(path: Path, declared: Declared = NOTHING) -> PoseSequence:
    """Read a ``.pose`` file into the smallest named layout that holds its points.

    Of several people the one with the highest confidence over the clip is taken. Raises
    PoseFileError if the file is damaged, names unknown points or contradicts ``declared``.
    """
    reader = ByteReader(
        path, read_input(path, PoseFileError, MAX_BYTES, "cut it into shorter clips")
    )
    header = read_header(reader)
    placement = _place(path, header)
    if declared.layout not in (None, placement.layout):
        raise PoseFileError(
            path,
            f"its points are of layout {placement.layout}, but {declared.layout} is declared",
            "leave --layout out: the file names its points",
        )
    body = read_body(reader, header, placement.rows)
    return _sequence(path, header, placement, body, declared)


def write_dot_pose(sequence: PoseSequence, path: Path, *, overwrite: bool = False) -> None:
    """Write a ``.pose`` file of version 0.2 that the pose-format tools recognise.

    kaggle543 is written in the order of holistic543, dwpose134 as wholebody133. Glosses have no
    place in it. Raises OutputError if the file cannot be written.
    """
    written = sequence.converted(_NEAREST.get(sequence.layout, sequence.layout))
    if written.layout != sequence.layout:
        logger.warning("%s: %s is written as %s", path, sequence.layout, written.layout)
    if sequence.gloss or sequence.segments:
        logger.warning("%s: .pose has no place for glosses; they are left out", path)
    family = family_of(written.layout)
    flat = family is not MEDIAPIPE and not written.keypoints[..., 2].any()
    parts = (family.component(written.layout, part, "XYC" if flat else "XYZC") for part in PARTS)
    header = Header(0.2, written.width, written.height, tuple(parts))
    with fresh_file(path, overwrite=overwrite) as temporary, temporary.open("wb") as file:
        file.write(packed_header(header))
        file.write(struct.pack("<fIH", written.fps, written.num_frames, 1))
        file.write(written.keypoints[..., : header.num_coordinates].astype("<f4").tobytes())
        file.write(written.confidence.astype("<f4").tobytes())


def _place(path: Path, header: Header) -> _Placement:
    known = meanings()
    every = header.names
    rows = [row for row, name in enumerate(every) if name[0] != WORLD]
    names = [every[row] for row in rows]
    if not names:
        raise PoseFileError(path, f"holds nothing but {WORLD}", "export it with POSE_LANDMARKS")
    _refuse(path, "names points that no layout has", [n for n in names if n not in known])
    points = [known[name][0] for name in names]
    _refuse(path, "names points twice", [n for n, count in Counter(names).items() if count > 1])
    family = known[names[0]][1]
    others = [name for name in names if known[name][1] is not family]
    _refuse(path, f"mixes the points of {family.layouts[-1]} with others", others)
    holding = (layout(n) for n in family.layouts if layout(n).rows.keys() >= set(points))
    found = next(holding)
    if len(rows) < len(every):
        logger.info("%s: %s are not kept", path, WORLD)
    if len(points) < len(found.points):
        logger.info(
            "%s: %d of the %d points of %s are not in the file and stay missing",
            *(path, len(found.points) - len(points), len(found.points), found.name),
        )
    return _Placement(found.name, np.array(rows, np.intp), found.find(tuple(points)))


def _refuse(path: Path, fault: str, names: list[tuple[str, str]]) -> None:
    if names:
        shown = ", ".join("/".join(name) for name in names[:3])
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        raise PoseFileError(
            path,
            f"{fault}: {shown}{more}",
            "export it with MediaPipe Holistic, OpenPose or COCO-WholeBody names",
        )


def _sequence(
    path: Path, header: Header, placement: _Placement, body: Body, declared: Declared
) -> PoseSequence:
    shape = (len(body.confidence), len(layout(placement.layout).points))
    keypoints = np.zeros((*shape, 3), np.float32)
    confidence = np.zeros(shape, np.float32)
    keypoints[:, placement.targets, : body.coordinates.shape[2]] = body.coordinates
    confidence[:, placement.targets] = body.confidence
    stated = Declared(
        fps=_stated_fps(header, body, declared),
        width=header.width or None,
        height=header.height or None,
    )
    landmarks = Landmarks(keypoints, confidence, placement.layout)
    return build_sequence(path, landmarks, (stated, declared), "pixel", Annotations())


def _stated_fps(header: Header, body: Body, declared: Declared) -> float | None:
    # Versions before 0.2 keep whole numbers, so a declared 29.97 does not contradict their 29.
    rounded = header.version < 0.2 and abs((declared.fps or np.inf) - body.fps) < 1
    return None if rounded else body.fps or None
