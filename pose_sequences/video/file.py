"""A video file read by the guarded ffmpeg: its packets listed, its frames decoded in order.

A file that does not hold what it states is refused. Rates, parts and resampling are the package's.
"""

import os
import re
from collections.abc import Generator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from pose_sequences.errors import VideoError
from pose_sequences.inputs import open_input
from pose_sequences.video.clock import FrameClock
from pose_sequences.video.containers import HEAD_BYTES, sniff, stated_size
from pose_sequences.video.ffmpeg import Ending, Guard, GuardedFfmpeg
from pose_sequences.video.info import CONVERT, VideoInfo, parse_listing

_LISTING_BYTES = 64 << 20
_FIRST_STREAM = ("-map", "0:V:0")  # V: no cover pictures
_LISTING = (*_FIRST_STREAM, "-c", "copy", "-f", "framecrc", "pipe:1")
_SCALER = "accurate_rnd+full_chroma_int+full_chroma_inp+bitexact"
_PIXELS_PER_SECOND = 5_000_000  # of decoding on the slowest machine that is worth the wait
_PPM = re.compile(rb"P6\n(\d+) (\d+)\n")


def file_info(path: Path) -> tuple[VideoInfo, FrameClock]:
    """Describe a video file from the time stamps of its packets, without decoding it."""
    with open_input(path, VideoError) as source:
        demuxer = find_demuxer(path, source)
        with GuardedFfmpeg(path, source, demuxer, _LISTING, Guard()) as child:
            listing = child.read_to_end(_LISTING_BYTES)
            if listing is None:
                raise VideoError(
                    path, "holds too many packets to list", "cut it into shorter clips"
                )
            ending = child.finish()
    if ending.code != 0:
        raise _unreadable(path, ending)
    return parse_listing(path, listing.decode(errors="replace"), ending.log)


def file_frames(path: Path, info: VideoInfo) -> Generator[npt.NDArray[np.uint8], None, None]:
    """Yield every frame, upright and one by one; at the end, prove that all stated frames came."""
    pixels = info.width * info.height
    guard = Guard(cpu_seconds=60 + pixels * info.num_frames // _PIXELS_PER_SECOND)
    count = 0
    with open_input(path, VideoError) as source:
        demuxer = find_demuxer(path, source)
        with GuardedFfmpeg(path, source, demuxer, _decoding(), guard) as child:
            while (frame := _next_frame(path, child, info, count)) is not None:
                yield frame
                count += 1
            _check_ending(path, child.finish(), info.num_frames, count)


def find_demuxer(path: Path, source: BinaryIO) -> str:
    """Name the demuxer of an opened file; VideoError if it is no video or was cut short."""
    demuxer = sniff(source.read(HEAD_BYTES))
    size = source.seek(0, os.SEEK_END)
    if demuxer is None:
        raise VideoError(
            path,
            "is empty" if size == 0 else "is no MP4, MOV, WebM, MKV, AVI or MPEG-TS video",
            "give one of these, or a folder of frames",
        )
    stated = stated_size(source, demuxer)
    if stated is not None and stated > size:
        raise VideoError(
            path, f"is cut short: it states {stated} bytes and has {size}", "copy it again"
        )
    return demuxer


def _decoding() -> list[str]:
    # passthrough: ffmpeg neither doubles nor drops; PPM: each frame carries its size
    return [
        *_FIRST_STREAM,
        *("-fps_mode", "passthrough", "-noautoscale", "-filter_threads", "1"),
        *("-sws_flags", _SCALER, "-pix_fmt", "rgb24"),
        *("-c:v", "ppm", "-threads", "1", "-f", "image2pipe", "pipe:1"),
    ]


def _next_frame(
    path: Path, child: GuardedFfmpeg, info: VideoInfo, count: int
) -> npt.NDArray[np.uint8] | None:
    header = b"P6\n%d %d\n255\n" % (info.width, info.height)
    found = child.read(len(header))
    if found != header:
        size = _PPM.match(found)
        if size is None:  # the end of the child's output, which _check_ending judges
            return None
        raise VideoError(
            path,
            f"frame {count} is {int(size[1])}x{int(size[2])}, "
            f"the video states {info.width}x{info.height}",
            CONVERT,
        )
    pixels = child.read(info.width * info.height * 3)
    if len(pixels) < info.width * info.height * 3:
        return None
    return np.frombuffer(pixels, np.uint8).reshape(info.height, info.width, 3)


def _check_ending(path: Path, ending: Ending, stated: int, count: int) -> None:
    if count != stated:
        raise VideoError(
            path,
            f"is damaged: it states {stated} frames and {count} can be decoded",
            "copy it again, or convert it to MP4 (H.264) first",
        )
    if ending.code != 0:
        raise _unreadable(path, ending)


def _unreadable(path: Path, ending: Ending) -> VideoError:
    if ending.code < 0:
        return VideoError(
            path, f"was given up: ffmpeg ended by signal {-ending.code}, out of its bounds", CONVERT
        )
    return VideoError(path, f"cannot be read ({ending.errors})", CONVERT)
