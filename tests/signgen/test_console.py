"""The bar on a terminal: how far, how fast, how long still; and none anywhere else."""

import io
import re
import sys
import time

import pytest

from signgen.cli.console import progress


class Terminal(io.StringIO):
    """What a person looks at."""

    def isatty(self) -> bool:
        return True


def test_the_bar_says_how_fast_it_goes_and_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress(8, "frames") as advance:
        advance(2)
        time.sleep(0.15)  # it is not drawn anew more often than that
        advance(2)
    assert re.search(
        r"50%\|.*\| 4 of 8 frames, +\d+\.\d+ frames/s, 00:0\d left", terminal.getvalue()
    )


def test_a_bar_of_unknown_length_says_how_many_and_how_fast(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress(None, "exam: frames seen") as advance:
        advance(3)
    assert "exam: frames seen: 0 frames seen" in terminal.getvalue()


def test_there_is_no_bar_off_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(8, "frames") as advance:
        advance(8)
    assert capsys.readouterr().err == ""
