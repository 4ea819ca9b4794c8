"""The frames of a binary ``.pose`` file: interleaved in version 0.0, plain arrays since 0.1.

One person is taken out; what the rows mean is the business of dot_pose.py.
"""

import logging
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pose_sequences.errors import PoseFileError
from pose_sequences.files.dot_pose_header import ByteReader, Header
from pose_sequences.limits import MAX_FRAMES

MAX_PEOPLE = 100
MAX_EMPTY_FRAMES = 10_000  # two bytes each in a 0.0 file, a whole skeleton each in memory

_UNCOUNTED = 65_535  # from so many frames on, a 0.1 header holds 0 or a remainder

_Rows = NDArray[np.intp]
_Numbers = NDArray[np.floating[Any]]
_Person = dict[int, int]  # frame -> where in the file the person's numbers start

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Body:
    """One person's frames.

    fps: as stored, 0 if unknown; coordinates (T, R, 2 or 3), confidence (T, R): the rows asked for.
    """

    fps: float
    coordinates: _Numbers
    confidence: _Numbers


def read_body(reader: ByteReader, header: Header, rows: _Rows) -> Body:
    """Read the frames that follow the header, of the person with the highest confidence in all.

    rows (R,): the points to keep. Raises PoseFileError if there are more or fewer bytes than the
    counts need, or more frames or people than a clip has.
    """
    read = _read_people if header.version == 0 else _read_arrays
    return read(reader, header, rows)


def _read_arrays(reader: ByteReader, header: Header, rows: _Rows) -> Body:
    fps, num_frames, num_people = _counts(reader, header)
    if not num_people:
        raise PoseFileError(reader.path, "holds no people", "export it again with a person")
    points, coordinates = len(header.names), header.num_coordinates
    frame_bytes = 4 * num_people * points * (coordinates + 1)
    if header.version == 0.1 and reader.left // frame_bytes >= _UNCOUNTED:
        num_frames = reader.left // frame_bytes
    _check_frames(reader, num_frames)
    if reader.left != num_frames * frame_bytes:
        raise PoseFileError(
            reader.path,
            f"its body has {reader.left} bytes; {num_frames} frames of {num_people} x {points} "
            f"points need {num_frames * frame_bytes}",
            "copy or export it again",
        )
    numbers = np.frombuffer(reader.data, "<f4", reader.left // 4, reader.offset)
    where, confidence = np.split(numbers, [num_frames * num_people * points * coordinates])
    where = where.reshape(num_frames, num_people, points, coordinates)
    confidence = confidence.reshape(num_frames, num_people, points)
    person = _most_confident(reader, [_total(confidence[:, i]) for i in range(num_people)])
    return Body(fps, where[:, person][:, rows, :3], confidence[:, person][:, rows])


def _counts(reader: ByteReader, header: Header) -> tuple[float, int, int]:
    # Frame rate, frames, people.
    if header.version == 0.1:
        fps, num_frames, num_people = reader.shorts(3, "the frame count")
        return fps, num_frames, num_people
    real, count = reader.real("the frame rate"), reader.integer("the frame count")
    (num_people,) = reader.shorts(1, "the number of people")
    return real, count, num_people


def _read_people(reader: ByteReader, header: Header, rows: _Rows) -> Body:
    fps, num_frames = reader.shorts(2, "the frame count")
    _check_frames(reader, num_frames)
    forms = np.array([len(c.format) for c in header.components for _ in c.points], np.intp)
    last = np.cumsum(forms) - 1  # where each point's confidence stands
    size = int(forms.sum())
    people = _find_people(reader, num_frames, size)
    totals = [_total(_numbers(reader.data, person, size)[:, last]) for person in people]
    person = people[_most_confident(reader, totals)]
    if num_frames - len(person) > MAX_EMPTY_FRAMES:
        raise PoseFileError(
            reader.path,
            f"shows its signer in {len(person)} of {num_frames} frames",
            "cut the clip to the frames with the signer",
        )
    numbers = _numbers(reader.data, person, size)
    at = np.fromiter(person, np.intp, len(person))
    coordinates = np.zeros((num_frames, len(rows), 3), np.float32)
    coordinates[at] = numbers[:, (last - forms + 1)[rows, None] + np.arange(3)]
    coordinates[:, forms[rows] == len("XYC"), 2] = 0
    confidence = np.zeros((num_frames, len(rows)), np.float32)
    confidence[at] = numbers[:, last[rows]]
    return Body(fps, coordinates, confidence)


def _find_people(reader: ByteReader, num_frames: int, size: int) -> list[_Person]:
    # Ids may be -1 for everybody, so the first of an id in a frame is kept apart from the second.
    people: dict[tuple[int, int], _Person] = {}
    for frame in range(num_frames):
        (count,) = reader.shorts(1, f"frame {frame}")
        if count > MAX_PEOPLE:
            raise PoseFileError(
                reader.path,
                f"frame {frame} claims {count} people, {MAX_PEOPLE} is the limit",
                "copy or export it again",
            )
        met: Counter[int] = Counter()
        for _ in range(count):
            (identity,) = reader.shorts(1, f"frame {frame}")
            start = reader.skip(4 * size, f"frame {frame}")
            people.setdefault((identity, met[identity]), {})[frame] = start
            met[identity] += 1
    if reader.left:
        raise PoseFileError(
            reader.path,
            f"goes on for {reader.left} bytes after its {num_frames} frames, which end at byte "
            f"{reader.offset}",
            "copy or export it again",
        )
    if not people:
        raise PoseFileError(reader.path, "holds no people", "export it again with a person")
    return list(people.values())


def _numbers(data: bytes, person: _Person, size: int) -> _Numbers:
    # (frames with the person, size)
    numbers = np.empty((len(person), size), np.float32)
    for row, start in enumerate(person.values()):
        numbers[row] = np.frombuffer(data, "<f4", size, start)
    return numbers


def _check_frames(reader: ByteReader, num_frames: int) -> None:
    if not 0 < num_frames <= MAX_FRAMES:
        raise PoseFileError(
            reader.path,
            f"claims {num_frames} frames, 1 to {MAX_FRAMES} are possible",
            "copy or export it again, in shorter clips",
        )


def _total(confidence: _Numbers) -> float:
    return float(np.clip(np.nan_to_num(confidence), 0, 1).sum(dtype=np.float64))


def _most_confident(reader: ByteReader, totals: list[float]) -> int:
    chosen = int(np.argmax(totals))
    if len(totals) > 1:
        logger.warning(
            "%s: of %d people, number %d is taken: the highest confidence over the clip",
            *(reader.path, len(totals), chosen + 1),
        )
    return chosen
