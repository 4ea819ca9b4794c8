"""Which video container a file is, by its first bytes, and how long it says it is.

Nothing is decoded here: the answers choose ffmpeg's demuxer and tell a file that was cut short,
which ffmpeg reads without complaint.
"""

import os
from typing import BinaryIO

MOV = "mov"
MATROSKA = "matroska"
AVI = "avi"
MPEG_TS = "mpegts"

HEAD_BYTES = 4096

_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot")
_MAX_BOXES = 100_000
_EBML = b"\x1aE\xdf\xa3"
_SEGMENT = b"\x18S\x80g"
_SYNC, _PACKET = 0x47, 188


def sniff(head: bytes) -> str | None:
    """Name ffmpeg's demuxer for a file that begins with these bytes, or None for any other file."""
    if head[4:8] in _BOXES:
        return MOV
    if head.startswith(_EBML):
        return MATROSKA
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return AVI
    if len(head) > 2 * _PACKET and all(head[i * _PACKET] == _SYNC for i in range(3)):
        return MPEG_TS
    return None


def stated_size(file: BinaryIO, demuxer: str) -> int | None:
    """Return the bytes that the container says it has, or None where it does not say."""
    if demuxer == MOV:
        return _boxes_end(file)
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if demuxer == AVI:
        length = int.from_bytes(head[4:8], "little")
        return length + 8 if length else None  # 0: the recorder never came back to fill it in
    return _segment_end(head) if demuxer == MATROSKA else None


def _boxes_end(file: BinaryIO) -> int | None:
    size = file.seek(0, os.SEEK_END)
    position = 0
    for _ in range(_MAX_BOXES):
        file.seek(position)
        header = file.read(16)
        if len(header) < 8:
            return position
        length = int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if length < 8:  # 0: up to the end of the file; less: no box, which is ffmpeg's to judge
            return size
        position += length
        if position >= size:
            return position
    return None


def _segment_end(head: bytes) -> int | None:
    start = head.find(_SEGMENT)
    field = start + len(_SEGMENT)
    if start < 0 or field >= len(head) or not head[field]:
        return None
    width = 9 - head[field].bit_length()  # EBML: the leading zeros of the first byte give the width
    value = int.from_bytes(head[field : field + width], "big") & ((1 << 7 * width) - 1)
    if value == (1 << 7 * width) - 1:  # all ones: a live recording without an end
        return None
    return field + width + value
