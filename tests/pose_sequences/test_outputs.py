"""A result appears whole or not at all."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pose_sequences.errors import OutputError
from pose_sequences.files import write_poses
from pose_sequences.outputs import fresh_file, fresh_folder, sweep_temporaries
from tests.signer import signing

pytestmark = pytest.mark.light


def anything(entry: Path) -> bool:
    """Any entry counts as ours."""
    return entry.exists()


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "new" / "clip.npz"
    with fresh_file(target, overwrite=False) as temporary:
        temporary.write_bytes(b"whole")
        assert not target.exists()
    assert target.read_bytes() == b"whole"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_what_a_writer_keeps_to_itself_gets_the_mode_of_new_files(
    tmp_path: Path, umask: int, mode: int
) -> None:
    before = os.umask(umask)
    try:
        with fresh_file(tmp_path / "model", overwrite=False) as temporary:
            save_privately(temporary)
        with fresh_folder(tmp_path / "folder", overwrite=False) as temporary:
            (temporary / "inner").mkdir()
            save_privately(temporary / "inner" / "model")
            (temporary / "script").write_bytes(b"")
            (temporary / "script").chmod(0o700)
    finally:
        os.umask(before)
    for path in (tmp_path / "model", tmp_path / "folder" / "inner" / "model"):
        assert stat.S_IMODE(path.stat().st_mode) == mode
    assert stat.S_IMODE((tmp_path / "folder" / "script").stat().st_mode) == 0o700
    assert {path.name for path in tmp_path.iterdir()} == {"model", "folder"}


def save_privately(path: Path) -> None:
    """Write a file as safetensors does."""
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))


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


def test_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "folder").mkdir()
    with (
        pytest.raises(OutputError, match="exists already; pass --overwrite"),
        fresh_file(tmp_path / "file", overwrite=False),
    ):
        pytest.fail("the writer must not start")
    with (
        pytest.raises(OutputError, match="exists already; pass --overwrite"),
        fresh_folder(tmp_path / "folder", overwrite=False, ours=anything),
    ):
        pytest.fail("the writer must not start")
    assert (tmp_path / "file").read_bytes() == b"old"


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
        with fresh_folder(target, overwrite=True, ours=anything) as temporary:
            (temporary / "new").touch()
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        fail()
    assert [p.name for p in target.iterdir()] == ["old"]
    with fresh_folder(target, overwrite=True, ours=anything) as temporary:
        (temporary / "new").touch()
    assert [p.name for p in target.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", ["thesis.tex", "1.json"])
def test_a_folder_that_holds_anything_else_is_never_replaced(tmp_path: Path, name: str) -> None:
    target = tmp_path / "results"
    target.mkdir()
    (target / "0.json").touch()
    (target / name).mkdir()
    with (
        pytest.raises(OutputError, match=f"holds other files, such as {name}.*another name"),
        fresh_folder(target, overwrite=True, ours=lambda entry: entry.is_file()),
    ):
        pytest.fail("the writer must not start")
    assert {entry.name for entry in target.iterdir()} == {"0.json", name}


def test_a_conversion_replaces_frames_alone(tmp_path: Path) -> None:
    sequence, target = signing(2, name="openpose137"), tmp_path / "results"
    write_poses(sequence, target)
    write_poses(signing(1, name="openpose137"), target, overwrite=True)
    assert len(list(target.iterdir())) == 1
    (target / "settings.json").touch()
    with pytest.raises(OutputError, match=r"such as settings\.json"):
        write_poses(sequence, target, overwrite=True)
    assert len(list(target.iterdir())) == 2


def test_a_folder_that_gets_other_files_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    target = tmp_path / "results"
    target.mkdir()

    def write_slowly() -> None:
        with fresh_folder(target, overwrite=True) as temporary:
            (temporary / "new").touch()
            (target / "mine").touch()

    with pytest.raises(OutputError, match="such as mine"):
        write_slowly()
    assert [entry.name for entry in target.iterdir()] == ["mine"]
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_appears_meanwhile_is_not_replaced_unasked(tmp_path: Path) -> None:
    target = tmp_path / "results"

    def write_slowly() -> None:
        with fresh_folder(target, overwrite=False, ours=anything) as temporary:
            (temporary / "slow").touch()
            target.mkdir()

    with pytest.raises(OutputError, match="exists already"):
        write_slowly()
    assert not list(target.iterdir())
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_cannot_be_replaced_comes_back(tmp_path: Path) -> None:
    target = tmp_path / "results"
    target.mkdir()
    (target / "old").touch()

    def lose() -> None:
        with fresh_folder(target, overwrite=True, ours=anything) as temporary:
            temporary.rmdir()

    with pytest.raises(OutputError, match="cannot be written"):
        lose()
    assert [entry.name for entry in target.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [target]


def test_no_folder_takes_the_place_of_a_file_or_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    (tmp_path / "lost").symlink_to(tmp_path / "nowhere")
    before = sorted(tmp_path.iterdir())
    for name in ("file", "link", "lost"):
        with (
            pytest.raises(OutputError, match="is no folder; choose another name"),
            fresh_folder(tmp_path / name, overwrite=True, ours=anything),
        ):
            pytest.fail("the writer must not start")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(("renames", "stays"), [(1, "old"), (2, "new")])
def test_a_kill_in_the_exchange_loses_no_folder_and_leaves_nothing(
    tmp_path: Path, renames: int, stays: str
) -> None:
    script = (
        "import os, pathlib, signal, sys\n"
        "from pose_sequences.outputs import fresh_folder\n"
        "rename, left = pathlib.Path.rename, [int(sys.argv[2])]\n"
        "def die_after(*names):\n"
        "    rename(*names); left[0] -= 1\n"
        "    if not left[0]: os.kill(os.getpid(), signal.SIGKILL)\n"
        "pathlib.Path.rename = die_after\n"
        "with fresh_folder(pathlib.Path(sys.argv[1]), overwrite=True, ours=bool) as folder:\n"
        "    (folder / 'new').touch()\n"
    )
    target = tmp_path / "results"
    target.mkdir()
    (target / "old").touch()
    subprocess.run([sys.executable, "-c", script, str(target), str(renames)], check=False)
    assert len(list(tmp_path.iterdir())) == 2
    sweep_temporaries(tmp_path)
    assert list(tmp_path.iterdir()) == [target]
    assert [entry.name for entry in target.iterdir()] == [stays]


def test_the_next_writer_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        check=True,
        capture_output=True,
        text=True,
    )
    with fresh_file(tmp_path / "clip.npz", overwrite=False) as temporary:
        temporary.write_bytes(b"whole")
        left = temporary.name.replace(f"-{os.getpid()}-", f"-{dead.stdout.strip()}-")
    (tmp_path / left).write_bytes(b"half")
    with fresh_file(tmp_path / "clip.npz", overwrite=True) as temporary:
        temporary.write_bytes(b"again")
    assert [entry.name for entry in tmp_path.iterdir()] == ["clip.npz"]


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


def test_what_another_machine_may_still_write_is_kept_for_a_day(tmp_path: Path) -> None:
    elsewhere = tmp_path / f".clip.npz.01234567-{os.getpid()}-0123456789ab.part"
    elsewhere.touch()
    assert sweep_temporaries(tmp_path) == 0
    day_and_more = time.time() - 25 * 3600
    os.utime(elsewhere, (day_and_more, day_and_more))
    assert sweep_temporaries(tmp_path) == 1
    assert not list(tmp_path.iterdir())


def test_files_that_only_look_temporary_are_never_swept(tmp_path: Path) -> None:
    for name in (".part", ".clip.part", ".clip.01234567-1-0123456789ab.part.old"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    assert sweep_temporaries(tmp_path) == 0
    assert len(list(tmp_path.iterdir())) == 3
