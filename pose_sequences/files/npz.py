"""The canonical pose file, an .npz of plain arrays, and the arrays of other people's .npz and .npy.

``keypoints`` float32 (T, K, 3), ``confidence`` float32 (T, K), ``fps``, ``width``, ``height``,
``layout``, ``coords`` ("pixel" or "normalized": x, y are shares of width and height),
``schema_version``; optional ``gloss`` of the clip, ``segments`` (N, 2) from first frame to the one
after the last with ``segment_gloss`` (N,), ``handedness``, ``source``. A missing point has
confidence 0; NaN and all-zero triplets are read as missing. Instead of ``segment_gloss`` others may
write ``gloss`` (N,). Without ``coords``, coordinates that all lie within 3 are normalised.
"""

import logging
from pathlib import Path

import numpy as np

from pose_sequences.files.archive import Array, read_archive, read_array, write_archive
from pose_sequences.files.arrays import SINGLE, read_single
from pose_sequences.files.declared import NOTHING, Declared
from pose_sequences.files.landmarks import Annotations, Landmarks, build_sequence, known_layout
from pose_sequences.files.members import Members
from pose_sequences.files.parts import is_dwpose, is_part_by_part, read_dwpose, read_parts
from pose_sequences.limits import MAX_FRAMES
from pose_sequences.sequence import PoseSequence, Segment

SCHEMA_VERSION = 1

logger = logging.getLogger(__name__)


def read_npz(path: Path, declared: Declared = NOTHING) -> PoseSequence:
    """Read an .npz, canonical or another's; raises PoseFileError if it cannot be used."""
    return _read(Members(path, read_archive(path)), declared)


def read_npy(path: Path, declared: Declared = NOTHING) -> PoseSequence:
    """Read an .npy of one array of keypoints; raises PoseFileError if it cannot be used."""
    return _read(Members(path, {SINGLE[0]: read_array(path)}), declared)


def write_npz(pose_sequence: PoseSequence, path: Path, *, overwrite: bool = False) -> None:
    """Write the canonical file, the same bytes for the same sequence.

    Raises OutputError if it cannot stand there or is too long to be read back.
    """
    arrays: dict[str, Array] = {
        "keypoints": pose_sequence.keypoints,
        "confidence": pose_sequence.confidence,
        "fps": np.array(pose_sequence.fps, np.float64),
        "width": np.array(pose_sequence.width, np.int64),
        "height": np.array(pose_sequence.height, np.int64),
        "layout": np.array(pose_sequence.layout),
        "coords": np.array("pixel"),
        "schema_version": np.array(SCHEMA_VERSION, np.int64),
    }
    for key in ("gloss", "handedness", "source"):
        if getattr(pose_sequence, key):
            arrays[key] = np.array(getattr(pose_sequence, key))
    if pose_sequence.segments:
        spans = [(s.start, s.stop) for s in pose_sequence.segments]
        arrays["segments"] = np.array(spans, np.int64)
        arrays["segment_gloss"] = np.array([s.gloss for s in pose_sequence.segments])
    write_archive(path, arrays, overwrite=overwrite)


def _read(members: Members, declared: Declared) -> PoseSequence:
    version = members.whole_number("schema_version")
    if version is not None and version > SCHEMA_VERSION:
        raise members.refuse(
            f"is of schema version {version}, and {SCHEMA_VERSION} is understood",
            "update signgen to read it",
        )
    stated = Declared(
        layout=members.text("layout"),
        fps=members.number("fps"),
        width=members.whole_number("width"),
        height=members.whole_number("height"),
    )
    name = known_layout(members.path, stated.layout, declared.layout)
    landmarks, coords = _read_landmarks(members, name)
    annotations = _annotations(members)
    if members.left_over():
        logger.info("%s: not understood: %s", members.path, ", ".join(members.left_over()))
    return build_sequence(members.path, landmarks, (stated, declared), coords, annotations)


def _read_landmarks(members: Members, name: str | None) -> tuple[Landmarks, str | None]:
    coords = members.text("coords")
    forms = (is_dwpose(members), is_part_by_part(members), bool(members.present(SINGLE[:1])))
    if sum(forms) > 1:
        raise members.refuse("holds keypoints in more than one form", "keep one of them")
    if is_dwpose(members):
        return read_dwpose(members, name), coords or "normalized"
    if is_part_by_part(members):
        return read_parts(members, name), coords
    return read_single(members, name), coords


def _annotations(members: Members) -> Annotations:
    glosses = members.texts("gloss")
    spans = _spans(members)
    # a gloss for each segment, under either name; the clip's gloss is then all of them
    named = members.texts("segment_gloss") or (glosses if spans else []) or [""] * len(spans)
    if len(named) != len(spans) or (len(glosses) > 1 and len(glosses) != len(spans)):
        raise members.refuse(
            f"has {max(len(named), len(glosses))} glosses for {len(spans)} segments",
            "save one gloss a segment",
        )
    return Annotations(
        gloss=" ".join(glosses),
        segments=tuple(Segment(g, *span) for g, span in zip(named, spans, strict=True)),
        handedness=members.text("handedness") or "",
        source=members.text("source") or "",
    )


def _spans(members: Members) -> list[tuple[int, int]]:
    found = members.values(("segments",))
    if found is None:
        return []
    spans = found[1]
    # NaN and infinity fail the comparison, too
    if spans.ndim != 2 or spans.shape[1] != 2 or not (abs(spans) <= MAX_FRAMES).all():
        raise members.refuse(
            f"its segments have shape {spans.shape} or leave the clip",
            "save segments as (N, 2), first frame and the one after the last",
        )
    return [(round(start), round(stop)) for start, stop in spans.tolist()]
