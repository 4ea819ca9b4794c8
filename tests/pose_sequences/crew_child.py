"""What the children of test_crew.py run: each task is an order to behave or to misbehave."""

import os
import signal
import sys
import time
from collections.abc import Iterator

from pose_sequences.extract.crew import serve


def work(task: str) -> Iterator[str]:
    order, _, rest = task.partition(" ")
    match order:
        case "say":
            yield from rest.split()
        case "pid":
            yield str(os.getpid())
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "raise":
            raise RuntimeError(rest)
        case "chat":
            sys.stdout.write(rest)
            sys.stderr.write(rest)
            os.write(2, rest.encode())
            yield "chatted"
        case "hang":
            yield str(os.getpid())
            time.sleep(60)


if __name__ == "__main__":
    serve(work)
