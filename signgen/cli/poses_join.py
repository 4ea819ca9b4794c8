"""``signgen poses join``: glosses to a sentence, from a lexicon of recorded signs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pose_sequences.layout import LAYOUTS
from signgen.cli.console import Result, emit, say
from signgen.cli.options import (
    PATH,
    declared,
    declared_options,
    frame_rate,
    json_option,
    lexicon_path,
    overwrite_option,
)

if TYPE_CHECKING:
    from pose_sequences.join import Joined, Piece
    from pose_sequences.sequence import PoseSequence

_EPILOG = """\b
Examples:
  signgen poses join SORA KEMI TIVO --lexicon example:lexicon -o sentence.npz
  signgen poses join EAT PIZZA --lexicon signs -o sentence.npz --webvtt sentence.vtt --rest
  signgen poses join A N N A --lexicon alphabet -o anna.npz --hold 0.4
"""


@click.command(epilog=_EPILOG)
@click.argument("glosses", nargs=-1, required=True, metavar="GLOSS...")
@click.option(
    "--lexicon",
    "folder",
    type=lexicon_path,
    required=True,
    help="A folder with an index.csv of spoken-to-signed, or of files named by gloss.",
)
@click.option("-o", "--output", type=PATH, required=True, help="The pose file to write.")
@click.option("--webvtt", "captions", type=PATH, help="Write the glosses and their times as .vtt.")
@click.option(
    "--hold",
    type=click.FloatRange(min=0, max=10),
    default=0.0,
    metavar="SEC",
    help="Let each letter stand still this long at least; glosses of one letter are letters.",
)
@click.option("--rest", is_flag=True, help="Keep what stands before the first and after the last.")
@click.option("--to-layout", type=click.Choice(list(LAYOUTS)), help="Not the first sign's layout.")
@click.option("--to-fps", type=frame_rate, metavar="RATE", help="Not the first sign's frame rate.")
@declared_options
@overwrite_option
@json_option
def join(
    glosses: tuple[str, ...],
    folder: Path,
    output: Path,
    captions: Path | None,
    hold: float,
    rest: bool,
    to_layout: str | None,
    to_fps: float | None,
    layout: str | None,
    fps: float | None,
    size: tuple[int, int] | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Join the signs of the GLOSSES to one sentence, on the body and in the frame of the first.

    Hands that rest, rise and sink are cut from each sign and said; transitions are as long as the
    hands need at the signs' own speed. The result's segments are the signs.
    """
    from pose_sequences.join import Join, Lexicon
    from pose_sequences.join import join as joined

    clips = Lexicon.open(folder).read(glosses, declared(layout, fps, size))
    settings = Join(fps=to_fps, layout=to_layout, hold=hold, rest=rest)
    sentence = joined(clips, settings)
    for piece in sentence.pieces:
        _say_what_became(piece, sentence.sequence.layout)
    _write(sentence.sequence, output, captions, overwrite=overwrite)
    emit(_summary(sentence, output, captions), as_json=as_json, text=output)


def _say_what_became(piece: "Piece", layout: str) -> None:
    sequence = piece.clip.sequence
    note = f"{piece.clip.gloss}: frames {piece.start} to {piece.stop - 1} of {len(sequence)}"
    if piece.transition:
        note += f", then {piece.transition} to the next sign"
    if sequence.layout != layout:
        note += f"; {sequence.layout} becomes {layout}"
    say(note)


def _write(
    sequence: "PoseSequence", output: Path, captions: Path | None, *, overwrite: bool
) -> None:
    from pose_sequences.files import write_poses
    from pose_sequences.join import webvtt
    from pose_sequences.outputs import fresh_file

    if captions is None:
        write_poses(sequence, output, overwrite=overwrite)
        return
    # the poses first, inside: captions of a sentence that could not be written help nobody
    with fresh_file(captions, overwrite=overwrite) as file:
        file.write_text(webvtt(sequence), encoding="utf-8", newline="\n")
        write_poses(sequence, output, overwrite=overwrite)


def _summary(sentence: "Joined", output: Path, captions: Path | None) -> Result:
    sequence = sentence.sequence
    return {
        "output": str(output),
        **({"webvtt": str(captions)} if captions else {}),
        "layout": sequence.layout,
        "frames": len(sequence),
        "fps": sequence.fps,
        "segments": [[s.gloss, s.start, s.stop] for s in sequence.segments],
        "signs": [
            {
                "gloss": piece.clip.gloss,
                "frames": len(piece.clip.sequence),
                "kept": [piece.start, piece.stop],
                "transition": piece.transition,
            }
            for piece in sentence.pieces
        ],
    }
