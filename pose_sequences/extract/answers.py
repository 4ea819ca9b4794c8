"""What a child of a crew says of a task that ends in files: signs of life, then how it ended.

Both sides stand here: ``answers`` is the child's, ``understand`` the parent's.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pose_sequences.errors import PoseSequencesError, ToolError


@dataclass(frozen=True)
class Said:
    """What a child says of its task: whether it is done, and what went wrong."""

    done: bool
    error: str = ""


def understand(text: str) -> Said:
    """Return what a child said; raises ToolError if this machine lacks something for all tasks."""
    said = json.loads(text)
    if said.pop("lacks", False):
        raise ToolError(said["error"])
    return Said(**said)


def answers(steps: Iterable[object], failures: type[PoseSequencesError]) -> Iterator[str]:
    """Take the steps of a task; yield what ``understand`` reads of each, and of the end.

    failures: errors that are the task's own; any other but a ToolError ends the child.
    """
    try:
        for _ in steps:
            yield json.dumps({"done": False})
        yield json.dumps({"done": True})
    except ToolError as error:
        yield json.dumps({"done": True, "error": str(error), "lacks": True})
    except failures as error:
        yield json.dumps({"done": True, "error": str(error)})
