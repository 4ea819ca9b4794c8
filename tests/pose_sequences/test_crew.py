import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from pose_sequences.errors import ToolError
from pose_sequences.extract import crew
from pose_sequences.extract.crew import Lost, Note, run_tasks

CHILD = "tests.pose_sequences.crew_child"


def run(tasks: Sequence[str], workers: int = 1, stall_seconds: float = 30) -> list[Note | Lost]:
    return list(run_tasks(CHILD, tasks, workers=workers, stall_seconds=stall_seconds))


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_every_answer_comes_once_and_in_its_order(workers: int) -> None:
    answers = run(["say a b", "say", "say c", "say d e f"], workers)
    for task, texts in enumerate(["ab", "", "c", "def"]):
        assert [a.text for a in answers if isinstance(a, Note) and a.task == task] == list(texts)


def test_no_tasks_need_no_child() -> None:
    assert run([]) == []


def test_a_dead_child_loses_only_its_task() -> None:
    answers = run(["say a", "die", "say b"])
    assert answers == [Note(0, "a"), Lost(1, "its worker died by SIGKILL"), Note(2, "b")]


def test_the_last_words_of_a_child_are_quoted() -> None:
    _, lost = run(["chat earlier", "raise out of \N{BOMB}"])
    assert isinstance(lost, Lost)
    assert lost.reason.startswith("its worker died by exit status 1")
    assert lost.reason.endswith("RuntimeError: out of \N{BOMB}")
    assert "earlier" not in lost.reason


def test_a_child_that_stands_still_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(crew, "time", SimpleNamespace(monotonic=lambda: now))
    answers = run_tasks(CHILD, ["hang", "say a"], workers=1, stall_seconds=30)
    note = next(answers)
    now = 30.0  # whatever the machine is busy with, only this clock counts
    assert isinstance(note, Note)
    assert list(answers) == [Lost(0, "no progress for 30 s"), Note(1, "a")]
    assert_gone(int(note.text))


def test_children_are_mute(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["chat noise"]) == [Note(0, "chatted")]
    assert capfd.readouterr() == ("", "")


def test_one_child_serves_many_tasks() -> None:
    answers = run(["pid", "pid", "pid"])
    assert len({answer.text for answer in answers if isinstance(answer, Note)}) == 1


def test_closing_the_iterator_ends_the_children() -> None:
    answers = run_tasks(CHILD, ["hang", "hang"], workers=2, stall_seconds=30)
    pids = [int(note.text) for note in (next(answers), next(answers)) if isinstance(note, Note)]
    answers.close()
    assert len(pids) == 2
    for pid in pids:
        assert_gone(pid)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_children_end_with_their_parent(end: signal.Signals) -> None:
    command = [sys.executable, "-m", "tests.pose_sequences.crew_parent"]
    pipe, mute = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(
        command, stdout=pipe, stderr=mute, text=True, start_new_session=True
    ) as parent:
        assert parent.stdout is not None
        pids = [int(parent.stdout.readline()) for _ in range(2)]
        os.killpg(parent.pid, end)  # as the terminal does; the children are not in this group
    for pid in pids:
        assert_gone(pid)


def test_a_machine_that_starts_no_process_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ToolError, match="no worker process can be started"):
        run(["say a"])


def assert_gone(pid: int) -> None:
    for _ in range(1200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} is still there")
