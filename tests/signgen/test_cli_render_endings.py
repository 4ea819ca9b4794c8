"""A render that does not end well: told to, killed, or without room. Nothing half-done stays."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pose_sequences.outputs import sweep_temporaries
from tests.signer import signing
from tests.signgen.little_room import little_room
from tests.signgen.render_place import Place


def runs_with(path: Path) -> bool:
    """Whether a process has a path among its words."""
    for words in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(path).encode() in words.read_bytes():
                return True
        except OSError:  # it has ended just now
            continue
    return False


def wait_until(arrived: Iterator[bool], seconds: float = 300) -> bool:
    limit = time.monotonic() + seconds
    while not next(arrived):
        if time.monotonic() > limit:
            return False
        time.sleep(0.05)
    return True


@contextmanager
def listening() -> Iterator[None]:
    """Have what is started hear SIGINT, also where the tests run in the background and do not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def interrupted(place: Place, folder: Path, told: signal.Signals) -> tuple[int, str]:
    """Return how a render ended and what it said that was told so with its first frames made."""
    words = place.words(signing(), "-o", folder / "clip.mp4", "--steps", 40)
    more = ("--report", folder / "r.json", "--contact-sheet", folder / "s.png", "--label")
    with (
        listening(),
        subprocess.Popen(
            [sys.executable, "-m", "signgen", *words, *map(str, more)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        ) as job,
    ):
        began = wait_until(runs_with(folder / ".clip.mp4") for _ in iter(int, 1))
        stood = (folder / "clip.mp4").exists()
        job.send_signal(told)
        _, said = job.communicate(timeout=300)
    assert began
    assert not stood
    return job.returncode, said


@pytest.mark.parametrize(
    ("told", "code"), [(signal.SIGINT, 1), (signal.SIGTERM, 128 + signal.SIGTERM)]
)
def test_a_render_that_is_told_to_end_leaves_nothing(
    place: Place, tmp_path: Path, told: signal.Signals, code: int
) -> None:
    ended, said = interrupted(place, tmp_path, told)
    assert ended == code
    assert not any(tmp_path.iterdir())
    assert not runs_with(tmp_path)
    lines = [line for line in said.splitlines() if line and not line.startswith("warning: ")]
    assert lines == (["Aborted!"] if told == signal.SIGINT else [])


def test_a_killed_render_leaves_no_output_and_no_encoder(place: Place, tmp_path: Path) -> None:
    assert interrupted(place, tmp_path, signal.SIGKILL)[0] == -signal.SIGKILL
    assert all(path.name.startswith(".") for path in tmp_path.iterdir())
    assert wait_until(not runs_with(tmp_path) for _ in iter(int, 1))
    sweep_temporaries(tmp_path)  # as the next one to write there does
    assert not any(tmp_path.iterdir())


def test_a_disk_without_room_is_one_clear_line(place: Place, tmp_path: Path) -> None:
    output = tmp_path / "clip.mp4"
    with little_room(20_000):
        result = place.run(str(place.root / "me.npz"), "-o", output, "--size", "2048x2048")
    assert (result.exit_code, result.stdout) == (1, "")
    error = result.stderr.splitlines()[-1]
    assert error.startswith(f"Error: {output}: ffmpeg ended with ")
    assert error.endswith("check memory and disk and try again")
    assert not any(tmp_path.iterdir())


def test_without_room_for_what_goes_beside_it_there_is_no_film(
    place: Place, tmp_path: Path
) -> None:
    words = ("-o", tmp_path / "clip.mp4", "--report", tmp_path / "r.json")
    with little_room(2_600):
        result = place.run(str(place.root / "me.npz"), *words)  # a film of 2 kB, a report of 3
    assert (result.exit_code, result.stdout) == (1, "")
    error = result.stderr.splitlines()[-1]
    assert error.startswith(f"Error: {tmp_path / 'r.json'}: cannot be written (File too large)")
    assert not any(tmp_path.iterdir())
