"""Kills conversions and extractions at random moments and starts them again.

No target may be torn or lost, and the next start leaves nothing behind of the killed ones. Prints
one line a job; exit code 1 where a promise is broken.
"""

import argparse
import logging
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pose_sequences.files import write_poses
from pose_sequences.outputs import sweep_temporaries
from tests.pose_sequences.sequences import random_sequence

# the layouts that each format can hold, small and large
SOURCES = {"small": ("reduced178", 4), "large": ("holistic543", 60), "kaggle": ("kaggle543", 20)}
TARGETS = ("small.npz", "large.npz", "small.pose", "large.pose", "kaggle.parquet", "small")
EXTRACTIONS = 0.25  # of all kills; each takes seconds, a conversion's a fraction of one
LONGEST_WAIT = 0.5  # seconds; all targets are written several times in it


def main() -> None:
    """Kill conversions here and extractions by kill_extraction.py."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sources", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--forever", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    logging.disable(logging.WARNING)  # what a format cannot hold is told at every conversion
    if given.into:
        convert(given.sources, given.into, forever=given.forever)
        return
    extractions = round(given.kills * EXTRACTIONS)
    with tempfile.TemporaryDirectory() as folder:
        sound = soak(Path(folder), given.kills - extractions, random.Random(given.seed))
    if extractions:
        command = [sys.executable, "-m", "tests.soak.kill_extraction", "--kills", str(extractions)]
        sound &= subprocess.run(command, check=False).returncode == 0
    sys.exit(not sound)


def soak(folder: Path, kills: int, rng: random.Random) -> bool:
    """Kill a conversion ``kills`` times, print the line, return whether nothing was harmed."""
    sources, whole, broken = folder / "sources", folder / "whole", folder / "broken"
    for name, (layout, num_frames) in SOURCES.items():
        write_poses(random_sequence(layout, num_frames), sources / f"{name}.npz")
    subprocess.run(command(sources, whole), stdout=subprocess.DEVNULL, check=True)
    torn = lost = leftovers = swept = 0
    known: set[str] = set()
    for _ in range(kills):
        run_until(rng.uniform(0, LONGEST_WAIT), sources, broken)
        there = {target.name for target in broken.glob("[!.]*")}
        lost += len(known - there)
        known |= there
        torn += sum(contents(broken / name) != contents(whole / name) for name in there)
        swept += len(list(broken.glob(".*")))
    subprocess.run(command(sources, broken), stdout=subprocess.DEVNULL, check=True)
    lost += len(set(TARGETS) - {target.name for target in broken.iterdir()})
    leftovers = len(list(broken.glob(".*")))
    sys.stdout.write(f"conversion: {kills=} {swept=} {torn=} {lost=} {leftovers=}\n")
    sys.stdout.flush()
    return not (torn or lost or leftovers)


def run_until(seconds: float, sources: Path, into: Path) -> None:
    """Start a conversion that never ends, and kill it ``seconds`` after its first target."""
    endless = [*command(sources, into), "--forever"]
    with subprocess.Popen(endless, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        run.stdout.readline()
        time.sleep(seconds)
        run.kill()


def command(sources: Path, into: Path) -> list[str]:
    module = [sys.executable, "-m", "tests.soak.kill_writers"]
    return [*module, "--sources", str(sources), "--into", str(into)]


def convert(sources: Path, into: Path, *, forever: bool) -> None:
    """Write all targets as the command does, over those that are there."""
    from signgen.cli import main as signgen

    sweep_temporaries(into)
    while True:
        for target in TARGETS:
            source = sources / f"{Path(target).stem}.npz"
            words = ["poses", "convert", str(source), str(into / target), "--overwrite"]
            signgen(words, standalone_mode=False)
        if not forever:
            return


def contents(path: Path) -> dict[str, bytes]:
    """Return the bytes of a file, or of all files of a folder."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return {file.name: file.read_bytes() for file in files}


if __name__ == "__main__":
    main()
