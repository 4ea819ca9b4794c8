"""The people in the JSON of OpenPose and of the DWPose nodes, frame by frame.

Which files make up a clip, and which of the people is meant, is the business of openpose.py.
"""

import codecs
import json
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pose_sequences.errors import PoseFileError
from pose_sequences.layout import layout
from pose_sequences.sequence import Floats, mark_missing

_Rows = NDArray[np.intp]
_Bytes = NDArray[np.uint8]

LAYOUT = layout("openpose137")
MAX_DEPTH = 32
MAX_PEOPLE = 100
MAX_FRAME_BYTES = 4_000_000  # a hundred people with a line for each number, in 2D and 3D

_BODY, _FACE = LAYOUT.points[:25], LAYOUT.points[25:95]
_COCO = layout("dwpose134").points[:18]
# The rows of each list, by how many points it holds: BODY_25 or COCO-18, a face with or without
# pupils.
LISTS: dict[str, dict[int, _Rows]] = {
    "pose_keypoints_2d": {25: LAYOUT.find(_BODY), 18: LAYOUT.find(_COCO)},
    "face_keypoints_2d": {70: LAYOUT.find(_FACE), 68: LAYOUT.find(_FACE[:68])},
    "hand_left_keypoints_2d": {21: LAYOUT.part("left_hand")},
    "hand_right_keypoints_2d": {21: LAYOUT.part("right_hand")},
}

_CENTRE = LAYOUT.find(("body.neck", "body.left_shoulder", "body.right_shoulder"))
# Whole numbers become floats too, so that true and false stand out; Python's NaN is read.
_DECODER = json.JSONDecoder(parse_int=float)
_SPACE = re.compile(rb"[ \t\r\n]*")
_STRETCH = 1 << 18
_STEPS = np.zeros(256, np.int8)
_STEPS[list(b"[{")] = 1
_STEPS[list(b"]}")] = -1


@dataclass(frozen=True, eq=False)
class Person:
    """One person in one frame: keypoints (137, 3), confidence (137,)."""

    keypoints: Floats
    confidence: Floats

    @property
    def centre(self) -> Floats:
        """The middle (2,) of neck and shoulders, or of whatever is there."""
        there = _CENTRE[self.confidence[_CENTRE] > 0]
        rows = there if len(there) else np.flatnonzero(self.confidence)
        return np.asarray(self.keypoints[rows, :2].mean(axis=0), np.float32)


NOBODY = Person(np.zeros((137, 3), np.float32), np.zeros(137, np.float32))


@dataclass(frozen=True)
class Frame:
    """Those of whom anything is seen in a frame, and the size of its canvas, if given."""

    people: tuple[Person, ...]
    size: tuple[int, int] | None


def read_frames(path: Path, data: bytes) -> Iterator[Frame]:
    """Yield the frames of a JSON file: a list of them, or the only one.

    Raises PoseFileError naming the frame that is not as OpenPose writes it.
    """
    for i, (begin, end) in enumerate(_extents(path, data)):
        if end - begin > MAX_FRAME_BYTES:
            raise PoseFileError(
                path,
                f"frame {i} is larger than {MAX_FRAME_BYTES / 1e6:g} MB",
                "export it again",
            )
        yield _frame(path, f"frame {i}", _parsed(path, data[begin:end], begin))


def _extents(path: Path, data: bytes) -> Iterator[tuple[int, int]]:
    # Where each element of a list begins and ends, or the only value. A parsed frame takes many
    # times the memory of its text, so each is measured before it is parsed.
    begin = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    begin = _after_space(data, begin)
    if not data.startswith(b"[", begin):
        deque(_levels(path, data), maxlen=0)  # which refuses what is too deep to be parsed
        yield begin, len(data)
        return
    begin += 1
    empty = data.startswith(b"]", _after_space(data, begin))
    for offset, marks, levels in _levels(path, data):
        ends = (marks == ord(",")) & (levels == 1) | (marks == ord("]")) & (levels == 0)
        for end in (offset + np.flatnonzero(ends)).tolist():
            if not empty:
                yield begin, end
            begin = end + 1
    if data[begin - 1] != ord("]") or _after_space(data, begin) != len(data):
        raise PoseFileError(path, f"is not JSON at byte {begin}", "export it again")


