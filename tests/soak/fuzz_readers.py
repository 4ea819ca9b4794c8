"""Damages sound files and hands them to every reader: all are read or refused in one line.

A reader works in a process of its own, in an empty folder, so that its memory can be measured and
whatever it leaves behind is found. Prints one line a reader; exit code 1 where a promise is broken.
"""

import argparse
import faulthandler
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pose_sequences.errors import InputError
from tests.soak.samples import KINDS

COUNTS = {
    **{"npz": 100_000, "pictures": 20_000, "pose": 20_000, "json": 20_000},
    **{"parquet": 5_000, "tables": 20_000, "mp4": 1_000},
}
MAX_SECONDS = 2.0
MAX_MEGABYTES = 512.0
PATIENCE = 60.0  # seconds without an answer after which a case counts as hanging


@dataclass
class Outcome:
    """What one reader did with its cases.

    escaped: cases that raised anything but InputError; slow: cases beyond MAX_SECONDS; peak:
    megabytes above the process as it stood after reading the sound files, the greedier of itself
    and its children; strays: files that it left anywhere.
    """

    valid: int = 0
    refused: int = 0
    escaped: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    slowest: float = 0.0
    peak: float = 0.0
    strays: list[str] = field(default_factory=list)

    @property
    def keeps_its_promises(self) -> bool:
        """Return whether nothing escaped, dawdled, swelled or strayed."""
        return not (self.escaped or self.slow or self.strays) and self.peak < MAX_MEGABYTES


def main() -> None:
    """Run the readers one after another, or one of them with --worker."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    for kind, count in COUNTS.items():
        parser.add_argument(f"--{kind}", type=int, default=count, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worker", choices=COUNTS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        outcome = fuzz(given.worker, getattr(given, given.worker), given.seed, given.folder)
        sys.stdout.write(json.dumps(asdict(outcome)))
        return
    sound = True
    for kind in COUNTS:
        if count := getattr(given, kind):
            sound &= report(kind, count, given.seed)
    sys.exit(not sound)


def report(kind: str, count: int, seed: int) -> bool:
    """Fuzz one reader in its own process, print its line, return whether it kept its promises."""
    outcome = watched(kind, count, seed)
    sys.stdout.write(
        f"{kind}: cases={count} valid={outcome.valid} refused={outcome.refused} "
        f"escaped={len(outcome.escaped)} slowest={outcome.slowest:.2f}s peak={outcome.peak:.0f}MB "
        f"strays={len(outcome.strays)}\n"
    )
    for fault in (*outcome.escaped, *outcome.slow, *outcome.strays):
        sys.stdout.write(f"  {fault}\n")
    sys.stdout.flush()
    return outcome.keeps_its_promises


def watched(kind: str, count: int, seed: int) -> Outcome:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        places = {"HOME": root / "home", "TMPDIR": root / "tmp"}
        for place in (*places.values(), root / "work", root / "input"):
            place.mkdir()
        paths = {key: str(place) for key, place in places.items()}
        command = [sys.executable, "-m", "tests.soak.fuzz_readers", "--worker", kind]
        command += [f"--{kind}", str(count), "--seed", str(seed), "--folder", str(root / "input")]
        run = subprocess.run(
            command,
            cwd=root / "work",
            env={**os.environ, **paths, "PYTHONPATH": str(Path.cwd())},
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode:
            return Outcome(escaped=[f"the process ended with {run.returncode}: {run.stderr}"])
        outcome = Outcome(**json.loads(run.stdout))
        outcome.strays = [str(path.relative_to(root)) for path in root.glob("*/*")]
        return outcome


def fuzz(kind: str, count: int, seed: int, folder: Path) -> Outcome:
    reader, outcome = KINDS[kind], Outcome()
    for name, content in reader.originals():
        reader.read(written(folder / name, content))
        (folder / name).unlink(missing_ok=True)
    gc.collect()
    base, children = resident("VmRSS"), children_peak()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    for number, (name, content) in enumerate(reader.damaged(count, seed)):
        faulthandler.dump_traceback_later(PATIENCE, exit=True)
        path = written(folder / name, content)
        began = time.perf_counter()
        try:
            reader.read(path)
            outcome.valid += 1
        except InputError as error:
            outcome.refused += 1
            outcome.escaped += [f"case {number}: several lines: {error!r}"] * ("\n" in str(error))
        except Exception as error:
            outcome.escaped.append(f"case {number}: {type(error).__name__}: {error}")
        seconds = time.perf_counter() - began
        outcome.slowest = max(outcome.slowest, seconds)
        outcome.slow += [f"case {number}: {seconds:.1f} s"] * (seconds > MAX_SECONDS)
        path.unlink(missing_ok=True)
    outcome.peak = max(resident("VmHWM") - base, children_peak() - children)
    return outcome


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def resident(key: str) -> float:
    """Return a figure of /proc/self/status in megabytes."""
    return next(_figures(key))


def _figures(key: str) -> Iterator[float]:
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == key:
            yield int(value.split()[0]) / 1024


def children_peak() -> float:
    """Return the megabytes of the largest child that has ended."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


if __name__ == "__main__":
    main()
