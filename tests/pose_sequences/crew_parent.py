"""A parent that test_crew.py kills: prints the process ids of its two children, which hang."""

import signal
import sys

from pose_sequences.extract.crew import Note, run_tasks

# started in the background of a shell, it would ignore interrupts
signal.signal(signal.SIGINT, signal.default_int_handler)
for answer in run_tasks(
    "tests.pose_sequences.crew_child", ["hang", "hang"], workers=2, stall_seconds=60
):
    if isinstance(answer, Note):
        sys.stdout.write(f"{answer.text}\n")
        sys.stdout.flush()
