"""Keypoints part by part: MediaPipe's body, face and hands, and DWPose's bodies, faces and hands.

Keypoints in one array are the business of arrays.py.
"""

import numpy as np
from numpy.typing import NDArray

from pose_sequences.files.arrays import fill_visibility, split_columns
from pose_sequences.files.landmarks import Landmarks, Piece, assemble
from pose_sequences.files.members import Members, Values
from pose_sequences.layout import PARTS, Part, layout

_NAMES: dict[Part, tuple[str, ...]] = {
    "body": ("pose", "body", "landmarks", "pose_landmarks"),
    "face": ("face", "face_landmarks"),
    "left_hand": ("lh", "left_hand", "left_hand_landmarks"),
    "right_hand": ("rh", "right_hand", "right_hand_landmarks"),
}
# "landmarks" alone is the name of a whole skeleton, too
_TELLING = tuple(n for part in PARTS for n in _NAMES[part] if n != "landmarks")
# what stands beside a part and is above 0 where its points are there
_CONFIDENCE = ("valid", "mask", "confidence", "scores")
_COUNTS: dict[Part, tuple[int, ...]] = {
    "body": (33,),
    "face": (468, 478),
    "left_hand": (21,),
    "right_hand": (21,),
}

_BODIES, _HANDS, _FACES = "bodies", "hands", "faces"
# rows of DWPose's bodies: with the neck as it draws them, or as COCO has them; with feet or without
_BODY_LAYOUTS = {18: "dwpose134", 24: "dwpose134", 17: "wholebody133", 23: "wholebody133"}


def is_dwpose(members: Members) -> bool:
    """Say whether these are the arrays of a DWPose detector."""
    return bool(members.present((_BODIES,)))


def is_part_by_part(members: Members) -> bool:
    """Say whether there is an array for a part of the signer."""
    return bool(members.present(_TELLING))


def read_parts(members: Members, name: str | None) -> Landmarks:
    """Read ``pose``, ``face``, ``lh`` and ``rh`` (T, P, C), or their other names, each optional.

    A part may be flat (T, P*C), and ``lh_valid`` or ``lh_mask`` (T,) or (T, P), not 0 where the
    points are there, may stand beside ``lh``. name: the layout, None to take it from the face.
    Raises PoseFileError for parts that do not fit together.
    """
    found = {part: values for part in PARTS if (values := _part(members, part)) is not None}
    frames = {part: len(values) for part, values in found.items()}
    if len(set(frames.values())) > 1:
        raise members.refuse(
            "has " + ", ".join(f"{n} frames of the {part}" for part, n in frames.items()),
            "save the same frames of every part",
        )
    refined = "face" in found and found["face"].shape[1] == _COUNTS["face"][1]
    made = "holistic553" if refined else "holistic543"
    if name not in (None, made):
        raise members.refuse(f"has the parts of layout {made}, not of {name}", "leave --layout out")
    pieces: list[Piece] = []
    for part, values in found.items():
        beside = _confidence_beside(members, part, values.shape[:2])
        points, confidence = split_columns(values, beside, scored=False)
        confidence = fill_visibility(part, confidence) if beside is None else confidence
        pieces.append((layout(made).part(part), points, confidence))
    return assemble(made, pieces)


def read_dwpose(members: Members, name: str | None) -> Landmarks:
    """Read ``bodies`` (T, 18, 2), ``faces`` (T, 68, 2) and ``hands`` (T, 2, 21, 2), left first.

    Their ``bodies_scores``, ``faces_scores``, ``hands_scores`` have one axis less; an axis of one
    person is allowed everywhere. DWPose writes -1, -1 for a point that it does not see. name: the
    layout, None to take it from the body. Raises PoseFileError for arrays that do not fit.
    """
    bodies = members.values((_BODIES,))
    count = bodies[1].shape[-2] if bodies and bodies[1].ndim >= 3 else 0
    if count not in _BODY_LAYOUTS or name not in (None, _BODY_LAYOUTS[count]):
        raise members.refuse(
            f"its {_BODIES} have {count} points, which do not make {name or 'a known layout'}",
            "save 18 or 24 as DWPose draws them, 17 or 23 as COCO has them",
        )
    made = layout(_BODY_LAYOUTS[count])
    hands = np.concatenate([made.part("left_hand"), made.part("right_hand")])
    pieces = [
        _dwpose_piece(members, _BODIES, made.part("body")[:count]),
        _dwpose_piece(members, _FACES, made.part("face")),
        _dwpose_piece(members, _HANDS, hands),
    ]
    there = [piece for piece in pieces if piece is not None]
    if len({len(points) for _, points, _ in there}) > 1:
        raise members.refuse("its parts have different numbers of frames", "save the same frames")
    return assemble(made.name, there)


def _part(members: Members, part: Part) -> Values | None:
    # (T, P, C)
    found = members.values(_NAMES[part])
    if found is None:
        return None
    key, values = found
    if values.ndim == 4 and values.shape[1] == 1:
        values = values[:, 0]  # (T, 1, P, C) -> (T, P, C)
    for count in _COUNTS[part]:
        if values.ndim == 2 and values.shape[1] in range(2 * count, 6 * count, count):
            values = values.reshape(len(values), count, values.shape[1] // count)
    if (
        values.ndim != 3
        or len(values) == 0
        or values.shape[1] not in _COUNTS[part]
        or not 2 <= values.shape[2] <= 5
    ):
        points = " or ".join(str(count) for count in _COUNTS[part])
        raise members.refuse(
            f"{key!r} has shape {values.shape}",
            f"save (T, {points}, C) with C from 2 to 5, or all points in one 'keypoints'",
        )
    return values


def _confidence_beside(members: Members, part: Part, shape: tuple[int, ...]) -> Values | None:
    found = members.values(f"{name}_{word}" for name in _NAMES[part] for word in _CONFIDENCE)
    if found is None:
        return None
    key, confidence = found
    if confidence.shape == shape[:1]:
        return np.broadcast_to(confidence[:, None], shape)
    if confidence.shape not in (shape, (*shape, 1)):
        raise members.refuse(
            f"{key!r} has shape {confidence.shape}", f"save one number a frame or point, {shape}"
        )
    return confidence.reshape(shape)


def _dwpose_piece(members: Members, key: str, rows: NDArray[np.intp]) -> Piece | None:
    found = members.values((key,))
    if found is None:
        return None
    values = found[1]
    # axes of one person, and of the two hands, are only a grouping of the same numbers
    if (
        values.ndim < 3
        or values.shape[-1] not in (2, 3)
        or _points_a_frame(values[..., 0]) != len(rows)
    ):
        raise members.refuse(
            f"{key!r} has shape {values.shape}", f"save one person's {len(rows)} points a frame"
        )
    scores = members.values((f"{key}_scores", f"{key}_score"))
    beside = None
    if scores is not None:
        if _points_a_frame(scores[1]) != len(rows) or len(scores[1]) != len(values):
            raise members.refuse(
                f"{scores[0]!r} has shape {scores[1].shape}", f"save {len(rows)} scores a frame"
            )
        beside = scores[1].reshape(len(values), len(rows))
    grouped = values.reshape(len(values), len(rows), values.shape[-1])
    points, confidence = split_columns(grouped, beside, scored=True)
    unseen = (points[..., :2] == -1).all(axis=-1)
    return rows, points, np.where(unseen, 0, confidence)


def _points_a_frame(values: Values) -> int:
    # 0 where there is no axis of frames, or no frame
    return values.size // len(values) if values.ndim and len(values) else 0
