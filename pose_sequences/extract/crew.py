"""Child processes that take tasks one at a time: one that crashes or hangs loses only its task.

``run_tasks`` is the parent's side, ``serve`` the child's. Tasks and answers are text; what they say
is known by the module that the children run.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from queue import SimpleQueue
from threading import Thread

from pose_sequences.errors import ToolError, single_line

_TICK = 0.5  # seconds between two looks at who has stalled
_PARTING = 10.0  # seconds for a child that closed its pipe to end
_TAIL_BYTES = 4096


@dataclass(frozen=True)
class Note:
    """What a child says of its task, counted from 0 in the order they were given."""

    task: int
    text: str


@dataclass(frozen=True)
class Lost:
    """A task whose child crashed or stood still, and how."""

    task: int
    reason: str


def run_tasks(
    module: str,
    tasks: Sequence[str],
    *,
    workers: int,
    stall_seconds: float,
    wanted: Callable[[], bool] = lambda: True,
) -> Generator[Note | Lost, None, None]:
    """Let ``workers`` children work through the tasks; yield what they say as it comes.

    module: run by each child as ``python -m``; it calls ``serve``. stall_seconds: a child that says
    nothing for so long is killed. wanted: asked time and again; all ends once nobody wants it, for
    a thread that is waiting here cannot be closed from another. A lost child is replaced while
    tasks are waiting. Closing the iterator, or an exception at the caller's, kills the children;
    those of a parent that was killed end by themselves.
    Raises ToolError if no child can be started.
    """
    waiting = deque(enumerate(tasks))
    crew: list[_Child] = []
    try:
        while (waiting or crew) and wanted():
            while waiting and len(crew) < workers:
                crew.append(_Child(module))
                crew[-1].take(*waiting.popleft())
            wait([child.pipe for child in crew], _TICK)
            for child in list(crew):
                said = child.listen(stall_seconds)
                if said is not None:
                    yield said
                if isinstance(said, Lost) or (child.idle and not waiting):
                    crew.remove(child)
                    child.end()
                elif child.idle:
                    child.take(*waiting.popleft())
    finally:
        for child in crew:
            child.end()


def serve(work: Callable[[str], Iterator[str]]) -> None:
    """Take tasks from the parent until it goes away; never returns.

    work: yields what there is to say of a task; an exception of it ends the child. What a task
    writes to standard error is kept for the parent until the next one.
    """
    pipe = Connection(int(sys.argv[1]))
    tasks: SimpleQueue[str] = SimpleQueue()
    Thread(target=_receive, args=(pipe, tasks), daemon=True).start()
    while True:
        task = tasks.get()
        os.ftruncate(sys.stderr.fileno(), 0)
        os.lseek(sys.stderr.fileno(), 0, os.SEEK_SET)
        for text in work(task):
            pipe.send_bytes(text.encode())
        pipe.send_bytes(b"")


def _receive(pipe: Connection, tasks: SimpleQueue[str]) -> None:
    while True:
        try:
            tasks.put(pipe.recv_bytes().decode())
        except (EOFError, ConnectionResetError):
            os._exit(1)  # the parent is gone, even if it was killed; nobody wants the rest


class _Child:
    """One child seen from the parent: started at once, mute, with its standard error in a file."""

    def __init__(self, module: str) -> None:
        self.pipe, theirs = Pipe()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by end
        self._task = -1
        self._heard = 0.0
        self.idle = True
        # not multiprocessing, which would run the caller's main module once more
        command = [sys.executable, "-P", "-W", "ignore", "-m", module, str(theirs.fileno())]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._log,
                pass_fds=[theirs.fileno()],
                env=_environment(),
                process_group=0,  # an interrupt at the keyboard is the parent's to handle
            )
        except OSError as error:
            self.pipe.close()
            self._log.close()
            raise ToolError(
                f"no worker process can be started ({error.strerror}); give fewer workers"
            ) from error
        finally:
            theirs.close()

    def take(self, task: int, text: str) -> None:
        self._task, self._heard, self.idle = task, time.monotonic(), False
        with suppress(BrokenPipeError):  # a dead child is found by listen
            self.pipe.send_bytes(text.encode())

    def listen(self, stall_seconds: float) -> Note | Lost | None:
        if not self.pipe.poll():
            if time.monotonic() - self._heard < stall_seconds:
                return None
            return Lost(self._task, f"no progress for {stall_seconds:g} s")
        try:
            text = self.pipe.recv_bytes().decode()
        except (EOFError, ConnectionResetError):
            return Lost(self._task, self._last_words())
        self._heard = time.monotonic()
        self.idle = not text
        return Note(self._task, text) if text else None

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self.pipe.close()
        self._log.close()

    def _last_words(self) -> str:
        try:
            code = self._process.wait(_PARTING)
        except subprocess.TimeoutExpired:
            return "its worker closed the pipe"
        end = f"exit status {code}" if code >= 0 else signal.Signals(-code).name
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - _TAIL_BYTES))
        tail = self._log.read().decode(errors="replace").splitlines()[-2:]
        return single_line(": ".join((f"its worker died by {end}", *tail)), 300)


def _environment() -> dict[str, str]:
    """The child imports what the parent would import, from wherever that was started."""
    folders = os.pathsep.join(folder or os.getcwd() for folder in sys.path)  # noqa: PTH109
    return {**os.environ, "PYTHONPATH": folders}
