"""``signgen bench``: how fast this machine renders, trains, draws and films."""

import click

from signgen.cli.console import emit, say
from signgen.cli.options import json_option

_PARTS = ("render", "training", "drawing", "studio")
_EPILOG = """\b
Examples:
  signgen bench
  signgen bench render --against fpdm --json
  signgen bench render --model out/mini/pipeline --frames 100 --device cpu
"""


@click.command(epilog=_EPILOG)
@click.argument("parts", nargs=-1, type=click.Choice(_PARTS), metavar="[PART]...")
@click.option(
    "--model",
    metavar="mini|DIR|HUB_ID",
    help="As of render.  [default: mini, untrained where it is not bundled]",
)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto")
@click.option(
    "--precision",
    type=click.Choice(["auto", "float32", "bfloat16"]),
    default="auto",
    show_default=True,
    help="Of rendering, as of render.",
)
@click.option(
    "--against",
    type=click.Choice(["fpdm"]),
    help="Measure the published recipe in turns with ours.",
)
@click.option(
    "--frames",
    type=click.IntRange(1, 100_000),
    default=250,
    show_default=True,
    help="That render makes as a command; stages are measured over 96 of them at most.",
)
@click.option("--window", type=click.IntRange(min=1), help="Frames, as of render.")
@click.option("--steps", type=click.IntRange(1, 1000), help="As of render.  [default: the model's]")
@json_option
def bench(
    parts: tuple[str, ...],
    model: str | None,
    device: str,
    precision: str,
    against: str | None,
    frames: int,
    window: int | None,
    steps: int | None,
    as_json: bool,
) -> None:
    """Measure PARTs: render, training, drawing, studio; all of them where none is named.

    Needs no trained weights and no network: without a model an untrained one of the recipe mini is
    measured, for weights change no speed. What is compared is measured in turns, so that the noise
    of the machine hits both; still, leave the machine alone meanwhile.
    """
    from signgen.bench.run import Bench, measure
    from signgen.bench.words import to_text
    from signgen.cli.render import chosen_device

    figures = measure(
        Bench(
            parts=parts or _PARTS,
            model=model,
            device=chosen_device(device),
            against=against is not None,
            frames=frames,
            window=window or 0,
            precision=precision,
            steps=steps or 0,
        ),
        say,
    )
    emit(figures, as_json=as_json, text=to_text(figures))
