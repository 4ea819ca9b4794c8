"""How the command line speaks: results on stdout, notes, progress and one-line errors on stderr."""

import importlib
import json
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from pose_sequences.errors import PoseSequencesError, single_line

Result = dict[str, Any]
_BAR = "{percentage:3.0f}%|{bar}| {n_fmt} of {total_fmt}{unit}, {rate_fmt}, {remaining} left"
Item = TypeVar("Item")


class LazyGroup(click.Group):
    """A group whose commands are imported when they run, so that ``--help`` stays quick.

    commands: name → ("module:attribute", one line of help).
    """

    def __init__(self, *args: Any, commands: dict[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._table = commands

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order they were given."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in self._table:
            return None
        module, attribute = self._table[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self._table.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run, and translate what a user can mend into one line and exit code 1."""
        try:
            return super().invoke(ctx)
        except (PoseSequencesError, ValueError, OSError, MemoryError) as error:
            if isinstance(error, BrokenPipeError) or ctx.find_root().params.get("debug"):
                raise
            raise click.ClickException(_one_line(error)) from error


def _one_line(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "not enough memory; give fewer or smaller frames, or fewer workers"
    return single_line(str(error) or type(error).__name__)


def configure_logging(verbose: int, *, quiet: bool) -> None:
    """Send the libraries' notes to stderr: warnings always, more with -v, only errors with -q."""
    level = logging.ERROR if quiet else max(logging.DEBUG, logging.WARNING - 10 * verbose)
    handler = _Stderr()
    for name in ("signgen", "pose_sequences", "temporal"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)


def end_cleanly_when_told() -> None:
    """Let SIGTERM unwind as Ctrl-C does, so that a job scheduler leaves nothing half-written."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


class _Stderr(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        click.echo(f"{record.levelname.lower()}: {single_line(record.getMessage())}", err=True)


def say(message: str) -> None:
    """Write a note for the person at the keyboard, unless -q."""
    if not is_quiet():
        click.echo(message, err=True)


def is_quiet() -> bool:
    """Return whether -q was given."""
    context = click.get_current_context(silent=True)
    return bool(context and context.find_root().params.get("quiet"))


def emit(result: Result, *, as_json: bool, text: str | Path) -> None:
    """Write the result: one JSON object with --json, else its text."""
    line = json.dumps(result, ensure_ascii=False, allow_nan=False) if as_json else str(text)
    try:
        click.echo(line)
    except BrokenPipeError:
        raise  # whoever reads has seen enough
    except OSError as error:
        fault = f"the result cannot be written to standard output ({error.strerror})"
        raise click.ClickException(f"{fault}; check where it leads") from error


@contextmanager
def progress(total: int | None, label: str) -> Iterator[Callable[[int], object]]:
    """Give the function that advances a bar on stderr; no bar off a terminal or with -q.

    total: None for unknown; label: what is counted, with which the bar says how many there are a
    second, and how long the rest will take.
    """
    from tqdm import tqdm

    hidden = is_quiet() or not sys.stderr.isatty()
    known = {"bar_format": _BAR} if total else {}
    with tqdm(
        total=total,
        desc=label,
        unit=f" {label.rpartition(': ')[2]}",
        smoothing=0,  # what comes in bursts has no other speed than the mean
        file=sys.stderr,
        disable=hidden,
        leave=False,
        **known,
    ) as bar:
        yield bar.update


def counted(items: Iterable[Item], *, total: int | None, label: str) -> Iterator[Item]:
    """Yield the items, advancing a progress bar."""
    with progress(total, label) as advance:
        for item in items:
            yield item
            advance(1)
