"""What a video is, and how that is read from ffmpeg's packet listing and log.

Pure text in, values out: no child is started here. The listing is ffmpeg's ``framecrc`` format,
made for machines; the log is made for people and only asked for what the listing leaves out.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from pose_sequences.errors import VideoError
from pose_sequences.limits import MAX_FPS, MIN_FPS
from pose_sequences.video.clock import FrameClock, read_clock

CONVERT = "convert it to MP4 (H.264) first"

_CODEC = re.compile(r"^#codec_id 0: (?P<codec>\w+)$", re.ASCII | re.MULTILINE)
_SIZE = re.compile(r"^#dimensions 0: (?P<width>\d{1,9})x(?P<height>\d{1,9})$", re.MULTILINE)
_TICK = re.compile(r"^#tb 0: (?P<tick>[1-9]\d{0,9}/[1-9]\d{0,9})$", re.MULTILINE)
_PACKET = re.compile(
    r"0, *(?P<dts>-?\d{1,19}), *(?P<pts>-?\d{1,19}), *(?P<duration>\d{1,19}), *\d+, 0x[0-9a-f]{8}"
    r"(?:, F=0x(?P<flags>[0-9A-Fa-f]{1,8}))?"
)
_STREAM = re.compile(r"  Stream #0:\d+[^ ]*: (?P<kind>\w+): (?P<rest>.*)")
_STATED_FPS = re.compile(r", (?P<fps>\d{1,6}(?:\.\d{1,6})?)(?P<k>k?) fps(?:,|$| )")
_ROTATION = re.compile(r" +Display Matrix: rotation of (?P<degrees>\S+) degrees$")

_INFO = "\n[info] "  # how each line of the log begins
_UNSET = -(1 << 63)  # a packet without a time stamp of its own
_MAX_TICKS = 1 << 53
_DISCARD = 4  # packet flag: decoded for others' sake, never shown
_AROUND = (0, 90, 180, 270)


@dataclass(frozen=True)
class VideoLimits:
    """What a video may be at most; beyond it is VideoError before a frame is decoded."""

    side: int = 4096
    seconds: float = 600.0
    min_fps: float = MIN_FPS
    max_fps: float = MAX_FPS


@dataclass(frozen=True)
class VideoInfo:
    """A video as it is shown: turned upright, without what an edit list hides.

    width, height: pixels after turning; fps: frames per second, the mean where steps are uneven;
    num_frames: frames shown; duration: seconds; codec: ffmpeg's name, for a folder its file suffix;
    rotation: degrees clockwise by which the stored frames are turned, 0, 90, 180 or 270.
    """

    width: int
    height: int
    fps: Fraction
    num_frames: int
    duration: Fraction
    codec: str
    rotation: int = 0


def parse_listing(path: Path, listing: str, log: str) -> tuple[VideoInfo, FrameClock]:
    """Read ffmpeg's packet listing of one video stream and the log beside it.

    path: named in VideoError, which is raised where either does not say what is needed.
    """
    codec, size, tick = (field.search(listing) for field in (_CODEC, _SIZE, _TICK))
    if codec is None or size is None or tick is None:
        raise VideoError(path, "holds no readable video stream", CONVERT)
    width, height = int(size["width"]), int(size["height"])
    stated_fps, rotation = _from_log(path, log)
    clock = _clock(path, listing, Fraction(tick["tick"]), stated_fps)
    if rotation in (90, 270):
        width, height = height, width
    fps, count, duration = clock.fps, clock.num_frames, clock.duration
    return VideoInfo(width, height, fps, count, duration, codec["codec"], rotation), clock


def check_limits(path: Path, info: VideoInfo, limits: VideoLimits) -> None:
    """Raise VideoError where the video is larger, longer, slower or faster than allowed."""
    if not 0 < min(info.width, info.height) <= max(info.width, info.height) <= limits.side:
        raise VideoError(
            path,
            f"is {info.width}x{info.height}, outside 1 to {limits.side} pixels a side",
            "scale it down",
        )
    if info.duration > limits.seconds:
        raise VideoError(
            path,
            f"lasts {float(info.duration):.1f} s, beyond {limits.seconds:g} s",
            "cut it into shorter clips",
        )
    if not limits.min_fps <= float(info.fps) <= limits.max_fps:  # as floats: 1/10 is less than 0.1
        raise VideoError(
            path,
            f"has {float(info.fps):.3f} frames per second, "
            f"outside {limits.min_fps:g} to {limits.max_fps:g}",
            "convert it to a usual frame rate",
        )


def _clock(path: Path, listing: str, tick: Fraction, stated_fps: float | None) -> FrameClock:
    starts, last_start, last = [], -_MAX_TICKS, 0
    for line in listing.splitlines():
        packet = _PACKET.match(line)
        if packet is None or int(packet["flags"] or "0", 16) & _DISCARD:
            continue
        pts, duration = int(packet["pts"]), int(packet["duration"])
        start = int(packet["dts"]) if pts == _UNSET else pts  # AVI stores decoding times alone
        if abs(start) > _MAX_TICKS or duration > _MAX_TICKS:
            raise VideoError(path, "has a time stamp beyond all clocks", CONVERT)
        starts.append(start)
        if start >= last_start:
            last_start, last = start, duration
    if not starts:
        raise VideoError(path, "holds no frame of video", "give a video with at least one frame")
    clock = read_clock(np.array(starts, np.int64), last, tick, stated_fps)
    if clock is None:
        raise VideoError(path, "does not tell its frame rate", CONVERT)
    return clock


def _from_log(path: Path, log: str) -> tuple[float | None, int]:
    """Return the frame rate that the first real video stream claims and its rotation."""
    inside, stated, rotation = False, None, 0
    for line in log.replace(_INFO, "\n").splitlines():
        stream = _STREAM.match(line)
        if stream is not None or not line.startswith(" "):
            if inside:
                break
            inside = stream is not None and _is_video(stream)
            stated = _stated(stream["rest"]) if inside and stream is not None else None
        elif inside and (turn := _ROTATION.match(line)) is not None:
            rotation = _clockwise(path, turn["degrees"])
    return stated, rotation


def _is_video(stream: re.Match[str]) -> bool:
    return stream["kind"] == "Video" and "(attached pic)" not in stream["rest"]


def _stated(rest: str) -> float | None:
    found = _STATED_FPS.search(rest)
    if found is None:
        return None
    return float(found["fps"]) * (1000 if found["k"] else 1)


def _clockwise(path: Path, degrees: str) -> int:
    try:
        turn = -float(degrees) % 360  # ffmpeg counts against the clock
    except ValueError:
        turn = float("nan")
    if turn not in _AROUND:
        raise VideoError(
            path,
            f"is to be shown turned by {degrees} degrees",
            "convert it with its frames upright",
        )
    return int(turn)