def _levels(path: Path, data: bytes) -> Iterator[tuple[int, _Bytes, NDArray[np.int64]]]:
    # Stretch by stretch: where it starts, its bytes with those of strings as 0, and how many
    # brackets are open after each. One pass, whatever stands in the file.
    level = quotes = 0
    unescaped = data.replace(b"\\\\", b"  ").replace(b'\\"', b"  ")
    for offset in range(0, len(data), _STRETCH):
        marks = np.frombuffer(unescaped, np.uint8, min(_STRETCH, len(data) - offset), offset)
        counts = quotes + np.cumsum(marks == ord('"'))
        marks = np.where(counts % 2, np.uint8(0), marks)
        levels = level + np.cumsum(_STEPS[marks], dtype=np.int64)
        if levels.max() > MAX_DEPTH:
            raise PoseFileError(path, f"nests deeper than {MAX_DEPTH} levels", "export it again")
        yield offset, marks, levels
        level, quotes = int(levels[-1]), int(counts[-1])


def _parsed(path: Path, text: bytes, begin: int) -> object:
    # begin: where in the file the text stands
    try:
        return _DECODER.decode(text.decode())
    except UnicodeDecodeError as error:
        raise PoseFileError(
            path, f"is not UTF-8 at byte {begin + error.start}", "export it again"
        ) from error
    except json.JSONDecodeError as error:
        raise PoseFileError(
            path, f"is not JSON near byte {begin + error.pos} ({error.msg})", "export it again"
        ) from error


def _after_space(data: bytes, at: int) -> int:
    match = _SPACE.match(data, at)
    return match.end() if match else at


def _frame(path: Path, where: str, value: object) -> Frame:
    people = value.get("people") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(people, list):
        raise PoseFileError(
            path, f'{where} has no list "people"', "give keypoints that OpenPose or DWPose wrote"
        )
    if len(people) > MAX_PEOPLE:
        raise PoseFileError(
            path, f"{where} has {len(people)} people, {MAX_PEOPLE} is the limit", "export it again"
        )
    seen = (_person(path, where, person) for person in people)
    return Frame(tuple(p for p in seen if p.confidence.any()), _size(path, where, value))


def _size(path: Path, where: str, frame: dict[str, object]) -> tuple[int, int] | None:
    sides = [frame.get("canvas_width"), frame.get("canvas_height")]
    if sides == [None, None]:
        return None
    whole = [side for side in sides if isinstance(side, float) and side.is_integer()]
    if len(whole) != 2:
        raise PoseFileError(
            path, f"{where} has a canvas of {sides[0]!r} x {sides[1]!r}", "correct the numbers"
        )
    return int(whole[0]), int(whole[1])


def _person(path: Path, where: str, value: object) -> Person:
    if not isinstance(value, dict):
        raise PoseFileError(path, f"{where} has a person that is no object", "export it again")
    table = np.zeros((len(LAYOUT.points), 3))  # x, y, confidence
    for key, choices in LISTS.items():
        numbers = value.get(key)
        if numbers is not None and numbers != []:
            rows = _rows(path, f"{where}: {key}", numbers, choices)
            table[rows] = np.reshape(numbers, (-1, 3))
    flat = np.column_stack([table[:, :2], np.zeros(len(table))])
    keypoints, confidence = mark_missing(flat[None], table[None, :, 2])
    return Person(keypoints[0], confidence[0])


def _rows(path: Path, where: str, numbers: object, choices: dict[int, _Rows]) -> _Rows:
    # True and false are no numbers here; NaN is one, and means missing.
    if not isinstance(numbers, list) or any(type(number) is not float for number in numbers):
        raise PoseFileError(path, f"{where} is no list of numbers", "export it again")
    known = {3 * count: rows for count, rows in choices.items()}
    if len(numbers) not in known:
        lengths = " or ".join(str(length) for length in known)
        raise PoseFileError(
            path,
            f"{where} holds {len(numbers)} numbers; {lengths} are read",
            "export BODY_25 or COCO-18 bodies with OpenPose's faces and hands",
        )
    return known[len(numbers)]
