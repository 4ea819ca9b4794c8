"""A result appears whole or not at all."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pose_sequences.errors import OutputError
from pose_sequences.outputs import fresh_file, fresh_folder, sweep_temporaries

pytestmark = pytest.mark.light


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "new" / "clip.npz"
    with fresh_file(target, overwrite=False) as temporary:
        temporary.write_bytes(b"whole")
        assert not target.exists()
    assert target.read_bytes() == b"whole"
    assert list(target.parent.iterdir()) == [target]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "clip.npz"
    target.write_bytes(b"old")

    def fail() -> None:
        with fresh_file(target, overwrite=True) as temporary:
            temporary.write_bytes(b"half")
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        fail()
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("fresh", [fresh_file, fresh_folder])
def test_nothing_is_replaced_unasked(tmp_path: Path, fresh: object) -> None:
    target = tmp_path / "clip"
    target.write_bytes(b"old")
    with (
        pytest.raises(OutputError, match="exists already; pass --overwrite"),
        fresh(target, overwrite=False),  # type: ignore[operator]
    ):
        pytest.fail("the writer must not start")
    assert target.read_bytes() == b"old"


def test_of_two_writers_the_slower_one_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "clip"

    def write_slowly() -> None:
        with fresh_file(target, overwrite=False) as temporary:
            temporary.write_bytes(b"slow")
            target.write_bytes(b"fast")

    with pytest.raises(OutputError, match="exists already"):
        write_slowly()
    assert target.read_bytes() == b"fast"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_replaces_a_folder_only_on_success(tmp_path: Path) -> None:
    target = tmp_path / "frames"
    target.mkdir()
    (target / "old").touch()

    def fail() -> None:
        with fresh_folder(target, overwrite=True) as temporary:
            (temporary / "new").touch()
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        fail()
    assert [p.name for p in target.iterdir()] == ["old"]
    with fresh_folder(target, overwrite=True) as temporary:
        (temporary / "new").touch()
    assert [p.name for p in target.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with (
        pytest.raises(OutputError, match="cannot stand there"),
        fresh_file(blocked / "clip.npz", overwrite=False),
    ):
        pytest.fail("the writer must not start")


def test_a_name_that_no_disk_takes_is_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"cannot stand there \(File name too long\)"),
        fresh_file(tmp_path / ("n" * 300), overwrite=False),
    ):
        pytest.fail("the writer must not start")


def test_a_fault_that_is_not_the_disks_is_not_blamed_on_it(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError), fresh_file(tmp_path / "clip", overwrite=False):
        raise TimeoutError("somebody else's")


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    target = tmp_path / "clip"

    def fill() -> None:
        with fresh_file(target, overwrite=False) as temporary:
            temporary.touch()
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match=r"clip: cannot be written \(No space left on device\)"):
        fill()
    assert not list(tmp_path.iterdir())


def test_what_a_killed_writer_left_is_swept_and_a_living_ones_is_not(tmp_path: Path) -> None:
    script = (
        "import sys, time, pathlib\n"
        "from pose_sequences.outputs import fresh_file\n"
        "with fresh_file(pathlib.Path(sys.argv[1]), overwrite=False) as t:\n"
        "    t.write_bytes(b'half'); print('writing', flush=True); time.sleep(60)\n"
    )
    target = tmp_path / "clip.npz"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(target)], stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        assert sweep_temporaries(tmp_path) == 0
        os.kill(writer.pid, signal.SIGKILL)
    assert len(list(tmp_path.iterdir())) == 1
    assert sweep_temporaries(tmp_path) == 1
    assert not list(tmp_path.iterdir())
