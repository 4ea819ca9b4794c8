"""``signgen studio look``: a contact sheet of signers, and a report of what they cover."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from signgen.cli.console import Result, counted, emit, say
from signgen.cli.options import (
    PATH,
    breadth_option,
    check_free,
    frame_size,
    json_option,
    overwrite_option,
)

if TYPE_CHECKING:
    from signgen.studio.breadth import Breadth
    from signgen.studio.coverage import Measures

_EPILOG = """\b
Examples:
  signgen studio look --seed 7 -o signers.png
  signgen studio look --seed 0 --signers 32 --moments 4 --size 192x192 -o sheet.png
  signgen studio look --breadth wide --seed 0 --signers 64 --moments 1 --columns 8 \\
      --size 160x160 -o sheet.png --report covered.json
"""


@click.command(epilog=_EPILOG, short_help="Draw a contact sheet of signers.")
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), required=True, help="The first signer's."
)
@click.option("-o", "--output", type=PATH, required=True, help="The .png to write.")
@click.option("--signers", type=click.IntRange(1, 100), default=6, show_default=True)
@click.option("--moments", type=click.IntRange(1, 20), default=5, show_default=True)
@click.option(
    "--columns",
    type=click.IntRange(1, 20),
    default=1,
    show_default=True,
    help="Signers beside each other.",
)
@click.option(
    "--size", type=frame_size, default="256x256", show_default=True, metavar="WxH", help="Of each."
)
@breadth_option
@click.option(
    "--report",
    type=PATH,
    help="A .json to write too: what skin, contrast of hands, sizes and framings there are.",
)
@overwrite_option
@json_option
def look(
    seed: int,
    output: Path,
    signers: int,
    moments: int,
    columns: int,
    size: tuple[int, int],
    breadth: "Breadth",
    report: Path | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Draw signers of consecutive seeds, each in a row, at rest and at moments of a sentence.

    With one moment, that is one of a sign. With --report, what the pictures cover is counted, and
    told on standard error too.
    """
    import torch

    from pose_sequences.images import write_png
    from signgen.studio.sheet import sheet_rows, tiled

    if output.suffix.lower() != ".png":
        raise click.UsageError(f"{output} is no .png")
    if report is not None and report.suffix.lower() != ".json":
        raise click.UsageError(f"{report} is no .json")
    check_free(output, report, overwrite=overwrite)
    torch.set_num_threads(1)  # more of them wait for each other on a mesh's small tensors
    drawn = sheet_rows(seed, signers, moments, size, breadth)
    rows = list(counted(drawn, total=signers, label="signers"))
    write_png(output, tiled([row.picture for row in rows], columns), overwrite=overwrite)
    result: Result = {"output": str(output), "signers": signers, "moments": moments}
    if report is not None:
        covered = {"seed": seed, "moments": moments, "size": [*size], "breadth": breadth}
        covered |= _reported([row.measures for row in rows])
        _write(report, covered, overwrite=overwrite)
        result |= {"report": str(report)}
    emit(result, as_json=as_json, text=output)


def _reported(measures: "list[Measures]") -> Result:
    from signgen.studio.coverage import lines, report

    told = report(measures)
    for line in lines(told):
        say(line)
    return told


def _write(path: Path, content: Result, *, overwrite: bool) -> None:
    from pose_sequences.outputs import fresh_file

    with fresh_file(path, overwrite=overwrite) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
