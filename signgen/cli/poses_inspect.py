"""``signgen poses inspect``: what a pose file holds, and what it lacks."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pose_sequences.errors import single_line
from signgen.cli.console import Result, emit
from signgen.cli.options import declared, declared_options, input_path, json_option

if TYPE_CHECKING:
    from pose_sequences.sequence import PoseSequence

_EPILOG = """\b
Examples:
  signgen poses inspect example:hello
  signgen poses inspect hello.pose --json
  signgen poses inspect clip.parquet --fps 30 --size 640x480
"""


@click.command(epilog=_EPILOG)
@click.argument("source", type=input_path)
@declared_options
@json_option
def inspect(
    source: Path,
    layout: str | None,
    fps: float | None,
    size: tuple[int, int] | None,
    as_json: bool,
) -> None:
    """Say what SOURCE holds: layout, frames, rate, size, and in how many frames each part.

    With --json, left_hand and the like are that share, from 0 to 1, and each gap is (first frame,
    frame after the last).
    """
    from pose_sequences.files import read_poses

    facts = _facts(read_poses(source, declared(layout, fps, size)))
    emit(facts, as_json=as_json, text=_table(facts))


def _facts(sequence: "PoseSequence") -> Result:
    from pose_sequences.coverage import coverage
    from pose_sequences.layout import PARTS

    found = coverage(sequence)
    facts: Result = {
        "layout": sequence.layout,
        "frames": sequence.num_frames,
        "fps": sequence.fps,
        "seconds": round(sequence.seconds, 3),
        "width": sequence.width,
        "height": sequence.height,
    }
    facts |= {part: round(found.seen(part) / sequence.num_frames, 4) for part in PARTS}
    facts |= {
        f"{hand}_gaps": [list(gap) for gap in found.missing[hand]]
        for hand in ("left_hand", "right_hand")
    }
    facts["segments"] = [[s.gloss, s.start, s.stop] for s in sequence.segments]
    facts |= {
        key: value for key in ("gloss", "handedness", "source") if (value := getattr(sequence, key))
    }
    return facts


def _table(facts: Result) -> str:
    lines = [
        ("layout", facts["layout"]),
        ("frames", f"{facts['frames']} at {facts['fps']:.6g} fps, {facts['seconds']:g} s"),
        ("frame size", f"{facts['width']}x{facts['height']}"),
        *((part, f"in {facts[part]:.1%} of the frames") for part in ("body", "face")),
        *((hand.replace("_", " "), _hand(facts, hand)) for hand in ("left_hand", "right_hand")),
    ]
    if facts["segments"]:
        lines.append(("glosses", " ".join(gloss for gloss, _, _ in facts["segments"])))
    lines += [(key, facts[key]) for key in ("gloss", "handedness", "source") if key in facts]
    # what a file says of itself may not forge a line of ours
    return "\n".join(f"{name:<12}{single_line(str(value))}" for name, value in lines)


def _hand(facts: Result, hand: str) -> str:
    gaps = facts[f"{hand}_gaps"]
    longest = max((stop - start for start, stop in gaps), default=0)
    text = f"in {facts[hand]:.1%} of the frames"
    if not gaps:
        return text
    count = "1 gap of" if len(gaps) == 1 else f"{len(gaps)} gaps, the longest of"
    return f"{text}, {count} {longest} frame{'s' if longest > 1 else ''}"
