"""Filling a shelf from several processes: each films a signer's portraits and clips at a time.

``python -m signgen.studio.shelf_task`` serves a crew with it; only words about clips come back.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

from pose_sequences.errors import PathError, ToolError
from pose_sequences.extract.answers import answers, understand
from pose_sequences.extract.crew import Lost, run_tasks, serve
from signgen.studio.shelf import CLIP, PORTRAITS, Shelf
from signgen.studio.source_settings import StudioSettings

_CHILD = "signgen.studio.shelf_task"
_STALL_SECONDS = 600.0


def fill_shelf(settings: StudioSettings, num_clips: int, say: Callable[[str], object]) -> None:
    """Film the clips below ``num_clips`` that the shelf lacks; say: takes progress.

    Raises ToolError if a process is lost or cannot write.
    """
    alone = asdict(replace(settings, workers=0, kept=1))
    lacking = _lacking(settings, num_clips)
    tasks = [json.dumps({"settings": alone, "clips": clips}) for clips in lacking]
    filmed = num_clips - sum(map(len, lacking))
    running = run_tasks(_CHILD, tasks, workers=settings.workers, stall_seconds=_STALL_SECONDS)
    with closing(running) as told:
        for answer in told:
            said = None if isinstance(answer, Lost) else understand(answer.text)
            fault = answer.reason if isinstance(answer, Lost) else said.error if said else ""
            if fault:
                raise ToolError(f"filming ahead was given up ({fault}); run it again to go on")
            if said is not None and not said.done:
                filmed += 1
                if filmed % max(1, num_clips // 10) == 0:
                    say(f"filmed {filmed} of {num_clips} clips")


def _lacking(settings: StudioSettings, num_clips: int) -> list[list[int]]:
    """Return the clips that the shelf lacks, signer by signer; all of one who has no portraits."""
    shelf = Shelf(Path(settings.shelf), settings.footage())
    lacking = []
    for signer in range(min(settings.signers, num_clips)):
        clips = range(signer, num_clips, settings.signers)
        new = not shelf.path(PORTRAITS, signer).exists()
        lacking.append([n for n in clips if new or not shelf.path(CLIP, n).exists()])
    return [clips for clips in lacking if clips]


def work(text: str) -> Iterator[str]:
    """Do a task given as text; yield what ``understand`` reads."""
    return answers(_film(text), PathError)


def _film(text: str) -> Iterator[int]:
    import torch

    from signgen.studio.source import StudioSource

    words = json.loads(text)
    size = tuple(words["settings"].pop("size"))
    source = StudioSource(StudioSettings(size=size, **words["settings"]), torch.device("cpu"))
    for _ in source.film(words["clips"]):
        yield 1


def _main() -> None:
    import torch

    # one core a worker: many threads on small tensors wait for each other
    torch.set_num_threads(1)
    serve(work)


if __name__ == "__main__":
    _main()
