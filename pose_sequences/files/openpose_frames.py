"""The people in the JSON of OpenPose and of the DWPose nodes, frame by frame.

Which files make up a clip, and which of the people is meant, is the business of openpose.py.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pose_sequences.errors import PoseFileError
from pose_sequences.layout import layout
from pose_sequences.sequence import Floats, mark_missing

_Rows = NDArray[np.intp]

LAYOUT = layout("openpose137")
MAX_DEPTH = 32
MAX_PEOPLE = 100
MAX_FRAME_BYTES = 16 << 20

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
_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
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
    size: tuple[float, float] | None


def read_frames(path: Path, data: bytes) -> Iterator[Frame]:
    """Yield the frames of a JSON file: a list of them, or the only one.

    Raises PoseFileError naming the frame that is not as OpenPose writes it.
    """
    for i, value in enumerate(_values(path, _text(path, data))):
        yield _frame(path, f"frame {i}", value)


def _values(path: Path, text: str) -> Iterator[object]:
    # Value by value: a parsed clip takes many times the memory of its text.
    at = _after_space(text, 0)
    if text[at : at + 1] != "[":
        if len(text) > MAX_FRAME_BYTES:
            raise PoseFileError(
                path, f"is a single frame of over {MAX_FRAME_BYTES} bytes", "export it again"
            )
        value, at = _value(path, text, at)
        yield value
        _expect_end(path, text, at, "")
        return
    at = _after_space(text, at + 1)
    more = text[at : at + 1] != "]"
    while more:
        value, at = _value(path, text, at)
        yield value
        at = _after_space(text, at)
        more = text[at : at + 1] == ","
        at = _after_space(text, at + more)
    _expect_end(path, text, at, "]")


def _value(path: Path, text: str, at: int) -> tuple[object, int]:
    try:
        return _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise PoseFileError(
            path, f"is not JSON at character {error.pos} ({error.msg})", "export it again"
        ) from error


def _expect_end(path: Path, text: str, at: int, closing: str) -> None:
    end = _after_space(text, at)
    if not text.startswith(closing, end) or _after_space(text, end + len(closing)) != len(text):
        raise PoseFileError(path, f"is not JSON at character {end}", "export it again")


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _text(path: Path, data: bytes) -> str:
    if _depth(data) > MAX_DEPTH:
        raise PoseFileError(path, f"nests deeper than {MAX_DEPTH} levels", "export it again")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PoseFileError(
            path, f"is not UTF-8 at byte {error.start}", "export it again"
        ) from error


def _depth(data: bytes) -> int:
    # Counted before parsing, which recurses; in pieces, which bounds the memory.
    marks = np.frombuffer(_STRING.sub(b"", data), np.uint8)
    deepest = level = 0
    for start in range(0, len(marks), 1 << 20):
        levels = level + np.cumsum(_STEPS[marks[start : start + (1 << 20)]], dtype=np.int64)
        deepest, level = max(deepest, int(levels.max())), int(levels[-1])
    return deepest


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


def _size(path: Path, where: str, frame: dict[str, object]) -> tuple[float, float] | None:
    sides = [frame.get("canvas_width"), frame.get("canvas_height")]
    if sides == [None, None]:
        return None
    whole = [side for side in sides if isinstance(side, float) and side.is_integer()]
    if len(whole) != 2:
        raise PoseFileError(
            path, f"{where} has a canvas of {sides[0]!r} x {sides[1]!r}", "correct the numbers"
        )
    return whole[0], whole[1]


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
