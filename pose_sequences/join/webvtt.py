"""Captions of a sequence: its segments as WebVTT, one cue a gloss, for players of its film."""

from pose_sequences.errors import single_line
from pose_sequences.sequence import PoseSequence

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def webvtt(sequence: PoseSequence) -> str:
    """Return the segments as WebVTT; a cue lasts from its first frame to the end of its last.

    Times are rounded to the format's milliseconds; segments without a gloss or a frame have no cue.
    """
    cues = ["WEBVTT\n"]
    for segment in sequence.segments:
        gloss = single_line(segment.gloss).translate(_ESCAPES)
        if gloss and segment.start < segment.stop:
            start, stop = (_time(frame / sequence.fps) for frame in (segment.start, segment.stop))
            cues.append(f"{len(cues)}\n{start} --> {stop}\n{gloss}\n")
    return "\n".join(cues)


def _time(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
