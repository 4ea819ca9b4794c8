"""A corpus of synthetic signers in the layout of RWTH-PHOENIX-Weather 2014T, filmed in parallel.

Who signs what is said by plan.py; one clip is filmed by corpus_task.py, tables and card are written
by corpus_card.py.
"""

import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pose_sequences.errors import CorpusError, OutputError
from pose_sequences.extract.answers import understand
from pose_sequences.extract.crew import Lost, Note, run_tasks
from pose_sequences.inputs import read_input
from pose_sequences.outputs import fresh_file, sweep_temporaries
from pose_sequences.phoenix import FEATURES, HOLISTIC_LAYOUTS, KEYPOINTS, TABLES
from pose_sequences.phoenix.clip import SPLITS
from signgen.studio.corpus_card import write_tables
from signgen.studio.corpus_task import FilmTask, Place
from signgen.studio.plan import CorpusSettings, PlannedClip, plan_corpus

SETTINGS = "studio.json"
STALL_SECONDS = 600.0
_WITHOUT_FLAG = ("vocabulary", "most_glosses")  # of the settings
# what settings of before there was the word mean
_UNSAID: dict[str, Any] = {"breadth": "narrow", "motions": []}
_MAX_SETTINGS_BYTES = 64_000_000
_TOLD_MOTIONS = 3
_CHILD = "signgen.studio.corpus_task"


@dataclass(frozen=True)
class BuiltClip:
    """What became of a clip; error: why it failed, "" if it did not."""

    clip: PlannedClip
    outcome: Literal["filmed", "kept", "failed"]
    error: str = ""


def build_corpus(
    root: Path,
    settings: CorpusSettings,
    *,
    workers: int = 1,
    stall_seconds: float = STALL_SECONDS,
) -> Generator[BuiltClip, None, None]:
    """Film the clips that are not there yet, yield what became of each, then write the tables.

    A clip appears whole or not at all, so that a run that was stopped can be started again; with
    the same settings, the pictures are the same whatever the number of workers. The tables are
    written when all clips are there: until then nothing takes the folder for a corpus.
    Raises ValueError for less than one worker, and OutputError for a folder that holds anything
    else or a corpus of other settings, both at once.
    """
    if workers < 1:
        raise ValueError(f"{workers} workers cannot do anything; give at least 1")
    _claim(root, settings)
    return _build(root, settings, workers, stall_seconds)


def _build(
    root: Path, settings: CorpusSettings, workers: int, stall_seconds: float
) -> Generator[BuiltClip, None, None]:
    width, height = settings.size
    place = Place(str(root), f"{FEATURES}/fullFrame-{width}x{height}px", settings.video)
    clips = plan_corpus(settings)
    _sweep(root, place)
    there = {clip.name for clip in clips if place.holds(clip.split, clip.name)}
    yield from (BuiltClip(clip, "kept") for clip in clips if clip.name in there)
    todo = [clip for clip in clips if clip.name not in there]
    tasks = [
        FilmTask(
            place=place,
            split=clip.split,
            name=clip.name,
            take=clip.take,
            detector=settings.detector,
            motion=clip.motion,
        ).to_text()
        for clip in todo
    ]
    failed = False
    answers = run_tasks(_CHILD, tasks, workers=workers, stall_seconds=stall_seconds)
    try:
        for answer in answers:
            built = _built(todo[answer.task], answer)
            if built is not None:
                failed = failed or built.outcome == "failed"
                yield built
    finally:
        answers.close()
        _sweep(root, place)
    if not failed:
        write_tables(root, place, clips, settings)


def _built(clip: PlannedClip, answer: Note | Lost) -> BuiltClip | None:
    if isinstance(answer, Lost):
        return BuiltClip(clip, "failed", f"{clip.name}: was given up ({answer.reason})")
    said = understand(answer.text)
    if said.done:
        return BuiltClip(clip, "failed" if said.error else "filmed", said.error)
    return None


def _claim(root: Path, settings: CorpusSettings) -> None:
    """Write down what is built here, or find that it was begun with the same settings."""
    path = root / SETTINGS
    wanted = settings.as_json()
    sweep_temporaries(root)
    if path.exists():
        _compare(root, _UNSAID | _read_settings(path), wanted)
        return
    if root.exists() and not root.is_dir():
        raise OutputError(root, "is no folder", "choose another name")
    if root.exists() and any(root.iterdir()):
        raise OutputError(root, "holds something else", "choose a new folder")
    with fresh_file(path, overwrite=False) as temporary:
        temporary.write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")


def _compare(root: Path, there: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Raise OutputError if a corpus was begun with other settings, as the command line has them."""
    maker, ours = there.get("made_by", "something else"), wanted["made_by"]
    if maker != ours:
        raise OutputError(root, f"was begun by {maker}, not {ours}", "choose another folder")
    differing = [key for key in wanted if there.get(key) != wanted[key]]
    if not differing:
        return
    # 0 and False are what is meant without the flag
    plain = [key for key in differing if key != "motions"]
    given = [_flag(key, there[key]) for key in plain if there.get(key)]
    absent = [_flag(key, True) for key in plain if not there.get(key)]
    given += _motions_flag(there["motions"], wanted["motions"])
    absent += _motions_flag(wanted["motions"], there["motions"])
    told = zip(("with", "without"), (given, absent), strict=True)
    begun = " and ".join(f"{word} {' '.join(flags)}" for word, flags in told if flags)
    raise OutputError(root, f"was begun {begun}", "give the same again, or choose another folder")


def _flag(key: str, value: object) -> str:
    """Return how the command line, or whoever calls build_corpus, gives a setting."""
    name = key if key in _WITHOUT_FLAG else f"--{key.replace('_', '-')}"
    if value is True:
        return name
    return f"{name} {'x'.join(map(str, value)) if isinstance(value, list) else value}"


def _motions_flag(ours: list[dict[str, str]], theirs: list[dict[str, str]]) -> list[str]:
    """Return, as the command line has it, which motions are ours alone, if any are."""
    own = [f"{m['name']} ({m['sha256'][:8]})" for m in ours if m not in theirs]
    if not own:
        return []
    more = len(own) - _TOLD_MOTIONS
    rest = f" and {more} more" if more > 0 else ""
    return [f"--motions {', '.join(own[:_TOLD_MOTIONS])}{rest}"]


def _read_settings(path: Path) -> dict[str, Any]:
    content = read_input(path, CorpusError, _MAX_SETTINGS_BYTES, "choose another folder")
    try:
        there = json.loads(content)
    except ValueError as error:
        raise CorpusError(path, f"is no JSON ({error})", "choose another folder") from error
    if not isinstance(there, dict):
        raise CorpusError(path, "is no JSON object", "choose another folder")
    motions = there.get("motions", [])
    if not isinstance(motions, list) or not all(map(_is_motion, motions)):
        raise CorpusError(
            path, "says of its motions what nothing can read", "choose another folder"
        )
    return there


def _is_motion(words: object) -> bool:
    return isinstance(words, dict) and all(
        isinstance(words.get(key), str) for key in ("name", "sha256")
    )


def _sweep(root: Path, place: Place) -> None:
    folders = [root / place.frames / split for split in SPLITS]
    folders += [root / KEYPOINTS / name / split for name in HOLISTIC_LAYOUTS for split in SPLITS]
    for folder in (root / TABLES, *folders):
        sweep_temporaries(folder)
