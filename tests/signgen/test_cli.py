"""The command as a user meets it: help, version, switches, exit codes."""

import subprocess
import sys
import time
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import signgen
from signgen.cli import main


def run(*args: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the real command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "signgen", *args],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        timeout=60,
    )


def test_the_entry_point_is_the_command() -> None:
    (script,) = entry_points(group="console_scripts", name="signgen")
    assert script.load() is main


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_lists_the_commands_without_loading_anything_heavy(flag: str) -> None:
    script = (
        "import sys; from signgen.cli import main\n"
        f"main([{flag!r}], standalone_mode=False)\n"
        "print(*sorted({'torch', 'numpy', 'mediapipe', 'diffusers'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "poses" in done.stdout
    assert done.stdout.splitlines()[-1] == ""


def test_the_version_is_the_packages() -> None:
    assert run("--version").stdout.strip() == f"signgen, version {signgen.__version__}"


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the path of every command below a group."""
    found: list[tuple[str, ...]] = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append((*path, name))
        if isinstance(command, click.Group):
            found += commands(command, (*path, name))
    return found


@pytest.mark.parametrize("path", commands(main), ids=" ".join)
def test_every_command_explains_itself_with_an_example(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*path, "-h"])
    assert result.exit_code == 0, result.output
    examples = result.output.partition("Examples:")[2]
    assert f"  signgen {' '.join(path)}" in examples


@pytest.mark.parametrize(
    "args",
    [
        ["dance"],
        ["poses", "dance"],
        ["poses", "convert"],
        ["poses", "convert", "a.npz", "b.npz", "--fps", "fast"],
        ["poses", "convert", "a.npz", "b.npz", "--to-fps", "nan"],
        ["poses", "convert", "a.npz", "b.npz", "--size", "640"],
        ["poses", "draw", "example:hello", "-o", "a.mp4", "--map-size", "33x47"],
        ["poses", "draw", "example:hello", "-o", "a.mp4", "--map-size", "8192x8192"],
        ["poses", "convert", "a.npz", "b.npz", "--layout", "holistic"],
        ["poses", "inspect", "example:nobody"],
        ["poses", "draw", "example:hello"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2(args: list[str]) -> None:
    result = CliRunner().invoke(main, args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Error:" in result.stderr


def test_a_job_that_is_told_to_end_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [*(sys.executable, "-m", "signgen", "poses", "draw", "example:hello")]
    command += ["-o", "a.mp4", "--map-size", "2048x2048"]
    with subprocess.Popen(command, cwd=tmp_path) as job:
        while not list(tmp_path.glob(".*.part")):
            assert job.poll() is None
            time.sleep(0.02)
        job.terminate()
        assert job.wait(timeout=30) == 143
    assert not list(tmp_path.iterdir())


def test_a_result_that_nobody_can_take_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "signgen", "poses", "inspect", "example:hello"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "standard output (No space left on device)" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    done = run("poses", "inspect", "nobody.npz", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Error: nobody.npz: ")
    assert len(done.stderr.splitlines()) == 1


def test_debug_shows_where_it_happened(tmp_path: Path) -> None:
    done = run("--debug", "poses", "inspect", "nobody.npz", cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_a_name_with_control_characters_cannot_forge_a_second_line(tmp_path: Path) -> None:
    done = run("poses", "inspect", "a\nError: \x1b[31mb.npz", cwd=tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "\x1b" not in done.stderr
