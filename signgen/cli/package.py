"""``scripts/package_model``: a trained pipeline with 16-bit weights and a card, to be given away.

Not a command of ``signgen``: who renders needs none.
"""

from pathlib import Path

import click

from signgen.cli.console import LazyGroup, emit, end_cleanly_when_told
from signgen.cli.options import PATH, json_option, overwrite_option

_EPILOG = """\b
Example:
  scripts/package_model out/mini signgen/bundled/mini --figures figures.md
"""


@click.command(epilog=_EPILOG)
@click.argument("run", type=PATH)
@click.argument("output", type=PATH)
@click.option("--figures", type=PATH, required=True, help="What was measured, as Markdown.")
@overwrite_option
@json_option
def package_model(run: Path, output: Path, figures: Path, overwrite: bool, as_json: bool) -> None:
    """Write the pipeline of RUN, the output folder of a training, to the folder OUTPUT."""
    from pose_sequences.errors import InputError
    from signgen.training.package import package

    try:
        text = figures.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(figures, f"cannot be read ({error})", "give a text file") from error
    size = package(run, output, text, overwrite=overwrite)
    emit({"output": str(output), "mib": round(size, 1)}, as_json=as_json, text=output)


def _main() -> None:
    end_cleanly_when_told()
    debug = click.Option(["--debug"], is_flag=True, help="Show a traceback.")
    commands = {"package": ("signgen.cli.package:package_model", "")}
    LazyGroup("package", commands=commands, params=[debug])(prog_name="package_model")


if __name__ == "__main__":
    _main()
